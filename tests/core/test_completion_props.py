"""What holds of every proposal, whatever the document and the model's text."""

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dragoman.core.completion import Gap, gap_at
from dragoman.core.proposal import Proposal
from dragoman.core.text import Position, Range, Snapshot, TextEdit, end_of, splice, split_lines
from dragoman.core.trimming import trim

LINES = st.sampled_from(
    [
        "",
        "    ",
        "x = foo(a)",
        "    return x",
        "}",
        "    }",
        "if (y) {",
        "foo(",
        ")",
        "    bar(1, [2])",
        "else:",
        "end",
        "\tz = {",
        "\t}",
        "# it's (",
        'print("a")',
        "        deep()",
        "naïve = '🎉'",
        "])",
        "a + b",
    ]
)
TEXTS = st.lists(LINES, min_size=1, max_size=8).map("\n".join)
ANSWERS = st.one_of(TEXTS, st.text("ab ()[]{}\n\t\"'`:;é🎉", max_size=60))
LANGUAGES = st.sampled_from(["python", "javascript", "rust", "ruby", "markdown", "plaintext", "unknown"])


@st.composite
def gaps(draw) -> Gap:
    """A gap somewhere in a text."""
    text = draw(TEXTS)
    at = draw(st.integers(0, len(text)))
    snapshot = Snapshot.of(text, language=draw(LANGUAGES))
    gap = gap_at(snapshot, snapshot.position(at))
    assume(gap is not None)
    return gap


def says_something(line: str) -> bool:
    """Whether a line is more than brackets."""
    return any(character.isalnum() for character in line)


@settings(max_examples=150)
@example(Gap("python", "", "\nx = foo(a)\n    return x", several=True), "\nx = foo(a)")
@given(gaps(), ANSWERS)
def test_what_follows_is_never_repeated(gap, answer):
    """However a model repeats what stands behind the cursor, an accepted proposal does not."""
    following = [line.rstrip() for line in gap.suffix.split("\n")[1:] if line.strip()]
    repeating = answer + gap.suffix
    text = trim(gap, repeating).text
    if len(gap.tail.strip()) > 3 and says_something(gap.tail):
        assert not text.endswith(gap.tail.strip()), (gap, text)
    if following and says_something(following[0]) and "\n" in text:
        assert text.rpartition("\n")[2].rstrip() != following[0], (gap, text)


@settings(max_examples=150)
@given(gaps(), ANSWERS)
def test_a_proposal_is_its_own(gap, answer):
    """A proposal never ends in blanks, is one line where one is wanted, and what is left of it is left again."""
    text = trim(gap, answer).text
    assert text == text.rstrip()
    assert gap.several or "\n" not in text
    again = trim(gap, text).text
    assert len(again) <= len(text)


@settings(max_examples=150)
@given(gaps(), ANSWERS, st.integers(0, 60))
def test_nothing_is_lost_by_ending_early(gap, answer, cut):
    """Where the end was seen after some whole lines, the whole answer would begin with just that."""
    early = trim(gap, answer[: answer.rfind("\n", 0, cut) + 1])
    if early.ended:
        assert trim(gap, answer).text.startswith(early.text)


@settings(max_examples=150)
@given(TEXTS, TEXTS, st.integers(0, 200), st.lists(st.integers(1, 9), max_size=12))
def test_the_rest_is_what_is_not_typed_yet(document, text, at, steps):
    """Typing along a proposal leaves exactly its rest at the cursor, up to its end, in any pieces."""
    lines = split_lines(document)
    origin = Snapshot.of(document).position(min(at, len(document)))
    proposal = Proposal.at(lines, origin, text)
    typed = 0
    for step in steps:
        piece = text[typed : typed + step]
        cursor = end_of(origin, text[:typed])
        splice(lines, TextEdit(Range(cursor, cursor), piece))
        typed += len(piece)
        assert proposal.taken(lines) == typed
        assert proposal.rest(lines, end_of(origin, text[:typed])) == text[typed:]
    other = Position(origin.line + 99, 0)
    assert proposal.rest(lines, other) is None
