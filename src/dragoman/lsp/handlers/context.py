"""dragoman/context: exactly what would be sent, without sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.lsp import messages

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = messages.CONTEXT


async def handle(server: Server, params: object) -> dict[str, Any]:
    """The messages, and the pieces of context that they are made of, with what was left out."""
    from dragoman.core.encodings import estimate_tokens  # noqa: PLC0415 - not needed before the first such request

    prepared = await server.runner.prepare(messages.order_from_run(params))
    return {
        "estimatedTokens": sum(estimate_tokens(message.text) for message in prepared.messages),
        "messages": [{"role": message.role, "text": message.text} for message in prepared.messages],
        "pieces": [_piece(piece) for piece in prepared.context.pieces],
        "leftOut": [_piece(piece) for piece in prepared.context.left_out],
        "hidden": [
            {"kind": found.kind, "message": found.message, "line": found.line} for found in prepared.hidden.found
        ],
        "localOnly": prepared.local_only,
    }


def _piece(piece: Any) -> dict[str, Any]:
    return {"kind": piece.kind, "source": piece.source, "reason": piece.reason, "tokens": piece.tokens}
