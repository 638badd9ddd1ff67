"""The table of models: what is known, what is not, and that it is well made."""

from __future__ import annotations

import datetime as dt
import json
from importlib import resources

import pytest

from dragoman.core.price import Price
from dragoman.providers import PRESETS, catalog
from dragoman.providers.base import Capabilities

TABLE = json.loads(resources.files("dragoman.providers").joinpath("catalog.json").read_text("utf-8"))


def rows():
    """Every row with its provider."""
    return [(name, row) for name, found in TABLE["providers"].items() for row in found]


def test_a_known_model_has_window_abilities_and_price():
    """By its name, with its date behind it, and as others that sell it call it."""
    usual = catalog.capabilities("anthropic", "claude-sonnet-4-5")
    assert (usual.context, usual.tools, usual.vision, usual.thinking) == (200_000, True, True, True)
    assert catalog.price("anthropic", "claude-sonnet-4-5") == Price(
        3, 15, 0.3, 200_000, Price(6, 22.5, 0.6, cache_write=7.5), 3.75
    )
    for provider, name in (
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "Claude-Sonnet-4-5"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
    ):
        assert catalog.capabilities(provider, name) == usual
    assert catalog.price("azure", "gpt-4o") == catalog.price("openai", "gpt-4o") is not None


def test_the_most_exact_name_wins():
    """A dated version with a price of its own is not taken for the newest, nor a small model for a large one."""
    assert catalog.price("openai", "gpt-4o-2024-05-13") != catalog.price("openai", "gpt-4o")
    assert catalog.price("openai", "gpt-5-mini") != catalog.price("openai", "gpt-5")
    assert catalog.price("gemini", "models/gemini-2.5-flash-lite") != catalog.price("gemini", "gemini-2.5-flash")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-nobody-knows"),
        ("my-server", "gpt-4o"),
        ("openrouter", "someone/claude-sonnet-4.5"),
        ("openrouter", "openrouter/auto"),
        ("openai", ""),
    ],
)
def test_what_is_not_known_is_not_claimed(provider, model):
    """No guess from a similar name, and none for a server of the person's own."""
    assert catalog.capabilities(provider, model) == Capabilities()
    assert catalog.price(provider, model) is None


def test_embeddings_cost_only_what_is_sent():
    """A model for embeddings answers in no tokens."""
    price = catalog.price("openai", "text-embedding-3-small")
    assert price.input > 0
    assert price.output == 0
    assert catalog.capabilities("openai", "text-embedding-3-small").embeddings


def test_every_cloud_presets_usual_model_is_known():
    """What is asked where the settings name no model has a window and a price, unless the provider chooses it."""
    chosen_there = {"openrouter", "github", "copilot"}
    for preset in PRESETS.values():
        if preset.model and preset.name not in chosen_there:
            assert catalog.price(preset.name, preset.model), preset.name
        if preset.embedding_model:
            assert catalog.price(preset.name, preset.embedding_model), preset.name


def test_the_table_is_dated():
    """The day that it was made is a day."""
    assert dt.date.fromisoformat(catalog.made()) > dt.date(2026, 1, 1)


def test_every_row_is_well_made():
    """Names, a sensible window, known letters, and prices of which none but an embedding's output is zero."""
    assert len(rows()) > 100
    for provider, (names, window, letters, tiers) in rows():
        assert provider in PRESETS
        assert all(name == name.lower() and name.strip("*") for name in names.split("|"))
        assert window is None or 1000 < window < 20_000_000
        assert set(letters.lower()) <= set("tvhfe")
        assert len(set(letters.lower())) == len(letters)
        assert [tier[0] for tier in tiers] == sorted({tier[0] for tier in tiers})
        for start, sent, answered, cached, *written in tiers:
            assert start >= 0
            assert sent > 0
            assert answered > 0 or "E" in letters
            assert cached is None or 0 < cached <= sent
            assert not written or written[0] >= sent
        assert not tiers or tiers[0][0] == 0


def test_the_table_is_small():
    """It is read at every start."""
    assert len(resources.files("dragoman.providers").joinpath("catalog.json").read_bytes()) < 25_000
