"""A proposal as the person types along with it, and the rhythm in which they type. Pure: the time is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.core.text import Position, content_length, end_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_PAUSE = 2.0
"""Seconds. Whoever waits longer has not been typing, but thinking."""

_SMOOTH = 0.3
_USUAL_PAUSES = 1.5
_MOST_PAUSES = 4


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long a person usually takes from key to key, in seconds; None before that is known."""

    last: float | None = None
    interval: float | None = None

    def typed(self, now: float) -> Rhythm:
        """A key was pressed."""
        pause = None if self.last is None else now - self.last
        if pause is None or pause > _LONGEST_PAUSE:
            return replace(self, last=now)
        interval = pause if self.interval is None else self.interval + _SMOOTH * (pause - self.interval)
        return Rhythm(now, interval)

    def pause(self, least: float) -> float:
        """How long after a key it is likely that no other one follows: at least so long, at most a few times that."""
        return min(max(least, _USUAL_PAUSES * (self.interval or 0.0)), _MOST_PAUSES * least)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed at `origin`, with line feeds alone.

    head, tail: what stood on its line before and behind it. count: how many lines the document had.
    """

    origin: Position
    text: str = field(repr=False)
    head: str = field(repr=False)
    tail: str = field(repr=False)
    count: int
    provider: str = ""
    model: str = ""

    @classmethod
    def at(cls, lines: Sequence[str], origin: Position, text: str, provider: str = "", model: str = "") -> Proposal:
        """A proposal for the document as it is."""
        line = lines[origin.line]
        head, tail = line[: origin.character], line[origin.character : content_length(line)]
        return cls(origin, text, head, tail, len(lines), provider, model)

    def taken(self, lines: Sequence[str]) -> int | None:
        """How much of the text now stands there, by typing or by acceptance; None where something else does."""
        first, more = self.origin.line, len(lines) - self.count
        if more < 0 or first + more >= len(lines):
            return None
        written = [line[: content_length(line)] for line in lines[first : first + more + 1]]
        whole = "\n".join(written)
        if len(whole) < len(self.head) + len(self.tail):
            return None
        if not whole.startswith(self.head) or not whole.endswith(self.tail):
            return None
        typed = whole[len(self.head) : len(whole) - len(self.tail)]
        return len(typed) if self.text.startswith(typed) else None

    def rest(self, lines: Sequence[str], cursor: Position) -> str | None:
        """What of the text is still to come at the cursor; None where it is nothing for this place."""
        taken = self.taken(lines)
        if taken is None or end_of(self.origin, self.text[:taken]) != cursor:
            return None
        return self.text[taken:]
