"""Metrics in the shared store: gathered, added up over windows, kept through crashes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from dragoman.core.chat import Usage
from dragoman.engine.clock import LoopClock
from dragoman.engine.metrics import GATHER_SECONDS, Metrics
from dragoman.engine.records import AttemptRecord
from dragoman.engine.store import MemoryStore
from engine.virtual import virtual_time

DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(provider="one", outcome="done", intent="code", **more):
    """An attempt's end."""
    return AttemptRecord("1", provider, "m", "http://x", intent, outcome, 1.0, 0.5, Usage(10, 5), 0.01, **more)


@virtual_time
async def test_two_windows_are_added_up():
    """What both windows count stands in the store a second later, by provider, model, intent and day."""
    store = MemoryStore(LoopClock().now)
    one, other = (Metrics(store, lambda: DAY) for _ in range(2))
    for metrics in (one, other):
        metrics.attempted(record())
        metrics.attempted(record("two", "server_error", follows="retry"))
    assert await store.scan("metrics/") == {}
    await asyncio.sleep(GATHER_SECONDS + 0.1)
    found = {sort.provider: counters for sort, counters in await Metrics(store, lambda: DAY).of_days(1)}
    assert found["one"].successes == 2
    assert found["two"].errors == {"server_error": 2}
    assert found["two"].retries == 2


@virtual_time
async def test_days_are_kept_apart():
    """Today is today's; a week is a week's."""
    store = MemoryStore(LoopClock().now)
    for ago in (0, 1, 6, 7):
        metrics = Metrics(store, lambda ago=ago: DAY - timedelta(days=ago))
        metrics.attempted(record())
        metrics.flush()
    today = Metrics(store, lambda: DAY)
    assert [len(await today.of_days(days)) for days in (1, 2, 7, 8)] == [1, 2, 3, 4]


@virtual_time
async def test_looking_brings_in_what_is_not_yet_there():
    """Whoever looks sees what was counted a moment ago."""
    metrics = Metrics(MemoryStore(LoopClock().now), lambda: DAY)
    metrics.attempted(record())
    assert len(await metrics.of_days(1)) == 1
    await asyncio.sleep(5)
    ((_, counters),) = await metrics.of_days(1)
    assert counters.requests == 1
