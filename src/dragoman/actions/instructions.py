"""Instructions in a document: comments that end in `AI!` (edit) or `AI?` (answer). Finds them; runs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.actions.places import paragraph, selected
from dragoman.core.languages import language
from dragoman.core.syntax import indentation, whole_lines
from dragoman.core.text import Position, Range, content_length, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Snapshot

_COMMON_LINES = ("#", "//", "--", ";", "%")
_COMMON_BLOCKS = (("/*", "*/"), ("<!--", "-->"))
_EMBEDDED_LINES = MappingProxyType({"html": ("//",), "restructuredtext": ("..",)})
_EMBEDDED_BLOCKS = MappingProxyType(
    {
        "html": (("<!--", "-->"), ("/*", "*/")),
        "php": (("/*", "*/"), ("<!--", "-->")),
        "javascriptreact": (("{/*", "*/}"), ("/*", "*/")),
        "typescriptreact": (("{/*", "*/}"), ("/*", "*/")),
    }
)
"""Comments of what stands inside documents of a language, besides its own."""

_BLOCK_LINES = 20
"""Lines that a comment with an instruction may have."""
_MOST_LINES = 500
"""Lines of a selection that are searched."""
_LONGEST_LINE = 2000
_NO_BLANK_AFTER = ("", " ", "\t", "(", "[", "{")

_GOES_ON = re.compile(r"[^\W_](?:[^:;{}=<>@\\|]*[^\W_]|[^:;{}=<>@\\|]*,)?")
"""A line of prose whose sentence the next line goes on with. What is no prose may be code, or be meant for a tool."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a comment asks for. `range` is what goes when the comment goes: its whole lines where it stands alone."""

    text: str
    mark: str
    comment: Range
    range: Range


def instruction_at(scene: Scene, mark: str) -> Instruction | None:
    """The first comment with the mark (`!` or `?`) that stands at the cursor's line or in the selection, or None."""
    first = scene.selection.start.line
    last = min(scene.selection.end.line, first + _MOST_LINES)
    for found in _between(scene.snapshot, mark, first - _BLOCK_LINES, last + _BLOCK_LINES):
        if found.comment.start.line <= last and found.comment.end.line >= first:
            return found
    return None


def instructions(snapshot: Snapshot, mark: str, syntax: Syntax | None = None) -> tuple[Instruction, ...]:
    """All comments with the mark in their order. With a syntax, without those that stand in strings."""
    found = _between(snapshot, mark, 0, len(snapshot.lines))
    return tuple(own for own in found if syntax is None or not syntax.in_string(_mark_of(snapshot, own)))


def _mark_of(snapshot: Snapshot, found: Instruction) -> Position:
    """Where the instruction's mark stands: the last one of its comment."""
    line, before = found.comment.end
    while (at := snapshot.lines[line].rfind(f"AI{found.mark}", 0, before)) < 0:
        line, before = line - 1, _LONGEST_LINE
    return Position(line, at)


def _between(snapshot: Snapshot, mark: str, first: int, last: int) -> Iterator[Instruction]:
    lines, sign = snapshot.lines, re.escape(f"AI{mark}")
    done = Position(0, 0)
    for number in range(max(0, first), min(len(lines), last + 1)):
        if f"AI{mark}" not in lines[number] or len(lines[number]) > _LONGEST_LINE or number < done.line:
            continue
        for match in re.finditer(sign, lines[number]):
            found = _in_block(snapshot, Position(number, match.start()), mark) or _in_lines(snapshot, number, mark)
            if found is not None and found.comment.start >= done:
                done = found.comment.end
                yield found


# Line comments


@cache
def _line_start(language_id: str) -> re.Pattern[str]:
    of = language(language_id)
    starts = (*of.line_comments, *_EMBEDDED_LINES.get(language_id, ()))
    starts = starts or (() if of.block_comments else _COMMON_LINES)
    opens_block = "".join(f"(?!{re.escape(start)})" for start, _ in of.block_comments)
    return re.compile(
        rf"(?:^|(?<=[\s;,)}}\]])){opens_block}(?:{'|'.join(map(re.escape, starts))})" if starts else r"(?!)"
    )


