"""The one reader of a request's hints, on tables of what people and plugins send."""

from __future__ import annotations

import pytest

from dragoman.core.errors import BadInput
from dragoman.core.hints import Dispatch, Hints, Selection, read_hints
from dragoman.core.intent import Intent

ALL = {
    "provider": "ollama",
    "model": "small",
    "intent": "tests",
    "strategy": "race",
    "k": 3,
    "providers": ["ollama", "openai", "ollama"],
    "budget_usd": 0.5,
    "max_latency_ms": 800,
    "stickiness": "turn",
    "priority_weights": {"ollama": 2},
    "min_useful_tokens": 9,
    "no_cache": True,
}


def test_every_hint_is_read():
    """Each hint arrives as it was meant; a provider that is named twice counts once."""
    assert read_hints(ALL) == Hints(
        provider="ollama",
        model="small",
        intent=Intent.TESTS,
        strategy=Dispatch.RACE,
        k=3,
        providers=("ollama", "openai"),
        budget_usd=0.5,
        max_latency_ms=800,
        stickiness="turn",
        priority_weights={"ollama": 2.0},
        min_useful_tokens=9,
        no_cache=True,
    )


def test_nothing_said_is_nothing_wanted():
    """Left out and null are the same."""
    assert read_hints({}) == read_hints(dict.fromkeys(ALL)) == Hints()


@pytest.mark.parametrize("name", [*Selection, *Dispatch])
def test_a_strategy_is_an_order_or_a_way_of_asking(name):
    """Both kinds of names are taken, each as what it is."""
    strategy = read_hints({"strategy": name.value}).strategy
    assert strategy is name
    assert isinstance(strategy, Dispatch) == (name in set(Dispatch))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("provider", "", "a provider's name"),
        ("provider", 3, "a provider's name"),
        ("intent", "cooking", "code, tests"),
        ("strategy", "fastest", "round_robin"),
        ("k", 0, "from 1 to"),
        ("k", 17, "from 1 to"),
        ("k", True, "whole number"),
        ("k", 2.5, "whole number"),
        ("providers", "ollama", "a list"),
        ("providers", [], "a list"),
        ("providers", [1], "a list"),
        ("budget_usd", 0, "above 0"),
        ("budget_usd", float("nan"), "above 0"),
        ("budget_usd", "1", "above 0"),
        ("max_latency_ms", 0, "milliseconds"),
        ("stickiness", "always", "none, turn, session"),
        ("priority_weights", {"ollama": 0}, "above 0"),
        ("priority_weights", ["ollama"], "an object"),
        ("min_useful_tokens", 0, "whole number"),
        ("no_cache", 1, "true or false"),
    ],
)
def test_a_wrong_value_is_named(key, value, words):
    """The message names the key and what it wants."""
    with pytest.raises(BadInput, match=f'"{key}" wants') as refused:
        read_hints({key: value})
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("key", "near"), [("max_latency", "max_latency_ms"), ("provders", "providers")])
def test_an_unknown_name_is_met_with_the_nearest(key, near):
    """A typo is named with what was probably meant; nonsense with all there is."""
    with pytest.raises(BadInput, match=f"did you mean {near}"):
        read_hints({key: 1})
    with pytest.raises(BadInput, match="known are provider, model"):
        read_hints({"zzz": 1})
