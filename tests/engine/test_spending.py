"""Hard budgets: who drops out, who goes on, what windows and crashes do to them; virtual time and real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from dragoman.core.budget import Purse
from dragoman.core.errors import BudgetExceeded, NothingToAsk
from dragoman.core.events import Done, Notice, Reset, Routed
from dragoman.engine.clock import LoopClock
from dragoman.engine.loop import Engine
from dragoman.engine.spending import Spending
from dragoman.engine.store import MemoryStore
from engine.virtual import (
    Keys,
    Reply,
    ScriptedTransport,
    breaks_after,
    events_of,
    finish,
    job,
    of_type,
    piece,
    says,
    settings_of,
    text_of,
    text_of_tokens,
    virtual_time,
)

DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRICE = {"input_per_million": 0.0, "output_per_million": 1000.0}
"""A thousandth of a dollar for each token of an answer; an answer is expected to have five hundred."""


def answer(tokens, text="fine"):
    """A whole answer of so many tokens."""
    return Reply((piece(text), *finish(usage=(10, tokens))))


def window(transport, store, settings, today=None):
    """An engine with its spending on a store."""
    return Engine(settings, transport, Keys(), spending=Spending(store, today or (lambda: DAY)))


def paid(*names, **more):
    """Paid providers, then a local one."""
    providers = {"home": {"local": True}}
    prices = {f"{name}-model": PRICE for name in names}
    return settings_of(*names, "home", providers=providers, prices=prices, retry={"max_retries": 0}, **more)


def who(events):
    """Who answered."""
    return of_type(events, Routed)[-1].provider


@virtual_time
async def test_a_used_up_budget_leaves_the_local_ones():
    """Once the day's money is spent, paid providers drop out, and the local one answers."""
    transport = ScriptedTransport(one=[answer(800)], home=[says("from home")])
    engine = window(transport, MemoryStore(LoopClock().now), paid("one", budget={"daily_usd": 2.0}))
    answered = [who(await events_of(engine, job())) for _ in range(5)]
    assert answered == ["one", "one", "home", "home", "home"]
    decision = await engine.decide(job())
    (left,) = [left for left in decision.left_out if left.provider == "one"]
    for words in ("daily budget of 2 USD", "1.6000 spent", "raise budget.daily_usd"):
        assert words in left.reason
    with pytest.raises(NothingToAsk, match="daily budget of 2 USD"):
        await events_of(engine, job(provider="one"))


@virtual_time
async def test_tomorrow_is_another_day():
    """A day's budget is there again the next day; the month's is not."""
    now = [DAY]
    transport = ScriptedTransport(one=[answer(800)], home=[says("home")])
    settings = paid("one", budget={"daily_usd": 1.0, "monthly_usd": 2.5})
    engine = window(transport, MemoryStore(LoopClock().now), settings, lambda: now[0])
    answered = []
    for _ in range(4):
        answered += [who(await events_of(engine, job())) for _ in range(2)]
        now[0] += timedelta(days=1)
    assert answered == ["one", "home", "one", "home", "one", "home", "home", "home"]


@virtual_time
async def test_each_provider_has_its_own_day():
    """One provider's daily budget leaves the other paid one alone."""
    transport = ScriptedTransport(one=[answer(800)], two=[answer(800)], home=[says("home")])
    providers = {"home": {"local": True}, "one": {"daily_budget_usd": 1.0}}
    prices = {"one-model": PRICE, "two-model": PRICE}
    settings = settings_of("one", "two", "home", providers=providers, prices=prices)
    engine = window(transport, MemoryStore(LoopClock().now), settings)
    assert [who(await events_of(engine, job())) for _ in range(3)] == ["one", "two", "two"]


@virtual_time
async def test_windows_can_not_overspend_together():
    """Eight windows that ask at the same moment reserve from one purse: no more are let through than it holds."""
    store = MemoryStore(LoopClock().now)
    transport = ScriptedTransport(one=[Reply((5.0, *answer(500).steps))], home=[says("home")])
    settings = paid("one", budget={"daily_usd": 2.0})
    windows = [window(transport, store, settings) for _ in range(8)]
    answered = await asyncio.gather(*(events_of(engine, job()) for engine in windows))
    assert sorted(map(who, answered)) == ["home"] * 4 + ["one"] * 4


@virtual_time
async def test_a_failed_attempt_costs_what_it_cost_and_gives_the_rest_back():
    """What a broken answer cost is spent; what was reserved for it beyond that is not."""
    broken = Reply((piece("word " * 100), *breaks_after().steps))
    transport = ScriptedTransport(one=[broken, answer(400)], home=[says("home")])
    engine = window(transport, MemoryStore(LoopClock().now), paid("one", budget={"daily_usd": 1.0}))
    assert who(await events_of(engine, job())) == "home"
    assert who(await events_of(engine, job())) == "one"


