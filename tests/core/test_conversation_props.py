"""Whatever is said, a conversation that is written and read again is the same."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.core.conversation import continued, read
from dragoman.core.text import Snapshot, split_lines

LINES = st.sampled_from(
    [
        "",
        " ",
        "text",
        "## You",
        "\\## You",
        "\\\\# AI",
        "# Title",
        "```",
        "```py",
        "~~~~",
        "    ## You",
        "- ```",
        "\ttab",
    ]
) | st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\n"), max_size=20)
SAID = st.lists(LINES, min_size=1, max_size=6).map("\n".join).filter(str.strip)


def document(exchanges, first):
    """The document that came of these questions and answers, each by its own command."""
    text = first
    for question, answer in exchanges:
        text += continued(Snapshot.of(text), answer, question)
    return text


@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=4), st.sampled_from(["", "# Notes\n", "# Notes\r\n\r\nx"]))
def test_what_was_said_is_read(exchanges, first):
    """Append, then read: these very turns, but for code blocks that were left open and are closed."""
    *found, waiting = read(split_lines(document(exchanges, first))).turns
    assert (waiting.role, waiting.text) == ("user", "")
    assert [turn.role for turn in found] == ["user", "assistant"] * len(exchanges)
    said = [text.strip() for exchange in exchanges for text in exchange]
    for turn, text in zip(found, said, strict=True):
        rest = turn.text.removeprefix(text)
        assert turn.text.startswith(text)
        assert not rest or (rest[:1] == "\n" and set(rest[1:]) in ({"`"}, {"~"}))


@given(st.lists(LINES, max_size=12).map("\n".join), SAID)
@example(" ", "text")
def test_nothing_of_a_document_is_lost(text, answer):
    """Whatever stands in a document, the answer comes behind it as a turn of its own, and changes no turn before it."""
    before = read(split_lines(text))
    after = read(split_lines(text + continued(Snapshot.of(text), answer)))
    assert [turn.role for turn in after.turns[-2:]] == ["assistant", "user"]
    kept = [turn for turn in before.turns if turn.text or turn.name]
    for old, new in zip(kept, after.turns, strict=False):
        assert new.role == old.role
        assert new.text.startswith(old.text)
