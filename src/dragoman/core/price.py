"""What tokens cost. Pure arithmetic: knows no model and no provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.chat import Usage

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens. `cached` is for input that the provider had in its cache, `cache_write` for what it wrote
    there; None where they are not known.

    `long` is the price of a whole request with more input tokens than `long_from`.
    """

    input: float
    output: float
    cached: float | None = None
    long_from: int | None = None
    long: Price | None = None
    cache_write: float | None = None


FREE = Price(0.0, 0.0, 0.0)
"""On the person's own machine."""


def cost(usage: Usage, price: Price | None) -> float | None:
    """What the tokens cost in USD, or None where the price is not known; no tokens cost nothing.

    Cached tokens without a price of their own cost what others do: rather too much than too little. Reasoning tokens
    are among those of the output.
    """
    if not (usage.input_tokens or usage.output_tokens):
        return 0.0
    if price is None:
        return None
    if price.long and price.long_from is not None and usage.input_tokens > price.long_from:
        return cost(usage, price.long)
    cached = min(usage.cached_tokens, usage.input_tokens)
    written = min(usage.cache_write_tokens, usage.input_tokens - cached)
    parts = (
        (usage.input_tokens - cached - written, price.input),
        (cached, price.input if price.cached is None else price.cached),
        (written, price.input if price.cache_write is None else price.cache_write),
        (usage.output_tokens, price.output),
    )
    return sum(tokens * dollars for tokens, dollars in parts) / _MILLION
