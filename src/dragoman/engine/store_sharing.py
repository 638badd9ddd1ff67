"""A store over a backend that may be slow or lost: a copy at hand, and this process alone while the backend is away.

Nobody waits for a backend longer than a moment, and its loss is told once.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

from dragoman.engine.store import MemoryStore, StoreBusy, StoreLost, keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from dragoman.engine.store import Backend, Change

T = TypeVar("T")

WAIT_SECONDS = 0.5
"""No request is held up for longer by a backend that does not answer."""

FRESH_SECONDS = 0.25
"""How old the copy may be before somebody who looks has it renewed."""

BUSY_SECONDS, BUSY_TRIES = 0.05, 10
AGAIN_SECONDS = 1.0
LONGEST_AGAIN_SECONDS = 60.0
OPEN_SECONDS = 5.0
CLOSE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class SharedStore:
    """`store.Store`. `on_notice` is told in one line when nothing can be shared, and not again until it could."""

    def __init__(self, backend: Backend, on_notice: Callable[[str], None]) -> None:
        self._backend = backend
        self._on_notice = on_notice
        self._copy = MemoryStore(backend.now)
        self._mark = 0
        self._fresh_at = 0.0
        self._opening: asyncio.Task[None] | None = None
        self._freshening: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._fault = ""
        self._told = False

    @property
    def fault(self) -> str:
        """See `Store`."""
        return self._fault

    def open(self) -> None:
        """Begin to open the backend. Waits for nothing; whoever posts first does."""
        if self._opening is None:
            self._opening = self._spawn(self._keep_opening())

    def now(self) -> float:
        """See `Store`."""
        return self._backend.now()

    def peek(self, key: str) -> str | None:
        """See `Store`."""
        return self._copy.peek(key)

    def post(self, keys: tuple[str, ...], change: Change[T]) -> asyncio.Future[T]:
        """See `Store`."""
        return self._spawn(self._apply(keys, change))

    async def _apply(self, keys: tuple[str, ...], change: Change[T]) -> T:
        if await self._is_there():
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    values, result = await self._backend.apply(keys, change)
            except StoreBusy as busy:
                logger.info("%s: this change is not shared", busy)
            except (StoreLost, TimeoutError) as lost:
                self._lose(lost)
            else:
                for key, text in zip(keys, values, strict=True):
                    if keeping(key).at_hand:
                        self._copy.put(key, text)
                return result
        return self._copy.apply(keys, change)

    async def _is_there(self) -> bool:
        """Whether the backend can be asked. Waits a moment for its opening, the first time alone."""
        self.open()
        if self._opening is None:
            return True
        if not self._fault and not self._opening.done():
            await asyncio.wait({self._opening}, timeout=WAIT_SECONDS)
        return self._opening.done() and not self._fault

    def _lose(self, lost: StoreLost | TimeoutError) -> None:
        if self._fault:
            return
        self._fault = _fault(lost)
        if isinstance(lost, StoreLost):  # a machine that is busy for a moment is no news
            self._say()
        self._opening = self._spawn(self._keep_opening(AGAIN_SECONDS))

    def _say(self) -> None:
        if not self._told:
            self._told = True
            self._on_notice(self._fault)

    async def _keep_opening(self, seconds: float = 0.0) -> None:
        """Until the backend is open, and what others did meanwhile is at hand."""
        busy = 0
        while True:
            if seconds:
                await asyncio.sleep(seconds)
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    await self._backend.open()
                    self._mark = 0
                    await self._read_changes()
            except (StoreLost, TimeoutError) as lost:
                busy += isinstance(lost, StoreBusy)
                if isinstance(lost, StoreBusy) and busy < BUSY_TRIES:
                    seconds = BUSY_SECONDS  # another window makes the tables at this moment
                    continue
                self._fault = _fault(lost)
                self._say()
                seconds = min(max(AGAIN_SECONDS, seconds * 2), LONGEST_AGAIN_SECONDS)
            else:
                if self._fault:
                    logger.info("the store is back, and shared again")
                self._fault, self._told = "", False
                return

    def freshen(self) -> None:
        """See `Store`."""
        self.open()
        there = self._opening is not None and self._opening.done() and not self._fault
        if there and self._freshening is None and self._loop_time() - self._fresh_at > FRESH_SECONDS:
            self._freshening = self._spawn(self._freshen())

    async def _freshen(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._read_changes()
        except StoreBusy:
            pass  # there will be another look
        except (StoreLost, TimeoutError) as lost:
            self._lose(lost)
        finally:
            self._freshening = None

    async def _read_changes(self) -> None:
        self._mark, changed = await self._backend.changes(self._mark)
        for key, text in changed.items():
            self._copy.put(key, text)
        self._fresh_at = self._loop_time()

    async def scan(self, prefix: str) -> Mapping[str, str]:
        """See `Store`."""
        await self._settled()
        if await self._is_there():
            try:
                async with asyncio.timeout(WAIT_SECONDS * 4):
                    return await self._backend.scan(prefix)
            except (StoreLost, TimeoutError) as lost:
                self._lose(lost)
        return await self._copy.scan(prefix)

    async def close(self) -> None:
        """See `Store`."""
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
        await self._settled()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._backend.close()

    async def _settled(self) -> None:
        """When what was posted is done, as far as that takes no longer than a closing window may."""
        posted = self._tasks - {self._opening, self._freshening}
        if posted:
            await asyncio.wait(posted, timeout=CLOSE_SECONDS)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()


def _fault(lost: StoreLost | TimeoutError) -> str:
    reason = str(lost) or f"the store does not answer within {WAIT_SECONDS:g} s"
    return f"{reason}. Until it is back, limits and standing are this window's alone"
