"""Whether a server is well: from probes and from real requests, as a value that several processes can share.

Says nothing of the models behind it, and leaves nobody out: who is not well is asked last.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Protocol

from dragoman.core.selection import Health

_written = json.JSONEncoder(separators=(",", ":")).encode


class Thresholds(Protocol):
    """When a server counts as what; `core.settings.Health` is one."""

    @property
    def failure_threshold(self) -> int:
        """Failures in a row that make it unhealthy."""
        ...

    @property
    def recovery_threshold(self) -> int:
        """Probes answered in a row that make it healthy again."""
        ...

    @property
    def degraded_threshold_ms(self) -> int:
        """A probe that takes longer makes it degraded."""
        ...


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server. Times are the store's seconds.

    failures, successes: in a row; successes are probes', and are counted while it is unhealthy only. slow: its last
    probe took long. Only probes say that, as a model's first token takes as long as its prompt is. seconds: what that
    probe took. probe_after: nobody need probe it before then.
    """

    failures: int = 0
    successes: int = 0
    known: bool = False
    unhealthy: bool = False
    slow: bool = False
    seconds: float | None = None
    probe_after: float = 0.0

    @classmethod
    def read(cls, text: str | None) -> ServerState:
        """The state that `text` writes down; nothing known where there is none, or none that can be read."""
        try:
            return cls(*json.loads(text)) if text else cls()
        except (ValueError, TypeError):
            return cls()

    def text(self) -> str:
        """The state as a text."""
        return _written(
            [
                self.failures,
                self.successes,
                self.known,
                self.unhealthy,
                self.slow,
                self.seconds,
                self.probe_after,
            ]
        )

    @property
    def health(self) -> Health:
        """In one word."""
        if not self.known:
            return Health.UNKNOWN
        if self.unhealthy:
            return Health.UNHEALTHY
        return Health.DEGRADED if self.slow else Health.HEALTHY

    def failed(self, thresholds: Thresholds) -> ServerState:
        """After a failure that speaks of its health."""
        failures = self.failures + 1
        unhealthy = self.unhealthy or failures >= thresholds.failure_threshold
        return replace(self, failures=failures, successes=0, known=True, unhealthy=unhealthy)

    def answered(self) -> ServerState:
        """After a whole answer: nothing says better that it is well, and the person is waiting for it to be used."""
        return replace(self, failures=0, successes=0, known=True, unhealthy=False)

    def succeeded(self, thresholds: Thresholds) -> ServerState:
        """After a probe that was answered."""
        successes = self.successes + 1 if self.unhealthy else 0
        if self.unhealthy and successes < thresholds.recovery_threshold:
            return replace(self, failures=0, successes=successes, known=True)
        return self.answered()

    def probed(self, seconds: float | None, thresholds: Thresholds) -> ServerState:
        """After a probe that took so long; None where it failed."""
        if seconds is None:
            return self.failed(thresholds)
        slow = seconds * 1000 > thresholds.degraded_threshold_ms
        return replace(self.succeeded(thresholds), slow=slow, seconds=round(seconds, 3))

    def claimed(self, now: float, interval_seconds: float) -> ServerState:
        """While one process probes it, and until it is to be probed again."""
        return replace(self, probe_after=now + interval_seconds)
