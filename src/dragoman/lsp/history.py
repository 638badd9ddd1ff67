"""The last changes of one document, so that one that arrives late can be put where it belongs.

Some editors send each change in a task of its own (Helix before 25.07), and tasks overtake each other. Bounded; knows
nothing of what the changes mean.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dragoman.core.text import Replaced, TextEdit

MOST = 1000
"""Changes: a macro sends that many at once."""
LARGEST = 1_000_000
"""Code points of all lines that changes have taken away or put in."""
_OVERHEAD = 100


class Change(NamedTuple):
    """One didChange as it was made. `edits` can be gone through again, and then speak of the text as it is then.

    journaled: how many edits it has added to each journal.
    """

    version: int
    edits: Iterable[TextEdit | str]
    replaced: Sequence[Replaced]
    journaled: int

    @property
    def size(self) -> int:
        """What it takes to keep it, in code points, roughly."""
        size = _OVERHEAD
        for _, old, new in self.replaced:
            size += sum(map(len, old)) + sum(map(len, new))
        return size


class History:
    """Those since a version of which the whole text was sent, in the order of their versions."""

    def __init__(self, whole: int) -> None:
        self.whole = whole
        """Every change up to this version is in the text that was sent with it."""
        self._known_since = whole
        self._changes: deque[Change] = deque()
        self._size = 0

    def add(self, change: Change) -> None:
        """The newest."""
        self._changes.append(change)
        self._size += change.size
        while len(self._changes) > MOST or self._size > LARGEST:
            oldest = self._changes.popleft()
            self._size -= oldest.size
            self._known_since = oldest.version

    def forget(self, version: int) -> None:
        """Nothing up to this version can be taken back."""
        self._changes.clear()
        self._size, self._known_since = 0, version

    def take_after(self, version: int) -> list[Change] | None:
        """Take out the changes above a version, oldest first.

        None where not all are known any more; and where that version has been, for then versions give no order.
        """
        if version <= self._known_since or any(change.version == version for change in self._changes):
            return None
        taken: list[Change] = []
        while self._changes and self._changes[-1].version > version:
            taken.append(self._changes.pop())
            self._size -= taken[-1].size
        return taken[::-1]
