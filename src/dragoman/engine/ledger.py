"""What every attempt cost, in a file of its own for all windows of this machine, or in memory.

Holds no word of what was asked or answered. A file that can't be written is told once and holds up no request.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from dragoman.core.budget import LEASE_SECONDS
from dragoman.core.chat import Usage
from dragoman.core.usage import LOST, RUNNING
from dragoman.engine.records import AttemptRecord
from dragoman.engine.sqlite_file import SqliteFile
from dragoman.engine.store import StoreBusy, StoreLost

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

T = TypeVar("T")

FILE_NAME = "ledger.db"

KEPT_SECONDS = 400 * 86_400.0
KEPT_ATTEMPTS = 100_000
"""Of older attempts, and of more than that, the oldest are deleted."""

KEPT_IN_MEMORY = 10_000

READ_SECONDS = 30.0
"""All that is kept is read in far less."""

WAIT_SECONDS = 2.0
"""No answer's end is held up for longer by a file that other processes keep busy, or a disk that does not answer."""

_BUSY_TRIES = 5
_CLEAR_EVERY = 500

MIGRATIONS = (
    """
    CREATE TABLE attempts(
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, began REAL NOT NULL, request TEXT NOT NULL,
        provider TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL, intent TEXT NOT NULL, action TEXT NOT NULL,
        follows TEXT NOT NULL, outcome TEXT NOT NULL, seconds REAL NOT NULL, first_token_seconds REAL,
        input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
        cache_write_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL,
        cost_usd REAL
    );
    CREATE INDEX attempts_by_time ON attempts(began);
    """,
)
"""`began` is in seconds since the epoch, so UTC; a `cost_usd` that nobody knows is null."""

_ATTEMPT = (
    "id", "began", "request", "provider", "endpoint", "model", "intent", "action", "follows",
    "outcome", "seconds", "first_token_seconds", "cost_usd",
)  # fmt: skip
_USAGE = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
_COLUMNS = (*_ATTEMPT, *_USAGE, "estimated")
"""Fields of a record and of its usage have their columns' names."""

_KEPT = ("id", "began", "request", "provider", "intent", "action", "follows")
"""What an attempt's end does not know better than its beginning."""

_PUT = (
    f"INSERT INTO attempts({', '.join(_COLUMNS)}) VALUES({', '.join('?' * len(_COLUMNS))}) "
    f"ON CONFLICT(id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS if name not in _KEPT)}"
)
_GET = f"SELECT {', '.join(_COLUMNS)} FROM attempts WHERE began >= ? AND began < ? ORDER BY began"  # noqa: S608 - constants
_CLEAR = "DELETE FROM attempts WHERE began < ? OR number <= (SELECT max(number) FROM attempts) - ?"

logger = logging.getLogger(__name__)


