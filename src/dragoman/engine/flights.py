"""Equal requests that are under way at the same time share one call. Knows no provider and no cache.

The call has a task of its own, as a time limit strikes the task that reads; it ends when nobody listens any more.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from dragoman.core.events import Event

AHEAD = 64
"""Events that the call may be ahead of whoever has heard most; then the provider waits too."""


class Flights:
    """The calls under way, by what makes requests equal."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight] = {}

    async def stream(
        self, key: str, begin: Callable[[], AsyncGenerator[Event, None]]
    ) -> AsyncGenerator[tuple[bool, Event], None]:
        """The call's events from its beginning, each with whether they are another's: the first to ask has `begin` run.

        Ends as the call does, for everybody. The call is closed when the last one that listens has gone.
        """
        flight = self._flights.get(key)
        shared = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(begin(), lambda: self._flights.pop(key, None))
        flight.listeners += 1
        try:
            async with aclosing(flight.events()) as events:
                async for event in events:
                    yield shared, event
        finally:
            flight.listeners -= 1
            if not flight.listeners:
                await flight.close()


class _Flight:
    """One call. `landed` is called when it has ended: whoever asks then asks anew."""

    def __init__(self, events: AsyncGenerator[Event, None], landed: Callable[[], object]) -> None:
        self.listeners = 0
        self._said: list[Event] = []
        self._heard = 0
        self._changed = asyncio.Event()
        self._landed = landed
        self._task = asyncio.get_running_loop().create_task(self._fly(events))
        self._task.add_done_callback(lambda _task: self._change())

    async def events(self) -> AsyncGenerator[Event, None]:
        """All that was and will be said; then the call's failure, if it is one."""
        heard = 0
        while True:
            changed = self._changed
            while heard < len(self._said):
                heard += 1
                if heard > self._heard:
                    waits = len(self._said) - self._heard >= AHEAD
                    self._heard = heard
                    if waits:
                        self._change()
                yield self._said[heard - 1]
                changed = self._changed
            if self._task.done():
                self._task.result()
                return
            await changed.wait()

    async def close(self) -> None:
        """End the call, and wait until its connection is closed."""
        self._land()
        self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.exception()  # nobody is left to hear it

    async def _fly(self, events: AsyncGenerator[Event, None]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    self._said.append(event)
                    self._change()
                    while len(self._said) - self._heard >= AHEAD:
                        await self._changed.wait()
        finally:
            self._land()

    def _land(self) -> None:
        landed, self._landed = self._landed, _nothing
        landed()

    def _change(self) -> None:
        """Wakes everybody who waits for something new."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _nothing() -> None:
    pass
