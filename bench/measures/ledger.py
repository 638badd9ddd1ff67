"""What the ledger costs an answer: the row at its beginning, and the wait for its end to be in the file."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from bench.table import Limit, Row
from dragoman.core.chat import Usage
from dragoman.core.usage import RUNNING
from dragoman.engine.ledger import Ledger
from dragoman.engine.records import AttemptRecord

if TYPE_CHECKING:
    from pathlib import Path

    from bench.stage import Stage

ANSWERS = 2000
USAGE = Usage(1000, 200)
PAUSE_SECONDS = 0.001
"""An answer takes a while: its row is begun long before it ends."""


def measure(stage: Stage) -> list[Row]:
    """In this process; the peer writes one row in a thread that the loop waits for."""
    times = stage.times(ANSWERS)
    begun, ended = asyncio.run(_answers(times, stage.folder / "bench-ledger.db"))
    floor = asyncio.run(_inserts(times, stage.folder / "bench-ledger-floor.db"))
    return [
        Row("an attempt's row begun, nobody waits", "us", begun * 1e6, limit=Limit(100)),
        Row("an attempt's end in the file", "us", ended * 1e6, floor * 1e6, "sqlite3 in a thread", Limit(3, "ratio")),
    ]


async def _answers(times: int, path: Path) -> tuple[float, float]:
    """Seconds of beginning a row, and of waiting for its end."""
    ledger = Ledger(print)
    ledger.use(path)
    begun, ended = [], []
    for _ in range(times):
        id_, at = ledger.new()
        running = AttemptRecord(
            "1", "one", "m", "http://one", "code", RUNNING, 0.0, None, USAGE, 0.1, action="edit", id=id_, began=at
        )
        start = time.perf_counter()
        ledger.note(running)
        begun.append(time.perf_counter() - start)
        await asyncio.sleep(PAUSE_SECONDS)
        start = time.perf_counter()
        ledger.note(replace(running, outcome="done"))
        await ledger.written()
        ended.append(time.perf_counter() - start)
    await ledger.close()
    return median(begun), median(ended)


async def _inserts(times: int, path: Path) -> float:
    """Seconds of one row inserted."""
    executor = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d, e, f, g)")
        return connection

    connection = await loop.run_in_executor(executor, opened)

    def insert() -> None:
        connection.execute("INSERT INTO t(a, b, c, d, e, f, g) VALUES(1, 2, 3, 4, 5, 6, 7)")

    taken = []
    for _ in range(times):
        await asyncio.sleep(PAUSE_SECONDS)
        start = time.perf_counter()
        await loop.run_in_executor(executor, insert)
        taken.append(time.perf_counter() - start)
    await loop.run_in_executor(executor, connection.close)
    executor.shutdown()
    return median(taken)
