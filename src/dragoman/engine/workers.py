"""A few threads for what would hold the event loop. Nothing is run here that could wait for ever."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class ThreadWorkers:
    """`core.ports.Workers` on its own threads, so that nobody else's blocking calls are waited behind."""

    def __init__(self, threads: int = 4) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="dragoman")

    async def run(self, function: Callable[[], T]) -> T:
        """The function's result. A caller that is cancelled no longer waits; the function runs to its end."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def close(self) -> None:
        """What has not begun is dropped; what runs is not waited for."""
        self._executor.shutdown(wait=False, cancel_futures=True)
