"""Cuts a model's text down to the target where the model wrote its surroundings, or the whole file, as well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dragoman.core.errors import UnusableReply
from dragoman.core.languages import defined_name, language
from dragoman.core.syntax import indentation, parse
from dragoman.core.text import Position, Range, Snapshot, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

_REACH = 3000
"""Lines on each side of the target that the reply is compared with."""

_TELLING = 5
"""Letters and digits of a line that says something: more than a brace or `else`."""

_PREAMBLE = re.compile(r"<\?php\b|#!|package\s|[\"']use strict[\"']|use strict;")


def only_target(text: str, original: str, snapshot: Snapshot, target: Range) -> tuple[str, tuple[str, ...]]:
    """The part of the text that stands for the target, and a note where something was cut off.

    Raises `UnusableReply` where the text is plainly more than the target, but its part can't be told.
    """
    before = _meaningful(snapshot.slice(Range(Position(max(0, target.start.line - _REACH), 0), target.start)))
    last = min(len(snapshot.lines) - 1, target.end.line + _REACH)
    after = _meaningful(snapshot.slice(Range(target.end, Position(last, content_length(snapshot.lines[last])))))
    if not before and not after:
        return text, ()
    lines = text.split("\n")
    cut = _without_overlap(_without_preamble(lines, original, before), original, before, after)
    around = {*before, *after} - set(_meaningful(original))
    found = _definition(cut, original, snapshot) or _between(cut, before, after)
    if found is not None and _mostly(_minus(cut, found), around, 1):
        cut = found
    elif _mostly(cut, around, 3):
        raise UnusableReply(
            "The model rewrote more than the target, and nothing was changed. Try again, or select more.",
            follow_up="You wrote more than the target. "
            "Answer again with only the new text of the target in one fenced code block.",
        )
    if len(cut) == len(lines):
        return text, ()
    return "\n".join(cut), ("The reply repeated text from outside the target; that part was cut off.",)


def _meaningful(text: str) -> list[str]:
    return [line.strip() for line in re.split(r"\r\n?|\n", text) if line.strip()]


def _weight(line: str) -> int:
    return sum(character.isalnum() for character in line)


def _without_overlap(lines: list[str], original: str, before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The lines without those at their head that end the text before the target, and those at their tail likewise.

    A few short lines may be alike by chance: they count where the whole document is repeated.
    """
    own = _meaningful(original)
    filled = [number for number, line in enumerate(lines) if line.strip()]
    wrote = [lines[number].strip() for number in filled]
    head, tail = _overlap(wrote, before, own), _overlap(wrote[::-1], after[::-1], own[::-1])
    whole = (head, tail) == (len(before), len(after)) and _says_something([*before, *after])
    if not whole:
        head = head if _says_something(wrote[:head]) else 0
        closes = head > 0 and _depth(wrote[head : len(wrote) - tail]) == _depth(own)
        tail = tail if closes or _says_something(wrote[len(wrote) - tail :]) else 0
    if head + tail >= len(filled):
        return lines
    kept = filled[head : len(filled) - tail]
    return lines[kept[0] if head else 0 : kept[-1] + 1 if tail else len(lines)]


def _without_preamble(lines: list[str], original: str, before: Sequence[str]) -> list[str]:
    """The lines without the one that begins every file of a language, where the document has its own above."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    line = lines[first].strip()
    again = _PREAMBLE.match(line) is not None and line in before and line not in _meaningful(original)
    return lines[first + 1 :] if again and any(rest.strip() for rest in lines[first + 1 :]) else lines


def _depth(lines: Sequence[str]) -> int:
    """How many brackets more are opened than closed."""
    text = "".join(lines)
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))


def _overlap(wrote: Sequence[str], context: Sequence[str], own: Sequence[str]) -> int:
    """How many of the first written lines are exactly the last lines of the context, and not the target's own."""
    for start in range(len(context)):
        length = len(context) - start
        if wrote and context[start] == wrote[0] and list(context[start:]) == list(wrote[:length]):
            return 0 if list(own[:length]) == list(wrote[:length]) else length
    return 0


def _says_something(lines: Sequence[str]) -> bool:
    return sum(map(_weight, lines)) >= _TELLING


def _mostly(lines: Sequence[str], around: set[str], least: int) -> bool:
    """Whether at least half of the telling lines, and so many, stand beside the target in the document."""
    telling = [line.strip() for line in lines if _weight(line) >= _TELLING]
    known = sum(line in around for line in telling)
    return known >= least and 2 * known >= len(telling)


def _minus(lines: Sequence[str], part: Sequence[str]) -> list[str]:
    """The lines without a part of them that stands together."""
    start = next(n for n in range(len(lines) - len(part) + 1) if list(lines[n : n + len(part)]) == list(part))
    return [*lines[:start], *lines[start + len(part) :]]


def _definition(lines: list[str], original: str, snapshot: Snapshot) -> list[str] | None:
    """The lines of the definition that the target is, where it is exactly one and the text defines it within more."""
    name = _only_name(original, snapshot)
    if name is None:
        return None
    wrote = Snapshot.of("\n".join(lines), language=snapshot.language)
    found = [symbol for symbol in parse(wrote).symbols() if symbol.name == name]
    if not found:
        return None
    if len(found) > 1:
        from rapidfuzz.fuzz import ratio  # noqa: PLC0415 - rarely needed

        found.sort(key=lambda symbol: ratio(wrote.slice(symbol.range), original), reverse=True)
    range_ = found[0].range
    return lines[range_.start.line : range_.end.line + 1]


def _only_name(original: str, snapshot: Snapshot) -> str | None:
    """The name of the one definition that the target is, or None."""
    of = language(snapshot.language)
    lines = [line for line in original.split("\n") if line.strip()]
    least = min((indentation(line) for line in lines), default=0)
    names = [name for line in lines if indentation(line) == least and (name := defined_name(line, of))]
    return names[0] if len(names) == 1 else None


def _between(lines: list[str], before: Sequence[str], after: Sequence[str]) -> list[str] | None:
    """The lines between the ones that stand right before and right after the target, where each is there just once."""
    wrote = [line.strip() for line in lines]
    start, end = 0, len(lines)
    if before:
        if wrote.count(before[-1]) != 1:
            return None
        start = wrote.index(before[-1]) + 1
    if after:
        if wrote.count(after[0]) != 1:
            return None
        end = wrote.index(after[0])
    return lines[start:end] if start < end else None
