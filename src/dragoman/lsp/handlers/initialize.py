"""initialize: who the client is, and what this server offers it. Answers at once; the rest is opened meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.core.errors import BadInput
from dragoman.lsp.capabilities import initialize_result

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.INITIALIZE


def handle(server: Server, params: types.InitializeParams) -> dict[str, Any]:
    """Take the client's facts; answer with the capabilities."""
    if server.protocol.initialized:
        raise BadInput("initialize came twice; start a new server instead.")
    server.initialize(params)
    client = params.client_info
    capabilities: dict[str, Any] = {"general": {"positionEncodings": [server.facts.encoding.value]}}
    if server.facts.notebooks:
        capabilities["notebookDocument"] = {"synchronization": {}}
    return initialize_result(
        {
            "clientInfo": {"name": client.name, "version": client.version} if client else None,
            "capabilities": capabilities,
            "initializationOptions": params.initialization_options,
        }
    )
