"""The shared store in a real Redis: stopped, frozen, emptied, locked, in mid-load."""

from __future__ import annotations

import asyncio
import time

import pytest
from blockbuster import blockbuster_ctx

from dragoman.engine.store import StoreLost
from dragoman.engine.store_redis import PREFIX, RedisBackend
from dragoman.engine.store_sharing import SharedStore
from engine import stores
from services.conftest import RedisServer

pytestmark = pytest.mark.services


def window(server, told=None):
    """A window's store on the server."""
    notices = told if told is not None else []
    return SharedStore(RedisBackend(server.url), notices.append)


@pytest.mark.parametrize("check", stores.CHECKS, ids=lambda check: check.__name__)
async def test_it_does_what_a_store_must(redis, check):
    """It does what every store must, and never blocks the loop."""
    told = []
    store = window(redis, told)
    await store.scan("limit/")  # the client's library is imported with the first use
    with blockbuster_ctx():
        await check(store)
        await store.close()
    assert told == []


async def test_two_windows_agree(redis):
    """Two windows lose nothing of what the other does, and hear of it."""
    one, other = window(redis), window(redis)
    await stores.two_windows_agree(one, other)
    await one.close()
    await other.close()


async def test_everything_of_ours_has_our_prefix_and_an_end(redis):
    """Other users of the server find our keys under one prefix, and none stays for ever."""
    store = window(redis)
    await store.post(("limit/a", "place/b"), lambda _values, _now: (("1", "2"), None))
    await store.close()
    keys = redis.cli("keys", "*").split()
    assert keys
    assert all(key.startswith(PREFIX) for key in keys)
    assert all(int(redis.cli("ttl", key)) > 0 for key in keys)


async def test_many_writers_lose_no_change(redis):
    """Eight clients that add to one sum at once get every number once, however often they are in each other's way."""
    windows = [RedisBackend(redis.url) for _ in range(8)]
    for each in windows:
        await each.open()

    async def adds(backend):
        return [(await backend.apply(("limit/sum",), stores.added))[1] for _ in range(25)]

    numbers = await asyncio.gather(*map(adds, windows))
    assert sorted(number for got in numbers for number in got) == list(range(1, 201))
    for each in windows:
        await each.close()


async def test_killed_and_started_again(redis):
    """A killed server is told of once; requests go on alone, and are shared again when it is back."""
    told = []
    store = window(redis, told)
    assert await store.post(("limit/a",), stores.added) == 1
    redis.kill()
    slowest = 0.0
    for number in range(2, 60):
        began = time.monotonic()
        assert await store.post(("limit/a",), stores.added) == number
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0.005)
    assert slowest < 2
    assert len(told) == 1
    assert f"127.0.0.1:{redis.port}" in told[0]
    redis.start()
    other = window(redis)
    await other.post(("place/x",), stores.put("from the other"))
    await _until(lambda: store.fault == "")
    await stores.heard(store, "place/x", "from the other")
    await stores.two_windows_agree(store, other)
    await store.close()
    await other.close()


async def test_frozen_for_a_while(redis):
    """A server that answers nothing holds a request up for a moment, once; afterwards it is shared again."""
    store = window(redis)
    await store.post(("limit/a",), stores.added)
    redis.freeze()
    began = time.monotonic()
    for _ in range(20):
        await store.post(("limit/a",), stores.added)
    assert time.monotonic() - began < 3
    redis.thaw()
    await _until(lambda: store.fault == "")
    other = window(redis)
    await stores.two_windows_agree(store, other)
    await store.close()
    await other.close()


async def test_emptied_under_the_windows(redis):
    """A server that is emptied, scripts and all, is worked with as with a new one."""
    one, other = window(redis), window(redis)
    for store in (one, other):
        await store.post(("limit/a",), stores.added)
        await store.post(("place/x",), stores.put("y"))
    redis.cli("flushall")
    redis.cli("script", "flush")
    assert await one.post(("limit/a",), stores.added) == 1
    assert await other.post(("limit/a",), stores.added) == 2
    await stores.two_windows_agree(one, other)
    await one.close()
    await other.close()


async def test_a_password_is_needed_and_shown_to_nobody(tmp_path, caplog):
    """With the password it works; with a wrong one the person reads so, and the password stands nowhere."""
    server = RedisServer("redis-server", tmp_path, password="geheim123")
    try:
        store = window(server)
        assert await store.post(("limit/a",), stores.added) == 1
        await store.close()
        for url in (server.url.replace("geheim123", "falsch456"), server.url.replace(":geheim123@", "")):
            told = []
            store = SharedStore(RedisBackend(url), told.append)
            assert await store.post(("limit/a",), stores.added) == 1
            assert len(told) == 1
            assert "login" in told[0] or "uthentication" in told[0]
            assert "geheim" not in told[0] + caplog.text
            assert "falsch" not in told[0] + caplog.text
            await store.close()
    finally:
        server.kill()


async def test_the_clock_is_the_servers(redis):
    """A machine whose clock is wrong goes by the server's time."""
    backend = RedisBackend(redis.url, wall=lambda: time.time() - 3600)
    await backend.open()
    seconds, microseconds = redis.cli("time").split()
    assert backend.now() == pytest.approx(int(seconds) + int(microseconds) / 1e6, abs=2)
    await backend.close()


async def test_an_address_that_is_none():
    """What is no address is a loss that says what one looks like."""
    backend = RedisBackend("redis://host:port/0")
    with pytest.raises(StoreLost, match="redis://HOST:6379"):
        await backend.open()
    await backend.close()


async def _until(holds):
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")
