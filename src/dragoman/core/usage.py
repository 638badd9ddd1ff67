"""What attempts came to and cost, in sums by what a person asks for. Pure counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from dragoman.core.metrics import CANCELLED, DONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.core.chat import Usage

By = Literal["provider", "model", "intent", "action", "day"]

RUNNING, LOST = "running", "lost"
"""Outcomes of attempts whose end is not known: yet, or ever, as their process is gone."""


class Attempt(Protocol):
    """What is summed: `engine.records.AttemptRecord` is one."""

    @property
    def outcome(self) -> str:
        """done, cancelled, running, lost, or an error's kind."""
        ...

    @property
    def usage(self) -> Usage:
        """Its tokens."""
        ...

    @property
    def cost_usd(self) -> float | None:
        """What they cost; None where nobody knows."""
        ...


@dataclass(slots=True)
class Sums:
    """Sums over attempts; money in USD. What still runs is only counted.

    estimated_usd: the part of the cost whose tokens were counted here. unpriced: attempts whose price nobody knows.
    """

    attempts: int = 0
    answered: int = 0
    failed: int = 0
    cancelled: int = 0
    lost: int = 0
    running: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0
    estimated_usd: float = 0.0
    unpriced: int = 0

    def add(self, attempt: Attempt) -> None:
        """One attempt more."""
        self.attempts += 1
        if attempt.outcome == RUNNING:
            self.running += 1
            return
        self.answered += attempt.outcome == DONE
        self.cancelled += attempt.outcome == CANCELLED
        self.lost += attempt.outcome == LOST
        self.failed += attempt.outcome not in (DONE, CANCELLED, LOST)
        self.input_tokens += attempt.usage.input_tokens
        self.output_tokens += attempt.usage.output_tokens
        self.cached_tokens += attempt.usage.cached_tokens
        self.cache_write_tokens += attempt.usage.cache_write_tokens
        self.reasoning_tokens += attempt.usage.reasoning_tokens
        self.cost_usd += attempt.cost_usd or 0.0
        self.estimated_usd += (attempt.cost_usd or 0.0) if attempt.usage.estimated else 0.0
        self.unpriced += attempt.cost_usd is None


def summed(attempts: Iterable[tuple[str, Attempt]]) -> dict[str, Sums]:
    """The sums by the name that stands before each attempt, the dearest first."""
    sums: dict[str, Sums] = {}
    for name, attempt in attempts:
        sums.setdefault(name, Sums()).add(attempt)
    return dict(sorted(sums.items(), key=lambda entry: (-entry[1].cost_usd, -entry[1].attempts, entry[0])))
