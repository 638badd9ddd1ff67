"""Several whole answers, made into one by the best of those who answered; else the best answer is given."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.core.chat import TextPart
from dragoman.core.errors import ProviderError
from dragoman.core.events import Done, Notice, Reset, Routed, Waiting
from dragoman.core.failover import called
from dragoman.engine.asking import CandidateFailed
from dragoman.engine.dispatch import single
from dragoman.engine.run import Course
from dragoman.engine.side_by_side import SideBySide

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from dragoman.core.events import Event
    from dragoman.core.route import Candidate
    from dragoman.engine.asking import Asking
    from dragoman.engine.run import Run
    from dragoman.engine.side_by_side import Asked

TASK = (
    "Several assistants have answered the request above. Their answers follow, each under the name of its source. Make "
    "one answer of them: take what is right in each, leave out what is wrong, and keep exactly to the form that the "
    "request asks for. If it asks for code, answer with the code alone, as if you had written it. If it asks for "
    "words, name the source wherever the answers differ in substance."
)


async def parallel_merge(
    asking: Asking, run: Run, candidates: Sequence[Candidate], course: Course
) -> AsyncGenerator[Event, None]:
    """K whole answers side by side, then one made of them. Raises as `single` does."""
    answers: list[Asked] = []
    refusal: ProviderError | None = None
    async with SideBySide(asking, run) as asked:
        waiting = list(candidates)
        while asked.running or (waiting and len(answers) < run.decision.plan.k):
            while waiting and len(asked.running) + len(answers) < run.decision.plan.k:
                asked.ask(waiting.pop(0))
            names = ", ".join(called(each.candidate.place) for each in asked.running)
            yield Waiting(0.0, f"{len(answers)} of {run.decision.plan.k} answers; asking {names}")
            heard = await asked.heard()
            while heard is not None and heard[1] is not None:
                heard = await asked.heard()
            if heard is None:
                continue
            if heard[0].failure is None:
                answers.append(heard[0])
            else:
                course.after = heard[0].course.after or course.after
                if isinstance(heard[0].failure, ProviderError):
                    refusal = refusal or heard[0].failure
    if not answers:
        raise refusal or CandidateFailed
    answers.sort(key=lambda answer: candidates.index(answer.candidate))
    if len(answers) == 1:
        for event in _given(run, answers[0]):
            yield event
        return
    async with aclosing(_made_into_one(asking, run, answers)) as events:
        async for event in events:
            yield event


async def _made_into_one(asking: Asking, run: Run, answers: Sequence[Asked]) -> AsyncGenerator[Event, None]:
    """The synthesis, or the best answer where there is none."""
    told = "\n\n".join(f"=== Answer of {called(answer.candidate.place)} ===\n{answer.text}" for answer in answers)
    *before, last = run.job.request.messages
    question = replace(last, parts=(*last.parts, TextPart(f"\n\n{TASK}\n\n{told}")))
    request = replace(run.job.request, messages=(*before, question))
    tokens = run.tokens + asking.tokens.estimate(TASK + told)
    merging = replace(run, job=replace(run.job, request=request), tokens=tokens)
    sources = ", ".join(called(answer.candidate.place) for answer in answers)
    course = Course()
    try:
        async with aclosing(single(asking, merging, [answer.candidate for answer in answers], course)) as events:
            async for event in events:
                if isinstance(event, Routed):
                    yield replace(event, reason=f"makes one of the answers of {sources}")
                else:
                    yield event
    except (CandidateFailed, ProviderError) as failure:
        if course.shown:
            yield Reset(course.after or str(failure))
        best = called(answers[0].candidate.place)
        yield Notice(f"The answers of {sources} could not be made into one: this is the answer of {best}.")
        run.attempts, run.cost_usd = merging.attempts, merging.cost_usd
        for event in _given(run, answers[0]):
            yield event


def _given(run: Run, answer: Asked) -> list[Event]:
    """An answer's events as they were, with what all attempts together have cost."""
    return [
        replace(event, attempts=run.attempts, cost_usd=run.cost_usd) if isinstance(event, Done) else event
        for event in answer.events
        if not isinstance(event, Waiting)
    ]
