"""notebookDocument/didClose: the notebook and its cells are followed no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.NOTEBOOK_DOCUMENT_DID_CLOSE


def handle(server: Server, params: types.DidCloseNotebookDocumentParams) -> None:
    """Let it go."""
    server.notebooks.close(params.notebook_document.uri)
