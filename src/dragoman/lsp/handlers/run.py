"""dragoman/run: an action for a plugin, with partial results, cancellable, answered with the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.lsp import messages

if TYPE_CHECKING:
    from dragoman.lsp.messages import RunResult
    from dragoman.lsp.server import Server

METHOD = messages.RUN


async def handle(server: Server, params: object) -> RunResult:
    """Run to the end, whatever the client: whoever sends this can wait."""
    return await server.runner.run(messages.order_from_run(params))
