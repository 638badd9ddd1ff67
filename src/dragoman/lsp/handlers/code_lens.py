"""textDocument/codeLens: what can be done, above the lines it is about. Complete as they are: nothing is resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.lenses import LENSES

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_CODE_LENS


def handle(server: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    """Those of an open document."""
    document = server.documents.get(params.text_document.uri)
    return [] if document is None else [lens for lenses in LENSES for lens in lenses(server, document)]
