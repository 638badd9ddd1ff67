r"""Text as an editor sees it: lines, positions, spans, edits, and how they move. Pure; knows no protocol.

Positions count code points; an editor's UTF-8/16/32 units are converted at the border (`units`, `from_units`).
A line ends at `\n`, `\r\n` or `\r` and nowhere else (LSP 3.17, "Text Documents"): not at a form feed, not at
U+2028. Every text has at least one line, and its last line has no line end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Encoding(StrEnum):
    """What an editor counts characters in (LSP's PositionEncodingKind)."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


class Position(NamedTuple):
    """A place between two characters: zero-based line, and code points from its start."""

    line: int
    character: int


class Range(NamedTuple):
    """From `start` up to, not including, `end`."""

    start: Position
    end: Position

    @property
    def empty(self) -> bool:
        """Whether it holds no text."""
        return self.start == self.end


class TextEdit(NamedTuple):
    """Replace what `range` holds by `text`."""

    range: Range
    text: str


_LINES = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z|\Z")


def split_lines(text: str) -> list[str]:
    """The text's lines with their ends; the last one has none and may be empty. `"".join` gives the text back."""
    if "\r" not in text:
        lines = [line + "\n" for line in text.split("\n")]
        lines[-1] = lines[-1][:-1]
        return lines
    lines = _LINES.findall(text)
    # The pattern's empty match at the end is the last line, unless a line without an end has been found before it.
    if len(lines) > 1 and not lines[-2].endswith(("\n", "\r")):
        lines.pop()
    return lines


def content_length(line: str) -> int:
    """The line's length without its line end, in code points."""
    if line.endswith("\r\n"):
        return len(line) - 2
    if line.endswith(("\n", "\r")):
        return len(line) - 1
    return len(line)


def without_line_end(text: str) -> str:
    """The text without its last line's end, where it has one."""
    return text[: content_length(text)]


def clamp(lines: Sequence[str], position: Position) -> Position:
    """The nearest position that exists: past a line's end is its end, past the last line is the text's end."""
    line, character = position
    if line < 0:
        return Position(0, 0)
    if line >= len(lines):
        return Position(len(lines) - 1, len(lines[-1]))
    return Position(line, max(0, min(character, content_length(lines[line]))))


def units(line: str, character: int, encoding: Encoding) -> int:
    """How many of the encoding's units stand before code point `character` of the line."""
    if encoding is Encoding.UTF32 or line.isascii():
        return character
    head = line[:character]
    if encoding is Encoding.UTF8:
        return len(head.encode("utf-8", "surrogatepass"))
    return len(head.encode("utf-16-le", "surrogatepass")) // 2


def from_units(line: str, count: int, encoding: Encoding) -> int:
    """The code point at `count` units into the line, clamped to the line's content.

    A count that falls inside a character means the place before it.
    """
    end = content_length(line)
    if count <= 0:
        return 0
    if encoding is Encoding.UTF32 or line.isascii():
        return min(count, end)
    # Every code point is at least one unit long, so the answer is at most `count`; halve towards it.
    low, high = 0, min(count, end)
    while low < high:
        middle = (low + high + 1) // 2
        if units(line, middle, encoding) <= count:
            low = middle
        else:
            high = middle - 1
    return low


def end_of(start: Position, text: str) -> Position:
    """Where the text ends when it begins at `start`."""
    if "\n" not in text and "\r" not in text:
        return Position(start.line, start.character + len(text))
    lines = split_lines(text)
    return Position(start.line + len(lines) - 1, len(lines[-1]))


class Replaced(NamedTuple):
    """Lines of a text that gave way to others: `new` stands from line `first` on, where `old` stood."""

    first: int
    old: list[str]
    new: list[str]

    def take_back(self, lines: list[str]) -> None:
        """Put the old lines back, in place; `lines` must be as they were right after."""
        lines[self.first : self.first + len(self.new)] = self.old


def splice(lines: list[str], edit: TextEdit) -> Replaced:
    """Apply one edit to a list of lines, in place. Costs what the edit touches, not what the text holds.

    Positions are clamped; a range that runs backwards is turned round.
    """
    start, end = sorted((clamp(lines, edit.range.start), clamp(lines, edit.range.end)))
    first, last = start.line, end.line + 1
    new = lines[start.line][: start.character] + edit.text + lines[end.line][end.character :]
    if first > 0 and new.startswith("\n") and lines[first - 1].endswith("\r"):
        # A lone carriage return and a line feed have met: they are one line end now.
        first -= 1
        new = lines[first] + new
    replacement = split_lines(new)
    if last < len(lines):
        replacement.pop()  # what follows the kept line end is the next line itself
    replaced = Replaced(first, lines[first:last], replacement)
    lines[first:last] = replacement
    return replaced


def before_last_line_end(lines: Sequence[str], edit: TextEdit) -> TextEdit:
    """The same edit, which puts lines before the text's last line end where it would have put them behind it."""
    end = Position(len(lines) - 1, 0)
    if lines[-1] or not end.line or edit.range != Range(end, end):
        return edit
    at = Position(end.line - 1, content_length(lines[-2]))
    line_end = lines[-2][at.character :]
    if not edit.text.endswith(line_end):
        return edit
    return TextEdit(Range(at, at), line_end + edit.text.removesuffix(line_end))


def meets_carriage_return(lines: Sequence[str], edit: TextEdit) -> bool:
    """Whether the edit makes one line end out of two halves, so that line numbers can't be told from its text alone."""
    start, end = sorted((clamp(lines, edit.range.start), clamp(lines, edit.range.end)))
    head = lines[start.line][: start.character]
    tail = lines[end.line][end.character :]
    if edit.text.endswith("\r") and tail.startswith("\n"):
        return True
    before = start.line > 0 and lines[start.line - 1].endswith("\r")
    return before and not head and (edit.text or tail).startswith("\n")


def moved(position: Position, edit: TextEdit, *, after_insertion: bool) -> Position:
    """Where the position stands once the edit is applied.

    Inside what was replaced, or where text was put in right at it, it goes to the new text's end with
    `after_insertion`, else to its start.
    """
    start, end = edit.range
    if position < start or (position == start and not after_insertion):
        return position
    if position < end:
        return end_of(start, edit.text) if after_insertion else start
    new_end = end_of(start, edit.text)
    if position.line == end.line:
        return Position(new_end.line, new_end.character + position.character - end.character)
    return Position(position.line + new_end.line - end.line, position.character)


def touches(target: Range, edit: TextEdit) -> bool:
    """Whether the edit changes what the target holds. Typing right before or after it does not; typing at an empty
    target's own place does.
    """
    start, end = edit.range
    if target.empty:
        return start <= target.start <= end
    if start == end:
        return target.start < start < target.end
    return start < target.end and end > target.start


def rebase(target: Range, edit: TextEdit) -> Range:
    """The target after an edit that does not touch it. After one that does: grown over all that the edit put in."""
    if touches(target, edit):
        start, end = min(target.start, edit.range.start), max(target.end, edit.range.end)
        return Range(
            moved(start, edit, after_insertion=False),
            moved(end, edit, after_insertion=True),
        )
    start = moved(target.start, edit, after_insertion=True)
    return Range(start, max(start, moved(target.end, edit, after_insertion=False)))


@dataclass(frozen=True)
class Snapshot:
    """A document at one version; it never changes.

    `language` is LSP's languageId. `version` is None for a file that no editor holds open.
    """

    uri: str
    version: int | None
    language: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, text: str, *, uri: str = "", version: int | None = None, language: str = "plaintext") -> Snapshot:
        """A snapshot of a text."""
        return cls(uri, version, language, tuple(split_lines(text)))

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.lines)

    @cached_property
    def _line_offsets(self) -> list[int]:
        return [0, *accumulate(map(len, self.lines))]

    @cached_property
    def line_end(self) -> str:
        r"""The line end that the document uses most among its first lines: `\n`, `\r\n` or `\r`."""
        head = "".join(self.lines[:200])
        crlf = head.count("\r\n")
        lf, cr = head.count("\n") - crlf, head.count("\r") - crlf
        return max((lf, "\n"), (crlf, "\r\n"), (cr, "\r"), key=lambda pair: pair[0])[1]

    @property
    def end(self) -> Position:
        """The place behind the last character."""
        return Position(len(self.lines) - 1, len(self.lines[-1]))

    @property
    def whole(self) -> Range:
        """The range of the whole text."""
        return Range(Position(0, 0), self.end)

    def clamp(self, range: Range) -> Range:  # noqa: A002 - LSP's word
        """The nearest range that exists, its start first."""
        start, end = sorted((clamp(self.lines, range.start), clamp(self.lines, range.end)))
        return Range(start, end)

    def slice(self, range: Range) -> str:  # noqa: A002
        """The text that the range holds."""
        start, end = range
        if start.line == end.line:
            return self.lines[start.line][start.character : end.character]
        return "".join(
            (
                self.lines[start.line][start.character :],
                *self.lines[start.line + 1 : end.line],
                self.lines[end.line][: end.character],
            )
        )

    def offset(self, position: Position) -> int:
        """Code points from the text's start."""
        return self._line_offsets[position.line] + position.character

    def position(self, offset: int) -> Position:
        """The position at so many code points from the text's start."""
        line = min(bisect_right(self._line_offsets, offset) - 1, len(self.lines) - 1)
        return Position(line, min(offset - self._line_offsets[line], content_length(self.lines[line])))

    def full_lines(self, range: Range) -> Range:  # noqa: A002
        """The range widened to whole lines, without the last line's end. An end at a line's very start leaves that
        line out.
        """
        start, end = range
        last = end.line - 1 if end.character == 0 and end.line > start.line else end.line
        return Range(Position(start.line, 0), Position(last, content_length(self.lines[last])))


