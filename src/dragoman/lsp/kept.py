"""Results that could not be applied, kept until the person says what to do: apply anyway, show, or discard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.text import Range
    from dragoman.lsp.documents import Document, Journal

MOST = 8
"""Results kept at a time; the oldest makes room."""


@dataclass(frozen=True, slots=True)
class KeptResult:
    """One result. `target` speaks of the moment at which `journal` was started; both go on following the document."""

    id: str
    title: str
    reason: str
    document: Document
    journal: Journal
    target: Range
    text: str


class KeptResults:
    """Those of one connection, oldest first."""

    def __init__(self) -> None:
        self._results: dict[str, KeptResult] = {}

    def keep(self, result: KeptResult) -> None:
        """Keep it; takes over its journal."""
        self._results[result.id] = result
        while len(self._results) > MOST:
            self.discard(next(iter(self._results)))

    def get(self, result_id: str) -> KeptResult | None:
        """The result, or None where it was discarded."""
        return self._results.get(result_id)

    def of(self, uri: str) -> list[KeptResult]:
        """Those for a document."""
        return [result for result in self._results.values() if result.document.uri == uri]

    def discard(self, result_id: str) -> None:
        """Keep it no longer."""
        result = self._results.pop(result_id, None)
        if result is not None:
            result.document.stop_journal(result.journal)

    def document_closed(self, uri: str) -> None:
        """A closed document has no place for them any more."""
        for result in self.of(uri):
            self.discard(result.id)