_MARKED = re.compile(r"(?P<text>.*?)\bAI(?P<mark>[!?])\s*\Z", re.DOTALL)


def _in_lines(snapshot: Snapshot, number: int, mark: str) -> Instruction | None:
    """A line comment that ends on this line, with those right above it whose sentence it goes on with."""
    line = snapshot.lines[number]
    content = line[: content_length(line)]
    starts = list(_line_start(snapshot.language).finditer(content))
    if not starts:
        return None
    start = next((own for own in starts if not _in_string(content[: own.start()])), starts[-1])
    match = _MARKED.match(content, start.end())
    if match is None or match["mark"] != mark:
        return None
    texts, first = [match["text"]], number
    begins = start.end()
    while content[begins : begins + 1] == content[begins - 1] and content[begins - 1] in ";%#":
        begins += 1
    if start.start() == indentation(line) and content[begins : begins + 1].isspace():  # else it is documentation
        above = line[:begins]
        while first > 0 and number - first < _BLOCK_LINES and _goes_on(snapshot.lines[first - 1], above):
            first -= 1
            texts.insert(0, snapshot.lines[first][len(above) :].rstrip())
    range_ = Range(Position(first, start.start()), Position(number, len(content)))
    return _instruction("\n".join(texts), range_, _whole(snapshot, range_), mark)


def _goes_on(line: str, start: str) -> bool:
    """Whether the line is a comment of the same kind, and its sentence goes on below it."""
    text = line[len(start) :]
    return line.startswith(start) and text[:1].isspace() and _GOES_ON.fullmatch(text.strip()) is not None


def _in_string(head: str) -> bool:
    """Whether a quote is open behind this beginning of a line, as nearly all languages have it."""
    quote = ""
    for character in re.sub(r"\\.", "", head):
        if character == quote:
            quote = ""
        elif not quote and character in "\"'`":
            quote = character
    return bool(quote)


# Block comments


def _in_block(snapshot: Snapshot, sign: Position, mark: str) -> Instruction | None:
    """The block comment that this `AI!` or `AI?` is part of."""
    lines, of = snapshot.lines, language(snapshot.language)
    common = () if of.line_comments else _COMMON_BLOCKS
    for start, end in _EMBEDDED_BLOCKS.get(snapshot.language, of.block_comments or common):
        opens = _opening(lines, sign, start)
        if opens is None or (start == "{/*" and lines[opens.line][: opens.character].strip()):
            continue
        inner = Position(opens.line, opens.character + len(start))
        closes = _closing(lines, inner, end)
        if closes is None or closes < sign:
            continue
        match = _MARKED.match(snapshot.slice(Range(inner, closes)).rstrip())
        if match is None or match["mark"] != mark:
            continue
        comment = Range(opens, Position(closes.line, closes.character + len(end)))
        if match["text"][:1] in {"*", "!"} and (part := _last_sentence(snapshot, match["text"], sign.line, closes)):
            return _instruction(*part, mark)
        return _instruction(match["text"], comment, _whole(snapshot, comment), mark)
    return None


def _opening(lines: Sequence[str], before: Position, start: str) -> Position | None:
    """Where the last block comment before that place begins."""
    for line in range(before.line, max(-1, before.line - _BLOCK_LINES), -1):
        at = lines[line].rfind(start, 0, before.character if line == before.line else None)
        if at >= 0:
            return Position(line, at)
    return None


def _closing(lines: Sequence[str], after: Position, end: str) -> Position | None:
    """Where a block comment ends whose text begins there."""
    for line in range(after.line, min(len(lines), after.line + _BLOCK_LINES)):
        at = lines[line].find(end, after.character if line == after.line else 0)
        if at >= 0:
            return Position(line, at)
    return None


