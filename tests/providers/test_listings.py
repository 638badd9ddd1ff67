"""What servers tell of their models in their lists, each in members of its own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.price import Price
from dragoman.providers.base import Capabilities
from dragoman.providers.listings import Listing, listings

TOLD = {
    "openrouter": (
        {
            "data": [
                {
                    "id": "maker/model",
                    "context_length": 128000,
                    "architecture": {"input_modalities": ["text", "image"]},
                    "top_provider": {"max_completion_tokens": 16384},
                    "supported_parameters": ["tools", "reasoning", "stop"],
                    "pricing": {
                        "prompt": "0.0000025",
                        "completion": "0.00001",
                        "input_cache_read": "0.00000125",
                        "input_cache_write": "0.000003",
                    },
                }
            ]
        },
        "maker/model",
        Listing(
            Capabilities(context=128000, output=16384, tools=True, vision=True, thinking=True),
            Price(2.5, 10.0, 1.25, cache_write=3.0),
        ),
    ),
    "openrouter, whose price varies": (
        {"data": [{"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}}]},
        "openrouter/auto",
        Listing(),
    ),
    "together": (
        [{"id": "maker/open", "context_length": 8192, "pricing": {"input": 0.2, "output": 0.6}}],
        "maker/open",
        Listing(Capabilities(context=8192), Price(0.2, 0.6)),
    ),
    "groq": (
        {"data": [{"id": "fast", "context_window": 131072, "max_completion_tokens": 32768}]},
        "fast",
        Listing(Capabilities(context=131072, output=32768)),
    ),
    "mistral": (
        {
            "data": [
                {
                    "id": "codestral-latest",
                    "max_context_length": 256000,
                    "capabilities": {"function_calling": True, "completion_fim": True, "vision": False},
                }
            ]
        },
        "codestral-latest",
        Listing(Capabilities(context=256000, tools=True, vision=False, fill=True)),
    ),
    "gemini": (
        {
            "models": [
                {
                    "name": "models/gemini-x",
                    "inputTokenLimit": 1048576,
                    "outputTokenLimit": 65536,
                    "thinking": True,
                    "supportedGenerationMethods": ["generateContent", "countTokens"],
                }
            ]
        },
        "gemini-x",
        Listing(Capabilities(context=1048576, output=65536, thinking=True, embeddings=False)),
    ),
    "vllm": (
        {"data": [{"id": "own", "max_model_len": 32768}]},
        "own",
        Listing(Capabilities(context=32768)),
    ),
    "openai, which tells nothing": (
        {"object": "list", "data": [{"id": "gpt", "object": "model", "owned_by": "openai"}]},
        "gpt",
        Listing(),
    ),
}


@pytest.mark.parametrize("who", TOLD)
def test_what_a_server_tells_is_read(who):
    """Windows, abilities and prices in each provider's own words; the rest stays unknown."""
    body, name, listing = TOLD[who]
    found = listings(json.dumps(body).encode())
    assert found[name].capabilities == listing.capabilities
    if listing.price is None:
        assert found[name].price is None
    else:
        price = found[name].price
        assert (price.input, price.output) == pytest.approx((listing.price.input, listing.price.output))
        assert price.cached == pytest.approx(listing.price.cached)


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b'{"data": 5}', b'{"data": [1, null, {"id": 7}]}'])
def test_what_is_no_list_tells_nothing(body):
    """Anything else is no reason to fail: the names are the dialect's to judge."""
    assert listings(body) == {}


@pytest.mark.parametrize("value", [True, "8192", -1, 0, None, [], 1.5])
def test_a_window_that_is_none_stays_unknown(value):
    """Only a whole number above zero is a window."""
    body = json.dumps({"data": [{"id": "m", "context_length": value}]}).encode()
    assert listings(body)["m"].capabilities.context is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "data", "pricing", "prompt", "completion", "input", "output", "capabilities", "meta"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_without_a_word(value):
    """Whatever a server sends, nothing is raised, and no price is negative."""
    for listing in listings(json.dumps(value).encode()).values():
        assert listing.price is None or listing.price.input >= 0
