"""A shared store whose backend is slow, lost and found again, on virtual time."""

from __future__ import annotations

import asyncio
import logging

import pytest

from dragoman.engine.clock import LoopClock
from dragoman.engine.store import StoreBusy, StoreLost
from dragoman.engine.store_sharing import WAIT_SECONDS, SharedStore
from engine import stores
from engine.virtual import virtual_time


class Server:
    """What several backends have in common: a memory, and how it is with it just now."""

    def __init__(self):
        self.texts = {}
        self.seq = 0
        self.log = {}
        self.trouble = None
        self.delay = 0.0
        self.opened = 0


class Backend:
    """`store.Backend` on a `Server` in this process."""

    def __init__(self, server):
        self.server = server
        self.closed = False

    async def _reach(self):
        await asyncio.sleep(self.server.delay)
        if self.server.trouble is not None:
            raise self.server.trouble

    async def open(self):
        await self._reach()
        self.server.opened += 1

    def now(self):
        return LoopClock().now()

    async def apply(self, keys, change):
        await self._reach()
        before = tuple(self.server.texts.get(key) for key in keys)
        after, result = change(before, self.now())
        for key, new in zip(keys, after, strict=True):
            self.server.texts[key] = new
            self.server.seq += 1
            self.server.log[key] = self.server.seq
        return after, result

    async def changes(self, since):
        await self._reach()
        return self.server.seq, {key: self.server.texts[key] for key, seq in self.server.log.items() if seq > since}

    async def scan(self, prefix):
        await self._reach()
        return {key: text for key, text in self.server.texts.items() if key.startswith(prefix) and text is not None}

    async def close(self):
        self.closed = True


def window(server):
    """A window's store on the server, and what it has told the person."""
    told = []
    return SharedStore(Backend(server), told.append), told


@pytest.mark.parametrize("check", stores.CHECKS, ids=lambda check: check.__name__)
def test_it_does_what_a_store_must(check):
    """It does what every store must."""

    @virtual_time
    async def run():
        store, told = window(Server())
        await check(store)
        await store.close()
        assert told == []

    run()


@virtual_time
async def test_two_windows_agree():
    """Two windows lose nothing of what the other does, and hear of it."""
    server = Server()
    (one, _), (other, _) = window(server), window(server)
    await stores.two_windows_agree(one, other)
    await one.close()
    await other.close()


@virtual_time
async def test_a_lost_backend_holds_up_nobody_and_is_told_once():
    """While the backend is away, changes are this window's alone; the person reads one line, and nothing fails."""
    server = Server()
    store, told = window(server)
    assert await store.post(("limit/a",), stores.added) == 1
    server.trouble = StoreLost("the server is gone")
    for number in range(2, 20):
        assert await store.post(("limit/a",), stores.added) == number
        await asyncio.sleep(3)
    assert len(told) == 1
    assert "the server is gone" in told[0]
    assert store.fault
    assert await store.scan("limit/") == {"limit/a": "19"}
    await store.close()


@virtual_time
async def test_sharing_goes_on_when_the_backend_is_back(caplog):
    """After the loss what others did counts again, the return stands in the log, and another loss is told again."""
    server = Server()
    store, told = window(server)
    await store.post(("limit/a",), stores.added)
    server.trouble = StoreLost("gone")
    await store.post(("limit/a",), stores.added)
    server.trouble = None
    server.texts["limit/a"] = "50"
    server.log["limit/a"] = server.seq = 60
    with caplog.at_level(logging.INFO):
        await asyncio.sleep(61)
    assert store.peek("limit/a") == "50"
    assert await store.post(("limit/a",), stores.added) == 51
    assert store.fault == ""
    assert "shared again" in caplog.text
    server.trouble = StoreLost("gone again")
    await store.post(("limit/a",), stores.added)
    assert len(told) == 2
    await store.close()


@virtual_time
async def test_a_silent_backend_costs_one_wait():
    """A backend that says nothing is waited for once, for a moment; a machine that is only busy is no news."""
    server = Server()
    store, told = window(server)
    await store.post(("limit/a",), stores.added)
    server.delay = 3600
    clock = LoopClock()
    began = clock.now()
    for _ in range(10):
        await store.post(("limit/a",), stores.added)
    assert clock.now() - began == pytest.approx(WAIT_SECONDS)
    assert told == []
    await asyncio.sleep(10)
    assert len(told) == 1
    assert "does not answer" in told[0]
    await store.close()


@virtual_time
async def test_a_busy_moment_is_no_loss():
    """What others held up for too long is done here alone; the next change is shared again."""
    server = Server()
    store, told = window(server)
    await store.post(("limit/a",), stores.put("1"))
    server.trouble = StoreBusy("held")
    assert await store.post(("limit/a",), stores.added) == 2
    server.trouble = None
    assert await store.post(("limit/a",), stores.added) == 2
    assert (told, store.fault) == ([], "")
    await store.close()


@virtual_time
async def test_a_backend_that_is_busy_while_it_opens_is_waited_for():
    """Two windows that start at once are in each other's way for a moment: no news. A file held for long is."""
    server = Server()
    server.trouble = StoreBusy("held by another process")
    store, told = window(server)
    store.open()
    await asyncio.sleep(0.2)
    server.trouble = None
    assert await store.post(("limit/a",), stores.added) == 1
    assert (server.texts["limit/a"], told) == ("1", [])
    await store.close()
    server.trouble = StoreBusy("held by another process")
    held, told = window(server)
    held.open()
    await asyncio.sleep(30)
    assert len(told) == 1
    await held.close()


@virtual_time
async def test_looking_often_asks_seldom():
    """However often somebody looks, the backend is asked for changes a few times a second."""
    server = Server()
    store, _ = window(server)
    asked = 0
    changes = store._backend.changes

    async def counted(since):
        nonlocal asked
        asked += 1
        return await changes(since)

    store._backend.changes = counted
    store.open()
    for _ in range(1000):
        store.freshen()
        await asyncio.sleep(0.001)
    assert 2 <= asked <= 6
    await store.close()


@virtual_time
async def test_closing_finishes_what_was_begun_and_waits_for_nothing_else():
    """What was posted before the end is done; a backend that hangs does not hold up the end."""
    server = Server()
    store, _ = window(server)
    server.delay = 0.2
    store.post(("limit/a",), stores.added)
    await store.close()
    assert server.texts["limit/a"] == "1"
    hanging, _ = window(server)
    await hanging.post(("limit/a",), stores.added)
    server.delay = 3600
    hanging.post(("limit/a",), stores.added)
    clock = LoopClock()
    began = clock.now()
    await hanging.close()
    assert clock.now() - began <= 1.5


@virtual_time
async def test_a_backend_that_never_opens_is_told_and_done_without():
    """With nothing there from the start, the first request is not held up, and the person reads why."""
    server = Server()
    server.trouble = StoreLost("no such folder")
    store, told = window(server)
    assert await store.post(("limit/a",), stores.added) == 1
    assert len(told) == 1
    assert "no such folder" in told[0]
    await store.close()
