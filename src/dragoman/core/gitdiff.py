"""Git's unified diffs, read: which files changed, and their lines with the numbers that they have now. Runs no git."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(?P<start>\d+)(?:,\d+)? @@")
_ESCAPE = re.compile(rb"\\(?:([0-7]{3})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line: `mark` is "+", "-" or " "; `number` its one-based line in the new file, None for a removed one."""

    mark: str
    number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What changed in one file. `path` is the new one, or the old one of a file that is gone; lines hold no ends."""

    path: str
    lines: tuple[DiffLine, ...]
    deleted: bool = False

    def numbered(self) -> str:
        """The lines with their new numbers and marks, as a model is shown them."""
        width = max((len(str(line.number)) for line in self.lines if line.number), default=1)
        shown, before = [], None
        for line in self.lines:
            if line.number is not None and before is not None and line.number > before + 1:
                shown.append(" " * width + "   ⋮")
            before = line.number if line.number is not None else before
            shown.append(f"{line.number or '':>{width}} {line.mark} {line.text}")
        return "\n".join(shown) + "\n"


def parse_diff(text: str) -> tuple[FileDiff, ...]:
    """The files of a `git diff` in its order; those without lines (binary ones, renames, modes) are left out."""
    return tuple(found for part in re.split(r"(?m)^(?=diff --git )", text) if (found := _file(part)) is not None)


def _file(part: str) -> FileDiff | None:
    lines: list[DiffLine] = []
    old = new = ""
    number, inside = 0, False
    for line in part.split("\n"):
        hunk = _HUNK.match(line)
        if hunk is not None:
            number, inside = int(hunk["start"]), True
        elif not inside and line.startswith("--- "):
            old = _path(line[4:])
        elif not inside and line.startswith("+++ "):
            new = _path(line[4:])
        elif not inside:
            continue
        elif line.startswith("-"):
            lines.append(DiffLine("-", None, line[1:]))
        elif line.startswith(("+", " ")):
            lines.append(DiffLine(line[0], number, line[1:]))
            number += 1
    path = new or old
    return FileDiff(path, tuple(lines), deleted=not new) if path and lines else None


def _path(text: str) -> str:
    """The path after its prefix; "" for /dev/null. Git quotes odd names as C does, and ends odd ones with a tab."""
    text = text.removesuffix("\r").removesuffix("\t")
    if text.startswith('"') and text.endswith('"'):
        raw = text[1:-1].encode("utf-8", "surrogateescape")
        text = _ESCAPE.sub(_unescaped, raw).decode("utf-8", "replace")
    return "" if text == "/dev/null" else text[2:]


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, letter = match.groups()
    return bytes([int(octal, 8)]) if octal else _LETTERS.get(letter, letter)
