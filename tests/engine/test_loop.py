"""The failure policy, line by line, on a virtual clock and scripted providers."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from itertools import pairwise

import pytest

from dragoman.core.chat import Stop, TextDelta, ThinkingDelta, ToolCallDelta
from dragoman.core.errors import (
    AllCandidatesFailed,
    ContentFilter,
    InvalidRequest,
    NetworkError,
    NothingToAsk,
    StreamingError,
)
from dragoman.core.events import Done, Reset, Routed, UsageReport, Waiting
from dragoman.core.intent import Intent
from dragoman.core.settings import Settings
from engine.virtual import (
    Keys,
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

QUICK = {"retry": {"max_retries": 0}}


@virtual_time
async def test_an_answer_comes_as_events_in_order():
    """Routed, the deltas, the usage, then done, with who answered, why and in what time."""
    reply = Reply((0.5, thought("hm"), 0.25, piece("a"), piece("b"), *finish()))
    transport = ScriptedTransport(one=[reply])
    events = await events_of(engine_of(transport, settings_of("one")), job())
    routed, thinking, first, second, report, done = events
    assert isinstance(routed, Routed)
    assert (routed.provider, routed.model, routed.attempt, routed.after) == ("one", "one-model", 1, None)
    assert thinking == ThinkingDelta("hm")
    assert (first, second) == (TextDelta("a"), TextDelta("b"))
    assert isinstance(report, UsageReport)
    assert (report.usage.input_tokens, report.usage.output_tokens, report.usage.estimated) == (11, 7, False)
    assert isinstance(done, Done)
    assert (done.provider, done.stop, done.attempts) == ("one", Stop.STOP, 1)
    assert done.first_token_seconds == pytest.approx(0.5)
    assert done.seconds == pytest.approx(0.75)


@virtual_time
async def test_tokens_are_counted_where_the_provider_does_not_say():
    """Without reported usage it is estimated, and marked so."""
    transport = ScriptedTransport(one=[Reply((piece("four score and seven"), *finish(usage=None)))])
    events = await events_of(engine_of(transport, settings_of("one")), job("x" * 400))
    usage = of_type(events, Done)[0].usage
    assert usage.estimated
    assert usage.input_tokens > 50
    assert usage.output_tokens > 2


@virtual_time
async def test_a_half_reported_usage_is_completed():
    """A provider that counts its answer but not the prompt has the prompt counted here, and marked."""
    transport = ScriptedTransport(one=[Reply((piece("four score"), *finish(usage=(0, 7))))])
    events = await events_of(engine_of(transport, settings_of("one")), job("x" * 400))
    usage = of_type(events, Done)[0].usage
    assert usage.estimated
    assert usage.input_tokens > 50
    assert usage.output_tokens == 7


TRANSIENT = {
    "refused connection": unreachable(),
    "408": refuses(408),
    "429": refuses(429),
    "500": refuses(500),
    "502": refuses(502),
    "503": refuses(503),
    "529": refuses(529),
    "empty stream": Reply(()),
    "cut stream": Reply((piece("half"),)),
    "broken connection": breaks_after("half"),
    "answer of nothing": Reply(finish()),
}


@pytest.mark.parametrize("fault", TRANSIENT)
@virtual_time
async def test_a_transient_failure_is_retried_with_backoff(fault):
    """The same provider is asked again after a jittered, doubling time, and its answer stands alone."""
    transport = ScriptedTransport(one=[TRANSIENT[fault], TRANSIENT[fault], says("fine")])
    events = await events_of(engine_of(transport, settings_of("one")), job())
    assert text_of(events) == "fine"
    assert [waiting.seconds for waiting in of_type(events, Waiting)] == [0.5, 1.0]
    times = [time for time, _ in transport.calls]
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([0.5, 1.0])
    assert [routed.attempt for routed in of_type(events, Routed)] == [1, 2, 3]
    assert of_type(events, Done)[0].attempts == 3


@pytest.mark.parametrize("fault", sorted(TRANSIENT.keys() - {"cut stream", "broken connection"}))
@virtual_time
async def test_after_the_last_retry_the_next_candidate_answers(fault):
    """With the retries used up the next one is asked at once, and is told what happened before."""
    transport = ScriptedTransport(one=[TRANSIENT[fault]], two=[says("rescued")])
    settings = settings_of("one", "two", retry={"max_retries": 1})
    events = await events_of(engine_of(transport, settings), job())
    assert text_of(events) == "rescued"
    assert transport.hosts == ["one", "one", "two"]
    assert transport.calls[2][0] - transport.calls[1][0] < 0.01
    routed = of_type(events, Routed)[-1]
    assert routed.after.startswith("one (one-model): ")
    assert of_type(events, Done)[0].provider == "two"


PERMANENT = {
    "401": refuses(401, "wrong key"),
    "403": refuses(403),
    "402": refuses(402),
    "model not found": refuses(404, "The model `x` does not exist"),
    "context too long": refuses(400, "This model's maximum context length is 8192 tokens"),
    "wrong path": refuses(404, "page not found"),
    "silent before headers": Reply(before=(1000.0,)),
    "silent before the first token": Reply((1000.0,)),
    "silent in mid-answer": Reply((piece("half"), 1000.0)),
    "usage, then silence": Reply((event(choices=[], usage={"prompt_tokens": 1}), 1000.0)),
}


@pytest.mark.parametrize("fault", PERMANENT)
@virtual_time
async def test_what_would_only_repeat_is_not_retried(fault):
    """Refusals of key, account, model and length, and silence, lead to the next candidate at once."""
    transport = ScriptedTransport(one=[PERMANENT[fault]], two=[says("rescued")])
    events = await events_of(engine_of(transport, settings_of("one", "two")), job())
    assert text_of(events) == "rescued"
    assert transport.hosts == ["one", "two"]
    assert not of_type(events, Waiting)
    assert not transport.open


@pytest.mark.parametrize(
    ("reply", "limit", "seconds"),
    [
        (Reply(before=(99.0,)), "headers", 3.0),
        (Reply((99.0,)), "first_token", 3.0),
        (Reply((piece("a"), 99.0)), "silence", 2.0),
        (Reply((piece("a"), *([1.5, piece("b")] * 40))), "total", 10.0),
    ],
)
@virtual_time
async def test_each_time_limit_is_its_own(reply, limit, seconds):
    """Headers, first token, silence and the whole each end the attempt at their own time, by their own name."""
    transport = ScriptedTransport(one=[reply])
    timeouts = {"connect": 1, "first_token": 3, "silence": 2, "total": 10}
    began = asyncio.get_running_loop().time()
    with pytest.raises(AllCandidatesFailed) as failed:
        await events_of(engine_of(transport, settings_of("one", timeouts=timeouts)), job())
    assert failed.value.failures[0][1].limit == limit
    assert asyncio.get_running_loop().time() - began == pytest.approx(seconds)
    assert "raise timeouts." in str(failed.value)


@virtual_time
async def test_a_slow_reader_is_no_silent_provider():
    """The time that the editor takes for a delta does not count against the provider, nor cancels the editor."""
    transport = ScriptedTransport(one=[says("a", "b", "c")])
    events = []
    async with aclosing(engine_of(transport, settings_of("one")).stream(job())) as stream:
        async for happened in stream:
            events.append(happened)
            await asyncio.sleep(30)
    assert text_of(events) == "abc"


@pytest.mark.parametrize("headers", [{"retry_after": "3"}, {"retry_after_ms": "3000"}])
@pytest.mark.parametrize("status", [429, 503])
@virtual_time
async def test_a_short_retry_after_is_waited_for(status, headers):
    """Seconds or milliseconds up to the setting are waited for to the letter, and said."""
    transport = ScriptedTransport(one=[refuses(status, **headers), says("fine")], two=[says("no")])
    events = await events_of(engine_of(transport, settings_of("one", "two")), job())
    assert text_of(events) == "fine"
    assert [waiting.seconds for waiting in of_type(events, Waiting)] == [3.0]
    assert transport.hosts == ["one", "one"]


@virtual_time
async def test_a_long_retry_after_rests_the_provider():
    """The next one answers; the first is left alone until its time, then asked again."""
    transport = ScriptedTransport(one=[refuses(429, retry_after="60"), says("back")], two=[says("rescued")])
    engine = engine_of(transport, settings_of("one", "two"))
    assert text_of(await events_of(engine, job())) == "rescued"
    decision = await engine.decide(job())
    assert [candidate.place.provider for candidate in decision.candidates] == ["two"]
    assert any("rests for 60 s" in left.reason for left in decision.left_out)
    assert text_of(await events_of(engine, job())) == "rescued"
    await asyncio.sleep(60)
    assert text_of(await events_of(engine, job())) == "back"
    assert transport.hosts == ["one", "two", "two", "one"]


@virtual_time
async def test_when_all_rest_the_first_due_is_waited_for():
    """With everybody resting, a short rest is waited out instead of failing."""
    transport = ScriptedTransport(one=[refuses(429, retry_after="30"), says("back")])
    engine = engine_of(transport, settings_of("one"))
    with pytest.raises(AllCandidatesFailed) as failed:
        await events_of(engine, job())
    assert failed.value.retry_after == 30
    await asyncio.sleep(27)
    events = await events_of(engine, job())
    assert text_of(events) == "back"
    assert isinstance(events[0], Waiting)
    assert events[0].seconds == pytest.approx(3.0)
    assert of_type(events, Done)[0].seconds == pytest.approx(3.0)


@virtual_time
async def test_when_all_rest_for_long_the_person_is_told_when():
    """A long rest of everybody is an error that says for how long."""
    transport = ScriptedTransport(one=[refuses(429, "slow down", retry_after="300")])
    engine = engine_of(transport, settings_of("one"))
    with pytest.raises(AllCandidatesFailed):
        await events_of(engine, job())
    with pytest.raises(AllCandidatesFailed, match="rests for 300 s: slow down") as failed:
        await events_of(engine, job())
    assert failed.value.retry_after == pytest.approx(300)
    assert transport.hosts == ["one"]


@virtual_time
async def test_nobody_sleeps_after_the_last_attempt():
    """When there is nobody left to ask the error comes at once."""
    transport = ScriptedTransport(one=[refuses(500)])
    began = asyncio.get_running_loop().time()
    with pytest.raises(AllCandidatesFailed):
        await events_of(engine_of(transport, settings_of("one", retry={"max_retries": 1})), job())
    assert asyncio.get_running_loop().time() - began == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refuses(400, "temperature must be below 2"), InvalidRequest),
        (refuses(422, "temperature must be below 2"), InvalidRequest),
        (refuses(400, "flagged by the content policy: temperature must be below 2"), ContentFilter),
        (Reply((piece("I "), *finish("content_filter"))), ContentFilter),
    ],
)
@virtual_time
async def test_a_wrong_or_filtered_request_is_not_sent_on(reply, kind):
    """The person gets the provider's reason; nobody else is asked."""
    transport = ScriptedTransport(one=[reply], two=[says("no")])
    with pytest.raises(kind, match=r"temperature must be below 2|content filter"):
        await events_of(engine_of(transport, settings_of("one", "two")), job())
    assert transport.hosts == ["one"]


