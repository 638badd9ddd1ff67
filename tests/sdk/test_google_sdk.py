"""Google's own library against the simulator: Gemini by key and on Vertex AI, tools, thoughts, embeddings, errors."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from dragoman.core.chat import Stop
from dragoman.simulator import Fault, Reply, Simulator, saying_json


@asynccontextmanager
async def client_of(simulator, **options):
    """A client that tries once."""
    http = types.HttpOptions(base_url=simulator.url)
    client = genai.Client(http_options=http, **(options or {"api_key": "no-key"}))
    try:
        yield client.aio
    finally:
        await client.aio.aclose()
        client.close()


def vertex():
    """The options of a client for Vertex AI, with a token that opens nothing."""
    return {"vertexai": True, "project": "p", "location": "europe-west1", "credentials": Credentials("scripted-token")}


@pytest.mark.parametrize("options", [dict, vertex], ids=["gemini", "vertex"])
async def test_an_answer_streamed_and_whole(answer, options):
    """Thoughts, text, stop reason and every count of tokens, by key and on Vertex AI."""
    async with Simulator(answer) as simulator, client_of(simulator, **options()) as client:
        whole = await client.models.generate_content(model="m", contents="Say something.")
        stream = await client.models.generate_content_stream(model="m", contents="Say something.")
        chunks = [chunk async for chunk in stream]
    parts = whole.candidates[0].content.parts
    assert "".join(part.text for part in parts if part.thought) == "let me see"
    assert whole.text == "Grüße an alle 🎉"
    streamed = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert "".join(part.text for part in streamed if not part.thought) == "Grüße an alle 🎉"
    assert [part.thought_signature for part in streamed if part.thought_signature] == [b"scripted"]
    for last in (whole, chunks[-1]):
        usage = last.usage_metadata
        assert last.candidates[0].finish_reason is types.FinishReason.STOP
        assert (usage.prompt_token_count, usage.cached_content_token_count) == (20, 5)
        assert (usage.candidates_token_count, usage.thoughts_token_count) == (6, 3)
    assert {call.dialect for call in simulator.calls} == {"vertex" if options() else "gemini"}
    assert {call.model for call in simulator.calls} == {"m"}


async def test_tools(calling, schema, png):
    """Function calls come with their arguments parsed; their results and pictures are taken in the conversation."""
    declared = [
        types.FunctionDeclaration(name="read_file", description="?", parameters_json_schema=schema),
        types.FunctionDeclaration(name="list_files", description="?"),
    ]
    off = types.AutomaticFunctionCallingConfig(disable=True)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=declared)],
        automatic_function_calling=off,
        system_instruction="Be brief.",
        thinking_config=types.ThinkingConfig(thinking_budget=512, include_thoughts=True),
    )
    asked = types.Content(
        role="user", parts=[types.Part(text="Read."), types.Part.from_bytes(data=png, mime_type="image/png")]
    )
    async with Simulator(calling) as simulator, client_of(simulator) as client:
        whole = await client.models.generate_content(model="m", contents=[asked], config=config)
        assert [(call.name, call.args) for call in whole.function_calls] == [
            ("read_file", {"path": "a.py"}),
            ("list_files", {}),
        ]
        results = [
            types.Part.from_function_response(name=call.name, response={"result": "nothing"})
            for call in whole.function_calls
        ]
        turns = [asked, whole.candidates[0].content, types.Content(role="user", parts=results)]
        await client.models.generate_content(model="m", contents=turns, config=config)
        turns[-1] = types.Content(role="user", parts=results[:1])
        with pytest.raises(errors.ClientError, match="number of function response parts"):
            await client.models.generate_content(model="m", contents=turns, config=config)
    assert (simulator.completions[0].system, simulator.completions[0].prompt) == ("Be brief.", "Read.")


async def test_json():
    """A schema goes along, and the library parses the answer by it."""
    config = {"response_mime_type": "application/json", "response_schema": {"type": "object", "properties": {}}}
    async with Simulator(saying_json({"x": 3})) as simulator, client_of(simulator) as client:
        said = await client.models.generate_content(model="m", contents="x?", config=config)
    assert said.text == '{"x": 3}'


async def test_embeddings():
    """One vector a text, in batches."""
    async with Simulator(Reply()) as simulator, client_of(simulator) as client:
        rows = (await client.models.embed_content(model="m", contents=["red fox", "tax law"])).embeddings
    assert [len(row.values) for row in rows] == [64, 64]
    assert simulator.completions[0].path.endswith("/models/m:batchEmbedContents")


async def test_embeddings_on_vertex():
    """Vertex AI's older way to embeddings."""
    async with Simulator(Reply()) as simulator, client_of(simulator, **vertex()) as client:
        rows = (await client.models.embed_content(model="text-embedding-005", contents=["red fox"])).embeddings
    assert [len(row.values) for row in rows] == [64]


async def test_the_list_of_models():
    """The library follows the pages to the last one."""
    names = tuple(f"model-{number}" for number in range(7))
    async with Simulator(Reply(), models=names) as simulator, client_of(simulator) as client:
        listed = [model async for model in await client.models.list(config={"page_size": 3})]
        one = await client.models.get(model="model-1")
    assert [model.name for model in listed] == [f"models/{name}" for name in names]
    assert (one.input_token_limit, one.output_token_limit) == (1_048_576, 65_536)
    assert len(simulator.calls) == 4
    assert {call.dialect for call in simulator.calls} == {"gemini"}


@pytest.mark.parametrize(
    ("fault", "status", "name"),
    [
        (Fault.UNAUTHORIZED, 400, "INVALID_ARGUMENT"),
        (Fault.FORBIDDEN, 403, "PERMISSION_DENIED"),
        (Fault.MODEL_NOT_FOUND, 404, "NOT_FOUND"),
        (Fault.RATE_LIMIT_SECONDS, 429, "RESOURCE_EXHAUSTED"),
        (Fault.QUOTA, 429, "RESOURCE_EXHAUSTED"),
        (Fault.CONTEXT_LENGTH, 400, "INVALID_ARGUMENT"),
        (Fault.SERVER_ERROR, 500, "INTERNAL"),
        (Fault.OVERLOADED, 503, "UNAVAILABLE"),
    ],
)
async def test_errors_have_their_class(fault, status, name):
    """Each refusal becomes the library's error for its half of the statuses, with Google's own name for it."""
    async with Simulator(Reply(fault=fault)) as simulator, client_of(simulator) as client:
        with pytest.raises(errors.ClientError if status < 500 else errors.ServerError) as refused:
            await client.models.generate_content(model="m", contents="Say something.")
    assert (refused.value.code, refused.value.status) == (status, name)


async def test_a_blocked_prompt_and_a_blocked_answer():
    """What the filter holds back is no error: the prompt's block and the answer's end say so."""
    replies = [Reply(fault=Fault.CONTENT_FILTER), Reply(stop=Stop.CONTENT_FILTER)]
    async with Simulator(replies) as simulator, client_of(simulator) as client:
        prompt = await client.models.generate_content(model="m", contents="?")
        answer = await client.models.generate_content(model="m", contents="?")
    assert prompt.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
    assert answer.candidates[0].finish_reason is types.FinishReason.SAFETY


async def test_an_error_inside_the_stream():
    """An error in the stream is the library's server error."""
    async with Simulator(Reply(fault=Fault.ERROR_IN_STREAM)) as simulator, client_of(simulator) as client:
        with pytest.raises(errors.APIError, match="overloaded"):
            _ = [chunk async for chunk in await client.models.generate_content_stream(model="m", contents="?")]
