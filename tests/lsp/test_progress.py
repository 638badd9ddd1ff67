"""What is seen while a model writes: the progress bar of every editor, and a plugin's partial results."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.chat import Stop, TextDelta, ThinkingDelta, Usage
from dragoman.core.events import Done, Reset, Routed, UsageReport, Waiting
from dragoman.lsp.progress import (
    COALESCE_SECONDS,
    CREATE_SECONDS,
    GRANT_SECONDS,
    REPORT_SECONDS,
    PartialResults,
    Progress,
    WorkDone,
)
from lsp.clients import HELIX, initialize_params
from lsp.desk import FULL, PLAIN, Bench, span

OLLAMA = Routed("ollama", "small", "http://localhost:11434", True, "explanation", "explanation goes there", 1)
CLAUDE = Routed(
    "anthropic",
    "large",
    "https://api.anthropic.com",
    False,
    "explanation",
    "next",
    2,
    after="ollama cut the answer off",
)
DONE = Done("anthropic", "large", Stop.STOP, Usage(12, 7), 2.34567, 0.4567, 2)
RUN = {"action": "explain", "textDocument": {"uri": "file:///project/a.txt"}, "range": span(0, 0, 0, 4)}


class Script:
    """A completer that plays events; a number waits so many seconds."""

    def __init__(self, *steps) -> None:
        self.steps = steps

    async def stream(self, job):
        for step in self.steps:
            if isinstance(step, int | float):
                await asyncio.sleep(step)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step


async def played(open_desk, *steps, capabilities=FULL, **more):
    """The desk and the response after a run whose model plays the steps."""
    services = Bench()
    services.completer = Script(*steps)
    desk = await open_desk(capabilities, services=services)
    desk.on["window/showDocument"] = lambda params: {"success": True}
    desk.open("some text")
    _, response = desk.ask("dragoman/run", {**RUN, **more})
    await response
    return desk, response.result()


def kinds(values):
    """Their kinds."""
    return [value["kind"] for value in values]


# Partial results


async def test_partial_results_in_order(open_desk):
    """Route, thinking, deltas, usage and done come in the engine's order, and the deltas make up the answer."""
    desk, message = await played(
        open_desk,
        OLLAMA,
        ThinkingDelta("hm "),
        ThinkingDelta("hm"),
        1,
        TextDelta("Be"),
        1,
        TextDelta("cause."),
        UsageReport("ollama", "small", Usage(12, 7, 3, 2, estimated=True)),
        Done("ollama", "small", Stop.STOP, Usage(12, 7), 2.34567, 0.4567, 1),
        partialResultToken="part",
        apply=False,
    )
    values = desk.progress("part")
    assert kinds(values) == ["route", "thinking", "thinking", "delta", "delta", "usage", "done"]
    assert values[0] == {
        "kind": "route",
        "provider": "ollama",
        "model": "small",
        "local": True,
        "intent": "explanation",
        "reason": "explanation goes there",
        "attempt": 1,
    }
    assert "".join(value["text"] for value in values if value["kind"] == "delta") == "Because."
    assert values[-2] == {
        "kind": "usage",
        "provider": "ollama",
        "model": "small",
        "inputTokens": 12,
        "outputTokens": 7,
        "cachedTokens": 3,
        "reasoningTokens": 2,
        "estimated": True,
    }
    assert values[-1] == {
        "kind": "done",
        "provider": "ollama",
        "model": "small",
        "stop": "stop",
        "seconds": 2.346,
        "firstTokenSeconds": 0.457,
        "attempts": 1,
        "costUsd": None,
        "cached": False,
    }
    assert message["result"]["markdown"].strip() == "Because."
    assert (message["result"]["provider"], message["result"]["model"]) == ("ollama", "small")


async def test_failover_resets_what_was_shown(open_desk):
    """After a failover the client is told to throw away the text, then who answers now and what happened before."""
    reset = Reset("ollama cut the answer off")
    desk, _ = await played(
        open_desk, OLLAMA, TextDelta("Be"), reset, CLAUDE, TextDelta("Whole."), DONE, partialResultToken=7, apply=False
    )
    values = desk.progress(7)
    assert kinds(values) == ["route", "delta", "reset", "route", "delta", "done"]
    assert values[2]["reason"] == "ollama cut the answer off"
    assert values[3]["after"] == "ollama cut the answer off"


