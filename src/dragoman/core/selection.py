"""In which order candidates are asked: one function for each way to choose, over facts that others have gathered.

Whoever is not well comes last, in every order; who may be asked at all is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.hints import Selection
from dragoman.core.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

USUAL_LATENCY_SECONDS = 1.0
"""Of a place that nobody has timed yet: it is neither hurried nor held back."""

WELL = 0.5
"""What is not known counts half."""


class Health(StrEnum):
    """How well a server is."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Facts(NamedTuple):
    """What is known of a place at the moment of a decision; None is not known.

    latency_seconds: its usual time to the first content. reliability: the share of its whole answers, in [0, 1].
    cost_usd: what this request is estimated to cost there. turns: grows with each turn in a round; the least is next.
    """

    health: Health = Health.UNKNOWN
    latency_seconds: float | None = None
    reliability: float | None = None
    cost_usd: float | None = None
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """A place's score and its parts, each in [0, 1] and the better the higher; `total` is times the weight."""

    health: float
    latency: float
    cost: float
    reliability: float
    weight: float = 1.0

    @property
    def total(self) -> float:
        """Health 40, latency 30, cost 20, reliability 10 in a hundred, times the request's weight."""
        parts = 0.4 * self.health + 0.3 * self.latency + 0.2 * self.cost + 0.1 * self.reliability
        return parts * self.weight

    def words(self) -> str:
        """For the person."""
        parts = (
            f"health {self.health:.2f}, latency {self.latency:.2f}, "
            f"cost {self.cost:.2f}, reliability {self.reliability:.2f}"
        )
        return f"score {self.total:.2f} ({parts}{f', weight {self.weight:g}' if self.weight != 1 else ''})"


