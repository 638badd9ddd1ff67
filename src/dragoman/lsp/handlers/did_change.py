"""textDocument/didChange: every change, so that the document here is the one in the editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.core.text import TextEdit
from dragoman.lsp.convert import range_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.core.text import Encoding
    from dragoman.lsp.documents import Document
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DID_CHANGE


def handle(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the changes; each speaks of the text after the one before it."""
    document = server.documents.get(params.text_document.uri)
    if document is None:
        server.documents.passed_over(params.text_document.uri, params.text_document.version)
        return
    edits = _Edits(document, params.content_changes, server.facts.encoding)
    document.change(params.text_document.version, edits)
    server.documents.last_touched = document.uri
    server.inline.changed(document)
    server.findings.changed(document.uri)
    server.hovers.changed(document.uri)
    server.hunks.changed(document.uri, (change.text for change in params.content_changes))


@dataclass(frozen=True, slots=True)
class _Edits:
    """A message's changes as edits, each converted against the lines as they are when it is its turn: as the change
    before it left them, and once more where the document takes changes back that came too early.
    """

    document: Document
    changes: Sequence[types.TextDocumentContentChangeEvent]
    encoding: Encoding

    def __iter__(self) -> Iterator[TextEdit | str]:
        for change in self.changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                yield TextEdit(range_from(self.document.lines, change.range, self.encoding), change.text)
            else:
                yield change.text
