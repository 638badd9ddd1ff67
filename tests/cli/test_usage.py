"""dragoman usage: what was spent, by whom and for what, from one process to the next."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from platformdirs import user_state_path

from dragoman.core.chat import Usage
from dragoman.simulator import Reply

PRICES = '\n[prices."scripted-coder"]\ninput_per_million = 1000\noutput_per_million = 2000\n'
ANSWER = Reply(("Because.",), usage=Usage(100, 50))
ANSWER_USD = 0.2


def test_what_was_spent_is_there_for_the_next_process(dragoman, play, sample):
    """An answer stands in the sums of the day with its tokens, cost, intent and action."""
    play(ANSWER, PRICES)
    assert dragoman("run", "explain", "sample.py").code == 0
    usage = dragoman("usage", "--json").json
    today = datetime.now(UTC).astimezone().date().isoformat()
    assert (usage["from"], usage["to"], usage["by"], usage["ledgerProblem"]) == (today, today, "provider", None)
    assert usage["total"] == usage["usage"]["ollama"]
    assert (usage["total"]["attempts"], usage["total"]["answered"]) == (1, 1)
    assert (usage["total"]["inputTokens"], usage["total"]["outputTokens"]) == (100, 50)
    assert usage["total"]["costUsd"] == pytest.approx(ANSWER_USD)
    assert usage["total"]["estimatedUsd"] == 0
    for by, name in (("model", "scripted-coder"), ("intent", "explanation"), ("action", "explain"), ("day", today)):
        assert list(dragoman("usage", "--month", "--by", by, "--json").json["usage"]) == [name]


def test_it_is_drawn(dragoman, play, sample, monkeypatch):
    """Bars of plain signs where no terminal reads, of blocks on one; colours there alone."""
    play(ANSWER, PRICES)
    dragoman("run", "explain", "sample.py")
    text = dragoman("usage").out
    assert "spent today, by provider:" in text
    assert "0.2000 USD" in text
    assert "#" * 24 in text
    assert "1 attempt: 1 answered; tokens 100 in, 50 out" in text
    assert "\x1b" not in text
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "█" * 24 in dragoman("usage").out


def test_budgets_say_what_is_left(dragoman, play, sample):
    """Every budget that is set is told with what is spent and left; one that is not set is not."""
    play(ANSWER, f"daily_budget_usd = 5\n[budget]\ndaily_usd = 8\n{PRICES}")
    dragoman("run", "explain", "sample.py")
    budgets = {budget["setting"]: budget for budget in dragoman("usage", "--json").json["budgets"]}
    assert set(budgets) == {"budget.daily_usd", "providers.ollama.daily_budget_usd"}
    day = budgets["budget.daily_usd"]
    assert (day["limitUsd"], day["spentUsd"], day["reservedUsd"]) == (8, pytest.approx(ANSWER_USD), 0)
    assert day["leftUsd"] == pytest.approx(8 - ANSWER_USD)
    text = dragoman("usage").out
    assert "daily budget # 0.2" in text
    assert "0.2000 of 8 USD spent, 7.8000 left (budget.daily_usd)" in text


def test_unknown_prices_and_estimates_are_said(dragoman, play, sample):
    """A price that nobody knows is not shown as nothing, and tokens counted here are marked."""
    play(Reply(("Because.",), usage=None), "local = false\n")
    dragoman("run", "explain", "sample.py")
    text = dragoman("usage").out
    assert "?0.0000 USD" in text
    assert "1 of unknown price" in text
    assert "set [prices]" in text
    play(Reply(("Because.",), usage=None), PRICES)
    dragoman("run", "explain", "sample.py")
    text = dragoman("usage").out
    assert "~?" in text
    assert "estimated" in text


def test_days_are_the_persons(dragoman, play, sample):
    """A range takes whole days, the first and the last included; older attempts are found there and not today."""
    play(ANSWER, PRICES)
    for _ in range(2):
        dragoman("run", "explain", "sample.py", "--no-cache")
    now = datetime.now(UTC).astimezone()
    ago = now - timedelta(days=40)
    with sqlite3.connect(user_state_path("dragoman") / "ledger.db") as file:
        file.execute("UPDATE attempts SET began = ? WHERE number = 1", (ago.timestamp(),))
    attempts = {
        options: dragoman("usage", *options.split(), "--json").json["total"]["attempts"]
        for options in (
            "--today",
            f"--from {ago.date()}",
            f"--to {ago.date()}",
            f"--from {ago.date()} --to {ago.date()}",
            f"--from {ago.date() + timedelta(days=1)} --to {now.date() - timedelta(days=1)}",
            "--to 9999-12-31",
            "--from 0001-01-01",
        )
    }
    assert list(attempts.values()) == [1, 2, 1, 1, 0, 2, 2]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--from yesterday", "YYYY-MM-DD"),
        ("--to 2026-02-30", "YYYY-MM-DD"),
        ("--from=", "YYYY-MM-DD"),
        ("--from 2026-02-03 --to 2026-02-02", "is after"),
        ("--from 9000-01-01", "is after"),
        ("--today --month", "one of"),
        ("--month --from 2026-01-01", "one of"),
        ("--by colour", "provider, model, intent, action, day"),
    ],
)
def test_a_wrong_question_is_told(dragoman, play, options, says):
    """Days that are none, and options that don't go together, are one line and exit code 2."""
    ran = dragoman("usage", *options.split())
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert says in ran.err


def test_an_empty_ledger_says_what_to_do(dragoman, settings):
    """Before anything was asked there is a line that says so, and JSON with nothing in it."""
    ran = dragoman("usage")
    assert ran.code == 0
    assert "Nothing was asked today: `dragoman run" in ran.out
    assert dragoman("usage", "--json").json["usage"] == {}


def test_memory_keeps_nothing(dragoman, play, sample):
    """With the store in memory no file is written, and it says why there is nothing to show."""
    play(ANSWER)
    assert dragoman("--set", "store=memory", "run", "explain", "sample.py").code == 0
    assert not (user_state_path("dragoman") / "ledger.db").exists()
    assert 'set "sqlite"' in dragoman("--set", "store=memory", "usage").out


def test_with_a_shared_store_the_ledger_is_this_machines(dragoman, play, sample):
    """With a Redis, even one that is away, attempts stand in this machine's file."""
    play(ANSWER, PRICES)
    away = ("--set", "store=redis://127.0.0.1:1/0")
    assert dragoman(*away, "run", "explain", "sample.py").code == 0
    assert dragoman(*away, "usage", "--json").json["total"]["costUsd"] == pytest.approx(ANSWER_USD)


def test_a_ledger_that_can_not_be_written_is_said_once(dragoman, play, sample):
    """With its file barred the answer comes all the same, and one line says what to look at."""
    play(ANSWER)
    (user_state_path("dragoman") / "ledger.db").mkdir(parents=True)
    ran = dragoman("run", "explain", "sample.py")
    assert ran.code == 0
    assert ran.out
    (line,) = [line for line in ran.err.splitlines() if "ledger" in line]
    assert "can't be" in line
    assert json.loads(dragoman("usage", "--json").out)["ledgerProblem"]