async def test_no_done_without_an_answer(open_desk):
    """A run that fails ends its deltas, and nothing says that it was done."""
    desk, message = await played(
        open_desk, OLLAMA, TextDelta("Be"), TextDelta("cau"), ZeroDivisionError(), partialResultToken="part"
    )
    assert kinds(desk.progress("part")) == ["route", "delta", "delta"]
    assert "error" in message


async def test_partial_results_of_a_command(desk):
    """A command's argument may hold the token too."""
    desk.open("some text")
    command = {"command": "dragoman.explain", "arguments": [{**RUN, "partialResultToken": "part", "apply": False}]}
    _, response = desk.ask("workspace/executeCommand", command)
    await desk.settle()
    desk.services.completer.say("Because.")
    await response
    assert kinds(desk.progress("part")) == ["route", "delta", "done"]


async def test_first_delta_goes_out_at_once(desk):
    """The first piece of text is on its way before anything else happens."""
    partial = PartialResults(desk.server.protocol, "part")
    partial.text("delta", "Be")
    assert desk.progress("part") == [{"kind": "delta", "text": "Be"}]


async def test_deltas_are_coalesced(desk):
    """Text that comes quickly goes out together, no text is lost, and a pause makes the next piece a first one."""
    partial = PartialResults(desk.server.protocol, "part")
    started = asyncio.get_running_loop().time()
    for number in range(1000):
        partial.text("delta", f"{number} ")
        await asyncio.sleep(0.001)
    partial.flush()
    values = desk.progress("part")
    assert "".join(value["text"] for value in values) == "".join(f"{number} " for number in range(1000))
    assert len(values) <= (asyncio.get_running_loop().time() - started) / COALESCE_SECONDS + 2
    await asyncio.sleep(1)
    partial.text("delta", "at once")
    assert desk.progress("part")[-1]["text"] == "at once"


async def test_thinking_and_text_are_not_mixed(desk):
    """A change from thinking to text sends what waits, so that the order stays."""
    partial = PartialResults(desk.server.protocol, "part")
    for kind, text in (("thinking", "a"), ("thinking", "b"), ("delta", "c"), ("delta", "d"), ("thinking", "e")):
        partial.text(kind, text)
    partial.value({"kind": "reset", "reason": "again"})
    values = desk.progress("part")
    assert [(value["kind"], value.get("text")) for value in values] == [
        ("thinking", "a"),
        ("thinking", "b"),
        ("delta", "c"),
        ("delta", "d"),
        ("thinking", "e"),
        ("reset", None),
    ]
    await asyncio.sleep(1)
    assert len(desk.progress("part")) == len(values)


async def test_congested_client_stops_the_reading(open_desk):
    """While the editor does not read, nothing more is read from the provider; once it does, all of it comes."""
    desk = await open_desk(FULL)
    read, room = [], asyncio.Event()

    class Slow:
        async def stream(self, job):
            yield OLLAMA
            for number in range(100):
                read.append(number)
                yield TextDelta(f"{number} ")
            yield DONE

    desk.services.completer = Slow()
    desk.congested, desk.drained = True, room.wait
    desk.open("some text")
    _, response = desk.ask("dragoman/run", {**RUN, "partialResultToken": "part", "apply": False})
    await asyncio.sleep(1)
    assert read == []
    desk.congested = False
    room.set()
    message = await response
    assert len(read) == 100
    deltas = "".join(value["text"] for value in desk.progress("part") if value["kind"] == "delta")
    assert deltas.split() == message["result"]["markdown"].split() == [str(number) for number in range(100)]


# Work-done progress


