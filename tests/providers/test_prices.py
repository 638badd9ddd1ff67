"""Costs against a price library that others keep, and counts against the providers' own sums."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib import resources
from itertools import product

import genai_prices
import pytest
from genai_prices.data import providers

from dragoman.core.chat import Usage
from dragoman.core.price import cost
from dragoman.providers import catalog
from providers.recordings import exchanges, read

THEIRS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "gemini": "google",
    "xai": "x-ai",
    "groq": "groq",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "together": "together",
    "fireworks": "fireworks",
}
"""Our provider's name -> genai-prices' own."""

TABLE = json.loads(resources.files("dragoman.providers").joinpath("catalog.json").read_text("utf-8"))

SPEAKING = re.compile(r"-tts\b")
"""Models that answer in sound, which are asked nothing here."""

MILLION = 1_000_000
SIZES = (1_000, 100_000, 100_001, 200_000, 200_001, 272_000, 272_001, 2 * MILLION)
"""Input tokens of requests on both sides of the limits above which requests have another price."""


def models_known_to_both():
    """Every name in our table, and every model of theirs that our table knows; with our provider's name."""
    ours = {
        (name, each.strip("*"))
        for name, found in TABLE["providers"].items()
        for row in found
        for each in row[0].split("|")
    }
    listed = ((name, next(each for each in providers if each.id == theirs)) for name, theirs in THEIRS.items())
    theirs = {(name, model.id) for name, provider in listed for model in provider.models}
    return sorted(pair for pair in ours | theirs if catalog.price(*pair) is not None and not SPEAKING.search(pair[1]))


def their_cost(provider: str, model: str, usage: Usage) -> float | None:
    """The most that they say it costs at any hour of the table's day; None where they don't know the model."""
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
    )
    day = datetime.fromisoformat(catalog.made()).replace(tzinfo=UTC)
    try:
        return max(
            float(
                genai_prices.calc_price(
                    counted, model, provider_id=THEIRS[provider], genai_request_timestamp=day.replace(hour=hour)
                ).total_price
            )
            for hour in range(0, 24, 3)
        )
    except LookupError:
        return None


@pytest.mark.parametrize(("provider", "model"), models_known_to_both())
def test_a_cost_is_theirs_to_the_cent_per_million(provider, model):
    """Input, output, cached input and what was written to a cache, in requests of all sizes."""
    compared = 0
    for size, parts in product(SIZES, ((0.0, 0.0), (0.5, 0.25))):
        usage = Usage(size, 1_000, int(size * parts[0]), cache_write_tokens=int(size * parts[1]))
        theirs = their_cost(provider, model, usage)
        if theirs is None:
            continue
        ours = cost(usage, catalog.price(provider, model))
        assert ours is not None
        tokens = usage.input_tokens + usage.output_tokens
        assert abs(ours - theirs) * MILLION / tokens < 0.01, (usage, ours, theirs)
        compared += 1
    assert compared


TOTAL = re.compile(rb'"total(?:_tokens|TokenCount)"\s*:\s*(\d+)')
"""What a provider says that input and output are together: OpenAI's name and Gemini's."""

SUMMED = [exchange for exchange in exchanges() if exchange.whole and TOTAL.search(exchange.body)]


@pytest.mark.parametrize("exchange", SUMMED, ids=lambda exchange: exchange.name)
def test_no_token_is_counted_twice_and_none_is_forgotten(exchange):
    """Where a provider tells the sum, input and output are together just that, whatever of it was reasoning."""
    *_, usage = (value for kind, value in read(exchange, [exchange.body]).deltas if kind == "usage")
    assert usage["input_tokens"] + usage["output_tokens"] == int(TOTAL.findall(exchange.body)[-1])


def test_the_sums_are_of_answers_with_reasoning():
    """Several dialects among them report some, each in its own way."""
    reasoning = {
        exchange.name.partition("/")[0]
        for exchange in SUMMED
        for kind, value in exchange.expected["deltas"]
        if kind == "usage" and value["reasoning_tokens"]
    }
    assert {"openai", "openai-responses", "gemini", "xai", "deepseek"} <= reasoning


@pytest.mark.parametrize("exchange", [each for each in exchanges() if each.whole], ids=lambda exchange: exchange.name)
def test_parts_are_no_more_than_the_whole(exchange):
    """Reasoning is part of the output; what was read from a cache and written to it are parts of the input."""
    for kind, value in exchange.expected["deltas"]:
        if kind == "usage":
            assert value["reasoning_tokens"] <= value["output_tokens"]
            assert value["cached_tokens"] + value.get("cache_write_tokens", 0) <= value["input_tokens"]
