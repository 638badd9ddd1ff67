"""The shared store in a SQLite file: what the editor windows of one person on one machine have in common.

The file's time is the machine's wall clock, which all its processes have in common too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from dragoman.engine.sqlite_file import SqliteFile
from dragoman.engine.store import KEEPING, keeping

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dragoman.engine.store import Change, Values

T = TypeVar("T")

MIGRATIONS = (
    """
    CREATE TABLE state(key TEXT PRIMARY KEY, text TEXT, seq INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
    CREATE UNIQUE INDEX state_by_seq ON state(seq);
    """,
)
"""A row whose text is null is a key that was removed: others must hear of that too."""

_AT_HAND = tuple(prefix for prefix, kept in KEEPING if kept.at_hand)
_CLEAR_EVERY = 500
"""Changes, after which what is out of date is cleared away."""

_NEWEST = "SELECT coalesce(max(seq), 0) FROM state"
_PUT = (
    "INSERT INTO state VALUES(?, ?, ?, ?) "
    "ON CONFLICT(key) DO UPDATE SET text = excluded.text, seq = excluded.seq, until = excluded.until"
)


class SqliteBackend:
    """`store.Backend` in one file. `wall` gives seconds since the epoch."""

    def __init__(self, path: Path, on_notice: Callable[[str], None], wall: Callable[[], float] = time.time) -> None:
        self._file = SqliteFile(path, MIGRATIONS, on_notice)
        self._wall = wall
        self._applied = 0

    async def open(self) -> None:
        """See `Backend`."""
        await self._file.run(lambda _: None, write=False)

    def now(self) -> float:
        """See `Backend`."""
        return self._wall()

    async def apply(self, keys: tuple[str, ...], change: Change[T]) -> tuple[Values, T]:
        """See `Backend`."""
        return await self._file.run(lambda connection: self._apply(connection, keys, change))

    def _apply(self, connection: sqlite3.Connection, keys: tuple[str, ...], change: Change[T]) -> tuple[Values, T]:
        now = self._wall()
        before = _texts(connection, keys, now)
        after, result = change(before, now)
        changed = [(key, new) for key, old, new in zip(keys, before, after, strict=True) if new is not old]
        if changed:
            newest = connection.execute(_NEWEST).fetchone()[0]
            rows = [(key, new, newest + n, now + keeping(key).seconds) for n, (key, new) in enumerate(changed, 1)]
            connection.executemany(_PUT, rows)
        self._applied += 1
        if self._applied % _CLEAR_EVERY == 0:
            # The newest row stays, as its number is where the others count on from.
            connection.execute("DELETE FROM state WHERE until < ? AND seq < (SELECT max(seq) FROM state)", (now,))
        return after, result

    async def changes(self, since: int) -> tuple[int, Mapping[str, str | None]]:
        """See `Backend`."""
        now = self._wall()

        def newer(connection: sqlite3.Connection) -> tuple[int, Mapping[str, str | None]]:
            newest = connection.execute(_NEWEST).fetchone()[0]
            seen = since if since <= newest else 0  # another file than before: it was set aside, or deleted
            rows = connection.execute("SELECT key, text, seq, until FROM state WHERE seq > ?", (seen,)).fetchall()
            return newest, {row[0]: row[1] if row[3] > now else None for row in rows if row[0].startswith(_AT_HAND)}

        return await self._file.run(newer, write=False)

    async def scan(self, prefix: str) -> Mapping[str, str]:
        """See `Backend`."""
        now = self._wall()
        query = "SELECT key, text FROM state WHERE key >= ? AND key < ? AND text IS NOT NULL AND until > ?"
        last = prefix + chr(0x10FFFF)
        return await self._file.run(
            lambda connection: dict(connection.execute(query, (prefix, last, now)).fetchall()), write=False
        )

    async def close(self) -> None:
        """See `Backend`."""
        await self._file.close()


def _texts(connection: sqlite3.Connection, keys: tuple[str, ...], now: float) -> Values:
    marks = ", ".join("?" * len(keys))
    query = f"SELECT key, text FROM state WHERE key IN ({marks}) AND until > ?"  # noqa: S608 - question marks alone
    found = dict(connection.execute(query, (*keys, now)).fetchall())
    return tuple(found.get(key) for key in keys)