@virtual_time
async def test_a_refusal_does_not_hide_the_failure_before_it():
    """Where the second candidate refuses the request, the first one's reason is told as well."""
    transport = ScriptedTransport(one=[refuses(401, "bad key")], two=[refuses(400, "bad request")])
    with pytest.raises(
        InvalidRequest, match=r"two \(two-model\): bad request; before that, one \(one-model\): bad key"
    ):
        await events_of(engine_of(transport, settings_of("one", "two")), job())


@virtual_time
async def test_text_that_was_shown_is_taken_back_before_another_answers():
    """After a break in mid-answer there is a reset, then the next provider's whole answer."""
    transport = ScriptedTransport(one=[breaks_after("once upon")], two=[says("The ", "end")])
    events = await events_of(engine_of(transport, settings_of("one", "two", **QUICK)), job())
    kinds = [type(happened) for happened in events]
    assert kinds == [Routed, TextDelta, Reset, Routed, TextDelta, TextDelta, UsageReport, Done]
    assert text_of(events) == "The end"
    assert "broke off" in of_type(events, Reset)[0].reason


@virtual_time
async def test_a_break_in_mid_answer_is_not_tried_again_while_another_can_be_asked():
    """With retries left, the next candidate starts over at once; the last candidate is asked again."""
    broken = breaks_after("once upon")
    transport = ScriptedTransport(one=[broken, says("no")], two=[broken, says("The end")])
    events = await events_of(engine_of(transport, settings_of("one", "two")), job())
    assert text_of(events) == "The end"
    assert transport.hosts == ["one", "two", "two"]


