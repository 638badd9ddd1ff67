"""What a model is shown around the cursor, and how much is wanted of it: one line, or a block. Pure; asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.core.encodings import estimate_tokens
from dragoman.core.languages import LANGUAGES, language
from dragoman.core.redact import Table
from dragoman.core.syntax import indentation
from dragoman.core.text import content_length

if TYPE_CHECKING:
    from dragoman.core.text import Position, Snapshot

TOKENS = 1600
"""What is shown at the most: each token of it is read before the first one is written."""

_SUFFIX_SHARE = 4
"""What stands behind the cursor takes at most this part of it."""

_STEP = 25
"""What is shown begins at a line whose number is a multiple of this, and so at the same place from one key to the next:
what a server has already read of it then need not be read again.
"""

_LONGEST_LINE = 1000

_CLOSERS = re.compile(r"[\s)\]}>\"'`;,:]*")
_OPENS = re.compile(r"(?:(?:[{(\[]|=>|->|\b(?:then|do|begin|else|try|ensure|finally|where))\s*|:)$")


@dataclass(frozen=True, slots=True)
class Gap:
    """The place where something is to be proposed, and the text around it, with line feeds alone.

    several: more than one line is wanted. ends: the suffix goes to the document's end.
    """

    language: str
    prefix: str = field(repr=False)
    suffix: str = field(repr=False)
    several: bool
    ends: bool = True
    name: str = ""

    @property
    def head(self) -> str:
        """What stands before the cursor on its line."""
        return self.prefix[self.prefix.rfind("\n") + 1 :]

    @property
    def tail(self) -> str:
        """What stands behind it there."""
        return self.suffix.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Question:
    """A gap to be asked about. `shown`: it as a model may see it, with placeholders for what is in `secrets`.

    local_only: it may go to local providers alone. source: the file, with the lines that are shown.
    """

    gap: Gap
    shown: Gap
    secrets: Table = field(default_factory=Table)
    local_only: bool = False
    source: str = ""


def gap_at(snapshot: Snapshot, position: Position, *, max_tokens: int = TOKENS, name: str = "") -> Gap | None:
    """The gap at the cursor, with the nearest text that fits; None where nothing should be proposed: inside a word, or
    in a line that nobody reads. `name` is the file's, as the model may know it.
    """
    line = snapshot.lines[position.line]
    line = line[: content_length(line)]
    head, tail = line[: position.character], line[position.character :]
    if len(line) > _LONGEST_LINE or (_is_word(head[-1:]) and _is_word(tail[:1])):
        return None
    last = _last_line(snapshot, position.line, max_tokens // _SUFFIX_SHARE)
    suffix = [tail, *(_content(line) for line in snapshot.lines[position.line + 1 : last + 1])]
    left = max_tokens - estimate_tokens("\n".join(suffix))
    first = _first_line(snapshot, position.line, left)
    prefix = [*(_content(line) for line in snapshot.lines[first : position.line]), head]
    ends = last == len(snapshot.lines) - 1
    several = _wants_several(head, tail, snapshot.language)
    return Gap(snapshot.language, "\n".join(prefix), "\n".join(suffix), several, ends, name)


def _last_line(snapshot: Snapshot, line: int, left: int) -> int:
    """The last line behind this one that fits."""
    last = line
    while last + 1 < len(snapshot.lines):
        left -= estimate_tokens(snapshot.lines[last + 1])
        if left < 0:
            break
        last += 1
    return last


def _first_line(snapshot: Snapshot, line: int, left: int) -> int:
    """The first line before this one that fits, at a step's beginning if not at the document's."""
    first = line
    while first > 0:
        left -= estimate_tokens(snapshot.lines[first - 1])
        if left < 0:
            break
        first -= 1
    return min(line, -(-first // _STEP) * _STEP)


def _wants_several(head: str, tail: str, language_id: str) -> bool:
    """Whether a block is wanted rather than the rest of the line: on an empty line, and behind what opens a block."""
    of = language(language_id)
    if of.prose or not _CLOSERS.fullmatch(tail):
        return False
    if not head.strip():
        return not tail.strip()
    if language_id in LANGUAGES and any(mark in head for mark in of.line_comments):
        return False
    return _OPENS.search(head) is not None


def _content(line: str) -> str:
    return line[: content_length(line)]


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def indent_width(line: str) -> int:
    """How far the line is indented, in columns; a tab goes on to the next multiple of four."""
    width = 0
    for character in line[: indentation(line)]:
        width += 4 - width % 4 if character == "\t" else 1
    return width
