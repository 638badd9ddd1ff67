"""Race and speculation: who wins, who is closed, what is shown, what is paid; on virtual time."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.chat import TextDelta
from dragoman.core.errors import AllCandidatesFailed, InvalidRequest
from dragoman.core.events import Done, Reset, Routed
from dragoman.core.hints import Dispatch
from engine.virtual import (
    Reply,
    ScriptedTransport,
    breaks_after,
    engine_of,
    event,
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
    unreachable,
    virtual_time,
)
from virtual_time import run

LONG = "one two three four five six seven eight nine ten "
QUICK = {"retry": {"max_retries": 0}}


def slow(seconds, *texts):
    """An answer whose first word takes so long."""
    return Reply((float(seconds), *map(piece, texts), *finish()))


def racing(*names, **more):
    """Settings that let these race."""
    return settings_of(*names, routing={"dispatch": "race"}, **QUICK, **more)


@virtual_time
async def test_the_first_useful_answer_wins_and_the_others_are_closed():
    """Whoever says something useful first is shown alone; the others' connections are closed at once, and recorded."""
    transport = ScriptedTransport(one=[slow(5, LONG)], two=[slow(1, LONG, "done.")], three=[slow(9, LONG)])
    records = []
    engine = engine_of(transport, racing("one", "two", "three"), records=records)
    events = await events_of(engine, job())
    assert text_of(events) == LONG + "done."
    assert transport.open == []
    assert transport.hosts == ["one", "two", "three"]
    assert [(each.provider, each.model) for each in of_type(events, Routed)] == [("two", "two-model")]
    assert "the first of 3" in of_type(events, Routed)[0].reason
    assert sorted((record.provider, record.outcome) for record in records) == [
        ("one", "cancelled"),
        ("three", "cancelled"),
        ("two", "done"),
    ]
    (done,) = of_type(events, Done)
    assert done.attempts == 3
    assert done.seconds < 2


@virtual_time
async def test_thinking_and_single_words_win_nothing():
    """Who only thinks, or says one word and stops, is overtaken by who says something useful."""
    thinks = Reply((thought("hm " * 50), 20.0, piece(LONG), *finish()))
    stutters = Reply((piece("Well"), 20.0, piece(LONG), *finish()))
    transport = ScriptedTransport(one=[thinks], two=[stutters], three=[slow(3, LONG)])
    events = await events_of(engine_of(transport, racing("one", "two", "three")), job())
    assert of_type(events, Routed)[-1].provider == "three"
    assert text_of(events) == LONG


@virtual_time
async def test_a_whole_short_answer_wins():
    """An answer that is shorter than what would win counts when it is whole."""
    transport = ScriptedTransport(one=[slow(4, LONG)], two=[says("No.")])
    events = await events_of(engine_of(transport, racing("one", "two")), job())
    assert text_of(events) == "No."


@virtual_time
async def test_a_winner_that_breaks_off_is_followed_by_the_others():
    """What the winner said is taken back, and the others are asked one after the other, but none that has failed."""
    transport = ScriptedTransport(
        one=[slow(50, LONG), says("from one")], two=[breaks_after(LONG)], three=[unreachable()]
    )
    events = await events_of(engine_of(transport, racing("one", "two", "three")), job())
    assert text_of(events) == "from one"
    assert len(of_type(events, Reset)) == 1
    assert transport.hosts == ["one", "two", "three", "one"]
    assert len(of_type(events, Done)) == 1
    assert transport.open == []


@virtual_time
async def test_when_all_fail_each_has_its_sentence():
    """Nobody wins: the person reads of each one why."""
    transport = ScriptedTransport(one=[refuses(500, "broken")], two=[unreachable()], three=[refuses(401, "who?")])
    with pytest.raises(AllCandidatesFailed) as failed:
        await events_of(engine_of(transport, racing("one", "two", "three")), job())
    assert {provider for provider, _ in failed.value.failures} == {"one", "two", "three"}
    assert all(name in str(failed.value) for name in ("one", "two", "three"))


@virtual_time
async def test_a_refusal_ends_only_what_nobody_wins():
    """One that refuses the request is beaten by one that answers; where nobody answers, its reason is given."""
    transport = ScriptedTransport(one=[refuses(400, "bad temperature")], two=[slow(1, LONG)])
    assert text_of(await events_of(engine_of(transport, racing("one", "two")), job())) == LONG
    transport = ScriptedTransport(one=[refuses(400, "bad temperature")], two=[unreachable()])
    with pytest.raises(InvalidRequest, match="bad temperature"):
        await events_of(engine_of(transport, racing("one", "two")), job())


