"""Each dialect's answers, without faults."""

from __future__ import annotations

import json

import pytest

from dragoman.core.chat import Stop, Usage
from dragoman.simulator import Reply, Simulator

ANSWER = Reply(text=("Grüße ", "an ", "alle 🎉"), thinking=("let me ", "see"), usage=Usage(20, 7, 5, 3))


async def test_a_streamed_answer_arrives_in_its_pieces_and_finishes(wire, client, read):
    """Every dialect streams the reply's pieces, one event each, and says why it stopped."""
    async with Simulator(ANSWER) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request())
    assert error is None
    assert wire.text(data) == "Grüße an alle 🎉"
    assert wire.finished(data)
    assert simulator.calls[0].pieces_sent == 5
    assert simulator.calls[0].sent_whole


async def test_a_whole_answer_is_one_document(wire, client):
    """With `stream` false every dialect answers in one JSON document."""
    async with Simulator(ANSWER) as simulator, client(simulator) as http:
        document = (await http.request(**wire.request(stream=False))).json()
    texts = {
        "ollama": lambda: (document["message"]["content"], document["message"]["thinking"]),
        "anthropic": lambda: (document["content"][1]["text"], document["content"][0]["thinking"]),
        "openai": lambda: (
            document["choices"][0]["message"]["content"],
            document["choices"][0]["message"]["reasoning_content"],
        ),
        "responses": lambda: (document["output"][1]["content"][0]["text"], document["output"][0]["summary"][0]["text"]),
        "gemini": lambda: tuple(
            "".join(part["text"] for part in parts if bool(part.get("thought")) is thought)
            for parts in [document["candidates"][0]["content"]["parts"]]
            for thought in (False, True)
        ),
    }
    texts["azure"] = texts["openai"]
    assert texts[wire.name]() == ("Grüße an alle 🎉", "let me see")


async def test_ollama_counts_tokens_in_the_last_line(wires, client, read):
    """Ollama reports the prompt's and the answer's tokens with `done`."""
    async with Simulator(ANSWER) as simulator, client(simulator) as http:
        data, _ = await read(http, wires["ollama"].request())
    last = wires["ollama"].documents(data)[-1]
    assert (last["done"], last["prompt_eval_count"], last["eval_count"]) == (True, 20, 7)
    assert [line["message"].get("thinking") for line in wires["ollama"].documents(data)[:2]] == ["let me ", "see"]


async def test_ollama_streams_unless_told_not_to(wires, client, read):
    """Ollama's `stream` is true where it is left out."""
    request = wires["ollama"].request()
    del request["json"]["stream"]
    async with Simulator(ANSWER) as simulator, client(simulator) as http:
        data, _ = await read(http, request)
    assert len(wires["ollama"].documents(data)) == 6


async def test_anthropic_counts_cached_tokens_apart(wires, client, read):
    """Anthropic's `input_tokens` leaves out those read from its cache; the answer's come with the stop reason."""
    async with Simulator(ANSWER) as simulator, client(simulator) as http:
        data, _ = await read(http, wires["anthropic"].request())
    documents = {document["type"]: document for document in wires["anthropic"].documents(data)}
    usage = documents["message_start"]["message"]["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (15, 5)
    assert documents["message_delta"]["usage"]["output_tokens"] == 7


async def test_anthropic_opens_and_closes_each_block(wires, client, read):
    """Anthropic's blocks of thinking and text are numbered, started and stopped in order, inside the message."""
    async with Simulator(ANSWER) as simulator, client(simulator) as http:
        data, _ = await read(http, wires["anthropic"].request())
    order = [(document["type"], document.get("index")) for document in wires["anthropic"].documents(data)]
    delta, stop = "content_block_delta", "content_block_stop"
    thinking = [("content_block_start", 0), (delta, 0), (delta, 0), (delta, 0), (stop, 0)]
    text = [("content_block_start", 1), (delta, 1), (delta, 1), (delta, 1), (stop, 1)]
    ends = [("message_delta", None), ("message_stop", None)]
    assert order == [("message_start", None), ("ping", None), *thinking, *text, *ends]
    events = [line.removeprefix("event: ") for line in data.decode().splitlines() if line.startswith("event: ")]
    assert events == [kind for kind, _ in order]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"stream_options": {"include_usage": True}}, True),
        ({"stream_options": {"include_usage": False}}, False),
        ({}, False),
    ],
)
async def test_openai_sends_usage_where_it_is_asked_for(wires, client, read, options, wanted):
    """OpenAI's usage comes in a chunk without choices before the sentinel, and only with `include_usage`."""
    request = wires["openai"].request(**options)
    async with Simulator(ANSWER) as simulator, client(simulator) as http:
        data, _ = await read(http, request)
    last = wires["openai"].documents(data)[-1]
    assert (last["choices"] == []) is wanted
    assert last.get("usage", {}).get("completion_tokens_details") == ({"reasoning_tokens": 3} if wanted else None)
    assert data.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("stop", "names"),
    [
        (Stop.STOP, ("stop", "end_turn", "stop", "completed", "stop", "STOP")),
        (Stop.LENGTH, ("length", "max_tokens", "length", "max_output_tokens", "length", "MAX_TOKENS")),
        (Stop.CONTENT_FILTER, ("stop", "refusal", *("content_filter",) * 3, "SAFETY")),
        (Stop.TOOL_CALLS, ("stop", "tool_use", "tool_calls", "completed", "tool_calls", "STOP")),
    ],
)
async def test_stop_reasons_have_each_vendors_name(wires, wire, client, read, stop, names):
    """A reply's stop reason goes out under the vendor's own name."""
    async with Simulator(Reply(stop=stop)) as simulator, client(simulator) as http:
        data, _ = await read(http, wire.request())
    said = [wire._stop_of(document) for document in wire.documents(data)]
    assert [reason for reason in said if reason] == [dict(zip(wires, names, strict=True))[wire.name]]


