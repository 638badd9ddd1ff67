"""What holds for every reply: streams split anywhere, line ends kept, no surprise but a DragomanError."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.core.errors import DragomanError
from dragoman.core.reply import answer, new_code, replacement
from dragoman.core.text import Snapshot, split_lines
from dragoman.core.thinking import ThinkSplitter, without_thinking

PIECES = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<thinking>",
        "</thinking>",
        "<",
        "</",
        "think",
        ">",
        " ",
        "\n",
        "\r\n",
        "x = 1",
        "```",
        "```python",
        "~~~",
        "def f(a):",
        "    return a",
        "\treturn a",
        "@@ -1 +1 @@",
        "-x",
        "+y",
        " ",
        "# ... existing code ...",
        "Here is the code:",
        "I'm sorry.",
        "é",
        "😀",
        "}",
        "1 | a",
    ]
)
REPLIES = st.one_of(
    st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES, max_size=25).map("\n".join), st.text(max_size=200)
)
LINES = st.sampled_from(
    ["def f(a):", "    return a", "\treturn a", "", "x = 1", "class A:", "é😀", "  y", "```", "}", "# ..."]
)
LANGUAGES = st.sampled_from(["python", "go", "rust", "typescript", "markdown", "plaintext", "lua", "nobody-knows"])


def _split(text, cuts):
    splitter = ThinkSplitter()
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    fed = [splitter.feed(text[start:end]) for start, end in pairwise(edges)]
    fed.append(splitter.close())
    return "".join(visible for visible, _ in fed), "".join(thinking for _, thinking in fed)


@given(REPLIES, st.lists(st.integers(0, 500), max_size=12))
@example("<think>a</think>b", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
@example("  <thi", [3])
def test_any_chunking_splits_thinking_alike(text, cuts):
    """Thinking is told from the answer the same way, however the stream is cut."""
    assert _split(text, cuts) == _split(text, [])


@given(REPLIES)
def test_splitting_loses_nothing_but_tags_and_blanks(text):
    """What is answer and what is thinking together make the text, but for tags and the blanks before them."""
    visible, thinking = _split(text, [])
    squeezed = re.sub(r"</?think(?:ing)?>|\s", "", text)
    assert re.sub(r"</?think(?:ing)?>|\s", "", thinking + visible) == squeezed


@pytest.mark.parametrize(
    ("reply", "answered"),
    [
        ("<think>a</think>\n\nb", "\n\nb"),
        ("  <THINK>a</THINK>b", "b"),
        ("<think>a", ""),
        ("a <think>b</think>", "a <think>b</think>"),
        ("<think>a</think><think>b</think>c", "c"),
        ("a\n</think>\nb", "b"),
        ("```\n</think>\n```", "```\n</think>\n```"),
        ("<thi", "<thi"),
    ],
)
def test_without_thinking(reply, answered):
    """Thinking goes from the head of a reply, and from nowhere else."""
    assert without_thinking(reply) == answered


@given(REPLIES, st.lists(LINES, min_size=1, max_size=12), st.data(), LANGUAGES, st.sampled_from(["\n", "\r\n", "\r"]))
def test_replacement_keeps_line_ends_and_raises_nothing_else(reply, lines, data, language, end):
    """Whatever a model says, the new text has the document's line ends, or a DragomanError in one line is raised."""
    snapshot = Snapshot.of(end.join(lines), language=language)
    places = [data.draw(st.integers(0, len(snapshot.text))) for _ in range(2)]
    target = snapshot.clamp(type(snapshot.whole)(snapshot.position(min(places)), snapshot.position(max(places))))
    error = None
    try:
        found = replacement(reply, snapshot, target)
    except DragomanError as raised:
        error = str(raised)
    if error is not None:
        assert "\n" not in error
        return
    ends = {line[len(line.rstrip("\r\n")) :] for line in split_lines(found.text)[:-1]}
    assert ends <= {
        snapshot.line_end,
        *(line[len(line.rstrip("\r\n")) :] for line in split_lines(snapshot.slice(target))),
    }


@given(REPLIES, LANGUAGES)
def test_answers_and_new_code_raise_nothing_else(reply, language):
    """Whatever a model says, an answer or new code comes of it, or a DragomanError."""
    for make in (answer, lambda text: new_code(text, language)):
        made, error = "", None
        try:
            made = make(reply)
        except DragomanError as raised:
            error = str(raised)
        assert made.strip() if error is None else "\n" not in error
