"""Race and speculation: several are asked, the first to say something useful goes on, the others are closed.

Nothing is shown before somebody has won; a winner that breaks off is followed by the others, one after the other.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.core.errors import ProviderError
from dragoman.core.events import Routed
from dragoman.engine.asking import CandidateFailed
from dragoman.engine.dispatch import single
from dragoman.engine.side_by_side import SideBySide

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from dragoman.core.events import Event
    from dragoman.core.route import Candidate
    from dragoman.engine.asking import Asking
    from dragoman.engine.run import Course, Run
    from dragoman.engine.side_by_side import Asked

UNTIMED_SECONDS = 2.0
"""How long one that nobody has timed yet is given before the next is started beside it."""


async def race(
    asking: Asking, run: Run, candidates: Sequence[Candidate], course: Course
) -> AsyncGenerator[Event, None]:
    """All at once. Raises as `single` does."""
    async with aclosing(_contest(asking, run, candidates, candidates, course, at_once=True)) as events:
        async for event in events:
            yield event


async def speculate(
    asking: Asking, run: Run, candidates: Sequence[Candidate], course: Course
) -> AsyncGenerator[Event, None]:
    """The best k: each next one when those before are slower than they usually are, or have failed."""
    best = candidates[: run.decision.plan.k]
    async with aclosing(_contest(asking, run, best, candidates, course, at_once=False)) as events:
        async for event in events:
            yield event


async def _contest(
    asking: Asking,
    run: Run,
    entrants: Sequence[Candidate],
    candidates: Sequence[Candidate],
    course: Course,
    *,
    at_once: bool,
) -> AsyncGenerator[Event, None]:
    """The winner's events, then if it breaks off, those of whoever follows."""
    if len(entrants) == 1 and len(candidates) == 1:
        async with aclosing(single(asking, run, candidates, course)) as events:
            async for event in events:
                yield event
        return
    failed: list[Candidate] = []
    refusal: ProviderError | None = None
    async with SideBySide(asking, run) as asked:
        waiting = list(entrants)
        winner: Asked | None = None
        while winner is None and (waiting or asked.running):
            while waiting and (at_once or not asked.running):
                asked.ask(waiting.pop(0))
            heard = await asked.heard(_usual_seconds(asked.running[-1].candidate) if waiting else None)
            if heard is None:
                asked.ask(waiting.pop(0))  # those before are slower than usual
            elif heard[1] is None and heard[0].failure is not None:
                failed.append(heard[0].candidate)
                course.after = heard[0].course.after or course.after
                if isinstance(heard[0].failure, ProviderError):
                    refusal = refusal or heard[0].failure
            elif heard[0].done or _is_useful(asking, run, heard[0]):
                winner = heard[0]
        if winner is not None:
            losers = [other for other in asked.running if other is not winner]
            await asked.let_go(losers)
            failed += [loser.candidate for loser in losers if loser.failure is not None]  # in the same moment
            beaten = len({id(each) for each in (*failed, *(loser.candidate for loser in losers))})
            for event in winner.events:
                yield _as_won(event, beaten)
            while winner in asked.running:
                heard = await asked.heard()
                if heard is not None and heard[1] is not None:
                    yield _as_won(heard[1], beaten)
            if winner.failure is None:
                return
            if isinstance(winner.failure, ProviderError):
                raise winner.failure
            failed.append(winner.candidate)
            course = winner.course
    left = [candidate for candidate in candidates if candidate not in failed]
    if not left and refusal is not None:
        raise refusal
    if not left:
        raise CandidateFailed
    async with aclosing(single(asking, run, left, course)) as events:
        async for event in events:
            yield event


def _usual_seconds(candidate: Candidate) -> float:
    usual = candidate.facts.latency_seconds
    return UNTIMED_SECONDS if usual is None else usual


def _is_useful(asking: Asking, run: Run, asked: Asked) -> bool:
    return asking.tokens.estimate(asked.text) >= run.decision.plan.min_useful_tokens


def _as_won(event: Event, beaten: int) -> Event:
    if not isinstance(event, Routed) or not beaten:
        return event
    return replace(event, reason=f"{event.reason}; the first of {beaten + 1} to say something useful")
