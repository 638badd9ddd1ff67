"""OpenAI's own library against the simulator: chat, responses, completions, embeddings, models, Azure, errors."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager

import openai
import pytest

from dragoman.simulator import Fault, Reply, Simulator, saying_json

ASKED = [{"role": "user", "content": "Say something."}]
FUNCTION = {"name": "read_file", "description": "Reads a file."}


@asynccontextmanager
async def client_of(simulator):
    """A client that tries once."""
    async with openai.AsyncOpenAI(base_url=f"{simulator.url}/v1", api_key="no-key", max_retries=0) as client:
        yield client


@asynccontextmanager
async def azure_of(simulator):
    """A client for deployments at Azure that tries once."""
    options = {"azure_endpoint": simulator.url, "api_version": "2024-10-21", "api_key": "no-key", "max_retries": 0}
    async with openai.AsyncAzureOpenAI(**options) as client:
        yield client


async def test_a_whole_chat(answer):
    """The library reads text, stop reason and every count of tokens from the answer in one document."""
    async with Simulator(answer) as simulator, client_of(simulator) as client:
        completion = await client.chat.completions.create(model="m", messages=ASKED)
    choice = completion.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Grüße an alle 🎉", "stop")
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (20, 9)
    assert completion.usage.prompt_tokens_details.cached_tokens == 5
    assert completion.usage.completion_tokens_details.reasoning_tokens == 3


async def test_a_streamed_chat(answer):
    """The library puts the chunks together, and finds the usage that it asked for."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    async with Simulator(answer) as simulator, client_of(simulator) as client:
        stream = await client.chat.completions.create(model="m", messages=ASKED, **options)
        chunks = [chunk async for chunk in stream]
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert [text for text in texts if text] == ["Grüße ", "an ", "alle 🎉"]
    assert chunks[-1].usage.total_tokens == 29


async def test_tools_in_a_chat(calling, schema):
    """The library's own accumulator makes whole tool calls of the streamed pieces."""
    tools = [{"type": "function", "function": {**FUNCTION, "parameters": schema}}]
    async with Simulator(calling) as simulator, client_of(simulator) as client:
        async with client.chat.completions.stream(model="m", messages=ASKED, tools=tools) as stream:
            streamed = (await stream.get_final_completion()).choices[0]
        whole = (await client.chat.completions.create(model="m", messages=ASKED, tools=tools)).choices[0]
    for choice in (streamed, whole):
        calls = [(call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls]
        assert calls == [("read_file", {"path": "a.py"}), ("list_files", {})]
        assert choice.finish_reason == "tool_calls"
    assert len({call.id for call in streamed.message.tool_calls}) == 2


async def test_a_tool_result_and_a_picture_are_accepted(png):
    """A conversation with a picture, a tool call and its result is one that the vendor takes."""
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    call = {"id": "call_1", "type": "function", "function": {"name": "read_file", "arguments": "{}"}}
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": url}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "nothing"},
    ]
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        await client.chat.completions.create(model="m", messages=messages)
        with pytest.raises(openai.BadRequestError, match="did not have response messages"):
            await client.chat.completions.create(model="m", messages=messages[:2])
    assert simulator.completions[0].prompt == "What?"


async def test_parsed_json():
    """The library parses an answer by the schema that it sent."""
    from pydantic import BaseModel

    class Point(BaseModel):
        x: int

    async with Simulator(saying_json({"x": 3})) as simulator, client_of(simulator) as client:
        parsed = await client.chat.completions.parse(model="m", messages=ASKED, response_format=Point)
    assert parsed.choices[0].message.parsed == Point(x=3)


async def test_a_whole_response(answer):
    """The Responses API's answer in one document: reasoning, text and every count of tokens."""
    async with Simulator(answer) as simulator, client_of(simulator) as client:
        response = await client.responses.create(model="m", input="Say something.", store=False)
    assert (response.output_text, response.status) == ("Grüße an alle 🎉", "completed")
    assert response.output[0].summary[0].text == "let me see"
    assert (response.usage.input_tokens, response.usage.output_tokens_details.reasoning_tokens) == (20, 3)


async def test_a_streamed_response(answer):
    """The library's own accumulator makes the whole response of the events, which are numbered without a gap."""
    asked = {"model": "m", "input": "Say something.", "include": ["reasoning.encrypted_content"]}
    async with (
        Simulator(answer) as simulator,
        client_of(simulator) as client,
        client.responses.stream(**asked) as stream,
    ):
        events = [event async for event in stream]
        response = await stream.get_final_response()
    assert response.output_text == "Grüße an alle 🎉"
    assert response.output[0].encrypted_content == answer.signature
    assert [event.delta for event in events if event.type == "response.output_text.delta"] == list(answer.text)
    numbers = [event.sequence_number for event in events if event.sequence_number is not None]
    assert sorted(set(numbers)) == list(range(len(set(numbers))))


