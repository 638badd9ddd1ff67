"""Anthropic's own library against the simulator: messages, thinking, tools, models, errors."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager

import anthropic
import pytest

from dragoman.simulator import Fault, Reply, Simulator

ASKED = {"model": "m", "max_tokens": 2048, "messages": [{"role": "user", "content": "Say something."}]}


@asynccontextmanager
async def client_of(simulator):
    """A client that tries once."""
    async with anthropic.AsyncAnthropic(base_url=simulator.url, api_key="no-key", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_message_with_thinking(answer, streamed):
    """The library makes the same message of the events and of the document: thinking with its proof, text, tokens."""
    asked = ASKED | {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    async with Simulator(answer) as simulator, client_of(simulator) as client:
        if streamed:
            async with client.messages.stream(**asked) as stream:
                assert [text async for text in stream.text_stream] == list(answer.text)
                message = await stream.get_final_message()
        else:
            message = await client.messages.create(**asked)
    thought, said = message.content
    assert (thought.thinking, thought.signature) == ("let me see", answer.signature)
    assert (said.text, message.stop_reason) == ("Grüße an alle 🎉", "end_turn")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (15, 5)
    assert message.usage.output_tokens == 9


@pytest.mark.parametrize("streamed", [True, False])
async def test_tools(calling, schema, streamed):
    """The library parses the arguments that come in pieces."""
    tools = [{"name": name, "description": "?", "input_schema": schema} for name in ("read_file", "list_files")]
    async with Simulator(calling) as simulator, client_of(simulator) as client:
        if streamed:
            async with client.messages.stream(**ASKED, tools=tools) as stream:
                message = await stream.get_final_message()
        else:
            message = await client.messages.create(**ASKED, tools=tools)
    calls = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
    assert calls == [("read_file", {"path": "a.py"}), ("list_files", {})]
    assert message.stop_reason == "tool_use"


async def test_a_conversation_goes_on(png, schema):
    """Thinking with its proof, a tool call, its result and a picture are taken; a result that is missing is not."""
    picture = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png).decode()}
    turns = [
        {"role": "user", "content": [{"type": "image", "source": picture}, {"type": "text", "text": "What?"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2NyaXB0ZWQ="},
                {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "nothing"}]},
    ]
    tools = [{"name": "read_file", "description": "?", "input_schema": schema}]
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        await client.messages.create(**ASKED | {"messages": turns, "tools": tools, "system": "Be brief."})
        with pytest.raises(anthropic.BadRequestError, match="without `tool_result` blocks"):
            await client.messages.create(**ASKED | {"messages": turns[:2], "tools": tools})
    call = simulator.completions[0]
    assert (call.system, call.prompt) == ("Be brief.", "What?")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, "must be greater than"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "greater than or equal to 1024"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}, "extra_body": {"top_p": 0.5}}, "`top_p` must be"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"system": ""}, "non-empty"),
        ({"extra_body": {"stop": ["a"]}}, "Extra inputs are not permitted"),
    ],
)
async def test_what_the_vendor_refuses(wrong, reason):
    """A request that breaks one of the vendor's rules is a `BadRequestError` in its words."""
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        with pytest.raises(anthropic.BadRequestError, match=reason):
            await client.messages.create(**ASKED | wrong)


async def test_the_list_of_models():
    """The library pages through the models."""
    async with Simulator(Reply(), models=("one", "two")) as simulator, client_of(simulator) as client:
        assert [model.id async for model in client.models.list()] == ["one", "two"]


ERRORS = {
    Fault.BAD_REQUEST: anthropic.BadRequestError,
    Fault.UNAUTHORIZED: anthropic.AuthenticationError,
    Fault.FORBIDDEN: anthropic.PermissionDeniedError,
    Fault.MODEL_NOT_FOUND: anthropic.NotFoundError,
    Fault.RATE_LIMIT_SECONDS: anthropic.RateLimitError,
    Fault.QUOTA: anthropic.BadRequestError,
    Fault.SERVER_ERROR: anthropic.InternalServerError,
    Fault.OVERLOADED: anthropic.InternalServerError,
    Fault.DISCONNECT: anthropic.APIConnectionError,
}


@pytest.mark.parametrize("fault", ERRORS)
async def test_errors_have_their_class(fault):
    """Each refusal becomes the exception that the library has for it."""
    async with Simulator(Reply(fault=fault)) as simulator, client_of(simulator) as client:
        with pytest.raises(ERRORS[fault]):
            await client.messages.create(**ASKED)


async def test_an_error_inside_the_stream():
    """An overload inside the stream is an error of the library's own, after the text before it."""
    async with (
        Simulator(Reply(fault=Fault.ERROR_IN_STREAM)) as simulator,
        client_of(simulator) as client,
        client.messages.stream(**ASKED) as stream,
    ):
        texts = [await anext(stream.text_stream), await anext(stream.text_stream)]
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            await anext(stream.text_stream)
    assert texts == ["A", " scripted"]
