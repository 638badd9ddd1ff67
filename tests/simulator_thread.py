"""Runs a simulator's event loop in a thread, for tests that are not asynchronous themselves."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from dragoman.simulator import Simulator

T = TypeVar("T")


@contextlib.contextmanager
def in_thread(simulator: Simulator) -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """The simulator listens while the block runs. The value runs a coroutine on its loop."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def run(coroutine: Coroutine[Any, Any, T]) -> T:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=10)

        try:
            run(simulator.__aenter__())
            try:
                yield run
            finally:
                run(simulator.__aexit__(None, None, None))
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
