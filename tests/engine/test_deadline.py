"""A moving time limit does what asyncio's own does."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.engine.deadline import NEVER, Deadline
from engine.virtual import virtual_time


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


@virtual_time
async def test_it_strikes_at_its_time():
    """What takes longer ends with a TimeoutError at the time that was set."""
    began = now()
    with pytest.raises(TimeoutError), Deadline(began + 2):
        await asyncio.sleep(10)
    assert now() - began == pytest.approx(2)


@virtual_time
async def test_it_can_be_moved_later_and_earlier():
    """The last time that was set holds, whether it is later or earlier than the one before."""
    began = now()

    async def work():
        with Deadline(began + 5) as deadline:
            await asyncio.sleep(4)
            deadline.move(began + 50)
            await asyncio.sleep(20)
            deadline.move(began + 30)
            await asyncio.sleep(100)

    with pytest.raises(TimeoutError):
        await work()
    assert now() - began == pytest.approx(30)


@virtual_time
async def test_it_never_strikes_while_it_is_put_off():
    """Set to never, it lets everything pass; set again, it strikes again."""
    began = now()

    async def work():
        with Deadline(began + 1) as deadline:
            deadline.move(NEVER)
            await asyncio.sleep(10)
            deadline.move(now() + 1)
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError):
        await work()
    assert now() - began == pytest.approx(11)


@virtual_time
async def test_what_ends_in_time_is_left_alone():
    """After the block nothing strikes any more."""
    with Deadline(now() + 1):
        await asyncio.sleep(0.5)
    await asyncio.sleep(5)


@virtual_time
async def test_a_cancel_from_elsewhere_stays_one():
    """Cancelled at the very time of the limit, the task is cancelled and not timed out."""

    async def work():
        with Deadline(now() + 1):
            await asyncio.sleep(10)

    task = asyncio.create_task(work())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@virtual_time
async def test_other_errors_pass():
    """An error inside is that error, even when the time is over."""

    async def work():
        with Deadline(now() + 1):
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                raise ValueError("mine") from None

    with pytest.raises(ValueError, match="mine"):
        await work()


async def test_it_is_for_tasks_only():
    """Outside a task there is nobody to cancel."""
    refused = []

    def enter():
        try:
            Deadline(NEVER).__enter__()
        except RuntimeError as error:
            refused.append(error)

    asyncio.get_running_loop().call_soon(enter)
    await asyncio.sleep(0)
    assert refused
