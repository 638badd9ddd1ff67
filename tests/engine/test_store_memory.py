"""The store in memory, on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.engine.clock import LoopClock
from dragoman.engine.store import KEEPING, MemoryStore, keeping
from engine import stores
from engine.virtual import virtual_time


@pytest.mark.parametrize("check", stores.CHECKS, ids=lambda check: check.__name__)
def test_it_does_what_a_store_must(check):
    """It does what every store must."""

    @virtual_time
    async def run():
        await check(MemoryStore(LoopClock().now))

    run()


@virtual_time
async def test_a_key_is_forgotten_after_its_time():
    """What nobody has changed for so long is gone."""
    store = MemoryStore(LoopClock().now)
    await store.post(("limit/a",), stores.put("x"))
    await asyncio.sleep(keeping("limit/a").seconds - 1)
    assert store.peek("limit/a") == "x"
    await asyncio.sleep(2)
    assert store.peek("limit/a") is None
    assert await store.scan("limit/") == {}


def test_a_kind_of_key_that_nobody_has_named_is_refused():
    """How long a key is kept is a decision, not an accident."""
    with pytest.raises(KeyError):
        keeping("nonsense/x")
    assert all(prefix.endswith("/") for prefix, _ in KEEPING)
