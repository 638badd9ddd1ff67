"""$/setTrace: how much of what goes on the client wants told by `$/logTrace`. Never code, prompts or keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.SET_TRACE


def handle(server: Server, params: types.SetTraceParams) -> None:
    """Remember it."""
    server.trace = params.value