@virtual_time
async def test_text_that_cannot_be_taken_back_ends_the_answer():
    """Where the asker can't reset, a break after the first text is an error, and nobody else is asked."""
    transport = ScriptedTransport(one=[breaks_after("once upon")], two=[says("no")])
    with pytest.raises(StreamingError, match="broke off"):
        await events_of(engine_of(transport, settings_of("one", "two")), job(can_reset=False))
    assert transport.hosts == ["one"]


@virtual_time
async def test_who_cannot_reset_still_fails_over_before_the_first_text():
    """A failure before anything was shown is rescued for everybody."""
    transport = ScriptedTransport(one=[refuses(401)], two=[says("fine")])
    events = await events_of(engine_of(transport, settings_of("one", "two")), job(can_reset=False))
    assert text_of(events) == "fine"
    assert not of_type(events, Reset)


@virtual_time
async def test_a_tool_call_reaches_the_asker():
    """The pieces of a call come through as they are, and count as shown: after a break the next one starts over."""
    call = {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": '{"city":'}}
    more = {"index": 0, "function": {"arguments": '"Bonn"}'}}
    pieces = [event(choices=[{"delta": {"tool_calls": [part]}}]) for part in (call, more)]
    transport = ScriptedTransport(one=[Reply((pieces[0],))], two=[Reply((*pieces, *finish("tool_calls")))])
    events = await events_of(engine_of(transport, settings_of("one", "two")), job())
    assert [type(happened) for happened in events[:3]] == [Routed, ToolCallDelta, Reset]
    calls = of_type(events, ToolCallDelta)[1:]
    assert "".join(delta.arguments for delta in calls) == '{"city":"Bonn"}'
    assert (calls[0].id, calls[0].name, of_type(events, Done)[0].stop) == ("c1", "weather", Stop.TOOL_CALLS)


@virtual_time
async def test_a_stream_without_its_sentinel_is_whole():
    """A stream that said why it ends, then ends, needs no more."""
    transport = ScriptedTransport(one=[Reply((piece("whole"), *finish()[:1]))])
    events = await events_of(engine_of(transport, settings_of("one")), job())
    assert text_of(events) == "whole"
    assert len(transport.calls) == 1


@virtual_time
async def test_a_server_that_lingers_after_the_end_holds_nobody_up():
    """After the sentinel the answer is done at once, though the connection stays open."""
    transport = ScriptedTransport(one=[Reply((piece("whole"), *finish(), 500.0))])
    began = asyncio.get_running_loop().time()
    await events_of(engine_of(transport, settings_of("one")), job())
    assert asyncio.get_running_loop().time() - began < 0.1
    assert not transport.open


@virtual_time
async def test_skipped_events_are_said_in_the_log_without_their_content(caplog):
    """A malformed event is left out; the log says so and nothing of what it held."""
    transport = ScriptedTransport(one=[Reply((piece("a"), b"data: {secret-garbage\n\n", piece("b"), *finish()))])
    with caplog.at_level(logging.INFO, "dragoman"):
        events = await events_of(engine_of(transport, settings_of("one")), job("my private code"))
    assert text_of(events) == "ab"
    assert "1 events of an answer could not be read" in caplog.text
    assert "secret-garbage" not in caplog.text
    assert "my private code" not in caplog.text


@virtual_time
async def test_when_all_fail_each_gets_a_sentence():
    """One line names every candidate's reasons, the first one's too, and what to do."""
    transport = ScriptedTransport(
        one=[refuses(503, "overloaded"), refuses(500, "internal")], two=[refuses(401, "bad key")]
    )
    settings = settings_of("one", "two", retry={"max_retries": 1}, providers={"two": {"api_key": "env:TWO_KEY"}})
    with pytest.raises(AllCandidatesFailed) as failed:
        await events_of(engine_of(transport, settings, keys=Keys(two="k")), job())
    message = str(failed.value)
    assert "\n" not in message
    assert "one (one-model): overloaded, then internal. two (two-model): bad key" in message
    assert "env:TWO_KEY" in message
    assert [provider for provider, _ in failed.value.failures] == ["one", "one", "two"]


@virtual_time
async def test_too_long_for_a_model_is_too_long_for_it_elsewhere():
    """After a context overflow another server with the same model is passed over, a different model is asked."""
    overflow = refuses(400, "This model's maximum context length is 8192 tokens")
    transport = ScriptedTransport(one=[overflow], two=[says("never")], three=[says("large")])
    settings = settings_of("one", "two", "three", providers={"two": {"model": "one-model"}})
    events = await events_of(engine_of(transport, settings), job())
    assert text_of(events) == "large"
    assert transport.hosts == ["one", "three"]


@virtual_time
async def test_several_endpoints_of_one_provider_back_each_other():
    """Each endpoint is a place of its own: the second answers where the first does not, and only the first rests."""
    transport = ScriptedTransport(a=[unreachable()], b=[says("b")])
    settings = settings_of(
        providers={"pool": {"dialect": "openai", "endpoints": ["http://a/v1", "http://b/v1"], "model": "m"}},
        routing={"fallback_order": ["pool"]},
        retry={"max_retries": 0},
        health={"failure_threshold": 1},
    )
    engine = engine_of(transport, settings)
    assert text_of(await events_of(engine, job())) == "b"
    assert text_of(await events_of(engine, job())) == "b"
    assert transport.hosts == ["a", "b", "b"]


@virtual_time
async def test_an_open_breaker_lets_one_trial_through():
    """After failures in a row the provider is left alone; then one request tries it while others go elsewhere."""
    transport = ScriptedTransport(
        one=[refuses(500), refuses(500), Reply((1.0, piece("back"), *finish()))], two=[says("two")]
    )
    engine = engine_of(transport, settings_of("one", "two", health={"failure_threshold": 2}, **QUICK))
    for _ in range(3):
        assert text_of(await events_of(engine, job())) == "two"
    assert transport.hosts == ["one", "two", "one", "two", "two"]
    await asyncio.sleep(5)
    answers = await asyncio.gather(*(events_of(engine, job()) for _ in range(4)))
    assert sorted(map(text_of, answers)) == ["back", "two", "two", "two"]
    assert text_of(await events_of(engine, job())) == "back"


@virtual_time
async def test_a_cancelled_trial_leaves_room_for_another():
    """A trial that the person cancels says nothing about the provider; the next request tries."""
    transport = ScriptedTransport(one=[refuses(500), Reply((50.0,)), says("back")], two=[says("two")])
    engine = engine_of(transport, settings_of("one", "two", health={"failure_threshold": 1}, **QUICK))
    await events_of(engine, job())
    await asyncio.sleep(5)
    trial = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(1)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert text_of(await events_of(engine, job())) == "back"


@virtual_time
async def test_cancelling_closes_the_connection_at_once():
    """Cancelling the task that reads, or closing the stream, leaves no connection and no slot taken."""
    records = []
    transport = ScriptedTransport(one=[Reply((piece("a"), 100.0, *finish()))])
    settings = settings_of("one", providers={"one": {"max_in_flight": 1}})
    engine = engine_of(transport, settings, records=records)
    reading = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(1)
    assert transport.open == ["one"]
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not transport.open
    stream = engine.stream(job())
    while not isinstance(await anext(stream), TextDelta):
        pass
    assert transport.open == ["one"]
    await stream.aclose()
    assert not transport.open
    assert [record.outcome for record in records] == ["cancelled", "cancelled"]
    assert records[0].usage.estimated


@pytest.mark.parametrize("seconds", [0.2, 0.6, 1.2])
@virtual_time
async def test_a_cancel_during_any_wait_ends_the_job(seconds):
    """Cancelled while it waits for headers, in a backoff or between tokens, the job ends there and leaves nothing."""
    transport = ScriptedTransport(one=[Reply(before=(0.5, NetworkError("x"))), Reply((0.1, piece("a"), 9.0))])
    engine = engine_of(transport, settings_of("one"))
    reading = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(seconds)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not transport.open


@virtual_time
async def test_an_empty_request_bucket_is_waited_for_when_short():
    """A request over the own limit waits for the bucket where that is short, and says so."""
    transport = ScriptedTransport(one=[says("x")], two=[says("two")])
    settings = settings_of("one", "two", providers={"one": {"requests_per_minute": 20}})
    engine = engine_of(transport, settings)
    for _ in range(5):
        assert not of_type(await events_of(engine, job()), Waiting)
    events = await events_of(engine, job())
    assert [waiting.seconds for waiting in of_type(events, Waiting)] == [pytest.approx(3.0)]
    assert transport.hosts == ["one"] * 6


@virtual_time
async def test_an_empty_bucket_moves_on_when_the_wait_is_long():
    """A bucket that takes long leads to the next candidate at once, and to nobody's breaker."""
    transport = ScriptedTransport(one=[says("x")], two=[says("two")])
    settings = settings_of("one", "two", providers={"one": {"requests_per_minute": 1}})
    engine = engine_of(transport, settings)
    assert text_of(await events_of(engine, job())) == "x"
    events = await events_of(engine, job())
    assert text_of(events) == "two"
    assert "limit of 1 requests per minute" in of_type(events, Routed)[0].after
    assert (await engine.decide(job())).candidates[0].place.provider == "one"


@virtual_time
async def test_tokens_reserved_are_settled_with_those_used():
    """The token bucket is charged what the provider reported, not what was reserved."""
    transport = ScriptedTransport(one=[Reply((piece("x"), *finish(usage=(10, 0))))])
    settings = settings_of("one", providers={"one": {"tokens_per_minute": 2400}})
    engine = engine_of(transport, settings)
    for _ in range(9):
        assert not of_type(await events_of(engine, job()), Waiting)


@virtual_time
async def test_requests_in_flight_are_bounded():
    """No more run at a time than the setting says; the rest wait their turn and are answered."""
    transport = ScriptedTransport(one=[Reply((1.0, piece("x"), *finish()))])
    most = 0

    async def watch():
        nonlocal most
        while True:
            most = max(most, len(transport.open))
            await asyncio.sleep(0.1)

    settings = settings_of("one", providers={"one": {"max_in_flight": 2}})
    engine = engine_of(transport, settings)
    watching = asyncio.create_task(watch())
    answers = await asyncio.gather(*(events_of(engine, job()) for _ in range(6)))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert most == 2
    assert [text_of(events) for events in answers] == ["x"] * 6


@virtual_time
async def test_a_running_job_keeps_its_settings():
    """New settings hold for the next job; one that is running ends under its own."""
    transport = ScriptedTransport(one=[Reply((piece("a"), 2.0, piece("b"), *finish()))], two=[says("two")])
    engine = engine_of(transport, settings_of("one"))
    running = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(1)
    engine.use(settings_of("two"), Keys())
    assert text_of(await events_of(engine, job())) == "two"
    assert text_of(await running) == "ab"


@virtual_time
async def test_an_explicit_provider_is_asked_alone():
    """A provider named by the request is the only one asked, whatever happens."""
    transport = ScriptedTransport(one=[says("one")], two=[refuses(401)])
    engine = engine_of(transport, settings_of("one", "two"))
    with pytest.raises(AllCandidatesFailed):
        await events_of(engine, job(provider="two"))
    assert transport.hosts == ["two"]


@virtual_time
async def test_an_explicit_model_is_sent():
    """A model named as provider/model goes to that provider under that name."""
    transport = ScriptedTransport(one=[says("one")], two=[says("two")])
    events = await events_of(engine_of(transport, settings_of("one", "two")), job(model="two/special"))
    assert of_type(events, Routed)[0].model == "special"
    assert transport.bodies[0]["model"] == "special"


@virtual_time
async def test_with_nobody_configured_the_person_is_told_what_to_do():
    """Without keys and with Ollama switched off the error names the switch and the variables."""
    settings = settings_of(routing={"fallback_order": ["ollama", "anthropic"]})
    with pytest.raises(NothingToAsk) as nobody:
        await events_of(engine_of(ScriptedTransport(), settings), job())
    assert "ANTHROPIC_API_KEY" in str(nobody.value)
    assert "providers.ollama.enabled" in str(nobody.value)


@virtual_time
async def test_every_attempt_is_recorded_once():
    """Each attempt's end is told with its outcome; failed ones are no completions."""
    records = []
    transport = ScriptedTransport(one=[refuses(500), breaks_after("x")], two=[says("fine")])
    settings = settings_of("one", "two", retry={"max_retries": 1})
    await events_of(engine_of(transport, settings, records=records), job(intent=Intent.ANALYSIS))
    assert [(record.provider, record.outcome) for record in records] == [
        ("one", "server_error"),
        ("one", "streaming"),
        ("two", "done"),
    ]
    assert {record.request for record in records} == {"job-1"}
    assert {record.intent for record in records} == {"analysis"}


@virtual_time
async def test_an_answer_cut_by_its_length_is_whole_and_says_so():
    """An answer that reached the output limit is done, with the stop reason length."""
    transport = ScriptedTransport(one=[Reply((piece("long"), *finish("length")))])
    events = await events_of(engine_of(transport, settings_of("one")), job())
    assert of_type(events, Done)[0].stop is Stop.LENGTH


@virtual_time
async def test_keys_stay_out_of_everything_that_is_said(caplog):
    """A key is in no event, no error and no log line."""
    key = "sk-very-secret-0123456789"
    transport = ScriptedTransport(one=[refuses(500)])
    settings = settings_of("one", providers={"one": {"api_key": "env:ONE"}})
    with caplog.at_level(logging.DEBUG), pytest.raises(AllCandidatesFailed) as failed:
        await events_of(engine_of(transport, settings, keys=Keys(one=key)), job())
    assert key not in caplog.text + str(failed.value) + repr(failed.value)


@virtual_time
async def test_an_ollama_that_nobody_spoke_of_is_passed_over_quietly():
    """Where it was only assumed its absence is no news and costs no retry; where all fail it is told with the rest."""
    transport = ScriptedTransport(**{"localhost:11434": [unreachable()], "one": [says("fine"), refuses(401)]})
    settings = Settings.model_validate(
        {"providers": {"one": {"dialect": "openai", "base_url": "http://one/v1", "model": "m"}}}
    )
    engine = engine_of(transport, settings)
    events = await events_of(engine, job(intent=Intent.CODE))
    assert [routed.after for routed in of_type(events, Routed)] == [None]
    assert transport.hosts == ["localhost:11434", "one"]
    with pytest.raises(AllCandidatesFailed, match="`ollama serve`"):
        await events_of(engine, job(intent=Intent.CODE))
