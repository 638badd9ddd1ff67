"""textDocument/didChange: every change, in order, so that the document here is the one in the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.core.text import TextEdit
from dragoman.lsp.convert import range_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.lsp.documents import Document
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DID_CHANGE


def handle(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the changes; each speaks of the text after the one before it."""
    document = server.documents.get(params.text_document.uri)
    if document is None:
        return
    document.change(params.text_document.version, _edits(server, document, params))
    server.documents.last_touched = document.uri
    server.inline.changed(document)
    server.findings.changed(document.uri)
    server.hovers.changed(document.uri)
    server.hunks.changed(document.uri, (change.text for change in params.content_changes))


def _edits(server: Server, document: Document, params: types.DidChangeTextDocumentParams) -> Iterator[TextEdit | str]:
    # A generator on purpose: each range is converted against the lines as the change before it left them.
    encoding = server.facts.encoding
    for change in params.content_changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            yield TextEdit(range_from(document.lines, change.range, encoding), change.text)
        else:
            yield change.text
