"""Which store is in force: the one the settings name, changed while everything runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from platformdirs import user_state_path

from dragoman.engine.store import MemoryStore, StoreLost
from dragoman.engine.store_sharing import SharedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.engine.store import Backend, Change, Store

T = TypeVar("T")

FILE_NAME = "state.db"


class ChosenStore:
    """`store.Store` as the setting `store` says; in memory until `use` is called. `on_notice` hears of losses."""

    def __init__(self, clock: Callable[[], float], on_notice: Callable[[str], None]) -> None:
        self._clock = clock
        self._on_notice = on_notice
        self._setting = "memory"
        self._store: Store = MemoryStore(clock)
        self._leaving: set[asyncio.Task[None]] = set()

    def use(self, setting: str, environment: Mapping[str, str]) -> None:
        """Work with that store from now on. What the old one was to do is done there."""
        setting = environment.get(setting[4:], setting) if setting.startswith("env:") else setting
        if setting == self._setting:
            return
        self._setting, old = setting, self._store
        leaving = asyncio.get_running_loop().create_task(old.close())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        if setting == "memory":
            self._store = MemoryStore(self._clock)
            return
        shared = SharedStore(_backend(setting, self._on_notice), self._on_notice)
        shared.open()
        self._store = shared

    @property
    def kind(self) -> str:
        """What it is, without an address."""
        return self._setting.partition(":")[0]

    @property
    def fault(self) -> str:
        """See `Store`."""
        return self._store.fault

    def now(self) -> float:
        """See `Store`."""
        return self._store.now()

    def peek(self, key: str) -> str | None:
        """See `Store`."""
        return self._store.peek(key)

    def post(self, keys: tuple[str, ...], change: Change[T]) -> asyncio.Future[T]:
        """See `Store`."""
        return self._store.post(keys, change)

    def freshen(self) -> None:
        """See `Store`."""
        self._store.freshen()

    async def scan(self, prefix: str) -> Mapping[str, str]:
        """See `Store`."""
        return await self._store.scan(prefix)

    async def close(self) -> None:
        """See `Store`."""
        await self._store.close()
        if self._leaving:
            await asyncio.wait(self._leaving)


def _backend(setting: str, on_notice: Callable[[str], None]) -> Backend:
    if setting == "sqlite":
        from dragoman.engine.store_sqlite import SqliteBackend  # noqa: PLC0415 - only what is used is loaded

        return SqliteBackend(user_state_path("dragoman") / FILE_NAME, on_notice)
    if setting.startswith(("redis://", "rediss://", "unix://")):
        from dragoman.engine.store_redis import RedisBackend  # noqa: PLC0415

        return RedisBackend(setting)
    return _Nowhere()


class _Nowhere:
    """`store.Backend` for a variable that is not set, or holds no address."""

    _WHY = "the variable that the setting `store` names holds no redis:// address"

    async def open(self) -> None:
        raise StoreLost(self._WHY)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def apply(self, keys: tuple[str, ...], change: Change[T]) -> tuple[tuple[str | None, ...], T]:
        del keys, change
        raise StoreLost(self._WHY)

    async def changes(self, since: int) -> tuple[int, Mapping[str, str | None]]:
        del since
        raise StoreLost(self._WHY)

    async def scan(self, prefix: str) -> Mapping[str, str]:
        del prefix
        raise StoreLost(self._WHY)

    async def close(self) -> None:
        pass
