"""Work off the loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dragoman.engine.workers import ThreadWorkers


@pytest.fixture
def workers():
    """Two threads."""
    workers = ThreadWorkers(2)
    yield workers
    workers.close()


async def test_work_runs_in_another_thread(workers):
    """The result comes back to the loop; the work ran elsewhere."""
    assert await workers.run(threading.get_ident) != threading.get_ident()


async def test_an_error_comes_back(workers):
    """What the function raises is raised to whoever waits."""
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda: 1 / 0)


async def test_the_loop_goes_on_meanwhile(workers):
    """While a function blocks, the loop and another worker go on."""
    gate = threading.Event()
    blocked = asyncio.create_task(workers.run(lambda: gate.wait(5)))
    assert await workers.run(lambda: "other") == "other"
    assert not blocked.done()
    gate.set()
    assert await blocked


async def test_closing_waits_for_nobody():
    """Closing returns at once, though a function still runs."""
    workers = ThreadWorkers(1)
    gate = threading.Event()
    running = asyncio.create_task(workers.run(lambda: gate.wait(5)))
    await asyncio.sleep(0)
    workers.close()
    gate.set()
    assert await running
