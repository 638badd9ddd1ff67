"""Race, speculation and merging over real sockets: whose connection is closed, and when."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.chat import Request, TextDelta, user
from dragoman.core.events import Done, Reset, Routed
from dragoman.core.hints import Dispatch, Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.simulator import Fault, Reply, Simulator, by_prefix, in_order
from wire.test_engine import engine_on, text_of

ANSWER = ("All of it ", "is well, ", "as far as ", "anybody here ", "can see.")
DIALECTS = ("openai", "anthropic", "ollama")


def settings(url, dialect, *names):
    """Providers of one dialect on the simulator, in this order."""
    tail = "/v1" if dialect == "openai" else ""
    providers = {
        name: {"dialect": dialect, "base_url": f"{url}/{name}{tail}", "model": f"{name}-model"} for name in names
    }
    return {
        "providers": {**providers, "ollama": {"enabled": False}},
        "routing": {"fallback_order": names, "prefer_local_for": ()},
        "retry": {"max_retries": 0, "base_delay_ms": 1},
    }


def job(dispatch, **hints):
    """A request that is asked that way."""
    label = LabelledIntent(Intent.GENERAL, "action", "test")
    return Job("wire-1", Request((user("Is all well?"),)), label, Hints(strategy=dispatch, **hints))


async def events_of(engine, asked):
    """All of the events."""
    return [event async for event in engine.stream(asked)]


def call_to(simulator, name):
    """The call that provider had."""
    (call,) = [call for call in simulator.completions if call.prefix == f"/{name}"]
    return call


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_losers_of_a_race_are_hung_up_on(dialect):
    """The quick one's answer is whole, and the slow ones see their connections closed before it is told to be done."""
    script = by_prefix(
        {
            "/silent": in_order(Reply(fault=Fault.HANG_FIRST_TOKEN)),
            "/slow": in_order(Reply(("word ",) * 2000, between=0.2)),
        },
        in_order(Reply(ANSWER)),
    )
    async with Simulator(script) as simulator:
        records = []
        async with engine_on(settings(simulator.url, dialect, "silent", "slow", "quick"), records) as engine:
            events = await events_of(engine, job(Dispatch.RACE))
            await asyncio.gather(*(call_to(simulator, name).hung_up.wait() for name in ("silent", "slow")))
    assert text_of(events) == "".join(ANSWER)
    assert [event.provider for event in events if isinstance(event, Routed)] == ["quick"]
    assert sorted((record.provider, record.outcome) for record in records) == [
        ("quick", "done"),
        ("silent", "cancelled"),
        ("slow", "cancelled"),
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.SHORTENED, Fault.ERROR_IN_STREAM])
async def test_a_winner_that_breaks_is_followed_by_another(dialect, fault):
    """The winner's connection breaks after it has won: its words are taken back, and another's whole answer stands."""
    broken = Reply(("Enough words to win ", "any race there is, ", "and then"), fault=fault, after=2)
    script = by_prefix({"/bad": in_order(broken)}, in_order(Reply(ANSWER, before_first=0.3)))
    async with Simulator(script) as simulator, engine_on(settings(simulator.url, dialect, "bad", "good")) as engine:
        events = await events_of(engine, job(Dispatch.RACE))
    assert text_of(events) == "".join(ANSWER)
    assert sum(isinstance(event, Reset) for event in events) == 1
    assert sum(isinstance(event, Done) for event in events) == 1


async def test_a_cancel_hangs_up_on_all_of_them():
    """Whoever gives the race up frees every provider."""
    reply = Reply(fault=Fault.HANG_FIRST_TOKEN)
    async with Simulator(reply) as simulator, engine_on(settings(simulator.url, "openai", "a", "b", "c")) as engine:
        reading = asyncio.create_task(events_of(engine, job(Dispatch.RACE)))
        await simulator.completion(2)
        reading.cancel()
        await asyncio.gather(*(call_to(simulator, name).hung_up.wait() for name in ("a", "b", "c")))
        await asyncio.wait({reading})
    assert reading.cancelled()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_two_answers_become_one(dialect):
    """Two are asked, then the first of them is shown both answers and makes one of them, streamed."""
    script = by_prefix(
        {"/first": in_order(Reply(("It is five.",)), Reply(ANSWER)), "/second": in_order(Reply(("It is four.",)))},
        in_order(Reply(("never",))),
    )
    async with (
        Simulator(script) as simulator,
        engine_on(settings(simulator.url, dialect, "first", "second", "third")) as engine,
    ):
        events = await events_of(engine, job(Dispatch.PARALLEL_MERGE, k=2))
    assert text_of(events) == "".join(ANSWER)
    assert sum(isinstance(event, TextDelta) for event in events) > 1
    synthesis = simulator.completions[-1]
    assert synthesis.prefix == "/first"
    assert all(part in synthesis.prompt for part in ("Is all well?", "It is five.", "It is four.", "second-model"))
    assert len(simulator.completions) == 3