async def test_client_token(open_desk):
    """On the client's own token: begin, who is asked, how far it is, the end with who answered; nothing is created."""
    desk, _ = await played(
        open_desk, OLLAMA, TextDelta("x" * 400), 1, TextDelta("x" * 400), DONE, workDoneToken="bar", apply=False
    )
    values = desk.progress("bar")
    assert values[0] == {"kind": "begin", "title": "Explain", "cancellable": True}
    assert [value["message"] for value in values[1:-1]] == [
        "ollama · small",
        "ollama · small · about 200 tokens",
    ]
    assert values[-1] == {"kind": "end", "message": "anthropic · large: 7 tokens in 2.3 s"}
    assert not desk.notifications("window/workDoneProgress/create")


async def test_server_made_token(open_desk):
    """Without a token the server makes one, where the client can show progress, and begins when that is granted."""
    desk = await open_desk(FULL)
    created = []

    async def create(params):
        created.append(params["token"])
        await asyncio.sleep(0.2)

    desk.on["window/workDoneProgress/create"] = create
    desk.open("some text")
    _, response = desk.ask("dragoman/run", {**RUN, "apply": False})
    await asyncio.sleep(0.1)
    (token,) = created
    assert desk.progress(token) == []
    await asyncio.sleep(0.2)
    begin = {"kind": "begin", "title": "Explain", "cancellable": True, "message": "ollama · scripted"}
    assert desk.progress(token) == [begin]
    desk.services.completer.say("Because.")
    await response
    assert desk.progress(token)[-1]["kind"] == "end"


@pytest.mark.parametrize("answer", ["error", "never", "late"])
async def test_progress_that_is_not_granted(open_desk, answer):
    """A client that refuses the token, or is silent about it, still gets the result, and no progress on that token."""
    desk = await open_desk(FULL)
    waits = {"error": 0, "never": 10_000, "late": CREATE_SECONDS + 1}

    async def create(params):
        await asyncio.sleep(waits[answer])
        return RuntimeError("no") if answer == "error" else None

    desk.on["window/workDoneProgress/create"] = create
    desk.open("some text")
    _, response = desk.ask("dragoman/run", {**RUN, "apply": False})
    await asyncio.sleep(60)
    desk.services.completer.say("Because.")
    assert (await response)["result"]["markdown"].strip() == "Because."
    assert desk.notifications("$/progress") == []


@pytest.mark.parametrize("granted", [0.1, 1])
async def test_run_that_is_quicker_than_its_bar(open_desk, granted):
    """A bar that is granted when the run is over already is ended at once: Helix shows it from the grant on. The result
    waits for a grant that comes soon, and for no other.
    """
    desk = await open_desk(FULL)
    desk.on["window/workDoneProgress/create"] = lambda params: asyncio.sleep(granted)
    desk.open("some text")
    _, response = desk.ask("dragoman/run", {**RUN, "apply": False})
    await desk.settle()
    desk.services.completer.say("Because.")
    await response
    kinds = [params["value"]["kind"] for params in desk.notifications("$/progress")]
    assert kinds == (["begin", "end"] if granted < GRANT_SECONDS else [])
    await asyncio.sleep(10)
    assert [params["value"]["kind"] for params in desk.notifications("$/progress")] == ["begin", "end"]
    assert not desk.server.protocol._asked


async def test_refusal_is_said_after_the_bar_has_ended(open_desk):
    """What can't be done is said behind the end of its bar, which would take its place in the editor's one line."""
    desk = await open_desk(**initialize_params(HELIX))
    desk.on["window/workDoneProgress/create"] = lambda params: asyncio.sleep(0.1)
    desk.open("some text")
    await desk.request("workspace/executeCommand", {"command": "dragoman.commit", "arguments": []})
    await asyncio.sleep(1)
    (message,) = desk.messages()
    end = desk.notifications("$/progress")[-1]["value"]
    assert end["kind"] == "end"
    assert end["message"] in message
    told = [said.get("method") for said in desk.said]
    assert told.index("window/showMessage") > max(at for at, method in enumerate(told) if method == "$/progress")


