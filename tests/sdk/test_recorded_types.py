"""What we send to Anthropic, Gemini and Ollama, and what we recorded of them, judged by the vendors' own types.

No socket and no simulator.
"""

from __future__ import annotations

import json
from typing import get_type_hints

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from google.genai.types import Content, GenerateContentConfig, GenerateContentResponse
from ollama import ChatResponse, GenerateResponse
from ollama._types import ChatRequest, EmbedRequest, GenerateRequest
from pydantic import TypeAdapter

from providers.recordings import FOLDER, exchanges

OLLAMA = {"chat": ChatRequest, "generate": GenerateRequest, "embed": EmbedRequest}
OLDER_MODELS_TAKE = {"temperature", "top_p"}
"""No longer in Anthropic's types, since no newer model takes them."""
AT_THE_TOP = ("contents", "model")
"""What Gemini's library takes beside its configuration."""
NO_SDK_READS_THEM = ("answer", "unknown_events")
"""Streams with pings and with events that don't exist yet, which the SDK drops before it reads them."""


def sent(folder, endings):
    """The recorded requests of one folder to these methods."""
    found = []
    for path in sorted(FOLDER.glob(f"{folder}/requests/*.json")):
        recorded = json.loads(path.read_text("utf-8"))
        if recorded.get("body") and recorded["url"].partition("?")[0].endswith(endings):
            found.append(pytest.param(recorded, id=f"{folder}/{path.stem}"))
    return found


def received(folder):
    """The whole recorded answers of one folder, but for those that are broken on purpose."""
    return [
        pytest.param(exchange, id=exchange.name)
        for exchange in exchanges()
        if exchange.streamed
        and exchange.whole
        and exchange.name.startswith(f"{folder}/")
        and exchange.name.partition("/")[2] not in NO_SDK_READS_THEM
        and "skipped" not in exchange.expected
    ]


def events(exchange):
    """The JSON objects of a stream, of either kind, or the one of an answer that came whole."""
    text = exchange.body.decode().lstrip("\ufeff")
    if exchange.name.partition("/")[2].startswith("whole_"):
        return [json.loads(text)]
    lines = text.splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith(("data: {", "{"))]


@pytest.mark.parametrize("recorded", sent("anthropic", "/messages"))
def test_anthropic_would_be_sent_the_same(recorded):
    """Every request has the members, and the kinds of values, that the official SDK would send."""
    TypeAdapter(MessageCreateParamsStreaming).validate_python(recorded["body"])
    assert set(recorded["body"]) <= set(get_type_hints(MessageCreateParamsStreaming)) | OLDER_MODELS_TAKE


@pytest.mark.parametrize("exchange", received("anthropic"))
def test_anthropic_streams_are_of_its_types(exchange):
    """The events that we read are those that the official SDK reads."""
    for event in events(exchange):
        if event["type"] != "ping":
            TypeAdapter(Message if event["type"] == "message" else RawMessageStreamEvent).validate_python(event)


@pytest.mark.parametrize("recorded", sent("gemini", ":streamGenerateContent"))
def test_gemini_would_be_sent_the_same(recorded):
    """Every content, tool, setting and configuration is one that the official library knows; it forbids all others."""
    body = recorded["body"]
    for content in body["contents"]:
        Content.model_validate(content)
    rest = {name: value for name, value in body.items() if name not in (*AT_THE_TOP, "generationConfig")}
    GenerateContentConfig.model_validate(rest | body.get("generationConfig", {}))


@pytest.mark.parametrize("exchange", received("gemini"))
def test_gemini_streams_are_of_its_types(exchange):
    """The chunks that we read are those that the official library reads."""
    for event in events(exchange):
        GenerateContentResponse.model_validate(event)


@pytest.mark.parametrize("recorded", sent("ollama", tuple(f"/api/{method}" for method in OLLAMA)))
def test_ollama_would_be_sent_the_same(recorded):
    """Every request is of the official library's types; what the library does not know yet, the server's types do."""
    kind = OLLAMA[recorded["url"].rpartition("/")[2]]
    kind.model_validate(recorded["body"])
    assert set(recorded["body"]) <= set(kind.model_fields) | {"truncate", "shift"}


@pytest.mark.parametrize("exchange", received("ollama"))
def test_ollama_streams_are_of_its_types(exchange):
    """The lines that we read are those that the official library reads."""
    kind = GenerateResponse if exchange.expected.get("reader") == "fill_reader" else ChatResponse
    for event in events(exchange):
        kind.model_validate(event)
