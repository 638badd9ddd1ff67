"""dragoman/run: an action for a plugin, with partial results, cancellable, answered with the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.lsp import messages

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dragoman.lsp.messages import RunResult
    from dragoman.lsp.server import Server

METHOD = messages.RUN


def handle(server: Server, params: object) -> Coroutine[Any, Any, RunResult]:
    """Run to the end, whatever the client: whoever sends this can wait.

    The document is looked at now: a change that is read after the order must not be in what the order is about.
    """
    order = messages.order_from_run(params)
    return server.runner.run(order, server.documents.seen(order.uri))