@pytest.mark.parametrize("text", [(), ("one",)])
async def test_a_reply_without_usage_or_text_still_finishes(wire, client, read, text):
    """A reply may have no usage and no text: the stream is whole all the same."""
    async with Simulator(Reply(text=text, usage=None)) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request())
    assert error is None
    assert wire.finished(data)
    assert wire.text(data) == "".join(text)


async def test_models_are_listed_in_each_dialect(client):
    """The lists of models have the vendor's shape; Anthropic and OpenAI share a path and are told apart by a header."""
    async with Simulator(Reply(), models=("one", "two")) as simulator, client(simulator) as http:
        tags = (await http.get("/api/tags")).json()
        openai = (await http.get("/v1/models")).json()
        anthropic = (await http.get("/v1/models", headers={"anthropic-version": "2023-06-01"})).json()
        shown = (await http.post("/api/show", json={"model": "one"})).json()
        version = (await http.get("/api/version")).json()
    assert [model["name"] for model in tags["models"]] == ["one", "two"]
    assert (openai["object"], [model["id"] for model in openai["data"]]) == ("list", ["one", "two"])
    assert (anthropic["has_more"], [model["id"] for model in anthropic["data"]]) == (False, ["one", "two"])
    assert shown["model_info"]["qwen2.context_length"] == 32768
    assert version["version"]
    assert simulator.completions == []


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("ollama", {"model": ""}, "model is required"),
        ("ollama", {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}, "of type string"),
        ("anthropic", {"max_tokens": None}, "max_tokens: Field required"),
        ("anthropic", {"max_tokens": 0}, "greater than or equal to 1"),
        ("anthropic", {"messages": []}, "at least one message"),
        ("anthropic", {"messages": [{"role": "system", "content": "be brief"}]}, "messages.0"),
        ("anthropic", {"messages": [{"role": "user", "content": ""}]}, "non-empty"),
        ("openai", {"messages": []}, "'messages'"),
        ("openai", {"messages": [{"content": "hi"}]}, "messages[0].role"),
        ("openai", {"stream": False, "stream_options": {"include_usage": True}}, "stream_options"),
        ("openai", {"model": ""}, "model parameter"),
    ],
)
async def test_a_request_that_the_vendor_would_refuse_is_refused(wires, client, name, change, reason):
    """The simulator judges requests by the vendor's rules, in the vendor's error shape, before the script is asked."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        response = await http.request(**wires[name].request(**change))
    assert response.status_code == 400
    error = response.json()["error"]
    assert reason in (error if name == "ollama" else error["message"])


async def test_anthropics_version_header_is_required(wires, client):
    """A call to `/v1/messages` without `anthropic-version` is refused."""
    request = wires["anthropic"].request() | {"headers": {}}
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        response = await http.request(**request)
    assert response.status_code == 400
    assert "anthropic-version" in response.json()["error"]["message"]


async def test_a_body_that_is_no_json_object_is_refused(wire, client):
    """A broken body is a 400 in the dialect's shape."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        for body in (b"{", b"[]", b"\xff"):
            response = await http.post(wire.path, headers=wire.headers, content=body)
            assert response.status_code == 400
            assert "error" in response.json()


@pytest.mark.parametrize(("key", "status"), [("right", 200), ("wrong", 401)])
async def test_a_wrong_key_is_refused_where_one_is_set(wires, client, key, status):
    """With a key set, the vendor's own header or a bearer token must carry it; Ollama needs none."""
    bearer = {"authorization": f"Bearer {key}"}
    keys = {"anthropic": {"x-api-key": key}, "openai": bearer, "responses": bearer, "ollama": {}}
    keys |= {"azure": {"api-key": key}, "gemini": {"x-goog-api-key": key}}
    async with Simulator(Reply(), key="right") as simulator, client(simulator) as http:
        for name, headers in keys.items():
            request = wires[name].request()
            response = await http.request(**request | {"headers": request["headers"] | headers})
            refused = 400 if name == "gemini" else status  # Google calls a wrong key an invalid argument
            assert response.status_code == (200 if name == "ollama" or key == "right" else refused)
        listed = await http.get("/v1/models", headers=keys["openai"])
    assert listed.status_code == status


async def test_a_prefix_plays_another_provider(wire, client, read):
    """What stands before the API's path is the call's prefix, so that one port can play several providers."""
    async with Simulator(lambda call: Reply(text=(call.prefix,))) as simulator, client(simulator) as http:
        data, _ = await read(http, wire.request() | {"url": f"/slow/one{wire.path}"})
    assert wire.text(data) == "/slow/one"


async def test_an_unknown_path_is_not_found(client):
    """A path of no dialect is a 404 that is no call."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        assert (await http.get("/elsewhere")).status_code == 404
        assert (await http.get("/api/chat")).status_code == 404
    assert simulator.calls == []


def test_the_last_line_is_json_by_itself(wires):
    """The reading hand of these tests skips what is not JSON and keeps the rest."""
    data = b'data: {"choices":[]}\n\ndata: [DONE]\n\n'
    assert wires["openai"].documents(data) == [json.loads('{"choices":[]}')]
