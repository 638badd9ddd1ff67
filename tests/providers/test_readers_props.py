"""Properties of the readers: no way of cutting a stream shows, and no bytes at all can break them."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import ProviderError
from dragoman.providers import DIALECTS
from providers.recordings import exchanges, read

STREAMS = [exchange for exchange in exchanges() if exchange.streamed and exchange.body]


@given(st.data())
def test_any_chunking_gives_the_same(data):
    """However the network cuts a stream into pieces, empty ones too, its deltas and its error stay the same."""
    exchange = data.draw(st.sampled_from(STREAMS), label="exchange")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(exchange.body)), max_size=30), label="cuts"))
    edges = [0, *cuts, len(exchange.body)]
    pieces = [exchange.body[start:end] for start, end in pairwise(edges)]
    whole, chunked = read(exchange, [exchange.body]), read(exchange, pieces)
    assert type(chunked.error) is type(whole.error)
    if whole.error is None:
        assert chunked.deltas == whole.deltas


NAMES = [
    "choices",
    "delta",
    "content",
    "reasoning",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "error",
    "message",
    "type",
    "text",
    "code",
    "detail",
    "metadata",
    "raw",
    "msg",
    "loc",
    "thinking",
    "done",
    "done_reason",
    "stop_reason",
    "stop_details",
    "prompt_eval_count",
    "thoughtSignature",
    "partial_json",
    "content_block",
    "usageMetadata",
    "promptFeedback",
    "finishReason",
    "functionCall",
    "parts",
    "candidates",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "index",
    "id",
    "refusal",
    "response",
    "status",
    "incomplete_details",
    "reason",
    "item",
    "output_index",
    "encrypted_content",
    "stop",
    "stop_type",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(
    [
        "content_block_delta",
        "message_start",
        "message_delta",
        "message_stop",
        "error",
        "response.output_text.delta",
        "response.reasoning_summary_part.added",
        "response.output_item.added",
        "response.output_item.done",
        "response.function_call_arguments.delta",
        "response.refusal.delta",
        "response.completed",
        "response.incomplete",
        "response.failed",
        "reasoning",
        "function_call",
    ]
)
READERS = [(name, kind) for name in DIALECTS for kind in ("reader", "fill_reader") if hasattr(DIALECTS[name], kind)]


@pytest.mark.parametrize(("name", "kind"), READERS)
@given(values=st.lists(st.tuples(JSON, TYPES), max_size=4))
def test_json_of_any_shape_is_survived(name, kind, values):
    """Objects with the right names and the wrong types give deltas of text or a provider's error, never a crash."""
    reader = getattr(DIALECTS[name], kind)()
    with suppress(ProviderError):
        for value, type_ in values:
            line = json.dumps({"type": type_} | value if isinstance(value, dict) else value)
            deltas = reader.feed(f"{line}\n".encode() if name == "ollama" else f"data: {line}\n\n".encode())
            assert all(isinstance(delta.text, str) for delta in deltas if hasattr(delta, "text"))
        reader.close()


@pytest.mark.parametrize("name", DIALECTS)
@given(status=st.integers(100, 599), body=st.binary(max_size=200) | JSON.map(lambda value: str(value).encode()))
def test_any_response_is_an_error_with_a_reason(name, status, body):
    """Whatever stands at an address, a person gets one short printable line about it."""
    error = DIALECTS[name].error(status, {}, body)
    assert error.reason
    assert error.reason.isprintable()
    assert error.status == status


@pytest.mark.parametrize("name", DIALECTS)
@given(status=st.integers(400, 599), value=JSON)
def test_any_error_body_is_read(name, status, value):
    """Error bodies of unknown shapes are sorted by their status at the least."""
    error = DIALECTS[name].error(status, {"content-type": "application/json"}, json.dumps(value).encode())
    assert error.reason
    assert error.reason.isprintable()
