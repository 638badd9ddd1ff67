"""shutdown: everything that runs is cancelled and answered; from then on only `exit` is heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.SHUTDOWN


async def handle(server: Server, _params: None) -> None:
    """Cancel, wait until every provider's connection is closed, answer."""
    server.protocol.shut_down()
    await server.runner.close()
    await server.protocol.cancel_all(but=asyncio.current_task())
