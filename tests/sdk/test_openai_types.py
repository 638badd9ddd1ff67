"""What we send and what we recorded, judged by OpenAI's own types. No socket and no simulator."""

from __future__ import annotations

import json
from typing import get_type_hints

import pytest
from openai.types import CompletionCreateParams, EmbeddingCreateParams
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from openai.types.responses import ResponseStreamEvent
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import TypeAdapter

from providers.recordings import FOLDER, exchanges

OURS = ("openai", "azure", "openai-responses")
BODIES = {
    "/chat/completions": CompletionCreateParamsStreaming,
    "/responses": ResponseCreateParamsStreaming,
    "/embeddings": EmbeddingCreateParams,
    "/completions": CompletionCreateParams,
}
SENT = [
    path
    for name in OURS
    for path in sorted(FOLDER.glob(f"{name}/requests/*.json"))
    if json.loads(path.read_text("utf-8")).get("body")
]
RECEIVED = [exchange for exchange in exchanges() if exchange.streamed and exchange.whole]


def of(folder):
    """The whole recorded chats of one folder, but for those that are broken on purpose."""
    return [
        pytest.param(exchange, id=exchange.name)
        for exchange in RECEIVED
        if exchange.name.startswith(f"{folder}/") and not {"skipped", "reader"} & set(exchange.expected)
    ]


def events(exchange):
    """The JSON objects of a stream."""
    lines = exchange.body.decode().split("\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parts[-3]}/{path.stem}") for path in SENT])
def test_what_we_send_is_of_the_vendors_types(path):
    """Every recorded request has the members, and the kinds of values, that the official SDK would send."""
    recorded = json.loads(path.read_text("utf-8"))
    place = recorded["url"].partition("?")[0]
    kind = next(kind for ending, kind in BODIES.items() if place.endswith(ending))
    TypeAdapter(kind).validate_python(recorded["body"])
    known = {name for part in getattr(kind, "__args__", (kind,)) for name in get_type_hints(part)}
    assert set(recorded["body"]) <= known


@pytest.mark.parametrize("exchange", of("openai-responses"))
def test_recorded_responses_are_of_the_vendors_types(exchange):
    """The events that we read are those that the official SDK reads."""
    adapter = TypeAdapter(ResponseStreamEvent)
    for event in events(exchange):
        adapter.validate_python(event)


@pytest.mark.parametrize("exchange", of("openai"))
def test_recorded_chunks_are_of_the_vendors_types(exchange):
    """The chunks that we read are those that the official SDK reads."""
    for event in events(exchange):
        ChatCompletionChunk.model_validate(event)
