"""What is decided before anybody is asked: the route among ten providers, and the leave to ask one of them."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING

from bench.table import Limit, Row
from dragoman.core.chat import Request, user
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.route import Place
from dragoman.core.settings import Provider, Settings
from dragoman.engine.clock import LoopClock
from dragoman.engine.http import HttpTransport
from dragoman.engine.loop import Engine
from dragoman.engine.standing import Ending, Lease, Quota, Standings
from dragoman.engine.store import MemoryStore
from dragoman.engine.store_sharing import SharedStore
from dragoman.engine.store_sqlite import SqliteBackend
from dragoman.engine.workers import ThreadWorkers

if TYPE_CHECKING:
    from pathlib import Path

    from bench.stage import Stage

PROVIDERS = 10
DECISIONS = 2000
BATCHES = 20


class _Keys:
    async def secret(self, provider: str) -> str | None:
        return "key" if provider.startswith("provider-") else None

    def fault(self, provider: str) -> str | None:  # noqa: ARG002 - the port's signature
        return None


def measure(stage: Stage) -> list[Row]:
    """In this process, without a peer: the figure is small against any request."""
    times = stage.times(DECISIONS) // BATCHES
    return [
        Row(f"route decision, {PROVIDERS} providers", "us", asyncio.run(_decision(times)) * 1e6, limit=Limit(100)),
        Row("leave to ask and giving it back, in memory", "us", asyncio.run(_leave(times, None)) * 1e6),
        Row(
            "leave to ask, shared by SQLite, of several windows",
            "us",
            asyncio.run(_leave(times, stage.folder / "bench-state.db")) / 2 * 1e6,
            _floor(times, stage.folder / "bench-floor.db") * 1e6,
            "sqlite3 in a thread",
            limit=Limit(200),
        ),
    ]


async def _decision(times: int) -> float:
    """Seconds of `Engine.decide`: settings, keys and standings into an order with reasons."""
    names = [f"provider-{number}" for number in range(PROVIDERS)]
    providers = {
        name: Provider(dialect="openai", base_url=f"http://{name}.example/v1", model="m", requests_per_minute=100)
        for name in names
    }
    settings = Settings(providers=providers | {"ollama": Provider(enabled=False)})
    workers = ThreadWorkers()
    engine = Engine(settings, HttpTransport(workers), _Keys())
    text = "Explain what the target does and why. " * 50
    job = Job("1", Request((user(text),)), LabelledIntent(Intent.EXPLANATION, "action", "explain"))
    batches = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        for _ in range(times):
            await engine.decide(job)
        batches.append((time.perf_counter() - began) / times)
    workers.close()
    return median(batches)


async def _leave(times: int, path: Path | None) -> float:
    """Seconds of entering a place with limits on requests, tokens and requests in flight, and settling."""
    clock = LoopClock()
    store = MemoryStore(clock.now) if path is None else SharedStore(SqliteBackend(path, print), print)
    standings = Standings(store, clock)
    place = Place("provider", "openai", "http://provider.example/v1", "m", local=False)
    quota = Quota(requests_per_minute=1_000_000_000, tokens_per_minute=1_000_000_000, max_in_flight=8)
    thresholds = Settings().health
    batches = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        for _ in range(times):
            lease = await standings.enter(place, quota, 1000)
            assert isinstance(lease, Lease)
            await standings.settle(lease, Ending(whole=True, tokens=800, first_token_seconds=0.1), thresholds)
        batches.append((time.perf_counter() - began) / times)
    standings.close()
    await store.close()
    return median(batches)


def _floor(times: int, path: Path) -> float:
    """Seconds of one transaction that reads and writes as many rows, in a thread that the loop waits for."""

    async def run() -> float:
        executor = ThreadPoolExecutor(1)
        loop = asyncio.get_running_loop()

        def opened() -> sqlite3.Connection:
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("CREATE TABLE t(key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
            return connection

        connection = await loop.run_in_executor(executor, opened)

        def write() -> None:
            connection.execute("BEGIN IMMEDIATE")
            for key in "abc":
                connection.execute("SELECT text FROM t WHERE key = ?", (key,)).fetchone()
                connection.execute("INSERT OR REPLACE INTO t VALUES(?, ?)", (key, "x" * 100))
            connection.execute("COMMIT")

        began = time.perf_counter()
        for _ in range(times * 5):
            await loop.run_in_executor(executor, write)
        seconds = (time.perf_counter() - began) / (times * 5)
        await loop.run_in_executor(executor, connection.close)
        executor.shutdown()
        return seconds

    return asyncio.run(run())