async def test_tools_in_a_response(calling, schema):
    """Function calls stream their arguments, and come whole at the end."""
    tools = [{"type": "function", **FUNCTION, "parameters": schema, "strict": False}]
    async with (
        Simulator(calling) as simulator,
        client_of(simulator) as client,
        client.responses.stream(model="m", input="Read.", tools=tools) as stream,
    ):
        response = await stream.get_final_response()
    calls = [(item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"]
    assert calls == [("read_file", {"path": "a.py"}), ("list_files", {})]


async def test_a_response_refuses_what_it_does_not_know():
    """An output without its call, a limit that is too low: the Responses API's own refusals."""
    output = {"type": "function_call_output", "call_id": "call_1", "output": "nothing"}
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        with pytest.raises(openai.BadRequestError, match="No tool call found"):
            await client.responses.create(model="m", input=[output])
        with pytest.raises(openai.BadRequestError, match="max_output_tokens"):
            await client.responses.create(model="m", input="a", max_output_tokens=1)
        with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'stop'"):
            await client.responses.create(model="m", input="a", extra_body={"stop": ["b"]})


async def test_a_gap_is_filled():
    """The older completions take a suffix, streamed and whole."""
    gap = {"model": "m", "prompt": "def f(", "suffix": "): pass", "max_tokens": 9}
    async with Simulator(Reply(text=("a, ", "b"))) as simulator, client_of(simulator) as client:
        whole = await client.completions.create(**gap)
        stream = await client.completions.create(**gap, stream=True)
        streamed = [chunk.choices[0].text async for chunk in stream]
    assert whole.choices[0].text == "".join(streamed) == "a, b"
    assert (simulator.completions[0].prompt, simulator.completions[0].suffix) == ("def f(", "): pass")


async def test_embeddings():
    """The library asks for packed numbers and unpacks them: one vector a text, close where the words are."""
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        rows = (await client.embeddings.create(model="m", input=["red fox", "a red fox", "tax law"])).data
        plain = await client.embeddings.create(model="m", input="red fox", encoding_format="float")
    near, far = (sum(a * b for a, b in zip(rows[0].embedding, row.embedding, strict=True)) for row in rows[1:])
    assert near > 0.7
    assert far < 0.3
    assert plain.data[0].embedding == pytest.approx(rows[0].embedding, abs=1e-6)
    assert [row.index for row in rows] == [0, 1, 2]


async def test_the_list_of_models():
    """The library pages through the models."""
    async with Simulator(Reply(), models=("one", "two")) as simulator, client_of(simulator) as client:
        assert [model.id async for model in client.models.list()] == ["one", "two"]


ERRORS = {
    Fault.BAD_REQUEST: openai.BadRequestError,
    Fault.UNAUTHORIZED: openai.AuthenticationError,
    Fault.FORBIDDEN: openai.PermissionDeniedError,
    Fault.MODEL_NOT_FOUND: openai.NotFoundError,
    Fault.UNPROCESSABLE: openai.UnprocessableEntityError,
    Fault.RATE_LIMIT_SECONDS: openai.RateLimitError,
    Fault.QUOTA: openai.RateLimitError,
    Fault.SERVER_ERROR: openai.InternalServerError,
    Fault.OVERLOADED: openai.InternalServerError,
    Fault.CONTEXT_LENGTH: openai.BadRequestError,
    Fault.DISCONNECT: openai.APIConnectionError,
}


@pytest.mark.parametrize("fault", ERRORS)
async def test_errors_have_their_class(fault):
    """Each refusal becomes the exception that the library has for it."""
    async with Simulator(Reply(fault=fault)) as simulator, client_of(simulator) as client:
        with pytest.raises(openai.APIError) as chat:
            await client.chat.completions.create(model="m", messages=ASKED)
        with pytest.raises(openai.APIError) as response:
            await client.responses.create(model="m", input="Say something.")
    assert type(chat.value) is type(response.value) is ERRORS[fault]
    if fault is Fault.QUOTA:
        assert chat.value.code == "insufficient_quota"


async def test_an_error_inside_the_stream():
    """An error event in a chat is an `APIError`; in a response it is an event, and the response failed."""
    async with Simulator(Reply(fault=Fault.ERROR_IN_STREAM)) as simulator, client_of(simulator) as client:
        stream = await client.chat.completions.create(model="m", messages=ASKED, stream=True)
        with pytest.raises(openai.APIError, match="The server had an error"):
            _ = [chunk async for chunk in stream]
        events = [event async for event in await client.responses.create(model="m", input="a", stream=True)]
    assert [event.type for event in events[-2:]] == ["error", "response.failed"]
    assert events[-1].response.error.code == events[-2].code == "server_error"


async def test_azures_deployments(answer):
    """The library for Azure puts the deployment into the path, and reads the chunk that is the filter's alone."""
    async with Simulator(answer, key="no-key") as simulator, azure_of(simulator) as client:
        whole = await client.chat.completions.create(model="my-deployment", messages=ASKED)
        stream = await client.chat.completions.create(model="my-deployment", messages=ASKED, stream=True)
        chunks = [chunk async for chunk in stream]
        rows = await client.embeddings.create(model="my-embedder", input="red fox")
    assert whole.choices[0].message.content == "Grüße an alle 🎉"
    assert chunks[0].choices == []
    assert chunks[0].prompt_filter_results[0]["content_filter_results"]["hate"]["filtered"] is False
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Grüße an alle 🎉"
    assert len(rows.data) == 1
    assert [call.model for call in simulator.completions] == ["my-deployment", "my-deployment", "my-embedder"]
    assert {call.dialect for call in simulator.calls} == {"azure"}


async def test_azures_filter_refuses_a_prompt():
    """Azure's content filter is a 400 with an inner error that says what was found."""
    async with Simulator(Reply(fault=Fault.CONTENT_FILTER)) as simulator, azure_of(simulator) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(model="d", messages=ASKED)
    assert refused.value.code == "content_filter"
    assert refused.value.body["innererror"]["content_filter_result"]["violence"]["filtered"] is True


async def test_azures_v1_endpoint():
    """The v1 endpoint is OpenAI's API under Azure's address."""
    async with Simulator(Reply()) as simulator:
        url = f"{simulator.url}/openai/v1/"
        async with openai.AsyncOpenAI(base_url=url, api_key="no-key", max_retries=0) as client:
            response = await client.responses.create(model="d", input="Say something.")
            assert [model.id async for model in client.models.list()]
    assert response.output_text == "A scripted answer in pieces."
    assert {call.dialect for call in simulator.calls} == {"azure"}
