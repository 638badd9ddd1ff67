"""Whole answers, kept for when the same is asked again: in memory, over a file or a server that outlives the process.

A cache that is lost, slow or damaged is an empty one: nothing here fails a request. No question is kept.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from platformdirs import user_cache_path, user_state_path

from dragoman.core.cache_key import owner
from dragoman.core.settings import CacheSettings
from dragoman.engine.http import is_loopback
from dragoman.engine.store import StoreBusy, StoreLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from dragoman.core.ports import Workers

T = TypeVar("T")

FILE_NAME, SALT_NAME = "cache.db", "cache-salt"
SALT_BYTES = 32

LARGEST_CHARACTERS = 400_000
"""A longer answer is not kept."""

WAIT_SECONDS = 2.0
"""No request is held up for longer by a cache that does not answer."""

AGAIN_SECONDS = 30.0
"""So long a cache that was lost is left alone."""

NEAR = "near-"
"""Keys of lists of questions begin so; they are no answers."""

_TEAM = b""
"""In place of a salt where a team's machines must come to the same key."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, who wrote it, and when, in seconds since the epoch."""

    text: str = field(repr=False)
    model: str
    made: float


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What is kept. `size` is in bytes as it is kept; `hits` is how often one was given again, as far as is known."""

    entries: int = 0
    size: int = 0
    hits: int = 0


class CacheBackend(Protocol):
    """Where answers lie for all processes, packed, by key. `now` is in seconds since the epoch.

    Every method may raise `StoreLost`.
    """

    async def get(self, key: str, now: float, ttl_s: float) -> bytes | None:
        """What is kept, if it is no older; it is used now."""
        ...

    async def touch(self, key: str, now: float) -> bool:
        """It is used now; whether it is still kept."""
        ...

    async def put(self, key: str, packed: bytes, now: float, limits: CacheSettings) -> None:
        """Keep it, and of everything no more than the limits say: what was used least lately goes first."""
        ...

    async def stats(self) -> CacheStats:
        """What is kept."""
        ...

    async def clear(self) -> int:
        """Keep nothing. Returns how many answers there were."""
        ...

    async def close(self) -> None:
        """Give everything back. Never raises."""
        ...


class Cache:
    """Answers by key. In this process alone until `use` is called. `wall` gives seconds since the epoch."""

    def __init__(self, workers: Workers, wall: Callable[[], float] = time.time) -> None:
        self._workers = workers
        self._wall = wall
        self._settings = CacheSettings()
        self._setting = "memory"
        self._memory: OrderedDict[str, Answer] = OrderedDict()
        self._backend: CacheBackend | None = None
        self._passing_salt = secrets.token_bytes(SALT_BYTES)
        self._kept_salt: bytes | None = None
        self._away_until = 0.0
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def use(self, settings: CacheSettings, store: str, environment: Mapping[str, str]) -> None:
        """Work with these settings, and beside that store (the setting `store`), from now on."""
        self._settings = settings
        self._shrink(settings.memory_entries if settings.enabled else 0)
        setting = environment.get(store[4:], "memory") if store.startswith("env:") else store
        if setting == self._setting:
            return
        self._setting, old = setting, self._backend
        self._backend, self._away_until = _backend(setting), 0.0
        if old is not None:
            leaving = asyncio.get_running_loop().create_task(old.close())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    @property
    def kind(self) -> str:
        """Where answers are kept, without an address: memory, sqlite or redis."""
        return self._setting.partition(":")[0]

    async def owner(self, secret: str | None, endpoint: str) -> str:
        """Whose answers those are that this key gets at this endpoint.

        A team's machines share only what a key was needed for: without one nobody can tell whose it is, and this
        machine's own server is another one on another machine. A real key can't be guessed from a server's keys.
        """
        shared = self._setting not in ("memory", "sqlite")
        return owner(secret, _TEAM if shared and secret and not is_loopback(endpoint) else await self._salt())

    async def _salt(self) -> bytes:
        if self._backend is None:
            return self._passing_salt
        if self._kept_salt is None:
            path = user_state_path("dragoman") / SALT_NAME
            self._kept_salt = await self._workers.run(lambda: kept_salt(path)) or self._passing_salt
        return self._kept_salt

    async def get(self, key: str) -> Answer | None:
        """The answer that is kept, if it is not too old. Never raises."""
        now, ttl_s = self._wall(), self._settings.ttl_s
        held = self._memory.get(key)
        if held is not None and abs(now - held.made) < ttl_s:
            # Another process may have cleared the cache.
            if key in self._keeping or await self._tried(lambda backend: backend.touch(key, now)) is not False:
                self._remember(key, held)
                return held
            self._memory.pop(key, None)
            return None
        self._memory.pop(key, None)
        packed = await self._tried(lambda backend: backend.get(key, now, ttl_s))
        answer = await self._workers.run(lambda: unpacked(packed)) if packed is not None else None
        if answer is None or not abs(now - answer.made) < ttl_s:
            return None
        self._remember(key, answer)
        return answer

    def put(self, key: str, text: str, model: str) -> None:
        """Keep a whole answer: at once for this process, soon for the others."""
        if len(text) > LARGEST_CHARACTERS:
            return
        answer = Answer(text, model, self._wall())
        self._remember(key, answer)
        if self._backend is not None:
            task = asyncio.get_running_loop().create_task(self._keep(key, answer, self._settings))
            self._keeping[key] = task
            task.add_done_callback(partial(self._kept, key))

    async def _keep(self, key: str, answer: Answer, limits: CacheSettings) -> None:
        data = await self._workers.run(lambda: packed(answer))
        await self._tried(lambda backend: backend.put(key, data, answer.made, limits))

    def _kept(self, key: str, task: asyncio.Task[None]) -> None:
        if self._keeping.get(key) is task:
            del self._keeping[key]

    async def stats(self) -> CacheStats:
        """What is kept for all processes; in memory, for this one. Raises `StoreLost`."""
        if self._backend is None:
            return CacheStats(len(self._memory), sum(len(answer.text) for answer in self._memory.values()))
        return await self._backend.stats()

    async def clear(self) -> int:
        """Keep nothing. Returns how many answers there were. Raises `StoreLost`."""
        held = len(self._memory)
        self._memory.clear()
        return held if self._backend is None else await self._backend.clear()

    async def close(self) -> None:
        """Finish what was begun, within a moment, and give everything back."""
        begun = {*self._keeping.values(), *self._leaving}
        if begun:
            await asyncio.wait(begun, timeout=WAIT_SECONDS)
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.close()

    async def _tried(self, work: Callable[[CacheBackend], Awaitable[T]]) -> T | None:
        """What the backend says; None where there is none, or it is lost."""
        loop = asyncio.get_running_loop()
        if self._backend is None or loop.time() < self._away_until:
            return None
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await work(self._backend)
        except StoreBusy:
            return None
        except (StoreLost, TimeoutError) as lost:
            self._away_until = loop.time() + AGAIN_SECONDS
            logger.info("the cache is not used for a while: %s", lost if str(lost) else "it does not answer")
            return None

    def _remember(self, key: str, answer: Answer) -> None:
        self._memory[key] = answer
        self._memory.move_to_end(key)
        self._shrink(self._settings.memory_entries)

    def _shrink(self, entries: int) -> None:
        while len(self._memory) > entries:
            self._memory.popitem(last=False)


def packed(answer: Answer) -> bytes:
    """The answer as bytes, compressed, with a checksum."""
    import zstandard  # noqa: PLC0415 - only what is used is loaded, and off the loop

    text = json.dumps([answer.text, answer.model, answer.made], separators=(",", ":"))
    return zstandard.ZstdCompressor(write_checksum=True).compress(text.encode())


def unpacked(data: bytes) -> Answer | None:
    """The answer; None where the bytes are no such thing."""
    import zstandard  # noqa: PLC0415

    try:
        # A damaged header may promise any size; in JSON a character takes up to six bytes, or twelve.
        if not 0 < zstandard.frame_content_size(data) <= 13 * LARGEST_CHARACTERS:
            return None
        text, model, made = json.loads(zstandard.ZstdDecompressor().decompress(data))
    except (zstandard.ZstdError, ValueError, TypeError):
        return None
    right = isinstance(text, str) and isinstance(model, str) and isinstance(made, float)
    return Answer(text, model, made) if right else None


def kept_salt(path: Path) -> bytes | None:
    """The salt in the file, made where there is none; None where it can't be kept. Only the person can read it."""
    with suppress(OSError):
        for _ in range(2):
            with suppress(FileNotFoundError):
                salt = path.read_bytes()
                if len(salt) == SALT_BYTES:
                    return salt
                path.unlink(missing_ok=True)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            try:
                with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(SALT_BYTES))
                with suppress(FileExistsError):  # another process was quicker, and its salt is the one
                    os.link(fresh, path)
            finally:
                fresh.unlink(missing_ok=True)
    return None


def _backend(setting: str) -> CacheBackend | None:
    if setting == "sqlite":
        from dragoman.engine.cache_sqlite import SqliteCache  # noqa: PLC0415 - only what is used is loaded

        return SqliteCache(user_cache_path("dragoman") / FILE_NAME)
    if setting.startswith(("redis://", "rediss://", "unix://")):
        from dragoman.engine.cache_redis import RedisCache  # noqa: PLC0415

        return RedisCache(setting)
    return None
