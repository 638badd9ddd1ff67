"""Several answers made into one; on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.errors import AllCandidatesFailed
from dragoman.core.events import Done, Notice, Routed, Waiting
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
    unreachable,
    virtual_time,
)


def merging(*names, k=2):
    """Settings that make one answer of k."""
    routing = {"dispatch": "parallel_merge", "k": k}
    return settings_of(*names, routing=routing, retry={"max_retries": 0})


@virtual_time
async def test_the_best_makes_one_of_all():
    """K are asked side by side; the best is then shown all answers with their sources, and its words are the answer."""
    late = Reply((3.0, piece("B says 4."), *finish()))
    transport = ScriptedTransport(one=[says("A says 5."), says("It is 5.")], two=[late], three=[says("never asked")])
    records = []
    events = await events_of(engine_of(transport, merging("one", "two", "three"), records=records), job("how many?"))
    assert text_of(events) == "It is 5."
    assert transport.hosts == ["one", "two", "one"]
    question = transport.bodies[-1]["messages"][-1]["content"]
    for part in ("how many?", "one (one-model)", "A says 5.", "two (two-model)", "B says 4."):
        assert part in question
    (routed,) = of_type(events, Routed)
    assert routed.reason == "makes one of the answers of one (one-model), two (two-model)"
    (done,) = of_type(events, Done)
    assert done.attempts == 3
    assert len(records) == 3
    assert of_type(events, Waiting)


@virtual_time
async def test_a_failed_one_is_replaced():
    """One that fails is replaced by the next candidate."""
    transport = ScriptedTransport(one=[unreachable()], two=[says("B."), says("both")], three=[says("C.")])
    events = await events_of(engine_of(transport, merging("one", "two", "three")), job())
    assert text_of(events) == "both"
    assert transport.hosts == ["one", "two", "three", "two"]


@virtual_time
async def test_a_single_answer_is_given_as_it_is():
    """Where only one answers, there is nothing to make one of."""
    transport = ScriptedTransport(one=[refuses(500)], two=[says("B.")])
    events = await events_of(engine_of(transport, merging("one", "two")), job())
    assert text_of(events) == "B."
    assert of_type(events, Done)[0].attempts == 2
    assert transport.hosts == ["one", "two"]


@pytest.mark.parametrize("failure", [refuses(500), breaks_after("It is")])
def test_without_a_synthesis_the_best_answer_is_given(failure):
    """Where nobody can make one of them, the best one's answer is given, and said to be that."""

    @virtual_time
    async def story():
        transport = ScriptedTransport(one=[says("A."), failure], two=[says("B."), failure])
        events = await events_of(engine_of(transport, merging("one", "two")), job())
        assert text_of(events) == "A."
        assert "could not be made into one" in of_type(events, Notice)[0].text
        (done,) = of_type(events, Done)
        assert done.attempts == 4
        assert transport.open == []

    story()


@virtual_time
async def test_nobody_answers():
    """Where nobody answers, each one's reason is given."""
    transport = ScriptedTransport(one=[refuses(500)], two=[unreachable()])
    with pytest.raises(AllCandidatesFailed):
        await events_of(engine_of(transport, merging("one", "two")), job())


@virtual_time
async def test_a_cancel_closes_everybody():
    """Who no longer wants the answer frees every provider at once."""
    transport = ScriptedTransport(one=[Reply((50.0,))], two=[Reply((50.0,))])
    task = asyncio.create_task(events_of(engine_of(transport, merging("one", "two")), job()))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert transport.open == []
