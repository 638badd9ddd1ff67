"""The cache in a SQLite file of its own, for all windows of one person. It may be deleted at any time.

A row is an answer; there is no question in it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dragoman.engine.cache import NEAR, CacheStats
from dragoman.engine.sqlite_file import SqliteFile

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from dragoman.core.settings import CacheSettings

MIGRATIONS = (
    """
    CREATE TABLE answer(
        key TEXT PRIMARY KEY, size INTEGER NOT NULL, made REAL NOT NULL, used REAL NOT NULL, hits INTEGER NOT NULL,
        packed BLOB NOT NULL
    );
    CREATE INDEX answer_by_use ON answer(used, key, size);
    CREATE INDEX answer_by_age ON answer(made);
    """,
)

ROW_BYTES = 200
"""What a row costs besides the answer: its key, three times, and its numbers."""

_GET = "UPDATE answer SET used = :now, hits = hits + 1 WHERE key = :key AND abs(:now - made) < :ttl RETURNING packed"
_TRIM = """
    DELETE FROM answer WHERE key IN (
        SELECT key FROM (
            SELECT key, row_number() OVER latest AS entries, sum(size) OVER latest AS bytes
            FROM answer WINDOW latest AS (ORDER BY used DESC, key)
        ) WHERE entries > ? OR bytes > ?
    )
"""

logger = logging.getLogger(__name__)


class SqliteCache:
    """`cache.CacheBackend` in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = SqliteFile(path, MIGRATIONS, lambda text: logger.info("%s", text))

    async def get(self, key: str, now: float, ttl_s: float) -> bytes | None:
        """See `CacheBackend`."""
        named = {"key": key, "now": now, "ttl": ttl_s}
        row = await self._file.run(lambda connection: connection.execute(_GET, named).fetchone())
        return None if row is None else bytes(row[0])

    async def touch(self, key: str, now: float) -> bool:
        """See `CacheBackend`."""
        update = "UPDATE answer SET used = ?, hits = hits + 1 WHERE key = ?"
        return await self._file.run(lambda connection: connection.execute(update, (now, key)).rowcount > 0)

    async def put(self, key: str, packed: bytes, now: float, limits: CacheSettings) -> None:
        """See `CacheBackend`."""

        def put(connection: sqlite3.Connection) -> None:
            row = (key, len(packed) + ROW_BYTES, now, now, 0, packed)
            connection.execute("INSERT OR REPLACE INTO answer VALUES(?, ?, ?, ?, ?, ?)", row)
            connection.execute(
                "DELETE FROM answer WHERE made <= ? OR made >= ?", (now - limits.ttl_s, now + limits.ttl_s)
            )
            entries, size = connection.execute("SELECT count(*), sum(size) FROM answer").fetchone()
            if entries > limits.max_entries or size > limits.max_bytes:
                connection.execute(_TRIM, (limits.max_entries, limits.max_bytes))

        await self._file.run(put)

    async def stats(self) -> CacheStats:
        """See `CacheBackend`."""
        query = "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(hits), 0) FROM answer WHERE key NOT LIKE ?"
        row = await self._file.run(lambda connection: connection.execute(query, (f"{NEAR}%",)).fetchone(), write=False)
        return CacheStats(*row)

    async def clear(self) -> int:
        """See `CacheBackend`. Nothing of it is left on the disk, of damaged files neither."""
        answers = (await self.stats()).entries

        def clear(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM answer")
            for damaged in self._path.parent.glob(f"{self._path.name}.corrupt-*"):
                damaged.unlink(missing_ok=True)

        await self._file.run(clear)
        await self._file.compact()
        return answers

    async def close(self) -> None:
        """See `CacheBackend`."""
        await self._file.close()
