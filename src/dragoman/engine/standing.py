"""How every place stands: breaker, rest, buckets, requests in flight. In this process's memory; asks nobody.

The loop enters a place, and settles what it was given in every ending.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from dragoman.core.failover import is_unhealthy, rest_seconds
from dragoman.core.limits import Breaker, Bucket, Rest, burst

if TYPE_CHECKING:
    from dragoman.core.errors import ProviderError
    from dragoman.core.route import Place

IN_FLIGHT_SECONDS = 0.05
"""How soon a full house is looked at again."""

CLOCK_GRAIN_SECONDS = 0.001
"""A loop's timers may fire so much early."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person allows one provider; None is without limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_in_flight: int | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one attempt. `trial` says that the breaker let this one alone through."""

    place: Place
    tokens: int
    trial: bool
    quota: Quota


@dataclass(frozen=True, slots=True)
class Refusal:
    """No attempt now; worth asking again in so many seconds. `resting`: the place itself is to be left alone."""

    seconds: float
    reason: str
    resting: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a place stands, for the decision: until when it rests (0.0: it does not), and why."""

    rests_until: float = 0.0
    reason: str = ""


class Standings(Protocol):
    """What the loop needs of them; other processes may share them one day."""

    def look(self, place: Place, now: float) -> Standing:
        """How the place stands."""
        ...

    def enter(self, place: Place, quota: Quota, tokens: int, now: float) -> Lease | Refusal:
        """The right to one attempt that is estimated to take so many tokens."""
        ...

    def answering(self, lease: Lease, threshold: int) -> None:
        """The attempt has shown its first content."""
        ...

    def succeeded(self, lease: Lease, tokens: int, now: float) -> None:
        """The attempt gave a whole answer and took so many tokens."""
        ...

    def failed(self, lease: Lease, error: ProviderError, tokens: int, threshold: int, now: float) -> None:
        """The attempt failed. So many such failures in a row open the breaker."""
        ...

    def abandoned(self, lease: Lease, tokens: int, now: float) -> None:
        """Nobody wants to know the attempt's end."""
        ...


@dataclass(frozen=True, slots=True)
class _State:
    breaker: Breaker = field(default_factory=Breaker)
    rest: Rest = field(default_factory=Rest)
    last_error: ProviderError | None = None


_UNTRIED = _State()


class MemoryStandings:
    """`Standings` of this process alone."""

    def __init__(self) -> None:
        self._places: dict[Place, _State] = {}
        self._buckets: dict[tuple[str, str, int], Bucket] = {}
        self._in_flight: dict[str, int] = {}

    def look(self, place: Place, now: float) -> Standing:
        """See `Standings`."""
        state = self._places.get(place, _UNTRIED)
        due = state.breaker.due(now)
        if state.rest.until > due:
            due, reason = state.rest.until, state.rest.reason
        else:
            reason = state.last_error.reason if state.last_error else ""
        return Standing(due, reason) if due > now + CLOCK_GRAIN_SECONDS else Standing()

    def enter(self, place: Place, quota: Quota, tokens: int, now: float) -> Lease | Refusal:
        """See `Standings`."""
        standing = self.look(place, now)
        if standing.rests_until:
            return Refusal(standing.rests_until - now, f"rests: {standing.reason}", resting=True)
        running = self._in_flight.get(place.provider, 0)
        if quota.max_in_flight is not None and running >= quota.max_in_flight:
            return Refusal(IN_FLIGHT_SECONDS, f"runs {running} requests at a time (max_in_flight)")
        costs = self._costs(place.provider, quota, tokens)
        for key, cost in costs.items():
            wait = self._bucket(key, now).wait(cost, now)
            if wait > CLOCK_GRAIN_SECONDS:
                return Refusal(wait, f"its limit of {key[2]} {key[1]} is used up")
        for key, cost in costs.items():
            self._buckets[key] = self._bucket(key, now).taken(cost, now)
        self._in_flight[place.provider] = running + 1
        state = self._places.get(place, _State())
        self._places[place] = replace(state, breaker=state.breaker.begun(now))
        return Lease(place, tokens, not state.breaker.closed, quota)

    def answering(self, lease: Lease, threshold: int) -> None:
        """See `Standings`."""
        if lease.trial:
            state = self._places[lease.place]
            self._places[lease.place] = replace(state, breaker=state.breaker.answering(threshold))

    def succeeded(self, lease: Lease, tokens: int, now: float) -> None:
        """See `Standings`."""
        self._leave(lease, tokens, now)
        state = self._places[lease.place]
        self._places[lease.place] = replace(state, breaker=state.breaker.succeeded(), last_error=None)

    def failed(self, lease: Lease, error: ProviderError, tokens: int, threshold: int, now: float) -> None:
        """See `Standings`."""
        self._leave(lease, tokens, now)
        state = self._places[lease.place]
        breaker = state.breaker
        if is_unhealthy(error):
            breaker = breaker.failed(now, threshold, trial=lease.trial)
        elif lease.trial:
            breaker = breaker.succeeded()  # it answers, though not to our liking
        rest = state.rest.extended(now + rest_seconds(error), error.reason)
        self._places[lease.place] = _State(breaker, rest, error)

    def abandoned(self, lease: Lease, tokens: int, now: float) -> None:
        """See `Standings`."""
        self._leave(lease, tokens, now)
        if lease.trial:
            state = self._places[lease.place]
            self._places[lease.place] = replace(state, breaker=state.breaker.abandoned())

    def _leave(self, lease: Lease, tokens: int, now: float) -> None:
        """Settles what was reserved with what was used."""
        self._in_flight[lease.place.provider] -= 1
        limit = lease.quota.tokens_per_minute
        if limit is not None:
            key = (lease.place.provider, "tokens per minute", limit)
            self._buckets[key] = self._bucket(key, now).returned(lease.tokens - tokens, now)

    @staticmethod
    def _costs(provider: str, quota: Quota, tokens: int) -> dict[tuple[str, str, int], int]:
        costs: dict[tuple[str, str, int], int] = {}
        if quota.requests_per_minute is not None:
            costs[provider, "requests per minute", quota.requests_per_minute] = 1
        if quota.tokens_per_minute is not None:
            costs[provider, "tokens per minute", quota.tokens_per_minute] = tokens
        return costs

    def _bucket(self, key: tuple[str, str, int], now: float) -> Bucket:
        return self._buckets.get(key) or Bucket.full(key[2], burst(key[2]), now)
