"""shutdown: everything that runs is cancelled and answered; from then on only `exit` is heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dragoman.lsp.server import Server

METHOD = types.SHUTDOWN


def handle(server: Server, _params: None) -> Coroutine[Any, Any, None]:
    """From this very message on nothing else is heard, also where the next one is in the same breath."""
    server.protocol.shut_down()
    return _close(server)


async def _close(server: Server) -> None:
    """Cancel, and wait until every provider's connection is closed."""
    await server.runner.close()
    await server.protocol.cancel_all(but=asyncio.current_task())
