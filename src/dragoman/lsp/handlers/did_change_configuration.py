"""workspace/didChangeConfiguration: the person has changed the editor's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.WORKSPACE_DID_CHANGE_CONFIGURATION


async def handle(server: Server, params: types.DidChangeConfigurationParams) -> None:
    """Take them up while running."""
    await server.reconfigure(params.settings)