@virtual_time
async def test_a_cancel_closes_everybody():
    """Who no longer wants the answer frees every provider at once."""
    transport = ScriptedTransport(one=[slow(50, LONG)], two=[slow(60, LONG)])
    task = asyncio.create_task(events_of(engine_of(transport, racing("one", "two")), job()))
    await asyncio.sleep(1)
    assert sorted(transport.open) == ["one", "two"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert transport.open == []


@virtual_time
async def test_leaving_in_the_middle_closes_the_winner():
    """Closing the stream while the winner writes closes its connection."""
    transport = ScriptedTransport(one=[Reply((piece(LONG), 50.0, *finish()))], two=[slow(60, LONG)])
    async with aclosing(engine_of(transport, racing("one", "two")).stream(job())) as events:
        async for happened in events:
            if isinstance(happened, TextDelta):
                break
    assert transport.open == []


@virtual_time
async def test_who_has_no_place_does_not_race():
    """One whose limit is used up falls out; the others go on."""
    transport = ScriptedTransport(one=[says(LONG)], two=[slow(1, LONG)])
    options = {"one": {"requests_per_minute": 1}}
    engine = engine_of(transport, racing("one", "two", providers=options))
    assert of_type(await events_of(engine, job()), Routed)[-1].provider == "one"
    assert of_type(await events_of(engine, job()), Routed)[-1].provider == "two"


@virtual_time
async def test_speculation_asks_the_second_only_when_the_first_is_slow():
    """A first one that is as quick as usual is asked alone; a slower one gets company after its usual time."""
    transport = ScriptedTransport(one=[slow(1, LONG), slow(1, LONG), slow(30, LONG)], two=[slow(1, "two ", LONG)])
    engine = engine_of(
        transport, settings_of("one", "two", "three", routing={"dispatch": "speculate_k", "k": 2}, **QUICK)
    )
    for _ in range(2):
        await events_of(engine, job())
    assert transport.hosts == ["one", "one"]
    began = asyncio.get_running_loop().time()
    events = await events_of(engine, job())
    assert text_of(events) == "two " + LONG
    assert transport.hosts == ["one", "one", "one", "two"]
    started = [at - began for at, host in transport.calls[2:]]
    assert started == pytest.approx([0.0, 1.0], abs=0.05)


@virtual_time
async def test_speculation_goes_on_at_once_when_one_fails():
    """A failure is not waited out; beyond k the rest is asked one after the other."""
    transport = ScriptedTransport(one=[unreachable()], two=[refuses(500)], three=[says("three")])
    plan = {"dispatch": "speculate_k", "k": 2}
    engine = engine_of(transport, settings_of("one", "two", "three", routing=plan, **QUICK))
    events = await events_of(engine, job())
    assert text_of(events) == "three"
    assert transport.hosts == ["one", "two", "three"]
    assert of_type(events, Done)[0].seconds < 0.5


@virtual_time
async def test_a_hint_decides_for_one_request():
    """A request may race though the settings don't, and the other way round."""
    transport = ScriptedTransport(one=[slow(5, LONG)], two=[says(LONG)])
    engine = engine_of(transport, settings_of("one", "two", **QUICK))
    events = await events_of(engine, job(strategy=Dispatch.RACE))
    assert of_type(events, Routed)[-1].provider == "two"
    engine = engine_of(transport, racing("one", "two"))
    events = await events_of(engine, job(strategy=Dispatch.SINGLE))
    assert of_type(events, Routed)[-1].provider == "one"


replies = st.sampled_from(
    (
        says("fine and whole, word for word"),
        slow(3, "late but fine, word for word"),
        breaks_after("begun and broken off in the middle of it"),
        Reply((piece("begun and then silent for a long while"), 500.0)),
        Reply((500.0,)),
        refuses(500),
        refuses(429, "no", retry_after="60"),
        unreachable(),
        Reply((event(choices=[]), *finish())),
    )
)


@settings(max_examples=80, deadline=None)
@given(st.lists(replies, min_size=2, max_size=4), st.sampled_from(("race", "speculate_k")), st.integers(1, 4))
def test_every_contest_ends_once(scripts, dispatch, k):
    """Whatever they do: one end, one answer's text, nothing left open, nobody asked again after it has failed."""

    async def story():
        names = [f"p{number}" for number in range(len(scripts))]
        transport = ScriptedTransport(**{name: [script] for name, script in zip(names, scripts, strict=True)})
        records = []
        engine = engine_of(
            transport, settings_of(*names, routing={"dispatch": dispatch, "k": k}, **QUICK), records=records
        )
        try:
            events = await events_of(engine, job())
        except AllCandidatesFailed:
            events = []
        else:
            assert isinstance(events[-1], Done)
            assert len(of_type(events, Done)) == 1
            assert text_of(events) in ("fine and whole, word for word", "late but fine, word for word")
        assert transport.open == []
        assert len(records) == len(transport.calls)
        failed = set()
        for record in records:
            assert record.provider not in failed
            if record.outcome not in ("done", "cancelled"):
                failed.add(record.provider)
        assert len(asyncio.all_tasks()) == 1
        fine = any(script in (scripts_fine[0], scripts_fine[1]) for script in scripts)
        assert bool(events) == fine

    run(story())


scripts_fine = (says("fine and whole, word for word"), slow(3, "late but fine, word for word"))
