"""Whatever stands in a document, taking an instruction away takes that comment away and nothing else."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dragoman.actions.instructions import instructions, without
from dragoman.core.languages import LANGUAGES
from dragoman.core.text import Snapshot

MARKS = [
    "AI!",
    " AI! ",
    "#",
    "//",
    "///",
    "/*",
    "/**",
    "*/",
    " * ",
    "{/*",
    "*/}",
    "--",
    "--[[",
    "]]",
    "<!--",
    "-->",
    "(*",
]
OTHERS = ["*)", ";;", "%", "x", " ", "'", '"', "`", "\\", "do it", "do it,", "Done.", "x = 1", "é", "\u2028", "    "]
PIECES = st.sampled_from([*MARKS, *OTHERS, "\n", "\n", "\r\n", "\r"])
TEXTS = st.lists(PIECES, max_size=40).map("".join)


@given(TEXTS, st.sampled_from([*LANGUAGES, "unheard-of"]))
def test_only_the_comments_go(text, language):
    """Instructions come in order, apart from each other, each with its mark; what is left is the rest of the text."""
    snapshot = Snapshot.of(text, language=language)
    found = instructions(snapshot, "!")
    for own, following in pairwise(found):
        assert own.comment.end <= following.comment.start
    for own in found:
        assert own.text
        assert "AI!" in snapshot.slice(own.comment)
        assert snapshot.clamp(own.range) == own.range
        assert own.range.start <= own.comment.start
        assert snapshot.slice(own.range).replace(snapshot.slice(own.comment), "", 1).strip() == ""
        rest = without(snapshot, snapshot.whole, own.range)
        head, tail = text[: snapshot.offset(own.range.start)], text[snapshot.offset(own.range.end) :]
        assert rest.rstrip("\r\n") == (head + tail).rstrip("\r\n")
