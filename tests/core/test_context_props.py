"""What always holds of a context, whatever the file, the target and the budget."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.context import gather, piece
from dragoman.core.errors import BadInput
from dragoman.core.syntax import parse
from dragoman.core.text import Position, Range, Snapshot

LINE = st.sampled_from(
    [
        "",
        "import os",
        "from a import b",
        "x = 1",
        "def f():",
        "def long_name(a, b):",
        "class C:",
        "    def m(self):",
        "    return f()",
        "        return C()",
        "# what it is for",
        "    y = long_name(1, 2)  # grüße 🎉",
    ]
)
TEXT = st.lists(LINE, min_size=1, max_size=120).map("\n".join)
PIECES = st.lists(
    st.integers(0, 400).map(lambda size: piece("definitions", "b.py:1-2", "named", "x " * size)), max_size=6
)


@st.composite
def asked(draw):
    """A file, a target in it, a budget, and pieces from elsewhere."""
    text = draw(TEXT)
    last = text.count("\n")
    lines = sorted(draw(st.tuples(st.integers(0, last), st.integers(0, last))))
    snapshot = Snapshot.of(text, language=draw(st.sampled_from(["python", "kotlin"])))
    target = snapshot.clamp(Range(Position(lines[0], 0), Position(lines[1], 200)))
    return snapshot, target, draw(st.integers(1, 1200)), draw(PIECES), draw(PIECES)


def context_of(snapshot, target, most, found, others):
    """The context, or None where the target alone is too much."""
    try:
        return gather(
            parse(snapshot), target, max_tokens=most, path="a.py", problems=["line 1: x"], found=found, others=others
        )
    except BadInput:
        return None


@settings(max_examples=150, deadline=None)
@given(asked())
def test_the_budget_holds_and_the_target_is_in(case):
    """The pieces never cost more than the budget, and the target is the first of them, whole."""
    snapshot, target, most, *_ = case
    context = context_of(*case)
    if context is not None:
        assert context.tokens <= most
        assert (context.pieces[0].kind, context.pieces[0].text) == ("target", snapshot.slice(target))


@settings(max_examples=150, deadline=None)
@given(asked())
def test_nothing_is_dropped_silently(case):
    """Every line of the file that is not blank, and every piece that was brought, is shown or named as left out."""
    snapshot, _, _, found, others = case
    context = context_of(*case)
    if context is None:
        return
    lines = set()
    for own in (*context.pieces, *context.left_out):
        match = re.fullmatch(r"a\.py:(\d+)(?:-(\d+))?", own.source)
        if match is not None and own.kind != "outline":
            lines |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    assert {number for number, line in enumerate(snapshot.lines, 1) if line.strip()} <= lines
    there = [own for own in (*context.pieces, *context.left_out) if own.source == "b.py:1-2"]
    assert len(there) == len(found) + len(others)


@settings(max_examples=100, deadline=None)
@given(asked())
def test_no_line_of_the_file_is_shown_twice(case):
    """Whatever is left out, a line stands in one piece alone; the outline quotes none of them whole."""
    snapshot, *_ = case
    context = context_of(*case)
    if context is None:
        return
    numbered = Snapshot.of(
        "".join(f"{line.rstrip()}  # {n}\n" if line.strip() else line for n, line in enumerate(snapshot.lines)),
        language=snapshot.language,
    )
    context = context_of(numbered, numbered.clamp(case[1]), *case[2:])
    if context is None:
        return
    shown = [
        number
        for own in context.pieces
        if own.kind != "outline"
        for number in re.findall(r"# (\d+)$", own.text, re.MULTILINE)
    ]
    assert sorted(shown) == sorted(set(shown))


@pytest.mark.parametrize("most", [300, 600, 1200])
def test_a_long_file_is_shown_at_a_glance(most):
    """Where a file is too long its outline is shown, what the target names in it, and the nearest lines."""
    functions = "".join(f"def f{number}(a):\n    b = a\n    return b\n\n\n" for number in range(150))
    text = f"{functions}def target():\n    return f3(1)\n"
    snapshot = Snapshot.of(text, language="python")
    target = Range(Position(750, 0), Position(751, 16))
    context = context_of(snapshot, target, most, [], [])
    (outline,) = context.of_kind("outline")
    assert "746: def f149(a)" in outline.text
    (own,) = context.of_kind("definitions")
    assert (own.source, own.reason) == ("a.py:16-18", "the function f3, which the target names")
    (before,) = context.of_kind("before")
    assert before.text.endswith("    return b\n\n\n")
    assert any(left.kind == "outline" for left in context.left_out)


def test_a_file_that_fits_needs_no_outline():
    """A file that is shown whole is not told a second time."""
    text = "def f(a):\n    return a\n\n\ndef g():\n    return f(1)\n"
    context = context_of(Snapshot.of(text, language="python"), Range(Position(4, 0), Position(5, 15)), 1000, [], [])
    assert [own.kind for own in context.pieces] == ["target", "diagnostics", "before"]
    assert context.left_out == ()


def test_a_method_in_a_long_class_sees_what_it_calls():
    """The method beside it is shown, though the class that holds both is named too."""
    methods = "".join(f"    def m{number}(self):\n        return {number}\n\n" for number in range(300))
    text = f"class Long:\n{methods}    def target(self: Long):\n        return self.m7()\n"
    target = Range(Position(901, 0), Position(902, 24))
    context = context_of(Snapshot.of(text, language="python"), target, 800, [], [])
    assert [own.source for own in context.of_kind("definitions")] == ["a.py:23-24"]
