"""Laws of marked hunks, over any texts: nothing is lost, whatever is accepted, and nobody else's marks are touched."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.hunks import all_resolved, hunks, marked, resolution
from dragoman.core.text import apply, split_lines

ODD = [
    "=======",
    "<<<<<<< HEAD",
    ">>>>>>> main",
    "<<<<<<< dragoman x-1: current",
    ">>>>>>> dragoman x-1: y",
    "========",
]
LINE = st.one_of(
    st.sampled_from(["a", "b", "c", "", "  d", "é\u2028f", *ODD]),
    st.text(st.characters(exclude_characters="\r\n"), max_size=6),
)
END = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def texts(draw, line=LINE):
    """Some lines, of one kind of line end, the last perhaps without."""
    end = draw(END)
    lines = draw(st.lists(line, max_size=8))
    return end.join(lines) + (end if lines and draw(st.booleans()) else ""), end


@st.composite
def changes(draw, line=LINE):
    """A text, what is proposed instead, and the line end."""
    (old, end), (new, _) = draw(texts(line)), draw(texts(line))
    return old, "".join(split_lines(new.replace("\r\n", "\n").replace("\r", "\n"))).replace("\n", end), end


PLAIN = st.one_of(
    st.sampled_from(["a", "b", "c", "", "=======", "<<<<<<< HEAD", ">>>>>>> main", "========"]),
    st.text("xy<=>", max_size=9),
)


@given(changes(PLAIN))
@settings(max_examples=300)
def test_rejecting_all_gives_the_old_text_and_accepting_all_the_new(change):
    """Neither a line, nor a line end, nor the lack of the last one differs."""
    old, new, end = change
    text = marked(old, new, "p", "Refactor (ollama)", end)
    assert all_resolved(text, accept=False) == old
    assert all_resolved(text, accept=True) == new
    assert bool(hunks(split_lines(text))) == (old != new)


@given(changes(PLAIN), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_one_at_a_time_in_any_order(change, chance):
    """Resolving hunk after hunk, whichever first, ends with the text that takes each one's own choice."""
    old, new, end = change
    text = marked(old, new, "p", "x", end)
    choices = {hunk.id: chance.random() < 0.5 for hunk in hunks(split_lines(text))}
    same = set(choices.values())
    left = dict(choices)
    while found := hunks(split_lines(text)):
        hunk = chance.choice(found)
        text = apply(split_lines(text), [resolution(split_lines(text), hunk, accept=left.pop(hunk.id))])
    assert not left
    if same == {True}:
        assert text == new
    if same == {False}:
        assert text == old


@given(texts(st.one_of(LINE, st.sampled_from(ODD))))
@settings(max_examples=300)
def test_any_text_survives_a_look_for_hunks(text):
    """Whatever a text holds, resolving removes nothing but whole hunks of ours, and ends."""
    text, _ = text
    if not hunks(split_lines(text)):
        assert all_resolved(text, accept=True) == text
    assert not hunks(split_lines(all_resolved(text, accept=False)))


@given(changes(PLAIN), changes(PLAIN), st.booleans())
@settings(max_examples=150)
def test_hunks_inside_hunks(outer, inner, accept):
    """A second proposal for lines of the first one's proposal: what was there before comes back."""
    old, new, end = outer
    _, newer, _ = inner
    first = marked(old, new, "p", "x", end)
    lines = split_lines(first)
    found = hunks(lines)
    if not found or any(found[0].bare):
        return
    hunk = found[0]
    proposed = "".join(lines[hunk.middle + 1 : hunk.end])
    again = newer if newer.endswith(("\n", "\r")) or not newer else newer + end
    second = marked(proposed, again, "q", "y", end)
    text = "".join(lines[: hunk.middle + 1]) + second + "".join(lines[hunk.end :])
    assert all_resolved(text, accept=False) == old
    if all(found_[0] in "pq" for found_ in (each.id for each in hunks(split_lines(text)))):
        resolved = all_resolved(text, accept=accept)
        assert not hunks(split_lines(resolved))


def test_a_hunk_in_the_middle():
    """The marks stand around the lines that differ and nothing else; the label says who proposes."""
    old, new = "a\nb\nc\n", "a\nB\nB2\nc\n"
    assert marked(old, new, "7f", "Refactor (ollama)") == (
        "a\n<<<<<<< dragoman 7f-1: current\nb\n=======\nB\nB2\n>>>>>>> dragoman 7f-1: Refactor (ollama)\nc\n"
    )


def test_marks_are_wider_where_the_text_has_some():
    """A heading underlined with equals signs does not end the old lines."""
    text = marked("Title\n=======\n", "Title\n========\n\n", "7f", "x")
    assert text.startswith("Title\n<<<<<<<<< dragoman")
    assert all_resolved(text, accept=True) == "Title\n========\n\n"


def test_what_was_edited_by_hand():
    """A hunk without one of its marks, or with one twice, is nobody's: it is left as it is."""
    whole = marked("a\n", "b\n", "7f", "x")
    lines = whole.split("\n")[:-1]
    for broken in (lines[1:], lines[:2] + lines[3:], lines[:-1], lines[:3] + lines[2:], lines + lines):
        text = "\n".join(broken) + "\n"
        assert hunks(split_lines(text)) == ()
        assert all_resolved(text, accept=True) == text


def test_edited_lines_inside_a_hunk_are_kept():
    """What a person writes into the proposal is what accepting takes."""
    text = marked("a\n", "b\n", "7f", "x").replace("b\n", "b\nmine\n")
    assert all_resolved(text, accept=True) == "b\nmine\n"


def test_conflicts_of_git_are_not_ours():
    """Git's own marks are never resolved by us."""
    text = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n"
    assert hunks(split_lines(text)) == ()
    assert all_resolved(text, accept=True) == text
