"""What a request's hints do to it, on virtual time: orders, budgets, patience, lists, stickiness, notices."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from dragoman.core.errors import AllCandidatesFailed, BudgetExceeded, NothingToAsk
from dragoman.core.events import Done, Notice, Routed
from dragoman.core.hints import Selection
from dragoman.core.intent import Intent
from engine.virtual import (
    Reply,
    ScriptedTransport,
    breaks_after,
    engine_of,
    events_of,
    finish,
    job,
    of_type,
    piece,
    refuses,
    says,
    settings_of,
    text_of,
    thought,
    virtual_time,
)

PRICES = {
    name: {"input_per_million": dollars, "output_per_million": dollars}
    for name, dollars in (("one-model", 1000.0), ("two-model", 1.0))
}


def who(events):
    """Who answered."""
    return of_type(events, Routed)[-1].provider


@virtual_time
async def test_round_robin_goes_round():
    """With three equal providers each one has its turn, again and again."""
    transport = ScriptedTransport(one=[says("1")], two=[says("2")], three=[says("3")])
    engine = engine_of(transport, settings_of("one", "two", "three", routing={"selection": "round_robin"}))
    answered = []
    for _ in range(7):
        answered.append(who(await events_of(engine, job())))
        await asyncio.sleep(1)
    assert answered == ["one", "two", "three", "one", "two", "three", "one"]


@virtual_time
async def test_the_quicker_one_is_drawn_more_often():
    """By speed, one that answers in a tenth of the time has ten times the share."""
    transport = ScriptedTransport(one=[Reply((2.0, piece("1"), *finish()))], two=[Reply((0.2, piece("2"), *finish()))])
    settings = settings_of("one", "two", routing={"selection": "weighted"})
    drawn = []
    for fraction in (0.02, 0.3, 0.5, 0.7, 0.98):
        engine = engine_of(transport, settings, fraction=fraction)
        for provider in ("one", "two"):
            await events_of(engine, job(provider=provider))
        drawn.append(who(await events_of(engine, job())))
    assert drawn == ["one", "two", "two", "two", "two"]


@virtual_time
async def test_the_cheapest_is_asked_first():
    """By price, whatever the order of the settings says."""
    transport = ScriptedTransport(one=[says("1")], two=[says("2")])
    engine = engine_of(transport, settings_of("one", "two", prices=PRICES))
    assert who(await events_of(engine, job())) == "one"
    events = await events_of(engine, job(strategy=Selection.CHEAPEST))
    assert who(events) == "two"
    assert "USD" in of_type(events, Routed)[0].reason


@virtual_time
async def test_a_request_stays_within_its_budget():
    """Who would cost too much is not asked; after a failure that cost money, what is left counts."""
    transport = ScriptedTransport(one=[says("1")], two=[says("2")])
    settings = settings_of("one", "two", prices=PRICES, retry={"max_retries": 0})
    assert who(await events_of(engine_of(transport, settings), job(budget_usd=0.01))) == "two"
    with pytest.raises(NothingToAsk, match="may cost"):
        await events_of(engine_of(transport, settings), job(budget_usd=0.0000001))
    dear = dict.fromkeys(PRICES, PRICES["one-model"])
    long = Reply((*map(piece, ["word " * 400]), *breaks_after().steps))
    transport = ScriptedTransport(one=[long], two=[says("2")])
    settings = settings_of("one", "two", prices=dear, retry={"max_retries": 0})
    with pytest.raises(AllCandidatesFailed, match="request's budget") as failed:
        await events_of(engine_of(transport, settings), job(budget_usd=0.6))
    assert isinstance(failed.value.failures[-1][1], BudgetExceeded)
    assert transport.hosts == ["one"]


@virtual_time
async def test_nothing_useful_in_time_means_the_next():
    """Who only thinks, or is silent, is left at the request's own limit; whoever is last may be late."""
    thinks = Reply((thought("hm"), 5.0, piece("late"), *finish()))
    transport = ScriptedTransport(one=[thinks], two=[Reply((3.0, piece("two"), *finish()))])
    engine = engine_of(transport, settings_of("one", "two"))
    events = await events_of(engine, job(max_latency_ms=1000))
    assert text_of(events) == "two"
    (done,) = of_type(events, Done)
    assert done.first_token_seconds == pytest.approx(4.0, abs=0.1)
    assert "nothing useful within 1 s" in of_type(events, Routed)[-1].after
    assert "raise" not in of_type(events, Routed)[-1].after
    assert text_of(await events_of(engine, job())) == "late"


@virtual_time
async def test_nobody_else_than_the_list_is_asked():
    """A list keeps the request with its providers also when they fail."""
    transport = ScriptedTransport(one=[says("1")], two=[refuses(500)])
    engine = engine_of(transport, settings_of("one", "two", retry={"max_retries": 0}))
    with pytest.raises(AllCandidatesFailed):
        await events_of(engine, job(providers=("two",)))
    assert transport.hosts == ["two"]


@pytest.mark.parametrize(("stickiness", "expected"), [("none", "one"), ("session", "two")])
def test_a_session_stays_with_who_answered(stickiness, expected):
    """After a failover the session's next request of the same kind stays where the answer came from, if it is to."""

    @virtual_time
    async def story():
        transport = ScriptedTransport(one=[refuses(500), says("1")], two=[says("2")])
        settings = settings_of("one", "two", retry={"max_retries": 0}, routing={"stickiness": stickiness})
        engine = engine_of(transport, settings)
        assert who(await events_of(engine, job())) == "two"
        assert who(await events_of(engine, job())) == expected
        assert who(await events_of(engine, job(intent=Intent.CODE))) == "one"

    story()


@virtual_time
async def test_a_turn_stays_with_who_answered():
    """What one request asks again goes to the same provider; the next request does not."""
    transport = ScriptedTransport(one=[refuses(500), says("1")], two=[says("2")])
    engine = engine_of(transport, settings_of("one", "two", retry={"max_retries": 0}))
    turn = job(stickiness="turn")
    assert who(await events_of(engine, turn)) == "two"
    assert who(await events_of(engine, turn)) == "two"
    assert who(await events_of(engine, replace(turn, id="job-2"))) == "one"


@virtual_time
async def test_a_refused_login_is_told_once():
    """Rescued by another provider, the person is still told once that a key is wrong."""
    transport = ScriptedTransport(one=[refuses(401, "wrong key")], two=[says("2")])
    engine = engine_of(transport, settings_of("one", "two"))
    notices = [of_type(await events_of(engine, job()), Notice) for _ in range(3)]
    assert [len(told) for told in notices] == [1, 0, 0]
    assert "wrong key" in notices[0][0].text
    assert "api_key" in notices[0][0].text


@virtual_time
async def test_a_model_that_is_lacking_can_be_downloaded():
    """Where Ollama lacks the model, the notice names what would cure it; where all fail, the error does."""
    missing = Reply((b'{"error": "model \'small\' not found"}',), 404)
    settings = settings_of(
        "two",
        providers={"ollama": {"base_url": "http://home", "model": "small"}},
        routing={"fallback_order": ["ollama", "two"]},
    )
    engine = engine_of(ScriptedTransport(home=[missing], two=[says("2")]), settings)
    (notice,) = of_type(await events_of(engine, job()), Notice)
    assert (notice.download.provider, notice.download.model) == ("ollama", "small")
    with pytest.raises(AllCandidatesFailed) as failed:
        await events_of(engine, job(provider="ollama"))
    assert failed.value.failures[0][1].download == notice.download
