"""Rust's `use` trees as plain paths. Pure; tolerant of what is not finished."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 20


def rust_paths(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each path that a `use` declaration brings in, and the name it is known by (`*` for everything).

    `use a::{b, c::{d as e, self}};` gives `a::b` as `b`, `a::c::d` as `e`, and `a::c` as `c`.
    """
    match = re.search(r"\buse\s+(.*?);?\s*$", re.sub(r"//.*", "", text), re.DOTALL)
    if match is not None:
        yield from _branches(re.sub(r"\s+", " ", match[1]), (), 0)


def _branches(text: str, before: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], str]]:
    for part in _split(text):
        head, brace, rest = part.partition("{")
        path, _, alias = head.partition(" as ")
        names = tuple(name.strip() for name in path.split("::") if name.strip())
        if brace and depth < _DEEPEST:
            yield from _branches(rest.rpartition("}")[0] or rest, (*before, *names), depth + 1)
        elif names:
            whole = (*before, *names)
            if whole[-1] == "self" and len(whole) > 1:
                whole = whole[:-1]
            yield whole, alias.strip() or whole[-1]


def _split(text: str) -> Iterator[str]:
    """The parts between the commas that stand in no braces."""
    level, start = 0, 0
    for place, character in enumerate(text):
        level += (character == "{") - (character == "}")
        if character == "," and level == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()
