"""The store in a SQLite file: shared by processes, killed, damaged, locked away. Real files, real processes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import time

import pytest
from blockbuster import blockbuster_ctx

from dragoman.engine.sqlite_file import SqliteFile
from dragoman.engine.store import StoreBusy, StoreLost
from dragoman.engine.store_sharing import SharedStore
from dragoman.engine.store_sqlite import MIGRATIONS, SqliteBackend
from engine import stores

COUNTING = """
import asyncio, sys
from pathlib import Path
from dragoman.engine.store_sqlite import SqliteBackend

def added(values, _now):
    number = int(values[0] or 0) + 1
    return (str(number),), number

async def main():
    backend = SqliteBackend(Path(sys.argv[1]), print)
    for _ in range(int(sys.argv[2])):
        while True:
            try:
                _, number = await backend.apply((sys.argv[3],), added)
                break
            except Exception as error:
                if "held" not in str(error): raise
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path):
    """Where the file will be, in a folder that is not there yet."""
    return tmp_path / "state" / "state.db"


def counting(path, times, key="limit/sum"):
    """A process that adds so many ones, and says each number it got to."""
    arguments = [sys.executable, "-c", COUNTING, str(path), str(times), key]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("check", stores.CHECKS, ids=lambda check: check.__name__)
async def test_it_does_what_a_store_must(path, check):
    """It does what every store must, and never blocks the loop."""
    told = []
    with blockbuster_ctx():
        store = SharedStore(SqliteBackend(path, told.append), told.append)
        await check(store)
        await store.close()
    assert told == []


async def test_two_windows_agree(path):
    """Two windows lose nothing of what the other does, and hear of it."""
    one, other = (SharedStore(SqliteBackend(path, print), print) for _ in range(2))
    await stores.two_windows_agree(one, other)
    await one.close()
    await other.close()


async def test_what_was_written_is_there_for_the_next_process(path):
    """The store outlives its processes."""
    for number in (1, 2):
        store = SharedStore(SqliteBackend(path, print), print)
        assert await store.post(("limit/a",), stores.added) == number
        await store.close()


async def test_nobody_else_can_read_it(path):
    """The file, and the files beside it, are the person's alone."""
    store = SharedStore(SqliteBackend(path, print), print)
    await store.post(("limit/a",), stores.added)
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    assert modes
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await store.close()


def test_eight_processes_lose_no_change(path):
    """Eight processes that add to one sum at once get every number once."""
    processes = [counting(path, 25) for _ in range(8)]
    numbers = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert sorted(numbers) == list(range(1, 201))


def test_what_a_killed_process_was_told_is_done_is_done(path, tmp_path):
    """A process killed at any moment has lost nothing that it was told is done."""
    told = 0
    for round_ in range(4):
        said = tmp_path / f"said-{round_}"
        with said.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-c", COUNTING, str(path), "100000", "limit/sum"], stdout=file, text=True
            )
            while said.read_text().count("\n") < 3 + 7 * round_:
                assert process.poll() is None
                time.sleep(0.001)
            process.kill()
            process.wait()
        told = int(said.read_text().rpartition("\n")[0].split("\n")[-1])
        held = int(sqlite3.connect(path).execute("SELECT text FROM state").fetchone()[0])
        assert held in (told, told + 1)
    assert told > 0


def _garbage(path):
    path.write_bytes(b"not a database at all" * 500)


def _truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scrambled(path):
    data = bytearray(path.read_bytes())
    data[100:4096] = os.urandom(len(data[100:4096]))
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", [_garbage, _scrambled, _truncated], ids=lambda damage: damage.__name__)
async def test_a_damaged_file_is_set_aside(path, damage):
    """A damaged file is kept under another name, the person is told where, and a new one is begun."""
    store = SharedStore(SqliteBackend(path, print), print)
    for number in range(200):
        await store.post((f"limit/{number}",), stores.put("x" * 100))
    await store.close()
    damage(path)
    told = []
    store = SharedStore(SqliteBackend(path, told.append), told.append)
    assert await store.post(("limit/a",), stores.added) == 1
    await asyncio.sleep(0)
    assert len(told) == 1
    assert "was damaged" in told[0]
    aside = [entry for entry in path.parent.iterdir() if ".corrupt-" in entry.name]
    assert aside
    assert aside[0].name in told[0] or aside[0].name.startswith(path.name)
    assert store.fault == ""
    await store.close()


