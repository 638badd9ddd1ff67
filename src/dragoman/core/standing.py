"""How places and providers stand, as values that processes can share: breaker, rest, usual speed, limits, leases.

Every step gives the new state; states become texts and back without loss. Nothing here reads a clock or a store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.core.failover import is_unhealthy, rest_seconds
from dragoman.core.limits import Breaker, Bucket, Rest, burst

if TYPE_CHECKING:
    from dragoman.core.errors import ProviderError

CLOCK_GRAIN_SECONDS = 0.001
"""Timers may fire so much early."""

IN_FLIGHT_SECONDS = 0.05
"""How soon a full house is looked at again."""

HALF_LIFE_SECONDS = 600.0
"""After so long, what was measured counts half."""

LEASE_SECONDS = 30.0
"""A lease that nobody has renewed for so long belonged to a process that is gone."""


_written = json.JSONEncoder(separators=(",", ":")).encode
"""A value as a short text; without the checks that `json.dumps` makes for every call."""


@dataclass(frozen=True, slots=True)
class Decaying:
    """A mean in which old measurements fade: `weight` says how many it stands for at the time `at`."""

    mean: float = 0.0
    weight: float = 0.0
    at: float = 0.0

    def with_sample(self, value: float, now: float) -> Decaying:
        """The mean with one measurement more."""
        weight = self.weight_at(now) + 1
        return Decaying(self.mean + (value - self.mean) / weight, weight, max(now, self.at))

    def weight_at(self, now: float) -> float:
        """What the measurements still count."""
        return self.weight * float(0.5 ** (max(0.0, now - self.at) / HALF_LIFE_SECONDS))


@dataclass(frozen=True, slots=True)
class PlaceState:
    """One endpoint with one model. `reason` is the last failure's, without secrets; times are the store's.

    first_token: seconds to the first content. success: 1.0 for each whole answer, 0.0 for each unhealthy failure.
    """

    breaker: Breaker = field(default_factory=Breaker)
    rest: Rest = field(default_factory=Rest)
    reason: str = ""
    first_token: Decaying = field(default_factory=Decaying)
    success: Decaying = field(default_factory=Decaying)

    @classmethod
    def read(cls, text: str | None) -> PlaceState:
        """The state that `text` writes down; of a place never tried where there is none, or none that can be read."""
        if text is None:
            return cls()
        try:
            breaker, rest, reason, first_token, success = json.loads(text)
            return cls(Breaker(*breaker), Rest(*rest), reason, Decaying(*first_token), Decaying(*success))
        except (ValueError, TypeError):
            return cls()

    def text(self) -> str:
        """The state as a text."""
        breaker, rest, first, success = self.breaker, self.rest, self.first_token, self.success
        return _written(
            [
                [breaker.failures, breaker.openings, breaker.open_until, breaker.trial_since],
                [rest.until, rest.reason],
                self.reason,
                [first.mean, first.weight, first.at],
                [success.mean, success.weight, success.at],
            ]
        )

    def due(self, now: float) -> tuple[float, str]:
        """From when on it may be asked, and why not before; (0.0, "") where that is now."""
        due, reason = self.breaker.due(now), self.reason
        if self.rest.until > due:
            due, reason = self.rest.until, self.rest.reason
        return (due, reason) if due > now + CLOCK_GRAIN_SECONDS else (0.0, "")

    def begun(self, now: float) -> PlaceState:
        """After an attempt began. Ask `due` first."""
        return self if self.breaker.closed else replace(self, breaker=self.breaker.begun(now))

    def answering(self, threshold: int) -> PlaceState:
        """After a trial's first content."""
        return replace(self, breaker=self.breaker.answering(threshold))

    def timed(self, first_token_seconds: float | None, now: float) -> PlaceState:
        """With one more time to the first content, where there was one."""
        if first_token_seconds is None:
            return self
        return replace(self, first_token=self.first_token.with_sample(first_token_seconds, now))

    def succeeded(self, now: float, *, trial: bool) -> PlaceState:
        """After a whole answer. One that began before the breaker opened does not close it: its trial will."""
        breaker = self.breaker.succeeded() if trial or self.breaker.closed else self.breaker
        return replace(self, breaker=breaker, reason="", success=self.success.with_sample(1.0, now))

    def failed(self, error: ProviderError, threshold: int, now: float, *, trial: bool) -> PlaceState:
        """After a failure. So many unhealthy ones in a row open the breaker."""
        breaker, success = self.breaker, self.success
        if is_unhealthy(error):
            breaker = breaker.failed(now, threshold, trial=trial)
            success = success.with_sample(0.0, now)
        elif trial:
            breaker = breaker.succeeded()  # it answers, though not to our liking
        rest = self.rest.extended(now + rest_seconds(error), error.reason)
        return replace(self, breaker=breaker, rest=rest, reason=error.reason, success=success)

    def abandoned(self, *, trial: bool) -> PlaceState:
        """After an attempt whose end nobody wants to know."""
        return replace(self, breaker=self.breaker.abandoned()) if trial else self


