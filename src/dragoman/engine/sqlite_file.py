"""One SQLite file on one thread of its own: opening, migrating, setting aside what is broken. Knows no table.

A loop never waits for the disk here, and a connection is never seen by two threads.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from dragoman.engine.store import StoreBusy, StoreLost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

T = TypeVar("T")

BUSY_MS = 400
"""How long another process may hold the file before this one gives up."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_GONE = (sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_IOERR)


class SqliteFile:
    """A file with tables. `migrations` are scripts; the file's `user_version` says how many of them it has seen.

    `on_notice` is told, on the event loop, in one line, when a broken file was set aside.
    """

    def __init__(self, path: Path, migrations: Sequence[str], on_notice: Callable[[str], None]) -> None:
        self._path = path
        self._migrations = migrations
        self._on_notice = on_notice
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="dragoman-sqlite")
        self._connection: sqlite3.Connection | None = None
        self._opened_file: tuple[int, int] | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T], *, write: bool = True) -> T:
        """What `work` makes of the file, in one transaction. It is done even if nobody waits for it any more.

        Raises `StoreLost` where the file can't be used. A broken one is set aside, and the work done in a new one.
        """
        loop = asyncio.get_running_loop()

        def notice(text: str) -> None:
            with suppress(RuntimeError):  # the loop may be gone
                loop.call_soon_threadsafe(self._on_notice, text)

        return await loop.run_in_executor(self._thread, self._run, work, write, notice)

    async def compact(self) -> None:
        """Give back the room of what was deleted, so that nothing of it is left on the disk. Raises `StoreLost`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._compact)

    async def close(self) -> None:
        """Close the file when everything begun is done."""
        with suppress(RuntimeError):
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _run(self, work: Callable[[sqlite3.Connection], T], write: bool, notice: Callable[[str], None]) -> T:
        for last in (False, True):
            try:
                return _in_transaction(self._opened(), work, write=write)
            except sqlite3.DatabaseError as error:
                code = _primary(error)
                if code in _BUSY:
                    raise StoreBusy(f"{self._path} is held by another process") from None
                self._close()
                if last or not (code in _BROKEN or code in _GONE or self._is_gone()):
                    raise StoreLost(self._reason(error)) from None
                if code in _BROKEN:
                    notice(self._set_aside())
            except OSError as error:
                self._close()
                raise StoreLost(f"{self._path} can't be used: {error.strerror or error}") from None
        raise AssertionError  # the second time returns or raises

    def _compact(self) -> None:
        try:
            connection = self._opened()
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (sqlite3.DatabaseError, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and _primary(error) in _BUSY:
                raise StoreBusy(f"{self._path} is held by another process") from None
            self._close()
            raise StoreLost(f"{self._path} can't be used: {error}") from None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and not self._is_gone():
            return self._connection
        self._close()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # so that nobody else can read it from the first moment
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=True, cached_statements=64
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA journal_size_limit=4000000")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._opened_file = _identity(self._path)
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        newest = len(self._migrations)
        version = _version(connection)
        if version == newest:
            return
        if version > newest:
            raise StoreLost(f"{self._path} was written by a newer Dragoman: upgrade this one")
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _version(connection)  # another process may have been quicker
            for script in self._migrations[version:]:
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={newest}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _is_gone(self) -> bool:
        """Whether somebody has taken the file away under us, or put another one there."""
        return self._connection is not None and _identity(self._path) != self._opened_file

    def _set_aside(self) -> str:
        """Moves the broken file, with what belongs to it, out of the way. Returns what to tell the person."""
        stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        aside = self._path.with_name(f"{self._path.name}.corrupt-{stamp}")
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).rename(f"{aside}{suffix}")
        return f"{self._path} was damaged: it is kept as {aside.name}, and a new one was begun"

    def _reason(self, error: sqlite3.DatabaseError) -> str:
        code = _primary(error)
        if code == sqlite3.SQLITE_FULL:
            return f"no space left for {self._path}: free some"
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"{self._path} can't be written: check its owner and permissions, and those of its folder"
        return f"{self._path} can't be used: {error}"

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def _primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code; `READONLY_DBMOVED` whole, as it means something else than its primary one."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code if code == sqlite3.SQLITE_READONLY_DBMOVED else code & 0xFF


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is, by device and inode; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _in_transaction(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T], *, write: bool) -> T:
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return result
