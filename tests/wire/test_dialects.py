"""Every dialect of `providers/` against the simulator's, over real sockets: two hands that wrote one wire apart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
import pytest_asyncio

from dragoman.core.chat import (
    Effort,
    FillRequest,
    FinishDelta,
    ImagePart,
    JsonOutput,
    Message,
    Request,
    SignatureDelta,
    Stop,
    TextDelta,
    TextPart,
    ThinkingDelta,
    ThinkingPart,
    Tool,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
    Usage,
    UsageDelta,
    system,
    user,
)
from dragoman.core.errors import (
    AttemptTimeout,
    Authentication,
    ContentFilter,
    ContextLength,
    InvalidRequest,
    ModelUnavailable,
    NetworkError,
    QuotaExceeded,
    RateLimit,
    ServerError,
    StreamingError,
    UnknownProviderError,
)
from dragoman.core.settings import Timeouts
from dragoman.engine.attempt import answer
from dragoman.engine.http import HttpTransport, whole_body
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers import DIALECTS, PRESETS, spoken
from dragoman.providers.base import Azure, Options, Target, Vertex
from dragoman.simulator import Fault, Reply, Simulator, ToolCall, saying_json
from dragoman.simulator.embeddings import vector

pytestmark = pytest.mark.asyncio(loop_scope="module")

USAGE = Usage(20, 9, 5, 3)


@dataclass(frozen=True)
class Row:
    """One way to ask one dialect. name: the simulator's. counts: the tokens that the vendor tells, of `USAGE`."""

    dialect: str
    name: str
    model: str = "scripted-chat"
    path: str = ""
    options: Options = field(default_factory=Options)
    counts: Usage = USAGE
    signs: bool = False

    def target(self, simulator: Simulator) -> Target:
        """The simulator as this dialect's endpoint."""
        return Target(self.name, simulator.url + self.path, self.model, "no-key", self.options)


