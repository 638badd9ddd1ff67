"""notebookDocument/didOpen: the notebook's order and its cells' texts are ours to follow from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.NOTEBOOK_DOCUMENT_DID_OPEN


def handle(server: Server, params: types.DidOpenNotebookDocumentParams) -> None:
    """Take it over."""
    server.notebooks.open(params.notebook_document, params.cell_text_documents)
