"""What was parsed lately, so that nothing is parsed again while it stays the same. Bounded; loads nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dragoman.core.outline import outline
from dragoman.core.syntax import parse
from dragoman.core.text import Snapshot

if TYPE_CHECKING:
    from dragoman.core.outline import Outline
    from dragoman.core.syntax import Syntax

_MOST_TREES = 4
_MOST_OUTLINES = 64

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
            known = parse(snapshot)
        _keep(self._trees, snapshot.uri, known, _MOST_TREES)
        return known

    def outline(self, path: str, language: str, text: str) -> Outline:
        """What the file defines that has this text now."""
        known = self._outlines.get((path, language))
        if known is None or known[0] != text:
            known = (text, outline(parse(Snapshot.of(text, language=language))))
        _keep(self._outlines, (path, language), known, _MOST_OUTLINES)
        return known[1]


def _same(one: Snapshot, other: Snapshot) -> bool:
    return one is other or (
        one.version is not None
        and (one.version, one.language) == (other.version, other.language)
        and one.lines == other.lines
    )


def _keep(kept: dict[K, V], key: K, value: V, most: int) -> None:
    """As the newest; the oldest goes where there are too many."""
    kept.pop(key, None)
    kept[key] = value
    for oldest in list(kept)[: max(0, len(kept) - most)]:
        kept.pop(oldest, None)
