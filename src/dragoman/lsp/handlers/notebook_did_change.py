"""notebookDocument/didChange: cells come, go and move, and their texts change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.NOTEBOOK_DOCUMENT_DID_CHANGE


def handle(server: Server, params: types.DidChangeNotebookDocumentParams) -> None:
    """Follow it. What changes of the notebook's metadata is of no use here."""
    if params.change.cells is not None:
        server.notebooks.change(params.notebook_document.uri, params.change.cells)
