"""How much and how soon: token bucket, breaker, rest and backoff as state machines over an explicit `now`.

Each call returns the new state; nothing here waits, reads a clock or draws a random number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TRIAL_SECONDS = 30.0
"""A trial that has not been heard of for so long is lost, and another may begin."""

FIRST_OPEN_SECONDS = 5.0
LONGEST_OPEN_SECONDS = 15.0
"""How long a breaker stays open at first and at most: traffic returns within half a minute of a recovery."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: `capacity` at once, `per_second` coming back.

    What costs more than the capacity is admitted by a full bucket and puts it in debt, so that the rate holds in time.
    """

    capacity: float
    per_second: float
    level: float
    at: float

    @classmethod
    def full(cls, per_minute: float, burst: float, now: float) -> Bucket:
        """A full bucket for a rate per minute."""
        return cls(burst, per_minute / 60, burst, now)

    @property
    def per_minute(self) -> int:
        """The limit as the person set it."""
        return round(self.per_second * 60)

    def refilled(self, now: float) -> Bucket:
        """The bucket at `now`. A clock that went back adds nothing."""
        passed = max(0.0, now - self.at)
        return replace(self, level=min(self.capacity, self.level + passed * self.per_second), at=max(now, self.at))

    def wait(self, cost: float, now: float) -> float:
        """Seconds until so much would be admitted; 0.0 where it is now."""
        lacking = min(cost, self.capacity) - self.refilled(now).level
        return max(0.0, lacking / self.per_second)

    def taken(self, cost: float, now: float) -> Bucket:
        """The bucket after so much was admitted."""
        bucket = self.refilled(now)
        return replace(bucket, level=bucket.level - cost)

    def returned(self, cost: float, now: float) -> Bucket:
        """The bucket after so much of what was taken turned out unused; negative where more was used."""
        bucket = self.refilled(now)
        return replace(bucket, level=min(bucket.capacity, bucket.level + cost))


def burst(per_minute: int) -> float:
    """What a limit per minute admits at once: a quarter of the minute's, and never less than one."""
    return max(1.0, per_minute / 4)


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed, open until a time, or half-open with one trial under way.

    failures: in a row. openings: in a row; each doubles the time that it stays open, up to a bound.
    """

    failures: int = 0
    openings: int = 0
    open_until: float | None = None
    trial_since: float | None = None

    @property
    def closed(self) -> bool:
        """Whether everybody is let through."""
        return self.open_until is None

    def due(self, now: float) -> float:
        """The time from which on it may be asked; not after `now` where that is now."""
        if self.open_until is None:
            return now
        if self.trial_since is not None:
            lost = self.trial_since + TRIAL_SECONDS
            return min(lost, now + 1) if lost > now else now
        return self.open_until

    def begun(self, now: float) -> Breaker:
        """After an attempt began: the trial, where it is not closed. Ask `due` first."""
        return self if self.closed else replace(self, trial_since=now)

    def failed(self, now: float, threshold: int, *, trial: bool = False) -> Breaker:
        """After a failure. One that began before the breaker opened, and is not its trial, changes nothing."""
        if not self.closed and not trial:
            return self
        if self.closed and self.failures + 1 < threshold:
            return replace(self, failures=self.failures + 1)
        seconds = min(FIRST_OPEN_SECONDS * 2.0 ** min(self.openings, 10), LONGEST_OPEN_SECONDS)
        return Breaker(max(self.failures + 1, threshold), self.openings + 1, now + seconds)

    def answering(self, threshold: int) -> Breaker:
        """After its trial's first content: everybody is let through again, but one failure opens it."""
        return self if self.closed else Breaker(threshold - 1, self.openings)

    def succeeded(self) -> Breaker:
        """After a whole answer."""
        return Breaker()

    def abandoned(self) -> Breaker:
        """After a trial that was given up before it showed anything: another may begin."""
        return replace(self, trial_since=None)


@dataclass(frozen=True, slots=True)
class Rest:
    """A provider asked to be left alone until a time, and why. A longer rest extends a shorter one."""

    until: float = 0.0
    reason: str = ""

    def extended(self, until: float, reason: str) -> Rest:
        """The longer of both."""
        return Rest(until, reason) if until > self.until else self


def backoff(retry: int, base_seconds: float, longest_seconds: float, fraction: float) -> float:
    """Full jitter: seconds before retry number `retry` (0 is the first), `fraction` being uniform in [0, 1).

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """
    return fraction * min(longest_seconds, base_seconds * 2.0 ** min(retry, 30))
