"""workspace/didChangeWorkspaceFolders: other folders are open now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.convert import path_of

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS


async def handle(server: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Follow them: files are read below these folders only, and their settings files count."""
    added = [path for folder in params.event.added if (path := path_of(folder.uri))]
    removed = [path for folder in params.event.removed if (path := path_of(folder.uri))]
    await server.change_roots(added, removed)
