"""When an answer is given again, and when it never is: the engine with a cache in memory, on a virtual clock."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import replace

import pytest

from dragoman.core.chat import Stop, TextDelta, ThinkingDelta, ToolCallDelta, Usage
from dragoman.core.errors import DragomanError, StreamingError
from dragoman.core.events import Done, Reset, Routed, UsageReport
from dragoman.core.hints import Dispatch
from dragoman.core.intent import Intent
from dragoman.engine.cache import Cache
from dragoman.engine.clock import LoopClock
from dragoman.engine.loop import Engine
from dragoman.engine.reuse import Reuse
from engine.virtual import (
    Keys,
    Reply,
    ScriptedTransport,
    breaks_after,
    event,
    events_of,
    finish,
    job,
    of_type,
    piece,
    says,
    settings_of,
    text_of,
    thought,
    unreachable,
    virtual_time,
)

PRICES = {"one-model": {"input_per_million": 1000.0, "output_per_million": 1000.0}}
ONCE = {"retry": {"max_retries": 0}}


def caching(transport, settings, *, keys=None, records=None, cache=None):
    """An engine that keeps answers in memory."""
    heard = (records if records is not None else []).append
    cache = cache or Cache(None, wall=lambda: asyncio.get_running_loop().time())
    cache.use(settings.cache, "memory", {})
    reuse = Reuse(cache, LoopClock())
    return Engine(settings, transport, keys or Keys(), fraction=lambda: 0.5, on_attempt=heard, reuse=reuse)


def asked(text="say something", **named):
    """A request for which an earlier answer will do."""
    return replace(job(text, **named), cacheable=True)


@virtual_time
async def test_the_same_again_is_answered_from_the_cache():
    """The second time nobody is asked, nothing is recorded, and the events say so: no tokens, no attempt, no cost."""
    transport = ScriptedTransport(one=[Reply((0.5, thought("hm"), piece("a"), piece("b"), *finish()))])
    records = []
    engine = caching(transport, settings_of("one", prices=PRICES), records=records)
    first = await events_of(engine, asked())
    assert of_type(first, Done)[0].cost_usd > 0
    assert of_type(first, Done)[0].cached is False
    routed, text, report, done = await events_of(engine, asked())
    assert (routed.provider, routed.model, routed.attempt) == ("one", "one-model", 0)
    assert routed.reason == "from the cache: the same was asked before"
    assert text == TextDelta("ab")
    assert report == UsageReport("one", "one-model", Usage())
    assert done == Done("one", "one-model", Stop.STOP, Usage(), 0.0, 0.0, 0, 0.0, cached=True)
    assert transport.hosts == ["one"]
    assert len(records) == 1


@virtual_time
async def test_a_hit_takes_nothing_of_the_limits():
    """With one request a minute allowed, the same can be asked any number of times."""
    one = {"requests_per_minute": 1, "burst": 1}
    engine = caching(ScriptedTransport(one=[says("a")]), settings_of("one", providers={"one": one}))
    began = asyncio.get_running_loop().time()
    for _ in range(20):
        assert text_of(await events_of(engine, asked())) == "a"
    assert asyncio.get_running_loop().time() == began


@virtual_time
async def test_an_old_answer_is_not_given_again():
    """After its time the same is asked anew, and the new answer is kept."""
    transport = ScriptedTransport(one=[says("old"), says("new")])
    engine = caching(transport, settings_of("one", cache={"ttl_s": 60}))
    assert text_of(await events_of(engine, asked())) == "old"
    await asyncio.sleep(59)
    assert text_of(await events_of(engine, asked())) == "old"
    await asyncio.sleep(2)
    assert text_of(await events_of(engine, asked())) == "new"
    assert text_of(await events_of(engine, asked())) == "new"
    assert len(transport.calls) == 2


NOT_REUSED = {
    "a hint": (asked(no_cache=True), {}),
    "an action that wants another answer each time": (job(), {}),
    "switched off": (asked(), {"cache": {"enabled": False}}),
    "asked of several": (asked(), {"routing": {"dispatch": "race"}}),
    "asked of several, by a hint": (asked(strategy=Dispatch.PARALLEL_MERGE), {}),
    "a lively temperature": (asked(), {"providers": {"one": {"temperature": 0.8}}}),
    "a request's own lively temperature": (
        replace(asked(), request=replace(asked().request, temperature=1.0)),
        {"providers": {"one": {"temperature": 0.0}}},
    ),
}


@pytest.mark.parametrize("name", list(NOT_REUSED))
@virtual_time
async def test_when_no_answer_is_reused(name):
    """Each of these asks anew every time, keeps nothing, and does not share a call that is under way."""
    request, sections = NOT_REUSED[name]
    cache = Cache(None, wall=lambda: 0.0)
    transport = ScriptedTransport(one=[Reply((0.5, piece("a"), *finish()))])
    engine = caching(transport, settings_of("one", **sections), cache=cache)
    await asyncio.gather(*(events_of(engine, request) for _ in range(2)))
    assert text_of(await events_of(engine, request)) == "a"
    assert len(transport.calls) == 3
    assert (await cache.stats()).entries == 0


@virtual_time
async def test_what_is_set_calm_is_reused():
    """A low temperature of the provider's settings, or of the request, is no obstacle."""
    transport = ScriptedTransport(one=[says("a")])
    engine = caching(transport, settings_of("one", providers={"one": {"temperature": 0.8}}))
    calm = replace(asked(), request=replace(asked().request, temperature=0.2))
    await events_of(engine, calm)
    assert of_type(await events_of(engine, calm), Done)[0].cached