class Ledger:
    """Every attempt. In memory until `use` names a file. Made and used on one event loop.

    `on_notice` hears in one line, and not again until it could be written, of a file that can't. `wall` gives seconds
    since the epoch.
    """

    def __init__(
        self, on_notice: Callable[[str], None] = lambda _text: None, wall: Callable[[], float] = time.time
    ) -> None:
        self._on_notice = on_notice
        self._wall = wall
        self._path: Path | None = None
        self._file: SqliteFile | None = None
        self._unwritten: dict[str, AttemptRecord] = {}
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._last: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._writes = 0
        self.fault = ""

    def use(self, path: Path | None) -> None:
        """Write to that file from now on; None: to none. What was noted in memory before goes along."""
        if path == self._path:
            return
        if self._file is not None:
            leaving = asyncio.get_running_loop().create_task(self._file.close())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        self._path, self.fault = path, ""
        self._file = None if path is None else SqliteFile(path, MIGRATIONS, self._on_notice)

    def new(self) -> tuple[str, float]:
        """A new attempt's id, and when it began."""
        return secrets.token_hex(8), self._wall()

    def note(self, record: AttemptRecord) -> None:
        """An attempt as it is now: running, or ended. Begins to write it; waits for nothing."""
        self._unwritten[record.id] = record
        if len(self._unwritten) > KEPT_IN_MEMORY:
            del self._unwritten[next(iter(self._unwritten))]
        if self._file is not None and self._next is None:
            self._next = self._last = asyncio.get_running_loop().create_task(self._write())

    async def written(self) -> None:
        """When all that was noted is in the file: it outlives this process. Soon, where the file can't be written."""
        if self._last is None or self._last.done() or self.fault:
            return
        await asyncio.wait({self._last}, timeout=WAIT_SECONDS)
        if not self._last.done():
            self._lose(f"{self._path} can't be written within {WAIT_SECONDS:g} s")

    async def records(self, since: float, until: float) -> list[AttemptRecord]:
        """The attempts that began in [since, until), in seconds since the epoch, oldest first.

        One that has been running for longer than any runs is `lost`: its process was killed, or its end could not be
        written. What it was expected to cost stands for what it did, as it does in the budgets.
        """
        await self.written()
        found = {record.id: record for record in await self._read(since, until)}
        found |= {record.id: record for record in self._unwritten.values() if since <= record.began < until}
        oldest = self._wall() - LEASE_SECONDS
        records = sorted(found.values(), key=lambda record: record.began)
        return [replace(r, outcome=LOST) if r.outcome == RUNNING and r.began < oldest else r for r in records]

    async def close(self) -> None:
        """Write what is left, within a moment, and close the file."""
        if self._file is not None:
            if self._unwritten:
                await asyncio.wait({asyncio.get_running_loop().create_task(self._write())}, timeout=WAIT_SECONDS)
            await self._file.close()
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _write(self) -> None:
        """Everything that was noted and is not in the file yet, in one transaction; while it runs, others gather."""
        async with self._turn:
            self._next = None
            records = tuple(self._unwritten.values())
            if self._file is None or not records:
                return
            oldest = self._wall() - KEPT_SECONDS if self._writes % _CLEAR_EVERY == 0 else None
            self._writes += 1
            try:
                await _done(self._file, partial(_put, [_row(record) for record in records], oldest))
            except StoreBusy as busy:
                logger.info("%s: the ledger is written with the next attempt", busy)
                return
            except StoreLost as lost:
                self._lose(str(lost))
                return
            self.fault = ""
            for record in records:
                if self._unwritten.get(record.id) is record:
                    del self._unwritten[record.id]

    async def _read(self, since: float, until: float) -> list[AttemptRecord]:
        if self._file is None:
            return []
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await _done(self._file, partial(_get, since, until), write=False)
        except (StoreLost, TimeoutError) as lost:
            self._lose(str(lost) or f"{self._path} can't be read within {READ_SECONDS:g} s")
            return []

    def _lose(self, fault: str) -> None:
        if not self.fault:
            self._on_notice(f"{fault}. Until it can be, what is spent is kept by this window alone")
        self.fault = fault


async def _done(file: SqliteFile, work: Callable[[sqlite3.Connection], T], *, write: bool = True) -> T:
    """The work, tried again while other processes hold the file. Raises `StoreLost`."""
    for _ in range(_BUSY_TRIES - 1):
        with suppress(StoreBusy):
            return await file.run(work, write=write)
    return await file.run(work, write=write)


def _put(rows: Sequence[tuple[object, ...]], oldest: float | None, connection: sqlite3.Connection) -> None:
    connection.executemany(_PUT, rows)
    if oldest is not None:
        connection.execute(_CLEAR, (oldest, KEPT_ATTEMPTS))


def _get(since: float, until: float, connection: sqlite3.Connection) -> list[AttemptRecord]:
    return [_record(row) for row in connection.execute(_GET, (since, until))]


def _row(record: AttemptRecord) -> tuple[object, ...]:
    usage = record.usage
    fields = *(getattr(record, name) for name in _ATTEMPT), *(getattr(usage, name) for name in _USAGE)
    return *fields, usage.estimated


def _record(row: Sequence[Any]) -> AttemptRecord:
    *values, estimated = row
    fields: dict[str, Any] = dict(zip(_ATTEMPT, values, strict=False))
    tokens: dict[str, Any] = dict(zip(_USAGE, values[len(_ATTEMPT) :], strict=True))
    return AttemptRecord(**fields, usage=Usage(**tokens, estimated=bool(estimated)))
