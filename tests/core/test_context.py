"""What is sent, in order of worth, under a budget; and what is named as left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.context import TARGET_MARK, gather, piece
from dragoman.core.errors import BadInput
from dragoman.core.syntax import parse
from dragoman.core.text import Position, Range, Snapshot

TEXT = '''"""A shop."""

import os
import re

LIMIT = 1


class Cart:
    def total(self):
        one = 1
        two = 2
        return one + two


def other():
    return LIMIT
'''


def gathered(target, max_tokens=1000, text=TEXT, **more):
    """The context of a target in a small file."""
    return gather(parse(Snapshot.of(text, language="python")), target, max_tokens=max_tokens, path="shop.py", **more)


LINE = Range(Position(11, 0), Position(11, 15))


def test_order_of_worth():
    """Target, enclosing definition, imports, diagnostics, the text around, then what comes from elsewhere."""
    context = gathered(
        LINE, problems=["line 12: unused"], others=[piece("instructions", "AGENTS.md", "conventions", "Be nice.")]
    )
    assert [own.kind for own in context.pieces] == [
        "target",
        "symbol",
        "imports",
        "diagnostics",
        "before",
        "after",
        "instructions",
    ]
    assert [own.source for own in context.pieces] == [
        "shop.py:12",
        "shop.py:10-13",
        "shop.py:3-4",
        "shop.py",
        "shop.py:1-9",
        "shop.py:14-17",
        "AGENTS.md",
    ]
    assert all(own.reason for own in context.pieces)
    assert context.left_out == ()


def test_no_line_is_shown_twice():
    """Together the pieces hold each line of the file once."""
    context = gathered(LINE)
    lines = [line for own in context.pieces for line in own.text.replace(TARGET_MARK, "").splitlines() if line.strip()]
    assert sorted(lines) == sorted(line for line in TEXT.splitlines() if line.strip())


def test_what_does_not_fit_is_named():
    """A small budget leaves the least worthy out, and says where it stands and how large it is."""
    context = gathered(LINE, max_tokens=40)
    assert [own.kind for own in context.pieces][:2] == ["target", "symbol"]
    assert {own.kind for own in context.left_out} >= {"before", "after"}
    assert all(own.tokens > 0 and own.source and not own.text for own in context.left_out)


def test_nearest_text_comes_first():
    """Of the text around, the lines next to the target are taken."""
    text = "".join(f"line_{number} = {number}\n" for number in range(400))
    context = gathered(Range(Position(200, 0), Position(200, 14)), max_tokens=100, text=text)
    before, after = context.of_kind("before")[0], context.of_kind("after")[0]
    assert before.text.endswith("line_199 = 199\n")
    assert after.text.startswith("\nline_201 = 201\n")
    assert abs(len(before.text) - len(after.text)) < 40
    assert {own.source for own in context.left_out} == {
        f"shop.py:1-{200 - before.text.count(chr(10))}",
        f"shop.py:{202 + after.text.count(chr(10)) - 1}-400",
    }


def test_a_definition_too_large_gives_its_nearest_lines():
    """Where the enclosing definition does not fit, the text around the target comes from inside it."""
    text = "def f():\n" + "".join(f"    line_{number} = {number}\n" for number in range(400))
    context = gathered(Range(Position(200, 0), Position(200, 18)), max_tokens=100, text=text)
    assert [own.kind for own in context.pieces] == ["target", "before", "after"]
    assert context.left_out[0].kind == "symbol"


def test_a_target_above_the_budget_is_refused():
    """A target that is larger than the budget says by how much and what to do."""
    with pytest.raises(
        BadInput,
        match=r"^The selection is about \d+ tokens; context.max_tokens allows 5. Select less, or raise",
    ):
        gathered(LINE._replace(start=Position(0, 0)), max_tokens=5)


def test_text_from_elsewhere_leaves_room_for_the_file():
    """Pieces from other files get at most a quarter of the budget."""
    long = piece("instructions", "AGENTS.md", "conventions", "word " * 400)
    context = gathered(LINE, max_tokens=900, others=[long])
    assert context.of_kind("instructions") == ()
    assert context.left_out[-1].source == "AGENTS.md"


def test_an_empty_document():
    """Nothing to show is no error: a question can be asked anywhere."""
    context = gathered(Range(Position(0, 0), Position(0, 0)), text="")
    assert [(own.kind, own.text) for own in context.pieces] == [("target", "")]


def test_text_shown_in_place_of_the_target():
    """What the model is shown may differ from the document, where a comment is left out."""
    assert gathered(LINE, shown="two = 3").pieces[0].text == "two = 3"


@given(st.integers(1, 400), st.integers(0, 17), st.integers(0, 17))
def test_the_budget_holds(max_tokens, first, last):
    """All pieces together never cost more than the budget."""
    target = Range(Position(min(first, last), 0), Position(max(first, last), 0))
    try:
        context = gathered(
            target, max_tokens=max_tokens, problems=["line 1: x"], others=[piece("a", "b", "c", "d" * 50)]
        )
    except BadInput:
        return
    assert context.tokens <= max_tokens
