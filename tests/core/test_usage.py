"""Sums over attempts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dragoman.core.chat import Usage
from dragoman.core.usage import Sums, summed


@dataclass
class Tried:
    """An attempt."""

    outcome: str = "done"
    usage: Usage = field(default_factory=lambda: Usage(10, 5, 3, 2))
    cost_usd: float | None = 0.5


def sums_of(*attempts):
    """All of them together."""
    sums = Sums()
    for attempt in attempts:
        sums.add(attempt)
    return sums


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        ("done", "answered"),
        ("cancelled", "cancelled"),
        ("lost", "lost"),
        ("rate_limit", "failed"),
        ("budget", "failed"),
    ],
)
def test_every_ending_is_counted_as_what_it_is(outcome, counted):
    """An attempt counts for one kind of ending, and its tokens and cost count in each."""
    sums = sums_of(Tried(outcome))
    kinds = {kind: getattr(sums, kind) for kind in ("answered", "failed", "cancelled", "lost", "running")}
    assert kinds == dict.fromkeys(kinds, 0) | {counted: 1}
    assert (sums.input_tokens, sums.output_tokens, sums.cached_tokens, sums.reasoning_tokens) == (10, 5, 3, 2)
    assert sums.cost_usd == 0.5


def test_what_runs_is_not_spent():
    """A running attempt is counted, and nothing that it is only expected to take."""
    assert sums_of(Tried("running")) == Sums(attempts=1, running=1)


def test_estimates_and_unknown_prices_are_told_apart():
    """Money by estimate is in the whole and said beside it; an unknown price is no money, and counted."""
    sums = sums_of(Tried(), Tried(usage=Usage(1, 1, estimated=True), cost_usd=0.25), Tried(cost_usd=None))
    assert (sums.cost_usd, sums.estimated_usd, sums.unpriced) == (0.75, 0.25, 1)


def test_the_dearest_comes_first():
    """Names are in the order of what they cost, then of how often they were asked."""
    attempts = [("a", Tried(cost_usd=0.1)), ("b", Tried()), ("c", Tried(cost_usd=0.1)), ("c", Tried(cost_usd=0.0))]
    assert list(summed(attempts)) == ["b", "c", "a"]
