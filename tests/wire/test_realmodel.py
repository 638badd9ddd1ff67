"""The real model server behaves as the tests that build on it expect: streams, counts, refuses, is cancelled."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from realmodel import running_model_server

HELLO = [{"role": "user", "content": "Hi"}]


def client_of(server):
    """A client that takes nothing from the environment."""
    return httpx.AsyncClient(base_url=server.url, trust_env=False, verify=False, timeout=20)


def ask(server, **more):
    """The body of a request that both dialects take."""
    return {"model": server.model, "messages": HELLO, "max_tokens": 8, **more}


def data_of(text):
    """The stream's `data:` lines."""
    return [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]


async def test_chat_completions_stream_and_count(real_model_server):
    """OpenAI's dialect streams chunks, a finish reason, usage where it is asked for, and the sentinel."""
    body = ask(real_model_server, stream=True, stream_options={"include_usage": True})
    async with client_of(real_model_server) as client:
        response = await client.post("/v1/chat/completions", json=body)
    *chunks, sentinel = data_of(response.text)
    documents = [json.loads(chunk) for chunk in chunks]
    assert response.headers["content-type"] == "text/event-stream"
    assert sentinel == "[DONE]"
    assert [choice["finish_reason"] for document in documents for choice in document["choices"]][-1] == "length"
    assert documents[-1]["usage"]["completion_tokens"] == 8


async def test_messages_stream_and_count(real_model_server):
    """Anthropic's dialect streams its events up to message_stop; message_start it may leave out."""
    async with client_of(real_model_server) as client:
        response = await client.post("/v1/messages", json=ask(real_model_server, stream=True))
    documents = [json.loads(data) for data in data_of(response.text)]
    # This server leaves out message_start where the first token is half a character: about one answer in nine.
    assert documents[0]["type"] in {"message_start", "content_block_start"}
    assert documents[-1]["type"] == "message_stop"
    assert any(document.get("delta", {}).get("type") == "text_delta" for document in documents)
    ending = next(document for document in documents if document["type"] == "message_delta")
    assert (ending["delta"]["stop_reason"], ending["usage"]["output_tokens"]) == ("max_tokens", 8)


async def test_the_model_is_listed(real_model_server):
    """The list of models names the alias."""
    async with client_of(real_model_server) as client:
        listed = (await client.get("/v1/models")).json()
    assert [model["id"] for model in listed["data"]] == [real_model_server.model]


async def metric(client, name):
    """One of the server's counters."""
    lines = (await client.get("/metrics")).text.splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"llamacpp:{name} ")))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_a_client_that_hangs_up_frees_the_slot(real_model_server, path):
    """When the client closes its connection the server stops generating, long before the answer would be whole."""
    whole = real_model_server.window - 100
    async with client_of(real_model_server) as client:
        before = await metric(client, "tokens_predicted_total")
        async with client.stream("POST", path, json=ask(real_model_server, max_tokens=whole, stream=True)) as response:
            pieces = response.aiter_bytes()
            await anext(pieces)
            assert await metric(client, "requests_processing") == 1
        async with asyncio.timeout(5):
            while await metric(client, "requests_processing"):  # noqa: ASYNC110 - the server tells only when asked
                await asyncio.sleep(0.01)
        assert await metric(client, "tokens_predicted_total") - before < whole / 2


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_prompt_beyond_the_window_is_refused(real_model_server, path, stream):
    """A prompt longer than the window is a 400 of its own type, with both numbers, also for a stream."""
    messages = [{"role": "user", "content": "x" * 2 * real_model_server.window}]
    async with client_of(real_model_server) as client:
        response = await client.post(path, json=ask(real_model_server, messages=messages, stream=stream))
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "exceed_context_size_error")
    assert error["n_prompt_tokens"] > error["n_ctx"] == real_model_server.window


async def test_an_answer_that_fills_the_window_ends_by_length(real_model_server):
    """An answer that reaches the end of the window stops there, with the reason "length"."""
    messages = [{"role": "user", "content": "x" * (real_model_server.window - 100)}]
    async with client_of(real_model_server) as client:
        response = await client.post(
            "/v1/chat/completions", json=ask(real_model_server, messages=messages, max_tokens=500)
        )
    answer = response.json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == real_model_server.window


def test_the_server_ends_with_its_block(tmp_path):
    """Leaving the block ends the server's process: nobody listens there any more."""
    with (
        running_model_server(tmp_path) as server,
        httpx.Client(base_url=server.url, trust_env=False, verify=False) as client,
    ):
        assert client.get("/health").status_code == 200
    with httpx.Client(trust_env=False, verify=False) as client, pytest.raises(httpx.ConnectError):
        client.get(server.url)