class Contender(NamedTuple):
    """One that may be asked. `rank` and `reason` are its place by the settings' own order, `name` is the provider's."""

    name: str
    local: bool
    facts: Facts
    rank: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What decides besides the facts. chance: a number in [0, 1). weights: by provider. order: for `manual`."""

    intent: Intent
    chance: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    order: Sequence[str] = ()


Ordered = list[tuple[int, str]]
"""Contenders by their number, in the order of asking, each with the reason for its rank."""


def ordered(contenders: Sequence[Contender], selection: Selection, wishes: Wishes, *, local_first: bool) -> Ordered:
    """All contenders in the order of asking."""
    chosen = _SELECTIONS[selection](contenders, wishes)

    def tier(entry: tuple[int, str]) -> tuple[bool, bool, bool]:
        contender = contenders[entry[0]]
        health = contender.facts.health
        slow = wishes.intent is Intent.GENERAL and health is Health.DEGRADED
        return (local_first and not contender.local, health is Health.UNHEALTHY, slow)

    return [(number, _with_health(contenders[number], reason)) for number, reason in sorted(chosen, key=tier)]


def _with_health(contender: Contender, reason: str) -> str:
    health = contender.facts.health
    return f"{reason}; {health}" if health in (Health.UNHEALTHY, Health.DEGRADED) else reason


def _numbers(contenders: Sequence[Contender]) -> list[int]:
    """The contenders' numbers by the settings' own order, which decides where nothing else does."""
    return sorted(range(len(contenders)), key=lambda number: contenders[number].rank)


def _priority(contenders: Sequence[Contender], _wishes: Wishes) -> Ordered:
    return [(number, contenders[number].reason) for number in _numbers(contenders)]


def _round_robin(contenders: Sequence[Contender], _wishes: Wishes) -> Ordered:
    numbers = sorted(_numbers(contenders), key=lambda number: contenders[number].facts.turns)
    return [(number, "its turn is longest ago" if place == 0 else "in turn") for place, number in enumerate(numbers)]


def _random(contenders: Sequence[Contender], wishes: Wishes) -> Ordered:
    return [(number, "drawn at random") for number in _drawn(_numbers(contenders), wishes.chance, lambda _: 1.0)]


def _weighted(contenders: Sequence[Contender], wishes: Wishes) -> Ordered:
    def speed(number: int) -> float:
        return 1 / max(0.01, _latency(contenders[number].facts))

    def reason(number: int) -> str:
        seconds = contenders[number].facts.latency_seconds
        usual = "not timed yet" if seconds is None else f"usually {seconds:.2f} s to the first token"
        return f"drawn by speed: {usual}"

    return [(number, reason(number)) for number in _drawn(_numbers(contenders), wishes.chance, speed)]


def _drawn(numbers: list[int], chance: float, weight: Callable[[int], float]) -> list[int]:
    """All numbers, one drawn after the other, each as likely as its weight says. One `chance` is enough for all."""
    left, drawn = list(numbers), []
    while left:
        total = sum(map(weight, left))
        target, passed = chance * total, 0.0
        for number in left:
            share = weight(number)
            if target < passed + share or number == left[-1]:
                # What is left of the draw inside its own share is as random as the draw was.
                chance = min(max(0.0, (target - passed) / share), 1 - 1e-12)
                left.remove(number)
                drawn.append(number)
                break
            passed += share
    return drawn


def _scored(contenders: Sequence[Contender], wishes: Wishes) -> Ordered:
    scores = scores_of(contenders, wishes.weights)
    numbers = sorted(_numbers(contenders), key=lambda number: -scores[number].total)
    return [(number, scores[number].words()) for number in numbers]


def _cheapest(contenders: Sequence[Contender], _wishes: Wishes) -> Ordered:
    def price(number: int) -> float:
        known = contenders[number].facts.cost_usd
        return inf if known is None else known

    def reason(number: int) -> str:
        known = contenders[number].facts.cost_usd
        return "its price is not known" if known is None else "free" if known == 0 else f"about {known:.4f} USD"

    return [(number, reason(number)) for number in sorted(_numbers(contenders), key=price)]


def _manual(contenders: Sequence[Contender], wishes: Wishes) -> Ordered:
    order = list(wishes.order)

    def place(number: int) -> int:
        name = contenders[number].name
        return order.index(name) if name in order else len(order)

    return [(number, contenders[number].reason) for number in sorted(_numbers(contenders), key=place)]


_SELECTIONS: Mapping[Selection, Callable[[Sequence[Contender], Wishes], Ordered]] = MappingProxyType(
    {
        Selection.PRIORITY: _priority,
        Selection.ROUND_ROBIN: _round_robin,
        Selection.RANDOM: _random,
        Selection.WEIGHTED: _weighted,
        Selection.SCORED: _scored,
        Selection.CHEAPEST: _cheapest,
        Selection.MANUAL: _manual,
    }
)


def scores_of(contenders: Sequence[Contender], weights: Mapping[str, float]) -> list[Score]:
    """Each contender's score; latency and cost are measured by the best among them."""
    quickest = min((_latency(contender.facts) for contender in contenders), default=0.0)
    costs = [contender.facts.cost_usd for contender in contenders]
    dearest = max((cost for cost in costs if cost is not None), default=0.0)
    return [
        Score(
            health=_HEALTHS[contender.facts.health],
            latency=quickest / max(_latency(contender.facts), 1e-9),
            cost=_cheapness(contender.facts.cost_usd, dearest),
            reliability=WELL if contender.facts.reliability is None else contender.facts.reliability,
            weight=weights.get(contender.name, 1.0),
        )
        for contender in contenders
    ]


_HEALTHS: Mapping[Health, float] = MappingProxyType(
    {
        Health.HEALTHY: 1.0,
        Health.UNKNOWN: WELL,
        Health.DEGRADED: WELL,
        Health.UNHEALTHY: 0.0,
    }
)


def _latency(facts: Facts) -> float:
    return USUAL_LATENCY_SECONDS if facts.latency_seconds is None else max(0.001, facts.latency_seconds)


def _cheapness(cost: float | None, dearest: float) -> float:
    if cost is None:
        return 0.0  # rather too dear than unawares
    return 1.0 if dearest == 0 else 1 - cost / dearest
