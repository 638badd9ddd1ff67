"""dragoman/route: who would answer, and why. Calls no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.lsp import messages

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = messages.ROUTE


async def handle(server: Server, params: object) -> dict[str, Any]:
    """The intent, the candidates in their order, and who was left out, each with a reason."""
    order = messages.order_from_run(params)
    from dragoman.core.encodings import estimate_tokens  # noqa: PLC0415 - not needed before the first such request
    from dragoman.core.route_report import report  # noqa: PLC0415

    prepared = await server.runner.prepare(order)
    decision = await server.services.completer.decide(prepared.job("route", order.hints))
    return {
        **report(decision),
        "estimatedTokens": sum(estimate_tokens(message.text) for message in prepared.messages),
    }
