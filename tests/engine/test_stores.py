"""Which store is in force, and changing it while everything runs."""

from __future__ import annotations

import asyncio

from dragoman.engine.stores import FILE_NAME, ChosenStore
from engine import stores


async def test_sqlite_lies_in_the_state_folder(tmp_path, monkeypatch):
    """The usual store is a file in the person's state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store = ChosenStore(asyncio.get_running_loop().time, print)
    store.use("sqlite", {})
    await stores.keeps_what_is_posted(store)
    assert store.kind == "sqlite"
    assert list(tmp_path.rglob(FILE_NAME))
    await store.close()


async def test_memory_writes_nothing(tmp_path, monkeypatch):
    """With memory nothing is on the disk."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store = ChosenStore(asyncio.get_running_loop().time, print)
    store.use("memory", {})
    await stores.keeps_what_is_posted(store)
    await store.close()
    assert not list(tmp_path.rglob(FILE_NAME))


async def test_it_can_be_changed_while_everything_runs(tmp_path, monkeypatch):
    """What was posted to the old store is done there; the new one is worked with at once, and the same is no change."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store = ChosenStore(asyncio.get_running_loop().time, print)
    store.use("sqlite", {})
    posted = store.post(("limit/a",), stores.put("in the file"))
    store.use("memory", {})
    assert store.peek("limit/a") is None
    await posted
    store.use("sqlite", {})
    store.use("sqlite", {})
    assert await store.post(("limit/a",), lambda values, _: (values, values[0])) == "in the file"
    await store.close()


async def test_a_variable_without_an_address_is_told():
    """A variable that holds no address is a loss like any other: told once, with the name of the setting."""
    told = []
    store = ChosenStore(asyncio.get_running_loop().time, told.append)
    store.use("env:NOWHERE", {})
    assert await store.post(("limit/a",), stores.added) == 1
    assert await store.post(("limit/a",), stores.added) == 2
    assert len(told) == 1
    assert "`store`" in told[0]
    await store.close()
