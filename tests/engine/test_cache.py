"""What is kept of answers: in memory over a file that processes share, that is killed, damaged, locked away."""

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

from dragoman.core.settings import CacheSettings
from dragoman.engine import cache_sqlite
from dragoman.engine.cache import (
    LARGEST_CHARACTERS,
    NEAR,
    SALT_BYTES,
    Answer,
    Cache,
    CacheStats,
    kept_salt,
    packed,
    unpacked,
)
from dragoman.engine.cache_sqlite import ROW_BYTES, SqliteCache
from dragoman.engine.store import StoreLost
from dragoman.engine.workers import ThreadWorkers

LIMITS = CacheSettings()
NOW = 1_000_000.0

PUTTING = """
import asyncio, sys
from dragoman.core.settings import CacheSettings
from dragoman.engine.cache import Cache
from dragoman.engine.workers import ThreadWorkers

async def main():
    cache = Cache(ThreadWorkers())
    cache.use(CacheSettings(memory_entries=0), "sqlite", {})
    for number in range(int(sys.argv[2])):
        key = f"{sys.argv[1]}-{number}"
        cache.put(key, f"answer {key} " * 50, "model")
        await asyncio.gather(*cache._keeping.values())
        print(key, flush=True)
    await cache.close()

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path):
    """Where the cache is, as the platform's folder has it."""
    return tmp_path / "home" / "cache" / "dragoman" / "cache.db"


@pytest.fixture
def workers():
    """Threads."""
    threads = ThreadWorkers()
    yield threads
    threads.close()


class Clock:
    """A wall clock that is turned by hand."""

    now = NOW

    def __call__(self):
        return self.now


def opened(workers, clock=None, store="sqlite", **settings):
    """A window's cache."""
    cache = Cache(workers, wall=clock or Clock())
    cache.use(CacheSettings(**settings), store, {})
    return cache


async def text_at(cache, key):
    """The answer's text."""
    answer = await cache.get(key)
    return None if answer is None else answer.text


async def test_what_one_window_keeps_another_has(workers, path):
    """An answer is there for the next process, with who wrote it; the event loop never waits for the disk."""
    with blockbuster_ctx():
        one, other = opened(workers), opened(workers)
        one.put("key", "the answer", "model")
        assert await one.get("key") == Answer("the answer", "model", NOW)
        await one.close()
        assert await other.get("key") == Answer("the answer", "model", NOW)
        assert await other.get("other key") is None
        await other.close()
    assert path.exists()


