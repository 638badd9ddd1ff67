"""The engine against scripted providers on real sockets: every dialect, every fault, and whether it hangs up."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.chat import Request, Stop, TextDelta, ThinkingDelta, system, user
from dragoman.core.errors import AllCandidatesFailed, ContentFilter, DragomanError, InvalidRequest
from dragoman.core.events import Done, Reset, Routed
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.settings import Settings
from dragoman.engine.http import HttpTransport
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers
from dragoman.simulator import Fault, Reply, Simulator, by_prefix, closed_url, in_order

DIALECTS = ("openai", "anthropic", "ollama")
AT_ONCE = 2.0
"""Far less than any of the engine's own limits. How few milliseconds it takes, tests/lsp/test_process.py says."""
QUICK = {"retry": {"max_retries": 0, "base_delay_ms": 1}}
SHORT_LIMITS = {
    Fault.HANG_HEADERS: {"first_token": 1.0},
    Fault.HANG_FIRST_TOKEN: {"first_token": 1.0},
    Fault.STALL: {"silence": 1.0},
    Fault.KEEPALIVES: {"silence": 1.0},
}
"""Only where silence is what the test waits for: elsewhere a slow machine must not look like a silent provider."""
FINE = Reply(text=("All ", "is ", "well."), thinking=("hm",))

NO_FAILOVER = {
    Fault.BAD_REQUEST: InvalidRequest,
    Fault.UNPROCESSABLE: InvalidRequest,
    Fault.CONTENT_FILTER: ContentFilter,
}
HARMLESS = {Fault.NO_SENTINEL, Fault.LINGERS, Fault.WRONG_CONTENT_TYPE, Fault.MALFORMED_EVENT, Fault.SLOW_DRIP}
SHOWS_TEXT = {
    Fault.STALL,
    Fault.KEEPALIVES,
    Fault.CUT,
    Fault.CUT_CLEANLY,
    Fault.SHORTENED,
    Fault.ERROR_IN_STREAM,
    Fault.MALFORMED_EVENTS,
    Fault.ENDLESS_LINE,
}
KINDS = {
    Fault.HANG_HEADERS: "timeout",
    Fault.HANG_FIRST_TOKEN: "timeout",
    Fault.STALL: "timeout",
    Fault.KEEPALIVES: "timeout",
    Fault.DISCONNECT: "network_error",
    Fault.TLS_NONSENSE: "network_error",
    Fault.UNAUTHORIZED: "authentication",
    Fault.FORBIDDEN: "authentication",
    Fault.MODEL_NOT_FOUND: "model_unavailable",
    Fault.REQUEST_TIMEOUT: "server_error",
    Fault.RATE_LIMIT: "rate_limit",
    Fault.RATE_LIMIT_SECONDS: "rate_limit",
    Fault.RATE_LIMIT_MS: "rate_limit",
    Fault.RATE_LIMIT_DATE: "rate_limit",
    Fault.SERVER_ERROR: "server_error",
    Fault.BAD_GATEWAY: "server_error",
    Fault.UNAVAILABLE: "server_error",
    Fault.UNAVAILABLE_SECONDS: "rate_limit",
    Fault.OVERLOADED: "server_error",
    Fault.QUOTA: "quota_exceeded",
    Fault.CONTEXT_LENGTH: "context_length",
    Fault.REDIRECT: "unknown",
    Fault.WEB_PAGE: "unknown",
    Fault.CUT: "streaming",
    Fault.CUT_CLEANLY: "streaming",
    Fault.SHORTENED: "streaming",
    Fault.EMPTY_STREAM: "streaming",
    Fault.MALFORMED_EVENTS: "streaming",
    Fault.ENDLESS_LINE: "streaming",
    Fault.GZIP_GARBAGE: "streaming",
}


class Keys:
    """No keys at all."""

    async def secret(self, provider):
        return None

    def fault(self, provider):
        return ""


@asynccontextmanager
async def engine_on(settings, records=None):
    """An engine over real HTTP, and nothing that blocks its loop."""
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    try:
        with blockbuster_ctx():
            on_attempt = (records if records is not None else []).append
            yield Engine(Settings.model_validate(settings), transport, Keys(), on_attempt=on_attempt)
    finally:
        await transport.close()
        workers.close()


