"""Several candidates asked at the same time, each in a task of its own, as a time limit strikes the task that reads.

What they say comes in one queue; whoever is let go has closed its connection and is settled before anything goes on.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.core.chat import TextDelta, ToolCallDelta
from dragoman.core.errors import ProviderError
from dragoman.core.events import Done
from dragoman.engine.asking import CandidateFailed
from dragoman.engine.run import Course

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dragoman.core.events import Event
    from dragoman.core.route import Candidate
    from dragoman.engine.asking import Asking
    from dragoman.engine.run import Run

AHEAD = 64
"""Events that may wait for the reader; then the providers wait too."""


@dataclass(slots=True, eq=False)
class Asked:
    """One that is asked. `events` is all it has said; `failure` is set once it has failed for good."""

    candidate: Candidate
    course: Course = field(default_factory=Course)
    events: list[Event] = field(default_factory=list)
    failure: Exception | None = None
    task: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        """What it has answered so far."""
        said = [event for event in self.events if isinstance(event, TextDelta | ToolCallDelta)]
        return "".join(event.text if isinstance(event, TextDelta) else event.arguments for event in said)

    @property
    def done(self) -> Done | None:
        """Its ending, if its answer is whole."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Done) else None


class SideBySide:
    """Candidates of one run, asked at the same time. On leaving, nothing is asked any more."""

    def __init__(self, asking: Asking, run: Run) -> None:
        self._asking = asking
        self._run = run
        self._heard: asyncio.Queue[tuple[Asked, Event | None]] = asyncio.Queue(AHEAD)
        self.running: list[Asked] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.let_go(self.running)

    def ask(self, candidate: Candidate) -> None:
        """Ask one more."""
        asked = Asked(candidate)
        asked.task = asyncio.get_running_loop().create_task(self._ask(asked))
        self.running.append(asked)

    async def _ask(self, asked: Asked) -> None:
        try:
            # None of them is the last: where one fails, there are others.
            events = self._asking.ask(self._run, asked.candidate, asked.course, last=False)
            async with aclosing(events):
                async for event in events:
                    await self._heard.put((asked, event))
        except (CandidateFailed, ProviderError) as failure:
            asked.failure = failure
        await self._heard.put((asked, None))

    async def heard(self, seconds: float | None = None) -> tuple[Asked, Event | None] | None:
        """What one of them says next; None instead of an event at its end. None at all after so many seconds."""
        while True:
            try:
                async with asyncio.timeout(seconds):
                    asked, event = await self._heard.get()
            except TimeoutError:
                return None
            if asked not in self.running:
                continue  # said before it was let go
            if event is None:
                self.running.remove(asked)
            else:
                asked.events.append(event)
            return asked, event

    async def let_go(self, some: list[Asked]) -> None:
        """Close their connections, and wait until they are settled."""
        tasks = [asked.task for asked in some if asked.task is not None]
        self.running = [asked for asked in self.running if asked not in some]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