NOT_WHOLE = {
    "cut by its length": Reply((piece("half"), *finish("length"))),
    "stopped by a filter": Reply((piece("half"), *finish("content_filter"))),
    "tool calls": Reply(
        (
            piece("I look"),
            event(
                choices=[
                    {"delta": {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": ""}}]}}
                ]
            ),
            *finish("tool_calls"),
        )
    ),
    "a tool call that ends as an answer does": Reply(
        (
            piece("I look"),
            event(
                choices=[
                    {"delta": {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": ""}}]}}
                ]
            ),
            *finish("stop"),
        )
    ),
    "broken off": breaks_after("half"),
    "broken off at the first byte": breaks_after(),
    "an end without a finish": Reply((piece("half"),)),
    "no end but silence": Reply((piece("half"), 1000.0)),
    "nothing said": Reply(finish()),
    "nothing but thought": Reply((thought("hm"), *finish())),
    "white space": Reply((piece(" \n"), *finish())),
    "nobody there": unreachable(),
    "no HTTP 200": Reply((b"{}",), 503),
    "an error in the stream": Reply((piece("half"), event(error={"message": "overloaded", "type": "server_error"}))),
    "not readable": Reply((piece("half"), b"data: {broken\n\n" * 3)),
}


@pytest.mark.parametrize("name", list(NOT_WHOLE))
@virtual_time
async def test_what_is_not_whole_is_never_kept(name):
    """However an answer falls short, nothing is kept of it, and the same is asked anew."""
    cache = Cache(None, wall=lambda: 0.0)
    transport = ScriptedTransport(one=[NOT_WHOLE[name], says("whole")])
    settings = settings_of("one", **ONCE, health={"failure_threshold": 1000})
    engine = caching(transport, settings, cache=cache)
    with suppress(DragomanError):
        await events_of(engine, asked())
    assert (await cache.stats()).entries == 0
    await asyncio.sleep(600)
    events = await events_of(engine, asked())
    assert text_of(events) == "whole"
    assert of_type(events, Done)[0].cached is False
    assert len(transport.calls) == 2


@virtual_time
async def test_an_answer_with_a_tool_call_is_never_kept():
    """Though it ends as an answer does, with text: the call's number is of this conversation alone."""
    cache = Cache(None, wall=lambda: 0.0)
    engine = caching(ScriptedTransport(one=[says("never asked")]), settings_of("one"), cache=cache)

    async def calls_a_tool(run):
        place = run.decision.candidates[0].place
        yield Routed(place.provider, place.model, place.endpoint, place.local, "general", "test", 1)
        yield ToolCallDelta(0, "1", "f", "{}")
        yield TextDelta("I look")
        yield Done(place.provider, place.model, Stop.STOP, Usage(), 0.0, 0.0, 1)

    engine._asked = calls_a_tool
    assert text_of(await events_of(engine, asked())) == "I look"
    assert (await cache.stats()).entries == 0


@virtual_time
async def test_what_was_cancelled_is_never_kept():
    """A request that its asker leaves in mid-answer closes its connection at once, and keeps nothing."""
    cache = Cache(None, wall=lambda: 0.0)
    transport = ScriptedTransport(one=[Reply((piece("half"), 5.0, piece("whole"), *finish()))])
    engine = caching(transport, settings_of("one"), cache=cache)
    async with aclosing(engine.stream(asked())) as events:
        async for happened in events:
            if isinstance(happened, TextDelta):
                break
    assert transport.open == []
    await asyncio.sleep(10)
    assert (await cache.stats()).entries == 0


@virtual_time
async def test_an_answer_that_started_over_is_kept_as_the_second_ones_alone():
    """After a failover in mid-answer, what the first had said is no part of what is kept, nor is it kept as the
    first's.
    """
    cache = Cache(None, wall=lambda: 0.0)
    transport = ScriptedTransport(one=[breaks_after("torn "), says("from one")], two=[says("from two")])
    engine = caching(transport, settings_of("one", "two", **ONCE), cache=cache)
    events = await events_of(engine, asked())
    assert of_type(events, Reset)
    assert text_of(events) == "from two"
    assert text_of(await events_of(engine, asked())) == "from one"
    engine.use(settings_of("two", "one", **ONCE), Keys())
    again = await events_of(engine, asked())
    assert [happened.text for happened in of_type(again, TextDelta)] == ["from two"]
    assert of_type(again, Done)[0].cached
    assert transport.hosts == ["one", "two", "one"]


CHANGES = {
    "the words": (asked("other"), {}),
    "the kind of work": (asked(intent=Intent.CODE), {}),
    "the model": (asked(), {"providers": {"one": {"model": "other"}}}),
    "the endpoint": (asked(), {"providers": {"one": {"base_url": "http://one/v2"}}}),
    "the longest answer": (asked(), {"providers": {"one": {"max_tokens": 5}}}),
    "the organization": (asked(), {"providers": {"one": {"organization": "org-2"}}}),
}


@pytest.mark.parametrize("name", list(CHANGES))
@virtual_time
async def test_what_shapes_an_answer_makes_it_another_request(name):
    """Each of these asks anew."""
    request, sections = CHANGES[name]
    transport = ScriptedTransport(one=[says("a")])
    engine = caching(transport, settings_of("one"))
    await events_of(engine, asked())
    engine.use(settings_of("one", **sections), Keys())
    assert not of_type(await events_of(engine, request), Done)[0].cached
    assert len(transport.calls) == 2


@virtual_time
async def test_another_key_has_other_answers():
    """Who has another key, or none, is given no answer that was got with this one; who has it again, is."""
    transport = ScriptedTransport(one=[says("a")])
    engine = caching(transport, settings_of("one"), keys=Keys(one="sk-mine"))
    await events_of(engine, asked())
    for keys, cached in ((Keys(one="sk-yours"), False), (Keys(), False), (Keys(one="sk-mine"), True)):
        engine.use(settings_of("one"), keys)
        assert of_type(await events_of(engine, asked()), Done)[0].cached is cached
    assert len(transport.calls) == 3


@virtual_time
async def test_other_privacy_settings_have_other_answers():
    """What was asked under other privacy settings is not given again."""
    transport = ScriptedTransport(one=[says("a")])
    engine = caching(transport, settings_of("one", privacy={"redact": True}))
    await events_of(engine, asked())
    for redact, cached in ((False, False), (True, True)):
        engine.use(settings_of("one", privacy={"redact": redact}), Keys())
        assert of_type(await events_of(engine, asked()), Done)[0].cached is cached


def slow(*texts):
    """An answer that takes a second for each piece."""
    return Reply((*(step for text in texts for step in (1.0, piece(text))), *finish()))


async def listened(engine, request, events):
    """All events into the list."""
    async for happened in engine.stream(request):
        events.append(happened)


@virtual_time
async def test_equal_requests_share_one_call():
    """Those who ask the same while it is under way hear everything from the beginning; one alone is billed; each ends
    once.
    """
    transport = ScriptedTransport(one=[slow("a", "b", "c")])
    records = []
    engine = caching(transport, settings_of("one", prices=PRICES), records=records)
    heard = [[], [], []]
    asking = []
    for events in heard:
        asking.append(asyncio.ensure_future(listened(engine, replace(asked(), id=f"job-{len(asking)}"), events)))
        await asyncio.sleep(1.2)
    await asyncio.gather(*asking)
    assert len(transport.calls) == len(records) == 1
    assert records[0].request == "job-0"
    assert [text_of(events) for events in heard] == ["abc"] * 3
    assert [len(of_type(events, Done)) for events in heard] == [1, 1, 1]
    first, second, third = (of_type(events, Done)[0] for events in heard)
    assert (first.cached, second.cached, third.cached) == (False, True, True)
    assert first.cost_usd > 0
    assert (second.cost_usd, second.usage, third.cost_usd) == (0.0, Usage(), 0.0)
    assert first.seconds == pytest.approx(3.0)
    assert second.seconds == pytest.approx(1.8)
    assert (second.first_token_seconds, third.first_token_seconds) == (pytest.approx(0), pytest.approx(0))
    assert "shared with an equal request" in of_type(heard[1], Routed)[0].reason
    assert of_type(heard[1], UsageReport)[0].usage == Usage()


@pytest.mark.parametrize("leaves", [0, 1])
@virtual_time
async def test_whoever_leaves_takes_nobody_along(leaves):
    """One of two is cancelled: the other has the whole answer. When the last one is, the connection closes at once."""
    transport = ScriptedTransport(one=[slow("a", "b", "c")])
    engine = caching(transport, settings_of("one"))
    heard = [[], []]
    asking = [asyncio.ensure_future(listened(engine, asked(), events)) for events in heard]
    await asyncio.sleep(1.5)
    asking[leaves].cancel()
    await asyncio.wait({asking[leaves]})
    assert asking[leaves].cancelled()
    assert transport.open == ["one"]
    await asking[1 - leaves]
    assert text_of(heard[1 - leaves]) == "abc"
    assert not of_type(heard[leaves], Done)
    assert transport.open == []


@virtual_time
async def test_the_last_one_closes_the_call():
    """When everybody has left, nothing is asked any more, and whoever asks then begins a new call."""
    transport = ScriptedTransport(one=[slow("a", "b", "c")])
    records = []
    engine = caching(transport, settings_of("one"), records=records)
    asking = [asyncio.ensure_future(listened(engine, asked(), [])) for _ in range(3)]
    await asyncio.sleep(1.5)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    assert transport.open == []
    assert [record.outcome for record in records] == ["cancelled"]
    assert text_of(await events_of(engine, asked())) == "abc"
    assert len(transport.calls) == 2


@virtual_time
async def test_a_time_limit_strikes_whoever_set_it():
    """One asker's own time limit ends its listening, and nothing else."""
    transport = ScriptedTransport(one=[slow("a", "b", "c")])
    engine = caching(transport, settings_of("one"))
    heard = []
    patient = asyncio.ensure_future(listened(engine, asked(), heard))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await listened(engine, asked(), [])
    await patient
    assert text_of(heard) == "abc"


@virtual_time
async def test_the_calls_own_time_limits_hold():
    """A provider that falls silent in a shared call is given up as ever, and everybody hears the next one."""
    transport = ScriptedTransport(one=[Reply((piece("torn"), 1000.0))], two=[slow("from ", "two")])
    engine = caching(transport, settings_of("one", "two", **ONCE, timeouts={"silence": 3}))
    heard = [[], []]
    await asyncio.gather(*(listened(engine, asked(), events) for events in heard))
    assert [text_of(events) for events in heard] == ["from two"] * 2
    assert all(len(of_type(events, Reset)) == 1 for events in heard)
    assert transport.hosts == ["one", "two"]


@virtual_time
async def test_a_failure_is_everybodys():
    """Who shares a call shares its failure; whoever asks afterwards asks anew."""
    transport = ScriptedTransport(one=[Reply((1.0, piece("half"), StreamingError("gone"))), says("whole")])
    engine = caching(transport, settings_of("one", **ONCE))
    ends = await asyncio.gather(*(events_of(engine, asked()) for _ in range(3)), return_exceptions=True)
    assert len(transport.calls) == 1
    assert all(isinstance(end, DragomanError) and "gone" in str(end) for end in ends)
    assert text_of(await events_of(engine, asked())) == "whole"


@virtual_time
async def test_whoever_asks_after_a_failure_does_not_hear_of_it():
    """A call that has failed is over, though somebody still reads what it had said before."""
    transport = ScriptedTransport(one=[breaks_after("half"), says("whole")])
    engine = caching(transport, settings_of("one", **ONCE))
    async with aclosing(engine.stream(asked())) as events:
        async for _ in events:
            await asyncio.sleep(5)
            assert text_of(await events_of(engine, asked())) == "whole"
            break
    assert len(transport.calls) == 2


UNEQUAL = {
    "another text": asked("other"),
    "one that can't take text back": asked(can_reset=False),
    "another conversation": replace(asked(), session="other"),
    "another time limit": asked(max_latency_ms=5000),
}


@pytest.mark.parametrize("name", list(UNEQUAL))
@virtual_time
async def test_unequal_requests_have_calls_of_their_own(name):
    """A request that differs in anything but its number shares no call that is under way."""
    transport = ScriptedTransport(one=[slow("a")])
    engine = caching(transport, settings_of("one"))
    await asyncio.gather(events_of(engine, asked()), events_of(engine, UNEQUAL[name]))
    assert len(transport.calls) == 2


@virtual_time
async def test_a_shared_call_waits_for_its_readers():
    """The provider is not read far ahead of an editor that reads slowly."""
    given = 0

    def pieces():
        nonlocal given
        for given in range(1, 1001):  # noqa: B007 - looked at from outside
            yield piece("x")
        yield from finish()

    transport = ScriptedTransport(one=[Reply(pieces())])
    engine = caching(transport, settings_of("one"))
    stream = engine.stream(asked())
    async for happened in stream:
        if isinstance(happened, TextDelta):
            break
    await asyncio.sleep(5)
    assert 1 < given < 200
    rest = [happened async for happened in stream]
    assert len(of_type(rest, TextDelta)) == 999


@virtual_time
async def test_thinking_is_heard_once():
    """Who shares a call hears the model think; who is given the answer later does not."""
    transport = ScriptedTransport(one=[Reply((0.5, thought("hm"), piece("a"), *finish()))])
    engine = caching(transport, settings_of("one"))
    heard = await asyncio.gather(*(events_of(engine, asked()) for _ in range(2)))
    assert all(len(of_type(events, ThinkingDelta)) == 1 for events in heard)
    assert not of_type(await events_of(engine, asked()), ThinkingDelta)