async def test_a_file_that_is_taken_away_is_begun_anew(path):
    """Somebody deletes the state folder under a running window: it goes on, shared."""
    one, other = (SharedStore(SqliteBackend(path, print), print) for _ in range(2))
    await one.post(("limit/a",), stores.added)
    await other.post(("limit/a",), stores.added)
    for entry in path.parent.iterdir():
        entry.unlink()
    assert await one.post(("limit/a",), stores.added) == 1
    assert await other.post(("limit/a",), stores.added) == 2
    await stores.two_windows_agree(one, other)
    await one.close()
    await other.close()


async def test_a_newer_file_is_left_alone(path):
    """A file that a newer Dragoman has written is not touched; the person reads what to do."""
    store = SharedStore(SqliteBackend(path, print), print)
    await store.post(("limit/a",), stores.put("kept"))
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    told = []
    store = SharedStore(SqliteBackend(path, told.append), told.append)
    assert await store.post(("limit/a",), stores.added) == 1
    assert len(told) == 1
    assert "newer Dragoman: upgrade" in told[0]
    await store.close()
    assert sqlite3.connect(path).execute("SELECT text FROM state").fetchone() == ("kept",)


async def test_a_place_that_can_not_be_written_is_told(tmp_path):
    """Where the folder can't be made, the window goes on alone, and the person reads which path it is."""
    (tmp_path / "state").write_text("a file, no folder")
    told = []
    store = SharedStore(SqliteBackend(tmp_path / "state" / "state.db", told.append), told.append)
    assert await store.post(("limit/a",), stores.added) == 1
    assert await store.post(("limit/a",), stores.added) == 2
    assert len(told) == 1
    assert str(tmp_path / "state") in told[0]
    await store.close()


async def test_a_file_that_is_held_is_not_waited_for_long(path):
    """While another process holds the file, a change is given up as busy, and works when it lets go."""
    backend = SqliteBackend(path, print)
    await backend.apply(("limit/a",), stores.added)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        await backend.apply(("limit/a",), stores.added)
    holder.execute("ROLLBACK")
    holder.close()
    assert (await backend.apply(("limit/a",), stores.added))[1] == 2
    await backend.close()


async def test_out_of_date_rows_are_cleared_away(path):
    """What is past its time is seen by nobody, and does not fill the disk."""
    now = [1_000_000.0]
    backend = SqliteBackend(path, print, wall=lambda: now[0])
    for number in range(490):
        await backend.apply((f"limit/{number}",), stores.put("x"))
    now[0] += 7200
    assert await backend.scan("limit/") == {}
    for _ in range(20):
        await backend.apply(("limit/new",), stores.added)
    rows = await backend._file.run(lambda connection: connection.execute("SELECT count(*) FROM state").fetchone()[0])
    assert rows <= 2
    await backend.close()


async def test_tables_are_brought_up_to_date_once(path):
    """A file of an older version gets what is new and keeps what it has, also when two processes open it at once."""
    first = SqliteFile(path, ("CREATE TABLE a(x); INSERT INTO a VALUES(1)",), print)
    await first.run(lambda connection: connection.execute("INSERT INTO a VALUES(2)"))
    await first.close()
    scripts = ("never run again", "CREATE TABLE b(x); INSERT INTO b SELECT x FROM a")
    newer = [SqliteFile(path, scripts, print) for _ in range(3)]

    def rows(connection):
        return connection.execute("SELECT count(*) FROM b").fetchone()[0]

    assert await asyncio.gather(*(file.run(rows) for file in newer)) == [2, 2, 2]
    for file in newer:
        await file.close()


async def test_a_failed_piece_of_work_leaves_no_trace(path):
    """What fails in the middle is taken back whole."""
    file = SqliteFile(path, ("CREATE TABLE a(x)",), print)

    def half(connection):
        connection.execute("INSERT INTO a VALUES(1)")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own, a line above
        await file.run(half)
    assert await file.run(lambda connection: connection.execute("SELECT count(*) FROM a").fetchone()[0]) == 0
    await file.close()


async def test_a_disk_without_space_is_told(path):
    """A file that can't grow is a loss that says to free space, and nothing is half-written."""
    file = SqliteFile(path, ("CREATE TABLE a(x)",), print)
    await file.run(lambda connection: connection.execute("PRAGMA max_page_count=3"), write=False)
    with pytest.raises(StoreLost, match="no space left"):
        await file.run(lambda connection: connection.execute("INSERT INTO a VALUES(randomblob(100000))"))
    await file.close()