def settings_of(simulator: Simulator, dialect: str, **more) -> dict:
    """Two providers of one dialect on the simulator: `bad` is asked first, then `good`."""
    tail = "/v1" if dialect == "openai" else ""
    providers = {
        name: {"dialect": dialect, "base_url": f"{simulator.url}/{name}{tail}", "model": f"{name}-model"}
        for name in ("bad", "good")
    }
    routing = {"fallback_order": ("bad", "good"), "prefer_local_for": ()}
    return {"providers": {**providers, "ollama": {"enabled": False}}, "routing": routing} | QUICK | more


def job(*, can_reset: bool = True, **hints) -> Job:
    """A request as an action makes it."""
    request = Request((system("Be brief."), user("Is all well?")), max_output_tokens=64)
    return Job("wire-1", request, LabelledIntent(Intent.GENERAL, "action", "test"), Hints(**hints), can_reset)


async def events_of(engine: Engine, asked: Job) -> list:
    """All of the events."""
    return [event async for event in engine.stream(asked)]


def text_of(events: list) -> str:
    """The answer's text after the last reset."""
    text = ""
    for event in events:
        text = "" if isinstance(event, Reset) else text + event.text if isinstance(event, TextDelta) else text
    return text


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_answer_streams_in_every_dialect(dialect):
    """Thinking, text, usage and stop reason come through, and the call carries the model and both messages."""
    async with Simulator(FINE) as simulator, engine_on(settings_of(simulator, dialect)) as engine:
        events = await events_of(engine, job())
    done = events[-1]
    assert isinstance(done, Done)
    assert text_of(events) == "All is well."
    assert [event.text for event in events if isinstance(event, ThinkingDelta)] == ["hm"]
    assert (done.stop, done.usage.input_tokens, done.usage.estimated) == (Stop.STOP, 12, False)
    call = simulator.completions[0]
    assert (call.model, call.prompt, call.system) == ("bad-model", "Is all well?", "Be brief.")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in HARMLESS and fault not in NO_FAILOVER])
async def test_every_fault_is_rescued_by_the_next(fault, dialect):
    """Whatever happens to the first provider, the second one's whole answer is what stands at the end."""
    records = []
    script = by_prefix({"/bad": in_order(Reply(fault=fault, retry_after=60))}, in_order(FINE))
    async with Simulator(script) as simulator:
        settings = settings_of(simulator, dialect)
        settings["providers"]["bad"]["timeouts"] = SHORT_LIMITS.get(fault)
        async with engine_on(settings, records) as engine:
            events = await events_of(engine, job())
    assert text_of(events) == "All is well."
    assert [event.provider for event in events if isinstance(event, Routed)] == ["bad", "good"]
    assert any(isinstance(event, Reset) for event in events) is (fault in SHOWS_TEXT)
    assert [record.outcome for record in records][1] == "done"
    if fault in KINDS:
        assert records[0].outcome == KINDS[fault]
    assert len(simulator.completions) == 2


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", sorted(HARMLESS))
async def test_what_is_harmless_is_a_whole_answer(fault, dialect):
    """A missing sentinel, an open connection, a wrong content type, one bad event, single bytes: still the answer."""
    reply = Reply(text=FINE.text, fault=fault, between=0.001)
    async with Simulator(reply) as simulator, engine_on(settings_of(simulator, dialect)) as engine:
        async with asyncio.timeout(10):  # a body that lingers is not waited for
            events = await events_of(engine, job())
    assert text_of(events) == "All is well."
    assert isinstance(events[-1], Done)
    assert len(simulator.completions) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", sorted(NO_FAILOVER))
async def test_a_wrong_request_is_told_and_not_sent_on(fault, dialect):
    """The person gets the provider's reason, and the second provider is never asked."""
    async with Simulator(Reply(fault=fault)) as simulator, engine_on(settings_of(simulator, dialect)) as engine:
        with pytest.raises(NO_FAILOVER[fault], match=r"^bad \(bad-model\): ."):
            await events_of(engine, job())
    assert len(simulator.completions) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.CUT, Fault.EMPTY_STREAM, Fault.RATE_LIMIT_MS])
async def test_a_retry_rescues_the_only_provider(fault, dialect):
    """A provider that fails once answers the second time."""
    script = in_order(Reply(fault=fault, retry_after=0.05), FINE)
    retry = {"max_retries": 1, "base_delay_ms": 1}
    async with Simulator(script) as simulator, engine_on(settings_of(simulator, dialect, retry=retry)) as engine:
        events = await events_of(engine, job(provider="bad"))
    assert text_of(events) == "All is well."
    assert len(simulator.completions) == 2


