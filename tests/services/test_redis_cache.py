"""The cache in a real Redis: shared by a team, bounded, emptied, stopped, frozen."""

from __future__ import annotations

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.settings import CacheSettings
from dragoman.engine.cache import NEAR, Answer, Cache, CacheStats
from dragoman.engine.cache_redis import PREFIX, RedisCache
from dragoman.engine.store import StoreLost
from dragoman.engine.workers import ThreadWorkers

pytestmark = pytest.mark.services

LIMITS = CacheSettings()


@pytest.fixture
def workers():
    """Threads."""
    threads = ThreadWorkers()
    yield threads
    threads.close()


@pytest.fixture
async def backend(redis):
    """The cache's rows on the server."""
    backend = RedisCache(redis.url)
    yield backend
    await backend.close()


def window(redis, workers):
    """A machine's cache on the server."""
    cache = Cache(workers)
    cache.use(LIMITS, redis.url, {})
    return cache


async def kept(cache):
    """Wait until what was put is there."""
    for task in list(cache._keeping.values()):
        await task


async def test_what_one_machine_keeps_another_has(redis, workers):
    """A team's machines share answers, and clear them for all; the event loop is never blocked."""
    one, other = window(redis, workers), window(redis, workers)
    await one.get("nothing")  # the client's library is imported with the first use
    with blockbuster_ctx():
        one.put("key", "ä text", "model")
        one.put(NEAR + "key", "[]", "")
        await kept(one)
        found = await other.get("key")
        assert isinstance(found, Answer)
        assert (found.text, found.model) == ("ä text", "model")
        assert await one.get("key") == found
    stats = await other.stats()
    assert (stats.entries, stats.hits) == (1, 2)
    assert stats.size > 0
    assert await other.clear() == 1
    assert await one.get("key") is None
    assert await one.stats() == CacheStats()
    await one.close()
    await other.close()


async def test_everything_of_ours_has_our_prefix_and_an_end(redis, backend):
    """Every key on the server is named after us, and goes by itself."""
    await backend.put("key", b"x", 0, CacheSettings(ttl_s=60))
    assert await backend.get("key", 0, 60) == b"x"
    names = redis.cli("keys", "*").split("\n")
    assert all(name.startswith(PREFIX) for name in names)
    assert all(0 < int(redis.cli("ttl", name)) <= 60 for name in names)


async def test_it_holds_no_more_than_it_may(redis, backend):
    """Over the number of answers or of bytes, what was used least lately goes first."""
    few = CacheSettings(max_entries=3)
    for number in range(3):
        await backend.put(f"key-{number}", b"x" * 10, 0, few)
    assert await backend.touch("key-0", 0)
    await backend.put("key-3", b"x" * 10, 0, few)
    assert [await backend.touch(f"key-{number}", 0) for number in range(4)] == [True, False, True, True]
    for number in range(30):
        await backend.put(f"more-{number}", b"x" * 1000, 0, CacheSettings(max_bytes=10_000))
    assert await backend.stats() == CacheStats(10, 10_000, 4)
    await backend.put("large", b"x" * 20_000, 0, CacheSettings(max_bytes=10_000))
    assert (await backend.stats()).entries == 0


async def test_an_old_answer_is_gone(redis, backend):
    """By the server's clock, whatever the machines' clocks say."""
    await backend.put("key", b"x", 0, LIMITS)
    assert await backend.get("key", 10**9, 100) == b"x"
    redis.cli("zincrby", f"{PREFIX}made", "-200", "key")
    assert await backend.get("key", 0, 100) is None
    await backend.put("other", b"x", 0, CacheSettings(ttl_s=100))
    assert not await backend.touch("key", 0)


async def test_a_server_that_is_lost_is_an_empty_cache(redis, workers):
    """Stopped or frozen, a look finds nothing and memory still serves; only `stats` says why."""
    cache = window(redis, workers)
    cache.put("key", "text", "model")
    await kept(cache)
    redis.freeze()
    assert await cache.get("other") is None
    redis.thaw()
    redis.kill()
    assert (await cache.get("key")).text == "text"
    with pytest.raises(StoreLost):
        await cache.stats()
    await cache.close()