@virtual_time
async def test_a_cancelled_attempt_gives_back_what_it_reserved():
    """A request that is given up before an answer costs nothing, and holds nothing."""
    transport = ScriptedTransport(one=[Reply((50.0,)), answer(400)], home=[says("home")])
    engine = window(transport, MemoryStore(LoopClock().now), paid("one", budget={"daily_usd": 0.6}))
    task = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert who(await events_of(engine, job())) == "one"


@virtual_time
async def test_an_unknown_price_can_not_be_held_to_a_budget():
    """With a budget set, nothing of unknown price is sent; without one it is."""
    transport = ScriptedTransport(one=[answer(1)], home=[says("home")])
    store = MemoryStore(LoopClock().now)
    providers = {"home": {"local": True}}
    engine = window(transport, store, settings_of("one", "home", providers=providers, budget={"daily_usd": 1.0}))
    assert who(await events_of(engine, job())) == "home"
    assert who(await events_of(window(transport, store, settings_of("one")), job())) == "one"


@virtual_time
async def test_the_person_is_told_once_when_most_is_spent():
    """At four fifths one line is told, by one window, once a day."""
    store = MemoryStore(LoopClock().now)
    transport = ScriptedTransport(one=[answer(450)], home=[says("home")])
    settings = paid("one", budget={"daily_usd": 2.0})
    told = []
    for engine in [window(transport, store, settings) for _ in range(5)]:
        told += of_type(await events_of(engine, job()), Notice)
    assert len(told) == 1
    assert "1.80 of the daily budget of 2 USD" in told[0].text


@virtual_time
async def test_a_request_has_a_budget_of_its_own():
    """`per_request_usd` is every request's; a hint over it is one request's."""
    transport = ScriptedTransport(one=[answer(10)], home=[says("home")])
    engine = window(transport, MemoryStore(LoopClock().now), paid("one", budget={"per_request_usd": 0.1}))
    assert who(await events_of(engine, job())) == "home"
    assert who(await events_of(engine, job(budget_usd=1.0))) == "one"


@virtual_time
async def test_what_is_free_is_never_held_up():
    """A local provider needs no reservation, whatever is spent."""
    spending = Spending(MemoryStore(LoopClock().now), lambda: DAY)
    settings = settings_of("one", budget={"total_usd": 0.000001})
    assert await spending.reserve(settings, "home", 0.0) is None
    with pytest.raises(BudgetExceeded):
        await spending.reserve(settings, "one", 1.0)


def long(pieces, between=0.0):
    """An answer in pieces of a hundred tokens each, as they are counted here."""
    hundred = piece(text_of_tokens(100))
    steps = (step for _ in range(pieces) for step in (between, hundred))
    return Reply((*steps, *finish(usage=(10, pieces * 100))))


@virtual_time
async def test_an_answer_that_outgrows_a_budget_is_cut_and_a_local_one_goes_on():
    """What grows beyond all that is left is cut off; it costs what had come, and a free provider starts over."""
    store = MemoryStore(LoopClock().now)
    transport = ScriptedTransport(one=[long(40, 0.1)], home=[says("from home")])
    engine = window(transport, store, paid("one", budget={"daily_usd": 2.0}))
    events = await events_of(engine, job())
    assert (who(events), text_of(events)) == ("home", "from home")
    assert "daily budget of 2 USD" in of_type(events, Reset)[0].reason
    assert of_type(events, Done)[0].cost_usd == pytest.approx(2.0, abs=0.2)
    assert transport.open == []
    ((_, purse),) = await engine._spending.purses(paid("one", budget={"daily_usd": 2.0}))
    assert (purse.spent, purse.reserved) == (pytest.approx(2.0, abs=0.2), ())


@virtual_time
async def test_an_answer_that_grows_within_its_budgets_is_whole():
    """A long answer reserves more as it grows, and is not cut while every budget has something left."""
    store = MemoryStore(LoopClock().now)
    settings = paid("one", budget={"daily_usd": 4.5})
    engine = window(ScriptedTransport(one=[long(40, 0.1)], home=[says("from home")]), store, settings)
    task = asyncio.create_task(events_of(engine, job()))
    reserved = []
    for _ in range(4):
        await asyncio.sleep(1)
        ((_, purse),) = await engine._spending.purses(settings)
        reserved.append(purse.taken)
    assert who(await task) == "one"
    assert reserved == sorted(reserved)
    for seconds, usd in enumerate(reserved[:3], 1):
        assert usd >= seconds - 0.1  # a dollar's worth of text comes each second, a tenth of it with each piece
    assert max(reserved) <= 4.5


@virtual_time
async def test_a_whole_answer_is_not_cut():
    """What came in one piece is paid for, whatever it cost: it is given."""
    huge = Reply((piece("word " * 7200), *finish(usage=(10, 10_000))))
    transport = ScriptedTransport(one=[huge], home=[says("from home")])
    engine = window(transport, MemoryStore(LoopClock().now), paid("one", budget={"daily_usd": 2.0}))
    assert who(await events_of(engine, job())) == "one"


