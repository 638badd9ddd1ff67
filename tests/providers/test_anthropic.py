"""What the recordings of Anthropic don't show: which model is asked in which way, and what its entry tells."""

from __future__ import annotations

import json

import pytest

from dragoman.core.errors import StreamingError
from dragoman.providers import anthropic
from dragoman.providers.anthropic_models import ways_of
from dragoman.providers.base import Capabilities


@pytest.mark.parametrize(
    ("model", "thinking", "off"),
    [
        ("claude-2.1", "", ""),
        ("claude-3-5-sonnet-20241022", "", ""),
        ("claude-3-7-sonnet-latest", "budget", ""),
        ("claude-opus-4-20250514", "budget", ""),
        ("anthropic/claude-sonnet-4.5", "budget", ""),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "budget", ""),
        ("claude-sonnet-4-6", "adaptive", ""),
        ("claude-opus-4-8", "adaptive", ""),
        ("claude-sonnet-5", "adaptive", "disabled"),
        ("claude-sonnet-5-20260630", "adaptive", "disabled"),
        ("claude-fable-5", "adaptive", None),
        ("claude-opus-5-5", "adaptive", None),
        ("claude-sonnet-5-5", "adaptive", "between_tools"),
        ("claude-opus-7", "adaptive", None),
        ("someone-elses-model", "budget", ""),
    ],
)
def test_a_model_is_known_by_its_name(model, thinking, off):
    """Dates, vendors' prefixes and dots do not hide a model's generation; a newer one is taken for the newest."""
    ways = ways_of(model)
    assert (ways.thinking, ways.off) == (thinking, off)


@pytest.mark.parametrize(
    ("model", "sampling", "prefill", "forced", "schema"),
    [
        ("claude-sonnet-4", True, True, True, False),
        ("claude-sonnet-4-5", True, True, True, True),
        ("claude-opus-4-6", True, False, True, True),
        ("claude-opus-4-7", False, False, True, True),
        ("claude-opus-5", False, False, True, True),
        ("claude-fable-5-1", False, False, False, True),
        ("claude-haiku-5-5", False, False, True, True),
    ],
)
def test_a_generation_takes_what_it_takes(model, sampling, prefill, forced, schema):
    """Each generation refuses other parts of a request."""
    ways = ways_of(model)
    assert (ways.sampling, ways.prefill, ways.forced, ways.schema) == (sampling, prefill, forced, schema)


def test_an_entry_tells_windows_and_abilities():
    """The list's own entry knows what its model can do."""
    entry = {
        "type": "model",
        "id": "claude-sonnet-4-5",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "capabilities": {"image_input": {"supported": True}, "thinking": {"supported": False, "types": {}}},
    }
    assert anthropic.described(json.dumps(entry).encode(), "claude-sonnet-4-5") == Capabilities(
        200_000, 64_000, tools=True, vision=True, thinking=False, fill=False, embeddings=False
    )


def test_an_older_entry_tells_little():
    """What a server does not say stays unknown."""
    known = anthropic.described(b'{"type":"model","id":"m"}', "m")
    assert (known.context, known.output, known.vision, known.thinking) == (None, None, None, None)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"data":[]}', b"[" * 9999])
def test_what_is_no_entry_is_said(body):
    """Anything else at that address is an error."""
    with pytest.raises(StreamingError, match="base_url"):
        anthropic.described(body, "m")