async def test_client_without_progress(open_desk):
    """A client that shows no progress is asked for none."""
    desk, _ = await played(open_desk, OLLAMA, TextDelta("Because."), DONE, capabilities=PLAIN, apply=False)
    assert not [message for message in desk.said if message.get("method", "").startswith("window/workDone")]
    assert desk.notifications("$/progress") == []


async def test_reports_are_throttled(desk):
    """However fast the text comes, the bar is told a few times a second; who is asked is told at once."""
    progress = Progress(desk.server.protocol, None, WorkDone(desk.server.protocol, "Explain", "bar", ours=False))
    started = asyncio.get_running_loop().time()
    for _ in range(1000):
        await progress.tell(TextDelta("text"))
        await asyncio.sleep(0.002)
    reports = [value for value in desk.progress("bar") if value["kind"] == "report"]
    assert 4 <= len(reports) <= (asyncio.get_running_loop().time() - started) / REPORT_SECONDS + 1
    await progress.tell(CLAUDE)
    assert desk.progress("bar")[-1]["message"] == "ollama cut the answer off → anthropic · large"


async def test_waiting_is_said(open_desk):
    """A wait is in the bar at once, with its reason."""
    waiting = Waiting(3, "ollama: too many requests, again in 3 s")
    desk, _ = await played(open_desk, OLLAMA, waiting, 3, TextDelta("Because."), DONE, workDoneToken="bar", apply=False)
    assert waiting.reason in [value.get("message") for value in desk.progress("bar")]


async def test_thinking_is_said(open_desk):
    """While the model thinks the bar says so."""
    desk, _ = await played(
        open_desk, OLLAMA, 1, ThinkingDelta("hm"), 1, TextDelta("Because."), DONE, workDoneToken="bar", apply=False
    )
    assert "ollama · small · thinking" in [value.get("message") for value in desk.progress("bar")]


async def test_failure_ends_the_bar(desk):
    """A run that fails ends its progress with what to do."""
    from dragoman.core.errors import NothingToAsk

    desk.open("some text")
    _, response = desk.ask("dragoman/run", {**RUN, "workDoneToken": "bar"})
    await desk.settle()
    desk.services.completer.fail(NothingToAsk("Set a key, or start Ollama."))
    await response
    assert desk.progress("bar")[-1] == {"kind": "end", "message": "Set a key, or start Ollama."}


async def test_estimated_tokens_are_called_so(open_desk):
    """Tokens that were counted here, not reported, are an estimate in the bar's end."""
    done = Done("ollama", "small", Stop.STOP, Usage(1, 9, estimated=True), 1.0, 0.5, 1)
    desk, _ = await played(open_desk, OLLAMA, TextDelta("Because."), done, workDoneToken="bar", apply=False)
    assert desk.progress("bar")[-1]["message"] == "ollama · small: about 9 tokens in 1.0 s"


# Tracing


async def test_trace_tells_events_without_text(open_desk):
    """`$/setTrace` turns on what happens, never what is said."""
    desk = await open_desk(FULL)
    desk.open("some text")
    desk.notify("$/setTrace", {"value": "verbose"})
    _, response = desk.ask("dragoman/run", {**RUN, "apply": False})
    await desk.settle()
    desk.services.completer.say("secret words")
    await response
    told = [params["message"] for params in desk.notifications("$/logTrace")]
    assert any("ollama" in line for line in told)
    assert not any("secret" in line or "some text" in line for line in told)
    desk.notify("$/setTrace", {"value": "off"})
    before = len(told)
    _, response = desk.ask("dragoman/run", {**RUN, "apply": False})
    await desk.settle()
    desk.services.completer.say("more")
    await response
    assert len(desk.notifications("$/logTrace")) == before


async def test_an_answer_from_the_cache_is_called_so(open_desk):
    """The bar's end says that the answer was there, and has cost nothing."""
    done = Done("ollama", "small", Stop.STOP, Usage(), 0.01, 0.01, 0, 0.0, cached=True)
    desk, _ = await played(open_desk, OLLAMA, TextDelta("Because."), done, workDoneToken="bar", apply=False)
    assert desk.progress("bar")[-1]["message"] == "ollama · small: from the cache in 0.0 s, for nothing"
