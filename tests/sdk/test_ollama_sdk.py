"""Ollama's own library against the simulator: chat, generate, embed, pull, show, list, errors."""

from __future__ import annotations

from contextlib import asynccontextmanager

import ollama
import pytest

from dragoman.simulator import Fault, Reply, Simulator, saying_json

ASKED = [{"role": "user", "content": "Say something."}]


@asynccontextmanager
async def client_of(simulator):
    """A client that is closed."""
    async with ollama.AsyncClient(host=simulator.url) as client:
        yield client


async def test_a_chat_streamed_and_whole(answer):
    """Thinking, text and tokens, in lines and in one document."""
    async with Simulator(answer) as simulator, client_of(simulator) as client:
        whole = await client.chat("m", ASKED, think=True)
        lines = [line async for line in await client.chat("m", ASKED, think=True, stream=True)]
    assert (whole.message.content, whole.message.thinking) == ("Grüße an alle 🎉", "let me see")
    assert "".join(line.message.content or "" for line in lines) == "Grüße an alle 🎉"
    assert "".join(line.message.thinking or "" for line in lines) == "let me see"
    assert (lines[-1].done, lines[-1].prompt_eval_count, lines[-1].eval_count) == (True, 20, 9)


async def test_tools(calling, schema, png):
    """Tool calls come whole; they, their results and pictures are taken in the conversation."""
    tools = [{"type": "function", "function": {"name": "read_file", "description": "?", "parameters": schema}}]
    async with Simulator(calling) as simulator, client_of(simulator) as client:
        whole = await client.chat("m", ASKED, tools=tools)
        lines = [line async for line in await client.chat("m", ASKED, tools=tools, stream=True)]
        result = {"role": "tool", "content": "nothing", "tool_name": "read_file"}
        picture = {"role": "user", "content": "And this?", "images": [png]}
        await client.chat("m", [*ASKED, whole.message, result, picture], tools=tools)
    streamed = [call for line in lines for call in line.message.tool_calls or ()]
    for calls in (whole.message.tool_calls, streamed):
        named = [(call.function.name, dict(call.function.arguments)) for call in calls]
        assert named == [("read_file", {"path": "a.py"}), ("list_files", {})]
    assert simulator.completions[-1].prompt == "And this?"


async def test_a_gap_is_filled():
    """`generate` takes a suffix, streamed and whole."""
    async with Simulator(Reply(text=("a, ", "b"))) as simulator, client_of(simulator) as client:
        whole = await client.generate("m", "def f(", suffix="): pass")
        lines = [line async for line in await client.generate("m", "def f(", suffix="): pass", stream=True)]
    assert whole.response == "".join(line.response for line in lines) == "a, b"
    assert (simulator.completions[0].prompt, simulator.completions[0].suffix) == ("def f(", "): pass")


async def test_json():
    """A schema goes along, and JSON comes back."""
    async with Simulator(saying_json({"x": 3})) as simulator, client_of(simulator) as client:
        said = await client.chat("m", ASKED, format={"type": "object"})
    assert said.message.content == '{"x": 3}'


async def test_embeddings():
    """One vector a text."""
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        many = await client.embed("m", ["red fox", "tax law"])
        one = await client.embed("m", "red fox")
    assert [len(row) for row in many.embeddings] == [64, 64]
    assert one.embeddings[0] == many.embeddings[0]


async def test_a_pull_tells_how_far_it_is():
    """A pull goes from the manifest over a growing layer to success."""
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        lines = [line async for line in await client.pull("m", stream=True)]
        whole = await client.pull("m")
    assert (lines[0].status, lines[-1].status, whole.status) == ("pulling manifest", "success", "success")
    parts = [(line.completed, line.total) for line in lines if line.digest]
    assert parts == sorted(parts)
    assert parts[-1][0] == parts[-1][1]
    assert simulator.completions == []


async def test_a_pull_can_fail():
    """A model that is not there ends the pull with the library's error."""
    async with (
        Simulator(Reply(), list_fault=Fault.ERROR_IN_STREAM) as simulator,
        client_of(simulator) as client,
    ):
        with pytest.raises(ollama.ResponseError, match="file does not exist"):
            _ = [line async for line in await client.pull("m", stream=True)]


async def test_lists_and_descriptions():
    """The models, and what one of them can do."""
    async with Simulator(Reply(), models=("one", "two")) as simulator, client_of(simulator) as client:
        listed = await client.list()
        shown = await client.show("one")
    assert [model.model for model in listed.models] == ["one", "two"]
    assert shown.modelinfo["qwen2.context_length"] == 32768
    assert "tools" in shown.capabilities


@pytest.mark.parametrize(("fault", "status"), [(Fault.MODEL_NOT_FOUND, 404), (Fault.UNAVAILABLE, 503)])
async def test_errors_have_their_status(fault, status):
    """A refusal is the library's error with status and words."""
    async with Simulator(Reply(fault=fault)) as simulator, client_of(simulator) as client:
        with pytest.raises(ollama.ResponseError) as refused:
            await client.chat("m", ASKED)
    assert (refused.value.status_code, bool(refused.value.error)) == (status, True)


async def test_an_error_inside_the_stream():
    """An error line in the stream is the library's error."""
    async with Simulator(Reply(fault=Fault.ERROR_IN_STREAM)) as simulator, client_of(simulator) as client:
        with pytest.raises(ollama.ResponseError, match="unexpected EOF"):
            _ = [line async for line in await client.chat("m", ASKED, stream=True)]
