"""textDocument/didClose: the document is followed no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DID_CLOSE


def handle(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    """Let it go, and what was kept for it. Editors differ in how they write a URI, and are not always of one mind."""
    document = server.documents.get(params.text_document.uri)
    if document is None:
        server.documents.close(params.text_document.uri)
        return
    server.kept.document_closed(document.uri)
    server.findings.closed(document.uri)
    server.inline.closed(document.uri)
    server.hunks.closed(document.uri)
    server.hovers.closed(document.uri)
    server.definition_lenses.closed(document.uri)
    server.documents.close(document.uri)