@virtual_time
async def test_an_answer_that_outgrows_the_requests_own_budget_is_cut():
    """`per_request_usd` holds a growing answer too."""
    transport = ScriptedTransport(one=[long(20)], home=[says("from home")])
    engine = window(transport, MemoryStore(LoopClock().now), paid("one", budget={"per_request_usd": 1.0}))
    events = await events_of(engine, job())
    assert who(events) == "home"
    assert "the request's budget" in of_type(events, Reset)[0].reason
    assert of_type(events, Done)[0].cost_usd == pytest.approx(1.0, abs=0.2)


@virtual_time
async def test_growing_answers_of_many_windows_do_not_overspend_together():
    """Eight windows whose answers all outgrow their estimates spend the budget, and little more than it."""
    store = MemoryStore(LoopClock().now)
    transport = ScriptedTransport(one=[long(20, 0.1)], home=[says("from home")])
    settings = paid("one", budget={"daily_usd": 8.0})
    windows = [window(transport, store, settings) for _ in range(8)]

    async def later(number):
        await asyncio.sleep(number / 2)
        return await events_of(windows[number], job())

    answered = [who(events) for events in await asyncio.gather(*map(later, range(8)))]
    assert answered[0] == "one"
    assert answered[-1] == "home"
    ((_, purse),) = await windows[0]._spending.purses(settings)
    assert purse.reserved == ()
    assert 7.0 <= purse.spent <= 8.0 + 8 * 0.1


@virtual_time
async def test_a_cancel_while_more_is_reserved_leaves_nothing_reserved():
    """Given up in mid-answer, an attempt gives back all that it had reserved as it grew."""
    store = MemoryStore(LoopClock().now)
    settings = paid("one", budget={"daily_usd": 50.0})
    engine = window(ScriptedTransport(one=[long(40, 0.1)], home=[says("from home")]), store, settings)
    task = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(2.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    ((_, purse),) = await engine._spending.purses(settings)
    assert (purse.spent, purse.reserved) == (pytest.approx(2.0, abs=0.2), ())


@virtual_time
async def test_an_attempt_that_is_allowed_hours_is_counted_once():
    """Where `timeouts.total` is raised, a long attempt is not taken for crashed, and billed once."""
    store = MemoryStore(LoopClock().now)
    timeouts = {"total": 7200, "first_token": 7200, "silence": 7200}
    settings = paid("one", budget={"daily_usd": 50.0}, timeouts=timeouts)
    slow = Reply((3600.0, *answer(800).steps))
    engine = window(ScriptedTransport(one=[slow], home=[says("from home")]), store, settings)
    task = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(1800)
    ((_, purse),) = await engine._spending.purses(settings)
    assert (purse.spent, len(purse.reserved)) == (0, 1)
    assert who(await task) == "one"
    ((_, purse),) = await engine._spending.purses(settings)
    assert (purse.spent, purse.reserved) == (pytest.approx(0.8), ())


SPENDING = """
import asyncio, json, sys
from datetime import UTC, datetime
from pathlib import Path
from dragoman.core.budget import Purse
from dragoman.core.errors import BudgetExceeded
from dragoman.core.settings import Settings
from dragoman.engine.spending import Spending
from dragoman.engine.store_sharing import SharedStore
from dragoman.engine.store_sqlite import SqliteBackend

async def main():
    store = SharedStore(SqliteBackend(Path(sys.argv[1]), print), print)
    while await store.scan("budget/") is None or store.fault:
        await asyncio.sleep(0.01)
    spending = Spending(store, lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))
    settings = Settings.model_validate({"budget": {"daily_usd": 1.0}})
    spent = 0
    while True:
        try:
            reservation = await spending.reserve(settings, "one", 0.005)
        except BudgetExceeded:
            break
        cost = 0.005
        try:
            cost += await spending.more(reservation, 0.005)
        except BudgetExceeded:
            pass  # cut: what has come is billed
        await spending.settle(reservation, cost, tells=False)
        spent += cost
        print(spent, flush=True)
    await store.close()

asyncio.run(main())
"""


def test_eight_processes_spend_no_more_than_there_is(tmp_path):
    """Eight real processes whose answers grow, two of them killed, spend the budget together and no more."""
    path = tmp_path / "state" / "state.db"
    command = [sys.executable, "-c", SPENDING, str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for process in processes[:2]:
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    told = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes[2:]] == [0] * 6
    text = sqlite3.connect(path).execute("SELECT text FROM state WHERE key LIKE 'budget/day/%'").fetchone()[0]
    purse = Purse.read(text)
    assert 0.98 <= purse.taken <= 1.0 + 1e-9
    assert len(purse.reserved) <= 2
    assert sum(float(numbers[-1]) for numbers in told[2:] if numbers) <= purse.spent + 1e-9
