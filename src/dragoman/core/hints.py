"""What one request wants otherwise than the settings say, and the one reader of it: for editors, command line, gateway.

The names are the same everywhere. Decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Selection(StrEnum):
    """How candidates are ordered."""

    PRIORITY = "priority"
    ROUND_ROBIN = "round_robin"
    RANDOM = "random"
    WEIGHTED = "weighted"
    SCORED = "scored"
    CHEAPEST = "cheapest"
    MANUAL = "manual"


class Dispatch(StrEnum):
    """How many candidates are asked, and how."""

    SINGLE = "single"
    RACE = "race"
    SPECULATE_K = "speculate_k"
    PARALLEL_MERGE = "parallel_merge"


Stickiness = Literal["none", "turn", "session"]
STICKINESS: tuple[Stickiness, ...] = ("none", "turn", "session")


@dataclass(frozen=True, slots=True)
class Hints:
    """What one request wants otherwise than the settings say. An explicit provider or model always wins.

    strategy: a selection's or a dispatch's name. k: how many are asked by `speculate_k` and `parallel_merge`.
    providers: nobody else is asked. budget_usd: the whole request must not cost more. max_latency_ms: whoever has
    given nothing useful by then is left for the next. priority_weights: by provider, what its score is multiplied by.
    min_useful_tokens: what wins a race. no_cache: the answer is to be a new one, and is not kept.
    """

    provider: str | None = None
    model: str | None = None
    intent: Intent | None = None
    strategy: Selection | Dispatch | None = None
    k: int | None = None
    providers: tuple[str, ...] = ()
    budget_usd: float | None = None
    max_latency_ms: int | None = None
    stickiness: Stickiness | None = None
    priority_weights: Mapping[str, float] = field(default_factory=dict)
    min_useful_tokens: int | None = None
    no_cache: bool = False


LARGEST_K = 16


def read_hints(values: Mapping[str, object]) -> Hints:
    """The hints among named values as JSON has them; null is as left out.

    Raises `BadInput` that names the key, and what it wants.
    """
    read: dict[str, Any] = {}
    for key, value in values.items():
        if key not in READERS:
            near = get_close_matches(key[:100], READERS, 1)
            meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(READERS)}."
            raise BadInput(f"Unknown hint {key[:40]!r}: {meant}")
        if value is None:
            continue
        wants, reader = READERS[key]
        try:
            read[key] = reader(value)
        except (ValueError, TypeError, OverflowError):
            raise BadInput(f'"{key}" wants {wants}, not {value!r:.60}.') from None
    return Hints(**read)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _strategy(value: object) -> Selection | Dispatch:
    name = _text(value)
    return Dispatch(name) if name in set(Dispatch) else Selection(name)


def _stickiness(value: object) -> Stickiness:
    if value not in STICKINESS:
        raise ValueError
    return value


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError
        return value

    return read


def _number(value: object, least: float, most: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError
    return float(value)


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError
    return tuple(dict.fromkeys(_text(name) for name in value))


def _weights(value: object) -> Mapping[str, float]:
    if not isinstance(value, dict):
        raise TypeError
    return {_text(name): _number(weight, 0.001, 1000) for name, weight in value.items()}


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


READERS: Mapping[str, tuple[str, Callable[[object], Any]]] = MappingProxyType(
    {
        "provider": ("a provider's name", _text),
        "model": ("a model's name", _text),
        "intent": (f"one of {', '.join(Intent)}", lambda value: Intent(_text(value))),
        "strategy": (f"one of {', '.join((*Selection, *Dispatch))}", _strategy),
        "k": (f"a whole number from 1 to {LARGEST_K}", _whole(1, LARGEST_K)),
        "providers": ("a list of providers' names", _names),
        "budget_usd": ("an amount in USD above 0", lambda value: _number(value, 0.000001, 1_000_000)),
        "max_latency_ms": ("milliseconds, a whole number from 1", _whole(1, 86_400_000)),
        "stickiness": (f"one of {', '.join(STICKINESS)}", _stickiness),
        "priority_weights": ("an object of providers and numbers above 0", _weights),
        "min_useful_tokens": ("a whole number from 1", _whole(1, 100_000)),
        "no_cache": ("true or false", _flag),
    }
)
"""What each hint wants, in words, and its reader."""