@dataclass(frozen=True, slots=True)
class LimitState:
    """A provider's buckets, for a quota; `requests` or `tokens` is None where that is without limit."""

    requests: Bucket | None
    tokens: Bucket | None

    @classmethod
    def read(
        cls,
        text: str | None,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        at_once: int | None,
        now: float,
    ) -> LimitState:
        """The buckets that `text` writes down, else full ones. `at_once` is how many requests a full one admits."""
        try:
            buckets = json.loads(text) if text else [None, None]
            requests, tokens = (Bucket(*values) if values else None for values in buckets)
        except (ValueError, TypeError):
            requests = tokens = None
        if requests_per_minute is not None and requests is None:
            requests = Bucket.full(requests_per_minute, at_once or burst(requests_per_minute), now)
        if tokens_per_minute is not None and tokens is None:
            tokens = Bucket.full(tokens_per_minute, burst(tokens_per_minute), now)
        return cls(requests, tokens)

    def text(self) -> str:
        """The buckets as a text."""
        buckets = (self.requests, self.tokens)
        return _written([each and [each.capacity, each.per_second, each.level, each.at] for each in buckets])

    def wait(self, tokens: int, now: float) -> tuple[float, str]:
        """Seconds until a request of so many tokens is admitted, and which limit it is; (0.0, "") where it is now."""
        waits = []
        if self.requests is not None:
            waits.append((self.requests.wait(1, now), f"{self.requests.per_minute} requests"))
        if self.tokens is not None:
            waits.append((self.tokens.wait(tokens, now), f"{self.tokens.per_minute} tokens"))
        seconds, limit = max(waits, default=(0.0, ""))
        return (seconds, limit) if seconds > CLOCK_GRAIN_SECONDS else (0.0, "")

    def taken(self, tokens: int, now: float) -> LimitState:
        """After a request of so many tokens was admitted."""
        return LimitState(
            None if self.requests is None else self.requests.taken(1, now),
            None if self.tokens is None else self.tokens.taken(tokens, now),
        )

    def returned(self, tokens: int, now: float) -> LimitState:
        """After so many of the reserved tokens turned out unused; negative where more were used."""
        return self if self.tokens is None else replace(self, tokens=self.tokens.returned(tokens, now))


@dataclass(frozen=True, slots=True)
class Flights:
    """Who is asking a provider at this moment: each lease with the time at which it is taken for lost."""

    until: tuple[tuple[str, float], ...] = ()

    @classmethod
    def read(cls, text: str | None, now: float) -> Flights:
        """Those that `text` writes down and that are not lost."""
        try:
            return cls(tuple((lease, until) for lease, until in json.loads(text or "[]") if until > now))
        except (ValueError, TypeError):
            return cls()

    def text(self) -> str:
        """The leases as a text."""
        return _written(self.until)

    def with_lease(self, lease: str, now: float) -> Flights:
        """With one lease more."""
        return Flights((*self.until, (lease, now + LEASE_SECONDS)))

    def renewed(self, lease: str, now: float) -> Flights:
        """With that lease for longer. One that is settled, or was taken for lost, stays gone."""
        return Flights(tuple((name, now + LEASE_SECONDS if name == lease else until) for name, until in self.until))

    def without(self, lease: str) -> Flights:
        """Without that lease."""
        return Flights(tuple(entry for entry in self.until if entry[0] != lease))
