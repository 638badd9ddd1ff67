"""textDocument/didClose: the document is followed no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DID_CLOSE


def handle(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    """Let it go, and what was kept for it."""
    server.kept.document_closed(params.text_document.uri)
    server.findings.closed(params.text_document.uri)
    server.inline.closed(params.text_document.uri)
    server.hunks.closed(params.text_document.uri)
    server.documents.close(params.text_document.uri)
