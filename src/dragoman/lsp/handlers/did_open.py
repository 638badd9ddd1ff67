"""textDocument/didOpen: the document is ours to follow from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.convert import path_of

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DID_OPEN


def handle(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    """Take it over. A second didOpen without a didClose starts it anew."""
    item = params.text_document
    server.kept.document_closed(item.uri)
    server.findings.closed(item.uri)
    document = server.documents.open(item.uri, item.language_id, item.version, item.text)
    server.findings.opened(document)
    server.hunks.opened(document)
    server.withheld.look(path_of(item.uri))
