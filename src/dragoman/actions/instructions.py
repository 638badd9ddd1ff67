"""Instructions in a document: comments that end in `AI!` (edit) or `AI?` (answer). Finds them; runs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dragoman.core.languages import language
from dragoman.core.syntax import indentation
from dragoman.core.text import Position, Range, content_length

if TYPE_CHECKING:
    from dragoman.actions.base import Scene
    from dragoman.core.text import Snapshot

_COMMON_LINES = ("#", "//", "--", ";", "%")
_COMMON_BLOCKS = (("/*", "*/"), ("<!--", "-->"))
_BLOCK_LINES = 20
"""Lines that a block comment with an instruction may have."""
_MOST_LINES = 500
"""Lines of a selection that are searched."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a comment asks for. `range` is what goes when the comment goes: its whole lines where it stands alone."""

    text: str
    mark: str
    comment: Range
    range: Range


def instruction_at(scene: Scene, mark: str) -> Instruction | None:
    """The first comment with the mark (`!` or `?`) at the cursor's line or in the selection, or None."""
    lines, sign = scene.snapshot.lines, f"AI{mark}"
    first = scene.selection.start.line
    last = min(scene.selection.end.line, first + _MOST_LINES)
    for number in range(first, min(len(lines), last + _BLOCK_LINES)):
        if sign not in lines[number]:
            continue
        found = _in_line(scene.snapshot, number, mark) if number <= last else None
        found = found or _in_block(scene.snapshot, number, mark)
        if found is not None and found.range.start.line <= last:
            return found
    return _closing(scene, mark)


def _closing(scene: Scene, mark: str) -> Instruction | None:
    """A block comment whose mark stands above the cursor's line, on which it ends."""
    lines, cursor = scene.snapshot.lines, scene.selection.start.line
    for number in range(cursor - 1, max(-1, cursor - _BLOCK_LINES), -1):
        if f"AI{mark}" in lines[number]:
            found = _in_block(scene.snapshot, number, mark)
            own = found.comment if found is not None else None
            return found if own is not None and own.start.line <= cursor <= own.end.line else None
    return None


@cache
def _line_pattern(language_id: str) -> re.Pattern[str]:
    starts = "|".join(re.escape(start) for start in language(language_id).line_comments or _fallback_lines(language_id))
    return re.compile(rf"(?:^|(?<=\s))(?:{starts})(?P<text>.*?)\bAI(?P<mark>[!?])\s*$")


def _fallback_lines(language_id: str) -> tuple[str, ...]:
    """Comment starts for a language that has none of its own: those of any, unless it has block comments."""
    return ("\0",) if language(language_id).block_comments else _COMMON_LINES


def _in_line(snapshot: Snapshot, number: int, mark: str) -> Instruction | None:
    line = snapshot.lines[number]
    content = line[: content_length(line)]
    if f"AI{mark}" not in content or len(content) > 2000:
        return None
    match = _line_pattern(snapshot.language).search(content)
    if match is None or match["mark"] != mark:
        return None
    return _instruction(
        snapshot, match["text"], mark, Range(Position(number, match.start()), Position(number, len(content)))
    )


def _in_block(snapshot: Snapshot, number: int, mark: str) -> Instruction | None:
    """A block comment that this line is part of."""
    lines = snapshot.lines
    for start, end in language(snapshot.language).block_comments or _COMMON_BLOCKS:
        first = next((n for n in range(number, max(-1, number - _BLOCK_LINES), -1) if start in lines[n]), None)
        if first is None:
            continue
        opens = lines[first].rfind(start)
        last = next(
            (
                n
                for n in range(first, min(len(lines), first + _BLOCK_LINES))
                if lines[n].find(end, opens + len(start) if n == first else 0) >= 0
            ),
            None,
        )
        if last is None or last < number:
            continue
        closes = lines[last].find(end, opens + len(start) if last == first else 0)
        inner = snapshot.slice(Range(Position(first, opens + len(start)), Position(last, closes))).rstrip()
        if inner.endswith(f"AI{mark}") and not inner[:-3][-1:].isalnum():
            return _instruction(
                snapshot, inner[:-3], mark, Range(Position(first, opens), Position(last, closes + len(end)))
            )
    return None


def _instruction(snapshot: Snapshot, raw: str, mark: str, range_: Range) -> Instruction | None:
    """The instruction without comment decoration, or None where the comment asks for nothing."""
    text = " ".join(line.strip().lstrip("*#/-;%! ").strip() for line in raw.splitlines()).strip(" :,-–—")
    return Instruction(text, mark, range_, _whole(snapshot, range_)) if text else None


def _whole(snapshot: Snapshot, range_: Range) -> Range:
    """The comment with the blanks before it; with its line's end where nothing else stands on its lines."""
    start, end = range_
    head, tail = snapshot.lines[start.line][: start.character], snapshot.lines[end.line][end.character :]
    if not head.strip() and not tail.strip():
        last = end.line + 1 < len(snapshot.lines)
        return Range(Position(start.line, 0), Position(end.line + 1, 0) if last else snapshot.end)
    if not tail.strip():
        start = Position(start.line, len(head.rstrip()))
    return Range(start, Position(end.line, content_length(snapshot.lines[end.line])) if not tail.strip() else end)


def without(snapshot: Snapshot, target: Range, removed: Range) -> str:
    """The target's text without what is removed from it."""
    head = snapshot.slice(Range(target.start, max(target.start, removed.start)))
    tail = snapshot.slice(Range(removed.end, target.end)) if removed.end < target.end else ""
    if not tail and head and not snapshot.slice(target).endswith(("\n", "\r")):
        head = head.rstrip("\r\n") if removed.start.character == 0 else head
    return head + tail


def next_line(snapshot: Snapshot, after: Range) -> int | None:
    """The first line with text behind the range, within a few lines; or None."""
    first = after.end.line if after.end.character == 0 else after.end.line + 1
    return next((n for n in range(first, min(len(snapshot.lines), first + 3)) if snapshot.lines[n].strip()), None)


def indented(snapshot: Snapshot, line: int) -> int:
    """The indentation of a line."""
    return indentation(snapshot.lines[line])
