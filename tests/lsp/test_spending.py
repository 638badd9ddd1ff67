"""What a person's editor can show of money: the real server, a scripted provider."""

from __future__ import annotations

import pytest

from dragoman.core.chat import Usage
from dragoman.simulator import Reply, Simulator
from lsp.process import asking, running

REAL_TIME = True
CODE = "def double(x):\n    return x + x\n"
ANSWER_USD = (100 * 1000 + 50 * 2000) / 1e6


def order(uri):
    """A request to explain the function."""
    start, end = {"line": 0, "character": 0}, {"line": 1, "character": 0}
    return {"action": "explain", "textDocument": {"uri": uri}, "range": {"start": start, "end": end}, "no_cache": True}


async def test_status_tells_what_was_spent_today(tmp_path):
    """An answer's cost and what each budget has left stand in `dragoman/status` at once, in every window."""
    settings = {
        "prices": {"scripted-coder": {"input_per_million": 1000, "output_per_million": 2000}},
        "budget": {"daily_usd": 100.0},
    }
    async with Simulator(Reply(("Because.",), usage=Usage(100, 50))) as simulator:
        for answers in (1, 2):
            async with running(tmp_path) as session:
                await session.initialize(asking(simulator.url) | settings)
                await session.client.request("dragoman/run", order(session.open(CODE)))
                status = await session.client.request("dragoman/status")
                assert status["spentToday"]["answered"] == answers
                assert status["spentToday"]["costUsd"] == pytest.approx(answers * ANSWER_USD)
                (budget,) = status["budgets"]
                assert (budget["setting"], budget["limitUsd"]) == ("budget.daily_usd", 100.0)
                assert budget["leftUsd"] == pytest.approx(100 - answers * ANSWER_USD)
                assert status["ledgerProblem"] is None


async def test_a_ledger_that_can_not_be_written_costs_one_line(tmp_path):
    """With the ledger's file barred the answers come, one line is shown, and the window still knows what it spent."""
    (tmp_path / "state" / "dragoman" / "ledger.db").mkdir(parents=True)
    async with Simulator(Reply(("Because.",))) as simulator, running(tmp_path) as session:
        await session.initialize(asking(simulator.url))
        uri = session.open(CODE)
        for _ in range(3):
            assert await session.client.request("dragoman/run", order(uri))
        status = await session.client.request("dragoman/status")
        assert status["spentToday"]["answered"] == 3
        assert "ledger.db" in status["ledgerProblem"]
        assert len([line for line in session.messages if "ledger" in line]) == 1
