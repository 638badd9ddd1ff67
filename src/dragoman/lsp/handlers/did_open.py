"""textDocument/didOpen: the document is ours to follow from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.whereabouts import is_editable, whereabouts

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DID_OPEN


def handle(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    """Take it over. A second didOpen without a didClose starts it anew."""
    item = params.text_document
    before = server.documents.get(item.uri)
    if before is not None:
        server.kept.document_closed(before.uri)
        server.findings.closed(before.uri)
        server.hunks.closed(before.uri)
    document = server.documents.open(item.uri, item.language_id, item.version, item.text)
    server.findings.opened(document)
    if is_editable(document.snapshot()):
        server.hunks.opened(document)
    server.withheld.look(whereabouts(server, item.uri).file)
