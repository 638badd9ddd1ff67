"""`FILE[:LINE[-LINE]]`: which file, and what in it is meant. Lines are counted from one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dragoman.core.errors import BadInput
from dragoman.core.syntax import indentation
from dragoman.core.text import Position, Range, Snapshot, content_length

_LINES = re.compile(r"(?P<path>.+?):(?P<first>\d+)(?:-(?P<last>\d+))?")


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A file and one-based lines: none for all of it, the first alone for a cursor there."""

    path: Path
    first: int | None = None
    last: int | None = None

    def selection(self, snapshot: Snapshot) -> Range:
        """What is selected: the whole text, a cursor at the line's first character, or whole lines.

        Raises `BadInput` for lines that are not there.
        """
        if self.first is None:
            return snapshot.whole
        last = self.first if self.last is None else self.last
        # A file that ends with a line end has, for an editor, one more empty line: no line to a person's count.
        lines = len(snapshot.lines) - (len(snapshot.lines) > 1 and not snapshot.lines[-1])
        if self.first < 1 or last > lines:
            missing = self.first if self.first < 1 else last
            raise BadInput(f"{self.path} has the lines 1 to {lines}: there is no line {missing}.")
        if last < self.first:
            raise BadInput(f"Lines {self.first}-{last} run backwards: write the smaller number first.")
        if self.last is None:
            cursor = Position(self.first - 1, indentation(snapshot.lines[self.first - 1]))
            return Range(cursor, cursor)
        return Range(Position(self.first - 1, 0), Position(last - 1, content_length(snapshot.lines[last - 1])))


def file_place(text: str) -> FilePlace:
    """The place that a person wrote. A file whose very name ends like lines is taken by its name."""
    match = _LINES.fullmatch(text)
    if match is None or Path(text).exists():
        return FilePlace(Path(text))
    return FilePlace(Path(match["path"]), int(match["first"]), int(match["last"]) if match["last"] else None)