DATED = Azure(api_version="2024-10-21", deployments={"scripted-chat": "my deployment"})
ROWS = {
    "openai": Row("openai", "openai", path="/v1"),
    "openai, reasoning model": Row("openai", "openai", model="gpt-5-mini", path="/v1"),
    "openai-responses": Row("openai-responses", "openai", model="gpt-5-mini", path="/v1", signs=True),
    "azure": Row("azure", "azure"),
    "azure, dated": Row("azure", "azure", options=Options(azure=DATED)),
    "azure, responses": Row("azure", "azure", "gpt-5-codex", options=Options(azure=Azure(bearer=True)), signs=True),
    "anthropic": Row("anthropic", "anthropic", model="claude-sonnet-4-5", counts=Usage(20, 9, 5), signs=True),
    "anthropic, adaptive": Row("anthropic", "anthropic", "claude-opus-4-7", counts=Usage(20, 9, 5), signs=True),
    "ollama": Row("ollama", "ollama", counts=Usage(20, 9)),
    "gemini": Row("gemini", "gemini", model="gemini-2.5-flash", signs=True),
    "gemini 3": Row("gemini", "gemini", model="gemini-3-pro-preview", signs=True),
    "vertex": Row("gemini", "vertex", "gemini-2.5-pro", options=Options(vertex=Vertex("p", "global")), signs=True),
}
ASKED = Request((system("Be brief."), user("Is all well?")), max_output_tokens=4096)
ANSWER = Reply(text=("Grüße ", "an ", "alle 🎉"), thinking=("let me ", "see"), usage=USAGE)
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
TOOLS = (
    Tool("read_file", "Reads a file.", SCHEMA),
    Tool("list_files", "Lists files.", {"type": "object", "properties": {}}),
)
CALLING = Reply(
    text=("One moment.",), tools=(ToolCall("read_file", ('{"path":', '"a.py"}')), ToolCall("list_files", ("{}",)))
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture(params=ROWS)
def row(request):
    """Each way in turn."""
    return ROWS[request.param]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def transport():
    """The engine's own, once for all: certificates take long to load."""
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    yield transport
    await transport.close()
    workers.close()


@pytest.fixture
def run(transport):
    """Makes one attempt at a call, as the engine does, and gives its deltas."""

    async def run(dialect, call, **limits):
        return [delta async for delta in answer(call, dialect, transport, Timeouts(**limits))]

    return run


@pytest.fixture
def ask(run):
    """Asks the row's dialect at the simulator, and gives the deltas."""

    async def ask(row, simulator, request, **limits):
        target = row.target(simulator)
        dialect = spoken(row.dialect, target)
        return await run(dialect, dialect.call(request, target), **limits)

    return ask


@pytest.fixture
def fetch(transport):
    """The whole body of a response that is no stream."""

    async def fetch(call):
        async with transport.stream(call, connect_seconds=5) as response:
            assert response.status == 200
            return await whole_body(response)

    return fetch


def text_of(deltas, kind=TextDelta):
    """The text, or the thinking."""
    return "".join(delta.text for delta in deltas if isinstance(delta, kind))


def calls_of(deltas):
    """The tool calls, put together."""
    calls = {}
    for delta in deltas:
        if isinstance(delta, ToolCallDelta):
            id_, name, arguments = calls.get(delta.index, ("", "", ""))
            calls[delta.index] = (id_ or delta.id, name or delta.name, arguments + delta.arguments)
    return list(calls.values())


async def test_every_dialect_is_here():
    """No dialect of the table is left out."""
    assert {row.dialect for row in ROWS.values()} == set(DIALECTS)


async def test_text_thinking_and_tokens(row, ask):
    """The answer comes through with thinking apart, every token that the vendor counts, and its end."""
    async with Simulator(ANSWER, key="no-key") as simulator:
        deltas = await ask(row, simulator, ASKED)
    assert text_of(deltas) == "Grüße an alle 🎉"
    assert text_of(deltas, ThinkingDelta) == "let me see"
    assert [delta.usage for delta in deltas if isinstance(delta, UsageDelta)][-1] == row.counts
    assert deltas[-1] == FinishDelta(Stop.STOP)
    call = simulator.completions[0]
    assert (call.dialect, call.system, call.prompt) == (row.name, "Be brief.", "Is all well?")
    signatures = [delta.signature for delta in deltas if isinstance(delta, SignatureDelta)]
    assert len(signatures) == (1 if row.signs else 0)


async def test_it_stops_at_its_limit(row, ask):
    """An answer that is cut off by the limit says so."""
    async with Simulator(replace(ANSWER, stop=Stop.LENGTH)) as simulator:
        deltas = await ask(row, simulator, ASKED)
    assert deltas[-1] == FinishDelta(Stop.LENGTH)


async def test_tool_calls(row, ask):
    """Tool calls come through with names, ids and arguments, wherever the vendor cuts them."""
    async with Simulator(CALLING) as simulator:
        deltas = await ask(row, simulator, replace(ASKED, tools=TOOLS))
    calls = calls_of(deltas)
    named = [(name, json.loads(arguments)) for _, name, arguments in calls]
    assert named == [("read_file", {"path": "a.py"}), ("list_files", {})]
    assert len({id_ for id_, _, _ in calls if id_}) == 2
    assert deltas[-1] == FinishDelta(Stop.TOOL_CALLS)


@pytest.mark.parametrize("own", [True, False], ids=["own", "of-another"])
@pytest.mark.parametrize("choice", ["auto", "none", "required", "read_file"])
async def test_a_conversation_with_tools_and_a_picture_goes_on(row, own, choice, ask):
    """What a model thought and called is taken in the next turn, also where another endpoint wrote it."""
    reply = replace(CALLING, thinking=("hm",))
    async with Simulator([reply, ANSWER]) as simulator:
        asked = replace(
            ASKED,
            tools=TOOLS,
            messages=(system("Be brief."), Message("user", (TextPart("What?"), ImagePart("image/png", PNG)))),
        )
        deltas = await ask(row, simulator, asked)
        if row.name == "ollama" and choice not in ("auto", "none"):
            with pytest.raises(InvalidRequest, match="can't make a model use a tool"):
                await ask(row, simulator, replace(asked, tool_choice=choice))
            return
        origin = row.target(simulator).origin if own else "elsewhere https://elsewhere.invalid"
        signature = "".join(delta.signature for delta in deltas if isinstance(delta, SignatureDelta))
        calls = calls_of(deltas)
        said = (
            ThinkingPart("hm", signature, origin),
            TextPart("One moment."),
            *(ToolCallPart(id_, name, arguments, origin) for id_, name, arguments in calls),
        )
        results = tuple(ToolResultPart(id_, "nothing there", is_error=True) for id_, _, _ in calls)
        messages = (*asked.messages, Message("assistant", said), Message("user", results))
        deltas = await ask(row, simulator, replace(asked, messages=messages, tool_choice=choice))
    assert text_of(deltas) == "Grüße an alle 🎉"
    assert "nothing there" in json.dumps(simulator.completions[1].body)


@pytest.mark.parametrize("effort", Effort)
async def test_every_effort_is_taken(row, effort, ask):
    """However long a model is to think, the vendor takes the request, with sampling and stop texts beside it."""
    asked = replace(ASKED, thinking=effort, temperature=0.4, top_p=0.9, stop=("\n\n", "END", "a", "b", "c", "d"))
    async with Simulator(ANSWER) as simulator:
        assert text_of(await ask(row, simulator, asked)) == "Grüße an alle 🎉"


@pytest.mark.parametrize("output", [JsonOutput(), JsonOutput(SCHEMA, "place")], ids=["object", "schema"])
async def test_json(row, output, ask):
    """JSON is asked for in the vendor's way and comes through."""
    async with Simulator(saying_json({"path": "a.py"})) as simulator:
        deltas = await ask(row, simulator, replace(ASKED, output=output))
    assert json.loads(text_of(deltas)) == {"path": "a.py"}


ERRORS = {
    Fault.BAD_REQUEST: InvalidRequest,
    Fault.UNAUTHORIZED: Authentication,
    Fault.FORBIDDEN: Authentication,
    Fault.MODEL_NOT_FOUND: ModelUnavailable,
    Fault.REQUEST_TIMEOUT: ServerError,
    Fault.UNPROCESSABLE: InvalidRequest,
    Fault.RATE_LIMIT: RateLimit,
    Fault.RATE_LIMIT_SECONDS: RateLimit,
    Fault.RATE_LIMIT_MS: RateLimit,
    Fault.RATE_LIMIT_DATE: RateLimit,
    Fault.SERVER_ERROR: ServerError,
    Fault.BAD_GATEWAY: ServerError,
    Fault.UNAVAILABLE: ServerError,
    Fault.UNAVAILABLE_SECONDS: RateLimit,
    Fault.OVERLOADED: ServerError,
    Fault.QUOTA: QuotaExceeded,
    Fault.CONTEXT_LENGTH: ContextLength,
    Fault.CONTENT_FILTER: ContentFilter,
    Fault.REDIRECT: UnknownProviderError,
    Fault.WEB_PAGE: UnknownProviderError,
    Fault.DISCONNECT: NetworkError,
    Fault.TLS_NONSENSE: NetworkError,
    Fault.GZIP_GARBAGE: StreamingError,
    Fault.EMPTY_STREAM: StreamingError,
    Fault.CUT: StreamingError,
    Fault.CUT_CLEANLY: StreamingError,
    Fault.SHORTENED: StreamingError,
    Fault.MALFORMED_EVENTS: StreamingError,
    Fault.ENDLESS_LINE: StreamingError,
    Fault.ERROR_IN_STREAM: ServerError,
}
SILENCE = {
    Fault.HANG_HEADERS: "headers",
    Fault.HANG_FIRST_TOKEN: "first_token",
    Fault.STALL: "silence",
    Fault.KEEPALIVES: "silence",
}
HARMLESS = (Fault.NO_SENTINEL, Fault.LINGERS, Fault.WRONG_CONTENT_TYPE, Fault.MALFORMED_EVENT, Fault.SLOW_DRIP)


async def test_every_fault_is_here():
    """No fault is left out."""
    assert {*ERRORS, *SILENCE, *HARMLESS} == set(Fault)


@pytest.mark.parametrize("fault", ERRORS)
async def test_a_fault_is_its_error(row, fault, ask):
    """Each fault, in the vendor's own shape, is the error that the engine decides by, in one line without the key."""
    async with Simulator(replace(ANSWER, fault=fault, retry_after=3)) as simulator:
        with pytest.raises(ERRORS[fault]) as failed:
            await ask(row, simulator, ASKED)
    assert type(failed.value) is ERRORS[fault]
    assert "\n" not in str(failed.value)
    assert "no-key" not in str(failed.value)
    if fault in (Fault.RATE_LIMIT_SECONDS, Fault.RATE_LIMIT_MS, Fault.UNAVAILABLE_SECONDS):
        assert failed.value.retry_after == 3
    if fault is Fault.RATE_LIMIT:
        assert failed.value.retry_after is None


@pytest.mark.parametrize("fault", SILENCE)
async def test_silence_is_its_limit(row, fault, ask):
    """A provider that falls silent is given up at the limit that the silence lies in."""
    limits = {"first_token": 0.2} if SILENCE[fault] != "silence" else {"silence": 0.2}
    async with Simulator(replace(ANSWER, fault=fault)) as simulator:
        with pytest.raises(AttemptTimeout) as late:
            await ask(row, simulator, ASKED, **limits)
    assert late.value.limit == SILENCE[fault]


@pytest.mark.parametrize("fault", HARMLESS)
async def test_what_is_harmless_is_a_whole_answer(row, fault, ask):
    """What a careful reader can bear is borne."""
    async with Simulator(replace(ANSWER, fault=fault, between=0.0001)) as simulator:
        deltas = await ask(row, simulator, ASKED)
    assert text_of(deltas) == "Grüße an alle 🎉"
    assert deltas[-1] == FinishDelta(Stop.STOP)


async def test_an_answer_that_the_filter_stops_is_no_answer(row, ask):
    """Where the vendor's filter stops the answer, it is an error or a stop of its own, never an ordinary end."""
    async with Simulator(replace(ANSWER, stop=Stop.CONTENT_FILTER)) as simulator:
        if row.name == "ollama":
            return  # has no such stop
        try:
            deltas = await ask(row, simulator, ASKED)
        except ContentFilter:
            return
    assert deltas[-1] == FinishDelta(Stop.CONTENT_FILTER)


async def test_the_list_of_models(row, fetch):
    """The names of the models come through."""
    async with Simulator(ANSWER, models=("one", "two"), key="no-key") as simulator:
        target = row.target(simulator)
        dialect = spoken(row.dialect, target)
        assert dialect.models(await fetch(dialect.models_call(target))) == ("one", "two")


@pytest.mark.parametrize("name", ["ollama", "gemini", "vertex"])
async def test_what_a_model_can_do(name, fetch):
    """A server that describes its models is understood."""
    row = ROWS[name]
    async with Simulator(ANSWER, key="no-key") as simulator:
        target = row.target(simulator)
        dialect = DIALECTS[row.dialect]
        described = dialect.described(await fetch(dialect.describe_call(target)), row.model)
    assert described.context == {"ollama": 32768, "gemini": 1_048_576, "vertex": None}[name]


@pytest.mark.parametrize("name", ["openai", "azure", "azure, dated", "ollama", "gemini", "vertex"])
async def test_embeddings(name, fetch):
    """One vector a text, in their order; on Vertex AI by either of its methods."""
    row = ROWS[name]
    texts = ("red fox", "tax law")
    for model in (row.model, "text-embedding-005") if name == "vertex" else (row.model,):
        async with Simulator(ANSWER, key="no-key") as simulator:
            target = replace(row.target(simulator), model=model)
            dialect = DIALECTS[row.dialect]
            vectors = dialect.embeddings(await fetch(dialect.embed_call(texts, target)))
        assert vectors == tuple(pytest.approx(vector(text)) for text in texts)


FILLING = {
    "openai": ("openai", "openai", "/v1"),
    "azure": ("azure", "azure", ""),
    "mistral": ("openai", "mistral", "/v1"),
    "deepseek": ("openai", "openai", ""),
    "llamacpp": ("openai", "llamacpp", "/v1"),
    "ollama": ("ollama", "ollama", ""),
}


@pytest.mark.parametrize("name", FILLING)
async def test_a_gap_is_filled(name, run):
    """What belongs between two texts is asked for in the vendor's own way, and comes through with its tokens."""
    dialect_name, simulated, path = FILLING[name]
    quirks = PRESETS[name].quirks
    stream_usage = PRESETS[name].stream_usage
    dialect = DIALECTS[dialect_name]
    filler = SimpleNamespace(reader=dialect.fill_reader, error=dialect.error)
    gap = FillRequest("def f(", "): pass", max_output_tokens=64, temperature=0.2, stop=("\n\n",))
    async with Simulator([Reply(text=("a, ", "b")), Reply(fault=Fault.CUT)], key="no-key") as simulator:
        options = Options(quirks=quirks, stream_usage=stream_usage)
        target = Target(name, simulator.url + path, "scripted-coder", "no-key", options)
        deltas = await run(filler, dialect.fill_call(gap, target))
        with pytest.raises(StreamingError):
            await run(filler, dialect.fill_call(gap, target))
    assert text_of(deltas) == "a, b"
    assert deltas[-1] == FinishDelta(Stop.STOP)
    assert [delta.usage.input_tokens for delta in deltas if isinstance(delta, UsageDelta)][-1] == 12
    call = simulator.completions[0]
    assert (call.dialect, call.prompt, call.suffix) == (simulated, "def f(", "): pass")
