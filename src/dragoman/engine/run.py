"""One job on its way: what was decided for it, what it has cost, what its asker has seen. Asks nobody itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.core.chat import FinishDelta, UsageDelta

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.chat import Delta, Stop, Usage
    from dragoman.core.errors import ProviderError
    from dragoman.core.events import Routed
    from dragoman.core.ports import Job
    from dragoman.core.route import Decision, Place
    from dragoman.core.settings import Settings
    from dragoman.engine.places import Endpoint


@dataclass(slots=True)
class Run:
    """One job under the settings of its beginning. `tokens` is the request's estimate; `began` the engine's clock.

    cost_usd: what all attempts have cost so far; None once a price among them is not known.
    """

    job: Job
    settings: Settings
    began: float
    tokens: int
    endpoints: dict[tuple[str, str], tuple[Endpoint, str | None]] = field(repr=False)
    decision: Decision
    attempts: int = 0
    failures: list[tuple[Place, ProviderError]] = field(default_factory=list)
    too_small: set[str] = field(default_factory=set)
    cost_usd: float | None = 0.0

    def endpoint(self, place: Place) -> tuple[Endpoint, str | None]:
        """What is set for the place, and its key."""
        return self.endpoints[place.provider, place.endpoint]

    def candidate_of(self, routed: Routed) -> Place | None:
        """The candidate that is asked: a place whose model the server's list decided is the same place next time."""
        there = (routed.provider, routed.endpoint)
        return next((c.place for c in self.decision.candidates if (c.place.provider, c.place.endpoint) == there), None)


@dataclass(slots=True)
class Course:
    """What the asker of a run has seen of one row of attempts, of which each starts over where the one before failed.

    shown: text that a new attempt must take back first. after: one line on the last failure. retry: the next attempt
    asks the same place again. asked: whether the attempt under way has reached its server. fills: whether it fills the
    job's gap without a chat.
    """

    shown: bool = False
    after: str | None = None
    retry: bool = False
    asked: bool = False
    fills: bool = False


@dataclass(slots=True)
class Tally:
    """What an attempt has brought so far. `began` is the engine's clock; `entry` its id and time in the ledger.

    asked: how many tokens the request is to the model that was asked, once it is on its way.
    """

    began: float
    entry: tuple[str, float] = ("", 0.0)
    first_token: float | None = None
    pieces: list[str] = field(default_factory=list)
    usage: Usage | None = None
    stop: Stop | None = None
    asked: Callable[[], int] = int

    def take(self, delta: Delta) -> None:
        """What is not shown."""
        if isinstance(delta, UsageDelta):
            self.usage = delta.usage
        elif isinstance(delta, FinishDelta):
            self.stop = delta.stop
