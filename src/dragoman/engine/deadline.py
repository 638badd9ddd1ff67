"""A time limit that moves with every token, for the price of an assignment. Cancels nobody but the task that set it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

NEVER = math.inf

GRAIN_SECONDS = 0.001
"""A loop's timer may fire so much early."""


class Deadline:
    """`asyncio.timeout_at` for a time that is moved often.

    That one makes and drops a timer with every move. This one's timer looks, when it fires, whether the time was
    moved, and is set anew only then, or for an earlier time. Times are the loop's; `TimeoutError` is raised at the end
    of the `with` block.
    """

    __slots__ = ("_armed_for", "_cancelling", "_due", "_expired", "_loop", "_task", "_timer")

    def __init__(self, due: float) -> None:
        self._due = due
        self._armed_for = NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        self._task = task
        self._loop = task.get_loop()
        self._cancelling = task.cancelling()
        self.move(self._due)
        return self

    def move(self, due: float) -> None:
        """The limit is another from now on; `NEVER` while somebody else's code runs in this task."""
        self._due = due
        if due < self._armed_for:
            if self._timer is not None:
                self._timer.cancel()
            self._armed_for = due
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        self._armed_for = NEVER
        if self._due > self._loop.time() + GRAIN_SECONDS:
            self.move(self._due)
        else:
            self._expired = True
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # A cancel that came from elsewhere as well stays one.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
