"""What is known of the providers' models without asking anybody: windows, abilities, prices.

Reads the table that scripts/generate-catalog writes, when it is imported, as the event loop must not wait for a file.
What is not in the table is unknown, never zero.
"""

from __future__ import annotations

import json
import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.price import Price
from dragoman.providers.base import Capabilities

if TYPE_CHECKING:
    from collections.abc import Mapping

_LETTERS = MappingProxyType({"t": "tools", "v": "vision", "h": "thinking", "f": "fill", "e": "embeddings"})

_SAME_MODELS = MappingProxyType({"azure": "openai", "vertex": "gemini"})
"""Providers that sell another's models, under the same names and at the same prices."""

_SOLD_ON = MappingProxyType({"anthropic": "anthropic", "openai": "openai", "google": "gemini", "x-ai": "xai"})
"""How OpenRouter calls makers whose models nobody else runs: it asks the makers' own prices."""

_TABLE: Mapping[str, Any] = MappingProxyType(json.loads(pkgutil.get_data(__name__, "catalog.json") or b""))

_DATE = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$")


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of model. In `names` a star at an end stands for anything."""

    names: tuple[str, ...]
    capabilities: Capabilities
    price: Price | None


def capabilities(provider: str, model: str) -> Capabilities:
    """What is known of the model; `Capabilities()` where nothing is. `provider` is a preset's name."""
    row = _found(provider, model)
    return row.capabilities if row else Capabilities()


def price(provider: str, model: str) -> Price | None:
    """What the model's tokens cost, or None where it is not known. `provider` is a preset's name."""
    row = _found(provider, model)
    return row.price if row else None


def made() -> str:
    """The day of the table, as YYYY-MM-DD."""
    return str(_TABLE["made"])


def _found(provider: str, model: str) -> Row | None:
    provider, name = _SAME_MODELS.get(provider, provider), model.lower().removeprefix("models/")
    if provider == "openrouter":
        maker, _, name = name.partition("/")
        provider = _SOLD_ON.get(maker, "")
    rows = _rows(provider)
    return _best(rows, name) or _best(rows, _DATE.sub("", name))


def _best(rows: tuple[Row, ...], name: str) -> Row | None:
    """The row whose pattern says most of the name: the name itself, else the longest part of it."""
    matches = [(len(pattern) + (pattern == name), row) for row in rows for pattern in row.names if _fits(pattern, name)]
    return max(matches, key=lambda match: match[0], default=(0, None))[1]


def _fits(pattern: str, name: str) -> bool:
    core = pattern.strip("*")
    match pattern.startswith("*"), pattern.endswith("*"):
        case True, True:
            return core in name
        case True, False:
            return name.endswith(core)
        case False, True:
            return name.startswith(core)
    return name == core


@cache
def _rows(provider: str) -> tuple[Row, ...]:
    return tuple(_row(*row) for row in _TABLE["providers"].get(provider, ()))


def _row(names: str, window: int | None, letters: str, tiers: list[list[Any]]) -> Row:
    """A row of the table: a capital letter says that the model can, a small one that it can't, none that nobody knows.

    Each tier is [above so many input tokens, input, output, cached input], with the price of writing to the cache
    behind it where that is another than the input's.
    """
    able = {_LETTERS[letter.lower()]: letter.isupper() for letter in letters}
    price: Price | None = None
    above: int | None = None
    for start, given, answered, cached, *written in reversed(tiers):
        price, above = Price(given, answered, cached, above, price, *written), start
    return Row(tuple(names.split("|")), Capabilities(context=window, **able), price)
