"""textDocument/codeLens: what can be done, above the lines it is about. Complete as they are: nothing is resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.lsp.lenses import LENSES

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_CODE_LENS


async def handle(server: Server, params: types.CodeLensParams) -> list[types.CodeLens | dict[str, Any]]:
    """Those of an open document."""
    document = server.documents.get(params.text_document.uri)
    if document is None:
        return []
    above = await server.definition_lenses.of(document)
    return [*(lens for lenses in LENSES for lens in lenses(server, document)), *above]
