"""dragoman/status: what a status line shows, and what to do about a problem. Calls no model and no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman import __version__
from dragoman.lsp import messages

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = messages.STATUS


async def handle(server: Server, _params: object) -> dict[str, Any]:
    """The version, whether anything runs, who answered last or why nobody did, and what is kept."""
    services = await server.ready()
    status = await services.status()
    answer = server.runner.last_answer
    documents = [server.documents.last_touched] if server.documents.last_touched else []
    return {
        "version": __version__,
        "state": "busy" if len(server.runner) else "idle",
        "running": len(server.runner),
        "provider": answer.provider if answer is not None else None,
        "model": answer.model if answer is not None else None,
        "problem": server.runner.last_problem,
        "store": status["store"],
        "storeProblem": status["storeProblem"],
        "places": status["places"],
        "today": status["total"],
        "todayByProvider": status["metrics"],
        "spentToday": status["spentToday"],
        "budgets": status["budgets"],
        "ledgerProblem": status["ledgerProblem"],
        "inline": server.inline.status(),
        "kept": [
            {"id": kept.id, "title": kept.title, "reason": kept.reason}
            for uri in documents
            for kept in server.kept.of(uri)
        ],
    }
