"""Mistral's own library against the simulator: chat, filling in the middle, embeddings, errors."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from mistralai.client import Mistral, errors

from dragoman.simulator import Fault, Reply, Simulator

ASKED = [{"role": "user", "content": "Say something."}]


@asynccontextmanager
async def client_of(simulator):
    """A client that tries once."""
    async with Mistral(api_key="no-key", server_url=simulator.url) as client:
        yield client


async def test_a_chat_streamed_and_whole(answer):
    """Text, stop reason and tokens."""
    async with Simulator(answer) as simulator, client_of(simulator) as client:
        whole = await client.chat.complete_async(model="m", messages=ASKED)
        chunks = [event.data async for event in await client.chat.stream_async(model="m", messages=ASKED)]
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("Grüße an alle 🎉", "stop")
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (20, 9)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Grüße an alle 🎉"


async def test_tools(calling, schema):
    """Tool calls come with their arguments as text."""
    tools = [{"type": "function", "function": {"name": "read_file", "description": "?", "parameters": schema}}]
    async with Simulator(calling) as simulator, client_of(simulator) as client:
        whole = await client.chat.complete_async(model="m", messages=ASKED, tools=tools)
    calls = [(call.function.name, call.function.arguments) for call in whole.choices[0].message.tool_calls]
    assert calls == [("read_file", '{"path":"a.py"}'), ("list_files", "{}")]


async def test_a_gap_is_filled():
    """FIM takes prompt and suffix, streamed and whole, and tells its tokens unasked."""
    gap = {"model": "codestral", "prompt": "def f(", "suffix": "): pass"}
    async with Simulator(Reply(text=("a, ", "b"))) as simulator, client_of(simulator) as client:
        whole = await client.fim.complete_async(**gap)
        chunks = [event.data async for event in await client.fim.stream_async(**gap)]
    assert whole.choices[0].message.content == "a, b"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "a, b"
    assert chunks[-1].usage.prompt_tokens == 12
    assert (simulator.completions[0].prompt, simulator.completions[0].suffix) == ("def f(", "): pass")
    assert {call.dialect for call in simulator.calls} == {"mistral"}


async def test_embeddings():
    """One vector a text."""
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        rows = (await client.embeddings.create_async(model="m", inputs=["red fox", "tax law"])).data
    assert [(row.index, len(row.embedding)) for row in rows] == [(0, 64), (1, 64)]


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.UNAUTHORIZED, 401), (Fault.RATE_LIMIT, 429), (Fault.OVERLOADED, 529)]
)
async def test_errors_have_their_status(fault, status):
    """A refusal is the library's error with the status."""
    async with Simulator(Reply(fault=fault)) as simulator, client_of(simulator) as client:
        with pytest.raises(errors.MistralError) as refused:
            await client.fim.complete_async(model="m", prompt="a")
    assert refused.value.status_code == status


async def test_a_wrong_request_is_a_validation_error():
    """What the vendor's own checks refuse is a 422 with the place and the reason."""
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        with pytest.raises(errors.MistralError, match="Field required: model") as refused:
            await client.fim.complete_async(model="", prompt="a")
    assert refused.value.status_code == 422
