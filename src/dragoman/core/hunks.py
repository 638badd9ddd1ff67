"""Proposed changes that stand in the text itself, as marked hunks: made, found again, accepted, rejected. Pure.

    <<<<<<< dragoman 5f3a-1: current
    the lines as they are
    =======
    the lines as proposed
    >>>>>>> dragoman 5f3a-1: Refactor (ollama, qwen2.5-coder:7b)

The marks are git's, which editors highlight and can resolve by themselves; the name and the id in them tell our hunks
from git's own conflicts. They are the whole state. A hunk that somebody has edited by hand is found as long as its
three marks are there, each once; else it is nobody's, and stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from dragoman.core.text import Position, Range, TextEdit, content_length, diff, split_lines, without_line_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = "dragoman"
MARK = f"<<<<<<< {NAME} "
"""What a text must hold somewhere, if it holds hunks; wider marks hold it too."""

_WIDTH = 7
_NO_NEWLINE = ", no newline at the end"
_START = re.compile(rf"(?P<mark><{{{_WIDTH},}}) {NAME} (?P<id>[\w.-]+): current(?P<bare>{_NO_NEWLINE})?")
_END = re.compile(rf"(?P<mark>>{{{_WIDTH},}}) {NAME} (?P<id>[\w.-]+): (?P<label>.*?)(?P<bare>{_NO_NEWLINE})?")
_RUN = re.compile(rf"<{{{_WIDTH},}}|={{{_WIDTH},}}|>{{{_WIDTH},}}")


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk: the zero-based lines of its three marks. `bare` says for the old and the new text whether they end the
    document without a line end.
    """

    id: str
    label: str
    start: int
    middle: int
    end: int
    bare: tuple[bool, bool] = (False, False)

    def holds(self, line: int) -> bool:
        """Whether the line is one of its own."""
        return self.start <= line <= self.end

    def text(self, lines: Sequence[str], *, accept: bool) -> str:
        """The proposed lines, or the ones that were there."""
        first, last = (self.middle + 1, self.end) if accept else (self.start + 1, self.middle)
        text = "".join(lines[first:last])
        return without_line_end(text) if self.bare[accept] and self.end >= len(lines) - 2 else text


def marked(old: str, new: str, prefix: str, label: str, line_end: str = "\n") -> str:
    """`old` with each change to `new` as a hunk; whole lines, the last of which may be without its line end.

    The hunks' ids are the prefix and a number. Where a line of the text looks like a mark, marks are made wider.
    """
    before, after = _lines(old), _lines(new)
    pieces: list[str] = []
    number = 0
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.extend(before[i1:i2])
            continue
        number += 1
        pieces.extend(_marked(before[i1:i2], after[j1:j2], f"{prefix}-{number}", label, line_end))
    return "".join(pieces)


def _marked(before: list[str], after: list[str], hunk_id: str, label: str, line_end: str) -> Iterator[str]:
    runs = (match.group() for line in (*before, *after) if (match := _RUN.match(line)) is not None)
    width = max((len(run) + 1 for run in runs), default=_WIDTH)
    plain = " ".join(label.split()).removesuffix(_NO_NEWLINE)
    for mark, words, lines in (
        ("<", f" {NAME} {hunk_id}: current{_bare(before)}", before),
        ("=", "", after),
    ):
        yield mark * width + words + line_end
        yield from lines
        if lines and not _ended(lines[-1]):
            yield line_end
    yield ">" * width + f" {NAME} {hunk_id}: {plain}{_bare(after)}" + line_end


def hunks(lines: Sequence[str]) -> tuple[Hunk, ...]:
    """The hunks of a text in the order of their first lines; one that stands inside another comes after it."""
    texts = [line[: content_length(line)] if line[:1] in "<=>" else "" for line in lines]
    starts = {number: match for number, text in enumerate(texts) if (match := _START.fullmatch(text)) is not None}
    ends = {number: match for number, text in enumerate(texts) if (match := _END.fullmatch(text)) is not None}
    pairs = []
    for start, match in starts.items():
        same = [number for number, end in ends.items() if end["id"] == match["id"]]
        alone = sum(other["id"] == match["id"] for other in starts.values()) == 1
        if len(same) == 1 and alone and same[0] > start and len(ends[same[0]]["mark"]) == len(match["mark"]):
            pairs.append((start, same[0]))
    found = []
    for start, end in pairs:
        inner = [(a, b) for a, b in pairs if start < a and b < end]
        if any(start < a < end < b or a < start < b < end for a, b in pairs):
            continue  # two that overlap: somebody has moved marks about
        bar = "=" * len(starts[start]["mark"])
        middles = [
            number
            for number in range(start + 1, end)
            if texts[number] == bar and not any(a < number < b for a, b in inner)
        ]
        if len(middles) == 1:
            bare = (starts[start]["bare"] is not None, ends[end]["bare"] is not None)
            found.append(Hunk(starts[start]["id"], ends[end]["label"], start, middles[0], end, bare))
    return tuple(found)


def resolution(lines: Sequence[str], hunk: Hunk, *, accept: bool) -> TextEdit:
    """The edit that puts the proposed lines, or the ones that were there, in the hunk's place."""
    last = hunk.end + 1
    end = Position(last, 0) if last < len(lines) else Position(hunk.end, content_length(lines[hunk.end]))
    return TextEdit(Range(Position(hunk.start, 0), end), hunk.text(lines, accept=accept))


def all_resolved(text: str, *, accept: bool) -> str:
    """The text without any hunk of ours: inner ones go first, so that what they hold is taken or left by the outer."""
    while found := hunks(lines := split_lines(text)):
        innermost = [a for a in found if not any(a.start < b.start and b.end < a.end for b in found)]
        for hunk in reversed(innermost):
            new = split_lines(hunk.text(lines, accept=accept))
            behind = lines[hunk.end + 1 :]
            # The last piece has no line end of its own: it runs on into what follows.
            lines = [*lines[: hunk.start], *new[:-1], *([new[-1] + behind[0], *behind[1:]] if behind else [new[-1]])]
        text = "".join(lines)
    return text


def all_edits(text: str, *, accept: bool) -> list[TextEdit]:
    """The smallest edits that resolve every hunk."""
    return diff(text, all_resolved(text, accept=accept))


def _lines(text: str) -> list[str]:
    """The lines with their ends, without the empty one behind the last end."""
    lines = split_lines(text)
    return lines if lines[-1] else lines[:-1]


def _bare(lines: Sequence[str]) -> str:
    return _NO_NEWLINE if lines and not _ended(lines[-1]) else ""


def _ended(line: str) -> bool:
    return line.endswith(("\n", "\r"))
