"""textDocument/didSave: nothing to do, but a client may send it; the settings may be what was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_DID_SAVE


async def handle(server: Server, params: types.DidSaveTextDocumentParams) -> None:
    """Read the settings again where a settings file was saved."""
    if params.text_document.uri.endswith(".toml"):
        services = await server.ready()
        server.take_up(services, await services.refresh())