async def test_nobody_else_can_read_it(workers, path):
    """The file and the salt are the person's alone."""
    cache = opened(workers)
    await cache.owner("sk-key", "http://one/v1")
    cache.put("key", "text", "model")
    await asyncio.gather(*cache._keeping.values())
    files = [*path.parent.iterdir(), path.parents[2] / "state" / "dragoman" / "cache-salt"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    await cache.close()


async def test_no_question_and_no_key_is_in_the_files(workers, path):
    """The files hold neither the key that was used nor its plain digest."""
    from hashlib import sha256

    cache = opened(workers)
    owner = await cache.owner("sk-secret", "http://one/v1")
    cache.put(owner, "text", "model")
    await cache.close()
    written = b"".join(file.read_bytes() for file in path.parents[2].rglob("*") if file.is_file())
    assert owner.encode() in written
    assert b"sk-secret" not in written
    assert sha256(b"sk-secret").hexdigest().encode() not in written


async def test_an_old_answer_is_gone(workers):
    """In memory and in the file alike, after its time, and after a clock that was wrong."""
    clock = Clock()
    one, other = opened(workers, clock, ttl_s=60), opened(workers, clock, ttl_s=60, memory_entries=0)
    one.put("key", "text", "model")
    await asyncio.gather(*one._keeping.values())
    clock.now += 59
    assert [await text_at(cache, "key") for cache in (one, other)] == ["text", "text"]
    clock.now += 2
    assert [await text_at(cache, "key") for cache in (one, other)] == [None, None]
    one.put("key", "text", "model")
    await asyncio.gather(*one._keeping.values())
    clock.now -= 100_000
    assert [await text_at(cache, "key") for cache in (one, other)] == [None, None]
    await one.close()
    await other.close()


async def test_what_is_out_of_date_is_cleared_away(path):
    """With a new answer the old ones leave the file."""
    backend = SqliteCache(path)
    for number in range(5):
        await backend.put(f"key-{number}", b"x", NOW, LIMITS)
    await backend.put("new", b"x", NOW + LIMITS.ttl_s, LIMITS)
    assert (await backend.stats()).entries == 1
    await backend.close()


async def test_what_was_used_least_lately_goes_first(path):
    """Over the number of entries, whatever was neither made nor used lately makes room."""
    backend = SqliteCache(path)
    limits = CacheSettings(max_entries=3)
    for number in range(3):
        await backend.put(f"key-{number}", b"x", NOW + number, limits)
    assert await backend.touch("key-0", NOW + 10)
    assert await backend.get("key-1", NOW + 11, 100) == b"x"
    await backend.put("key-3", b"x", NOW + 12, limits)
    held = [number for number in range(4) if await backend.touch(f"key-{number}", NOW + 13)]
    assert held == [0, 1, 3]
    await backend.close()


async def test_it_takes_no_more_room_than_it_may(path):
    """Over the number of bytes, the oldest make room; one that is too large by itself is not kept."""
    backend = SqliteCache(path)
    limits = CacheSettings(max_bytes=10_000)
    for number in range(30):
        await backend.put(f"key-{number}", b"x" * (1000 - ROW_BYTES), NOW + number, limits)
        assert (await backend.stats()).size <= 10_000
    held = [number for number in range(30) if await backend.touch(f"key-{number}", NOW + 100)]
    assert held == list(range(20, 30))
    await backend.put("large", b"x" * 20_000, NOW + 200, limits)
    assert not await backend.touch("large", NOW + 201)
    await backend.close()


async def test_the_same_key_is_kept_once(path):
    """A newer answer to the same replaces the older one."""
    backend = SqliteCache(path)
    await backend.put("key", b"old", NOW, LIMITS)
    await backend.put("key", b"new", NOW + 1, LIMITS)
    assert await backend.get("key", NOW + 2, 100) == b"new"
    assert (await backend.stats()).entries == 1
    await backend.close()


async def test_memory_holds_so_many(workers):
    """In memory, what was used least lately goes first; without a file it is gone."""
    cache = opened(workers, store="memory", memory_entries=2)
    for key in ("a", "b"):
        cache.put(key, key, "model")
    assert await text_at(cache, "a") == "a"
    cache.put("c", "c", "model")
    assert [await text_at(cache, key) for key in ("a", "b", "c")] == ["a", None, "c"]
    cache.use(CacheSettings(memory_entries=1), "memory", {})
    assert await cache.stats() == CacheStats(1, 1)
    cache.use(CacheSettings(enabled=False), "memory", {})
    assert await cache.stats() == CacheStats()
    await cache.close()


async def test_answers_are_small_in_the_file(workers, path):
    """What repeats itself, as code and prose do, takes a fraction of its room."""
    cache = opened(workers)
    text = "def total(numbers):\n    return sum(numbers)\n" * 200
    cache.put("key", text, "model")
    await asyncio.gather(*cache._keeping.values())
    assert 0 < (await cache.stats()).size < len(text) / 10
    cache.put("endless", "x" * (LARGEST_CHARACTERS + 1), "model")
    assert await cache.get("endless") is None
    await cache.close()


@pytest.mark.parametrize("text", ["", "ä\n🦀", "\ud83d", "\0", "x" * LARGEST_CHARACTERS, "🦀" * LARGEST_CHARACTERS])
def test_an_answer_comes_back_as_it_was(text):
    """Whatever a model says, to the last half of a character."""
    answer = Answer(text, "model", NOW)
    assert unpacked(packed(answer)) == answer


def test_damaged_bytes_are_no_answer():
    """Any byte that is changed, any cut, and anything else at all, is noticed."""
    data = packed(Answer("the answer is forty-two " * 5, "model", NOW))
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 0x40
        found = unpacked(bytes(broken))
        assert found is None or found.text.startswith("the answer is forty-two the")  # a flag that means nothing here
        assert unpacked(data[:place]) is None
    import zstandard

    for text in (b"", b"[]", b'["a", "b"]', b'["a", 1, 2.0]', b"\xff", b'{"a": 1}'):
        assert unpacked(zstandard.ZstdCompressor().compress(text)) is None
    bomb = zstandard.ZstdCompressor().compress(b" " * 100_000_000)
    assert len(bomb) < 20_000
    assert unpacked(bomb) is None


async def test_a_damaged_row_is_a_miss(workers, path):
    """Bytes that are no answer are as if they were not there, and the next answer replaces them."""
    cache = opened(workers, memory_entries=0)
    cache.put("key", "text", "model")
    await asyncio.gather(*cache._keeping.values())
    with sqlite3.connect(path) as file:
        file.execute("UPDATE answer SET packed = x'00'")
    assert await cache.get("key") is None
    cache.put("key", "again", "model")
    await asyncio.gather(*cache._keeping.values())
    assert await text_at(cache, "key") == "again"
    await cache.close()


def _garbage(path):
    path.write_bytes(b"not a database at all" * 500)


def _scrambled(path):
    data = bytearray(path.read_bytes())
    data[100:4096] = os.urandom(len(data[100:4096]))
    path.write_bytes(bytes(data))


def _gone(path):
    for file in path.parent.iterdir():
        file.unlink()


def _a_folder(path):
    _gone(path)
    path.mkdir()


def _newer(path):
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("damage", [_garbage, _scrambled, _gone, _a_folder, _newer], ids=lambda damage: damage.__name__)
async def test_a_damaged_cache_is_an_empty_one(workers, path, damage):
    """Whatever has become of the file, a look finds nothing, keeping does no harm, and memory still serves."""
    one = opened(workers)
    one.put("key", "text", "model")
    await one.close()
    damage(path)
    other = opened(workers)
    assert await other.get("key") is None
    other.put("new", "text", "model")
    assert await text_at(other, "new") == "text"
    await other.close()


async def test_a_file_that_is_damaged_does_not_stay_for_ever(workers, path):
    """Clearing the cache deletes damaged files that were set aside too, and gives back the room."""
    one = opened(workers)
    one.put("key", "text", "model")
    await one.close()
    _garbage(path)
    other = opened(workers)
    assert await other.get("key") is None
    for number in range(100):
        other.put(f"key-{number}", os.urandom(500).hex(), "model")
    await asyncio.gather(*other._keeping.values())
    assert [file for file in path.parent.iterdir() if "corrupt" in file.name]
    assert await other.clear() == 100
    await other.close()
    assert not [file for file in path.parent.iterdir() if "corrupt" in file.name]
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 40_000
    assert await other.get("key-1") is None  # after closing too


async def test_clearing_leaves_nothing_on_the_disk(workers, path):
    """No answer can be found in the file after it was cleared, though another window has it open."""
    one, other = opened(workers), opened(workers)
    mark = "zq9-Mark-of-an-answer"
    await one._backend.put("key", mark.encode(), NOW, LIMITS)
    assert await other._backend.touch("key", NOW)
    assert any(mark.encode() in file.read_bytes() for file in path.parent.iterdir())
    assert await one.clear() == 1
    assert not any(mark.encode() in file.read_bytes() for file in path.parent.iterdir())
    await one.close()
    await other.close()


async def test_what_another_window_clears_is_forgotten(workers):
    """An answer at hand in this window's memory is not given any more once another one has cleared the cache."""
    one, other = opened(workers), opened(workers)
    one.put("key", "text", "model")
    await asyncio.gather(*one._keeping.values())
    assert await text_at(one, "key") == "text"
    assert await other.clear() == 1
    assert await one.get("key") is None
    await one.close()
    await other.close()


async def test_hits_are_counted(workers):
    """Every answer that was given again counts, from memory or from the file; lists of questions are no answers."""
    one, other = opened(workers), opened(workers)
    one.put("key", "text", "model")
    one.put(NEAR + "key", "[]", "")
    await asyncio.gather(*one._keeping.values())
    for cache in (one, one, other, other):
        assert await cache.get("key")
        assert await cache.get(NEAR + "key")
    stats = await other.stats()
    assert (stats.entries, stats.hits) == (1, 4)
    await one.close()
    await other.close()


async def test_a_cache_that_others_hold_is_a_miss(workers, path):
    """While another process holds the file, a look finds nothing, and soon goes on."""
    cache = opened(workers, memory_entries=0)
    cache.put("key", "text", "model")
    await asyncio.gather(*cache._keeping.values())
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert await cache.get("key") is None
    holder.execute("COMMIT")
    holder.close()
    assert await text_at(cache, "key") == "text"
    await cache.close()


async def test_a_cache_that_does_not_answer_is_left_alone(workers, monkeypatch):
    """A backend that hangs or is lost costs one wait, and is not asked again for a while."""
    asked = []

    class Hanging(SqliteCache):
        async def get(self, key, now, ttl_s):
            asked.append(key)
            await asyncio.sleep(1000)

    class Lost(SqliteCache):
        async def get(self, key, now, ttl_s):
            asked.append(key)
            raise StoreLost("no disk")

    monkeypatch.setattr("dragoman.engine.cache.WAIT_SECONDS", 0.01)
    for kind in (Hanging, Lost):
        monkeypatch.setattr(cache_sqlite, "SqliteCache", kind)
        cache = opened(workers)
        assert [await cache.get(key) for key in ("a", "b", "c")] == [None] * 3
        assert asked == ["a"]
        asked.clear()
        await cache.close()


def test_two_processes_keep_everything(path, workers):
    """Two processes that keep answers at once stand in nobody's way, and a third one has what both have kept."""
    arguments = [sys.executable, "-c", PUTTING]
    processes = [subprocess.Popen([*arguments, name, "40"], stdout=subprocess.DEVNULL) for name in ("one", "two")]
    assert [process.wait(120) for process in processes] == [0, 0]

    async def look():
        cache = Cache(workers)
        cache.use(LIMITS, "sqlite", {})
        found = [await cache.get(f"{name}-{number}") for name in ("one", "two") for number in range(40)]
        await cache.close()
        return found

    found = asyncio.run(look())
    for half in (found[:40], found[40:]):
        assert sum(answer is not None for answer in half) > 20  # a write may give way on a machine that is very busy
    assert all(answer is None or answer.model == "model" for answer in found)


def test_a_killed_process_leaves_whole_answers(path, workers, tmp_path):
    """A process killed at any moment leaves only answers that are whole, and the next one works."""
    for round_ in range(3):
        said = tmp_path / f"said-{round_}"
        with said.open("w") as file:
            process = subprocess.Popen([sys.executable, "-c", PUTTING, f"killed-{round_}", "100000"], stdout=file)
            while said.read_text().count("\n") < 3 + 5 * round_:
                assert process.poll() is None
                time.sleep(0.001)
            process.kill()
            process.wait()
        keys = said.read_text().split("\n")[:-1]

        async def look(keys):
            cache = Cache(workers)
            cache.use(LIMITS, "sqlite", {})
            found = {key: await text_at(cache, key) for key in keys}
            cache.put("after", "fine", "model")
            await cache.close()
            return found

        for key, text in asyncio.run(look(keys)).items():
            assert text in (None, f"answer {key} " * 50)
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_owners(workers):
    """One key is one owner, on this machine and in the next process; in a team, for whom a key was needed."""
    one, other, alone = opened(workers), opened(workers), opened(workers, store="memory")
    team = Cache(workers)
    team.use(LIMITS, "env:CACHE", {"CACHE": "redis://127.0.0.1:1/0"})
    away, here = "https://api.example/v1", "http://localhost:11434"
    assert await one.owner("sk-1", away) == await other.owner("sk-1", away)
    assert await one.owner("sk-1", away) != await one.owner("sk-2", away)
    assert await one.owner("sk-1", away) != await one.owner(None, away)
    assert await one.owner("sk-1", away) != await alone.owner("sk-1", away)
    assert await team.owner("sk-1", away) not in (await one.owner("sk-1", away), await team.owner("sk-2", away))
    assert await team.owner(None, away) == await one.owner(None, away)
    assert await team.owner("sk-1", here) == await one.owner("sk-1", here)
    assert (one.kind, alone.kind, team.kind) == ("sqlite", "memory", "redis")
    for cache in (one, other, alone, team):
        await cache.close()


def test_a_salt_is_made_once(tmp_path):
    """It is the same for whoever asks, new where it was damaged, and None where it can't be kept."""
    path = tmp_path / "state" / "salt"
    salt = kept_salt(path)
    assert len(salt) == SALT_BYTES
    assert kept_salt(path) == salt
    assert [file.name for file in path.parent.iterdir()] == ["salt"]
    path.write_bytes(b"short")
    assert kept_salt(path) not in (None, salt, b"short")
    (tmp_path / "file").write_text("")
    assert kept_salt(tmp_path / "file" / "salt") is None
