"""One after the other: the plain way through the candidates. The others are built on what is here."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from dragoman.engine.asking import CandidateFailed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from dragoman.core.events import Event
    from dragoman.core.route import Candidate
    from dragoman.engine.asking import Asking
    from dragoman.engine.run import Course, Run


async def single(
    asking: Asking, run: Run, candidates: Sequence[Candidate], course: Course
) -> AsyncGenerator[Event, None]:
    """The events up to a whole answer. Raises `CandidateFailed` when nobody is left, else as `ask` does."""
    for candidate in candidates:
        try:
            async with aclosing(asking.ask(run, candidate, course, last=candidate is candidates[-1])) as events:
                async for event in events:
                    yield event
        except CandidateFailed:
            continue
        return
    raise CandidateFailed