@pytest.mark.parametrize("fault", sorted(SHOWS_TEXT - {Fault.STALL, Fault.KEEPALIVES}))
async def test_who_cannot_reset_gets_an_error_after_the_first_text(fault):
    """After a break in mid-answer nobody else's text is mixed in."""
    script = by_prefix({"/bad": in_order(Reply(fault=fault))}, in_order(FINE))
    async with Simulator(script) as simulator, engine_on(settings_of(simulator, "openai")) as engine:
        with pytest.raises(DragomanError, match=r"^bad"):
            await events_of(engine, job(can_reset=False))
    assert len(simulator.completions) == 1


async def test_a_refused_connection_is_rescued_and_told():
    """Nothing listens at the first endpoint: the next one answers, and the message of a lone failure says where."""
    with closed_url() as nowhere:
        async with Simulator(FINE) as simulator:
            settings = settings_of(simulator, "openai")
            settings["providers"]["bad"]["base_url"] = f"{nowhere}/v1"
            async with engine_on(settings) as engine:
                assert text_of(await events_of(engine, job())) == "All is well."
                with pytest.raises(
                    AllCandidatesFailed, match=rf"bad .bad-model.: nothing answers at {nowhere}; is the"
                ):
                    await events_of(engine, job(provider="bad"))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", [Fault.HANG_HEADERS, Fault.HANG_FIRST_TOKEN, Fault.STALL, None])
async def test_a_cancel_hangs_up_at_once(dialect, fault):
    """Cancelled in any phase, the provider sees its connection closed, long before any time limit ends."""
    reply = Reply(text=("word ",) * 2000, between=0.01, fault=fault)
    async with Simulator(reply) as simulator, engine_on(settings_of(simulator, dialect)) as engine:
        reading = asyncio.create_task(events_of(engine, job()))
        call = await simulator.completion()
        await asyncio.sleep(0.05)
        reading.cancel()
        cancelled_at = asyncio.get_running_loop().time()
        await call.hung_up.wait()
        assert call.hung_up_at - cancelled_at < AT_ONCE
        await asyncio.wait({reading})
        assert reading.cancelled()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_closing_the_stream_hangs_up_at_once(dialect):
    """Whoever closes the events in mid-answer closes the provider's connection, long before any time limit ends."""
    reply = Reply(text=("word ",) * 2000, between=0.01)
    async with Simulator(reply) as simulator, engine_on(settings_of(simulator, dialect)) as engine:
        async with aclosing(engine.stream(job())) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            closed_at = asyncio.get_running_loop().time()
        call = simulator.completions[0]
        await call.hung_up.wait()
        assert call.hung_up_at - closed_at < AT_ONCE


async def test_nothing_is_left_running():
    """After answers, failovers and cancels no task is left."""
    script = by_prefix({"/bad": in_order(Reply(fault=Fault.CUT))}, in_order(FINE))
    before = asyncio.all_tasks()
    async with Simulator(script) as simulator, engine_on(settings_of(simulator, "openai")) as engine:
        await asyncio.gather(*(events_of(engine, job()) for _ in range(8)))
        reading = asyncio.create_task(events_of(engine, job()))
        await simulator.completion(16)
        reading.cancel()
        await asyncio.wait({reading})
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_the_model_is_chosen_from_ollamas_list():
    """Without a model in the settings a server's own list gives one, for code one that says code; the list is kept."""
    async with Simulator(FINE, models=("nomic-embed-text", "llama3", "qwen-coder")) as simulator:
        settings = {"providers": {"ollama": {"base_url": simulator.url}}} | QUICK
        async with engine_on(settings) as engine:
            for _ in range(2):
                events = await events_of(engine, job(intent=Intent.CODE))
    assert [event.model for event in events if isinstance(event, Routed)] == ["qwen-coder"]
    assert [call.model for call in simulator.completions] == ["qwen-coder"] * 2
    assert len(simulator.calls) == 3


async def test_an_ollama_without_models_says_what_to_pull():
    """A server with nothing but embedding models leads to the pull command."""
    async with (
        Simulator(FINE, models=("nomic-embed-text",)) as simulator,
        engine_on({"providers": {"ollama": {"base_url": simulator.url}}} | QUICK) as engine,
    ):
        with pytest.raises(AllCandidatesFailed, match=r"`dragoman providers pull qwen2\.5-coder:7b`"):
            await events_of(engine, job())