def apply(lines: Sequence[str], edits: Iterable[TextEdit]) -> str:
    """The text after the edits, all of which speak of the text before any of them (as LSP's TextEdit[] do)."""
    result = list(lines)
    for edit in sorted(edits, key=lambda edit: edit.range, reverse=True):
        splice(result, edit)
    return "".join(result)


def diff(old: str, new: str, start: Position = Position(0, 0)) -> list[TextEdit]:  # noqa: B008 - immutable
    """The smallest edits, found by lines and narrowed to characters, that make `new` of `old`, which begins at `start`.

    They never part a carriage return from its line feed.
    """
    if old == new:
        return []
    old_lines, new_lines = split_lines(old), split_lines(new)
    edits: list[TextEdit] = []
    for old_from, old_to, new_from, new_to in _changed_lines(old_lines, new_lines):
        at = start if old_from == 0 else Position(start.line + old_from, 0)
        edit = _narrowed("".join(old_lines[old_from:old_to]), "".join(new_lines[new_from:new_to]), at)
        if edit is not None:
            edits.append(edit)
    return edits


def _changed_lines(old: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    """The blocks of lines that differ, as (old from, old to, new from, new to)."""
    head = 0
    shortest = min(len(old), len(new))
    while head < shortest and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shortest - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if not old_middle or not new_middle:
        return [(head, len(old) - tail, head, len(new) - tail)]
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - not needed until there is something to compare

    blocks: list[tuple[int, int, int, int]] = []
    for operation in Indel.opcodes(old_middle, new_middle):
        if operation.tag == "equal":
            continue
        block = (
            operation.src_start + head,
            operation.src_end + head,
            operation.dest_start + head,
            operation.dest_end + head,
        )
        if blocks and blocks[-1][1] == block[0] and blocks[-1][3] == block[2]:
            block = (blocks[-1][0], block[1], blocks[-1][2], block[3])
            blocks[-1] = block
        else:
            blocks.append(block)
    return blocks


def _narrowed(old: str, new: str, at: Position) -> TextEdit | None:
    """One edit from `old` to `new` without the characters that both begin and end with."""
    if old == new:
        return None
    shortest = min(len(old), len(new))
    head = 0
    while head < shortest and old[head] == new[head]:
        head += 1
    while head and (_inside_line_end(old, head) or _inside_line_end(new, head)):
        head -= 1
    tail = 0
    while tail < shortest - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    while tail and (_inside_line_end(old, len(old) - tail) or _inside_line_end(new, len(new) - tail)):
        tail -= 1
    start = end_of(at, old[:head])
    return TextEdit(Range(start, end_of(start, old[head : len(old) - tail])), new[head : len(new) - tail])


def _inside_line_end(text: str, offset: int) -> bool:
    return text[offset - 1 : offset + 1] == "\r\n"
