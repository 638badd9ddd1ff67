"""What was parsed lately, so that nothing is parsed again while it stays the same. Bounded; loads nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dragoman.core.outline import outline
from dragoman.core.syntax import parse
from dragoman.core.text import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.outline import Outline
    from dragoman.core.syntax import Syntax

_MOST_KEPT = 32
_LARGEST_TREES = 1_200_000
"""Code points of all texts whose trees are kept: a tree takes some twenty times the room of its text."""
_LARGEST_OUTLINES = 2_000_000

K = TypeVar("K")
V = TypeVar("V")


class Parsed:
    """The last trees of documents, and the last outlines of other files. Safe to be used by several threads: two may
    parse the same text, and either result will do.
    """

    def __init__(self) -> None:
        self._trees: dict[str, Syntax] = {}
        self._outlines: dict[tuple[str, str], tuple[str, Outline]] = {}

    def syntax(self, snapshot: Snapshot) -> Syntax:
        """The snapshot's syntax. A document at the same version is the same."""
        known = self._trees.get(snapshot.uri)
        if known is None or not _same(known.snapshot, snapshot):
            known = parse(snapshot, known)
        _keep(self._trees, snapshot.uri, known)
        _shrink(self._trees, _LARGEST_TREES, lambda syntax: len(syntax.snapshot.text))
        return known

    def outline(self, path: str, language: str, text: str) -> Outline:
        """What the file defines that has this text now."""
        known = self._outlines.get((path, language))
        if known is None or known[0] != text:
            known = (text, outline(parse(Snapshot.of(text, language=language))))
        _keep(self._outlines, (path, language), known)
        _shrink(self._outlines, _LARGEST_OUTLINES, lambda kept: len(kept[0]))
        return known[1]


def _same(one: Snapshot, other: Snapshot) -> bool:
    return one is other or (
        one.version is not None
        and (one.version, one.language) == (other.version, other.language)
        and one.lines == other.lines
    )


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    """As the newest."""
    kept.pop(key, None)
    kept[key] = value


def _shrink(kept: dict[K, V], most: int, size: Callable[[V], int]) -> None:
    """The oldest go where there are too many, or they are too large together; the newest stays."""
    values = list(kept.items())
    room = most
    for count, (key, value) in enumerate(reversed(values)):
        room -= size(value)
        if count and (room < 0 or count >= _MOST_KEPT):
            kept.pop(key, None)