def _last_sentence(snapshot: Snapshot, text: str, number: int, closes: Position) -> tuple[str, Range, Range] | None:
    """The instruction at the end of documentation, which stays: its text, its place and what goes with it.

    None where there is nothing else in the comment.
    """
    texts = [line.strip().lstrip("*! ") for line in split_lines(text)]
    kept = len(texts) - 1
    while kept > 0 and _GOES_ON.fullmatch(texts[kept - 1]):
        kept -= 1
    if not any(texts[:kept]):
        return None
    first = number - len(texts) + 1 + kept
    before = Position(first - 1, content_length(snapshot.lines[first - 1]))
    blanks = snapshot.lines[closes.line][: closes.character]
    end = Position(number, content_length(snapshot.lines[number]))
    if closes.line == number:  # the comment's end stays, with one blank before it
        end = Position(number, closes.character - (1 if blanks.endswith(" ") else 0))
    place = Range(Position(first, indentation(snapshot.lines[first])), end)
    return "\n".join(texts[kept:]), place, Range(before, end)


def _instruction(raw: str, comment: Range, range_: Range, mark: str) -> Instruction | None:
    """The instruction without comment decoration, or None where the comment asks for nothing."""
    text = " ".join(line.strip().lstrip("*#/-;%! ").strip() for line in raw.splitlines()).strip(" :,-–—")
    return Instruction(text, mark, comment, range_) if text else None


def _whole(snapshot: Snapshot, range_: Range) -> Range:
    """The comment with the blanks before it; with its line's end where nothing else stands on its lines."""
    start, end = range_
    head, tail = snapshot.lines[start.line][: start.character], snapshot.lines[end.line][end.character :]
    if not head.strip() and not tail.strip():
        last = end.line + 1 < len(snapshot.lines)
        return Range(Position(start.line, 0), Position(end.line + 1, 0) if last else snapshot.end)
    if not tail.strip():
        return Range(
            Position(start.line, len(head.rstrip())), Position(end.line, content_length(snapshot.lines[end.line]))
        )
    blanks = len(tail) - len(tail.lstrip(" \t")) if head[-1:] in _NO_BLANK_AFTER else 0
    return Range(start, Position(end.line, end.character + blanks))


# What an instruction is about


def subject(scene: Scene, syntax: Syntax, comment: Instruction) -> Range:
    """The comment with what it is about: the selection where it holds more, else the definition around, else what
    follows.
    """
    snapshot = scene.snapshot
    own = whole_lines(snapshot, comment.range)
    chosen = selected(scene)
    if chosen is not None and without(snapshot, union(chosen, own), comment.range).strip():
        return union(chosen, own)
    symbol = syntax.symbol_at(own)
    if symbol is not None:
        return union(whole_lines(snapshot, symbol.range), own)
    beside = paragraph(scene, own.start.line)
    if beside is not None and (beside.start.line < own.start.line or own.start.character > 0):
        return union(beside, own)
    following = _next_line(snapshot, own)
    if following is None:
        return own
    symbol = syntax.symbol_at(Position(following, content_length(snapshot.lines[following])))
    after = whole_lines(snapshot, symbol.range) if symbol is not None else paragraph(scene, following)
    return own if after is None else union(own, after)


def union(one: Range, other: Range) -> Range:
    """The smallest range that holds both."""
    return Range(min(one.start, other.start), max(one.end, other.end))


def without(snapshot: Snapshot, target: Range, removed: Range) -> str:
    """The target's text without what is removed from it."""
    head = snapshot.slice(Range(target.start, max(target.start, removed.start)))
    tail = snapshot.slice(Range(removed.end, target.end)) if removed.end < target.end else ""
    if not tail and head and not snapshot.slice(target).endswith(("\n", "\r")):
        head = head.rstrip("\r\n") if removed.start.character == 0 else head
    return head + tail


def _next_line(snapshot: Snapshot, after: Range) -> int | None:
    """The first line with text behind the range, within a few lines; or None."""
    first = after.end.line if after.end.character == 0 else after.end.line + 1
    return next((n for n in range(first, min(len(snapshot.lines), first + 3)) if snapshot.lines[n].strip()), None)
