"""Counts attempts and brings the sums into the shared store, a second's worth at a time. Delays no request."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.metrics import Counters, Sort

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.engine.records import AttemptRecord
    from dragoman.engine.store import Store, Values

GATHER_SECONDS = 1.0
"""So much is lost at most with a process that is killed."""


def _today() -> datetime:
    return datetime.now(UTC).astimezone()


class Metrics:
    """The counters of all windows on one store. `today` tells the person's day."""

    def __init__(self, store: Store, today: Callable[[], datetime] = _today) -> None:
        self._store = store
        self._today = today
        self._new: dict[Sort, Counters] = {}
        self._flush: asyncio.TimerHandle | None = None

    def attempted(self, record: AttemptRecord) -> None:
        """One attempt has ended."""
        sort = Sort(self._today().date().isoformat(), record.provider, record.model, record.intent)
        self._new.setdefault(sort, Counters()).count(
            record.outcome, record.follows, record.usage, record.cost_usd, record.seconds, record.first_token_seconds
        )
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)

    def flush(self) -> None:
        """Bring everything counted so far into the store."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        new, self._new = self._new, {}
        for sort, counters in new.items():
            self._store.post((sort.key(),), partial(_added, counters))

    async def of_days(self, days: int) -> list[tuple[Sort, Counters]]:
        """All counters of the last so many days, today included."""
        self.flush()
        first = (self._today() - timedelta(days=days - 1)).date().isoformat()
        found = await self._store.scan("metrics/")
        sorts = ((Sort.of(key), text) for key, text in found.items())
        return [(sort, Counters.read(text)) for sort, text in sorts if sort.day >= first]


def _added(counters: Counters, values: Values, _now: float) -> tuple[Values, None]:
    """A `store.Change`: the sums with these added."""
    sums = Counters.read(values[0])
    sums.add(counters)
    return (sums.text(),), None
