"""The one way from an action to its result, shared by the editor and the command line. It asks through ports alone:
no socket, no disk, no clock of its own.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.actions.outcome import Outcome, Reply, judged
from dragoman.actions.prepare import prepare
from dragoman.actions.testruns import what_to_mend
from dragoman.actions.trial import Trial, is_sound
from dragoman.core.chat import TextDelta, ThinkingDelta, assistant, user
from dragoman.core.errors import AllCandidatesFailed, ContextLength, ProviderError
from dragoman.core.events import Done, Notice, Reset
from dragoman.core.hints import Hints
from dragoman.core.redact import Restorer
from dragoman.core.thinking import ThinkSplitter, without_thinking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.actions.base import Action, Result, Scene
    from dragoman.actions.hiding import Hidden
    from dragoman.actions.prepared import Preferences, Prepared, Tools
    from dragoman.core.events import Event
    from dragoman.core.ports import Completer, Job


async def perform(
    action: Action,
    scene: Scene,
    tools: Tools,
    preferences: Preferences,
    on_event: Callable[[Event], Awaitable[None]],
    *,
    job_id: str,
    hints: Hints = Hints(),  # noqa: B008 - immutable
    can_reset: bool = True,
) -> Result:
    """Prepare, ask, and make the result of the answer. Events are told in the engine's order.

    Raises a `DragomanError` where there is no usable answer.
    """
    prepared = await prepare(action, scene, tools, preferences, hints)
    return await complete(prepared, tools, on_event, job_id=job_id, hints=hints, can_reset=can_reset)


async def complete(
    prepared: Prepared,
    tools: Tools,
    on_event: Callable[[Event], Awaitable[None]],
    *,
    job_id: str,
    hints: Hints = Hints(),  # noqa: B008 - immutable
    can_reset: bool = True,
) -> Result:
    """Ask, and make the result of the answer. An answer that can't be used, or has a syntax error that was not there
    before, is sent back once with the reason; `on_event` is told by a `Reset`, and `Done` comes once. A request that
    is too long for everybody is asked again with less around the target. New tests are run where there is a runner,
    and sent back once where they fail.
    """
    prepared, reply = await _ask_shorter(prepared, tools, on_event, job_id, hints, can_reset=can_reset)
    job = prepared.job(job_id, hints, can_reset=can_reset)
    outcome = await judged(prepared, reply, tools)

    async def again(first: Reply, follow_up: str, reason: str) -> tuple[Reply, Outcome] | None:
        """The answer to what is sent back; None where there is none: the first one is what there is."""
        await on_event(Reset(reason))
        messages = (*prepared.messages, assistant(without_thinking(first.text)), user(follow_up))
        asked = replace(job, request=replace(job.request, messages=messages), cacheable=False)
        try:
            second = await _ask(asked, prepared.hidden, tools.completer, on_event)
        except (ProviderError, AllCandidatesFailed):
            return None
        return second, await judged(prepared, second, tools)

    if outcome.follow_up and can_reset and (second := await again(reply, outcome.follow_up, outcome.reason)):
        reply = second[0]
        # A second answer that can't be used at all is worth less than a first one with an error.
        outcome = second[1] if second[1].result is not None or outcome.result is None else outcome
    if tools.test_runner is not None and prepared.plan is not None and is_sound(outcome.result):
        trial = Trial(prepared.scene, prepared.plan, tools.files, tools.workers, tools.test_runner, on_event)
        result, failed = await trial.run(outcome.result)
        if failed is not None and can_reset:
            told = await tools.workers.run(lambda: prepared.concealed(failed.output, tools.known_secrets))
            second = await again(reply, what_to_mend(told), "The new tests fail; asking once more.")
            reply = second[0] if second is not None else reply
            if second is not None and is_sound(second[1].result):
                result, _ = await trial.run(second[1].result, mended=True)
        outcome = replace(outcome, result=result)
    if reply.done is not None:
        await on_event(reply.done)
    if outcome.result is None:
        assert outcome.error is not None
        raise outcome.error
    return outcome.result


async def _ask_shorter(
    prepared: Prepared,
    tools: Tools,
    on_event: Callable[[Event], Awaitable[None]],
    job_id: str,
    hints: Hints,
    *,
    can_reset: bool,
) -> tuple[Prepared, Reply]:
    """The answer, and what was asked: half of the context, then the target alone, where more is too long for all."""
    for share in (2, 0):
        try:
            job = prepared.job(job_id, hints, can_reset=can_reset)
            return prepared, await _ask(job, prepared.hidden, tools.completer, on_event)
        except (ContextLength, AllCandidatesFailed) as error:
            shorter = await _shorter(prepared, tools, hints, share) if _is_too_long(error) else None
            if shorter is None:
                raise
            prepared = shorter
            await on_event(Notice(f"Too long for every model: asking again with less of what is around. ({error})"))
    job = prepared.job(job_id, hints, can_reset=can_reset)
    return prepared, await _ask(job, prepared.hidden, tools.completer, on_event)


def _is_too_long(error: ContextLength | AllCandidatesFailed) -> bool:
    failures = error.failures if isinstance(error, AllCandidatesFailed) else (("", error),)
    return any(isinstance(failure, ContextLength) for _, failure in failures)


async def _shorter(prepared: Prepared, tools: Tools, hints: Hints, share: int) -> Prepared | None:
    """The same with that fraction of what is around the target, 0 being nothing; None where nothing can be left out."""
    target = prepared.context.pieces[0].tokens
    around = prepared.context.tokens - target
    preferences = replace(prepared.preferences, max_context_tokens=target + (around // share if share else 0))
    shorter = await prepare(prepared.action, prepared.scene, tools, preferences, hints)
    return shorter if shorter.context.tokens < prepared.context.tokens else None


async def _ask(job: Job, hidden: Hidden, completer: Completer, on_event: Callable[[Event], Awaitable[None]]) -> Reply:
    """Stream one answer, its secrets put back. `Done` is kept for the one who knows whether it is the last."""
    splitter, text, done = ThinkSplitter(), [], None
    restorer = Restorer(hidden.sent)
    async with aclosing(completer.stream(job)) as events:
        async for event in events:
            if isinstance(event, TextDelta) and splitter.answering:
                text.append(event.text)
                await _tell(restorer.feed(event.text), "", on_event)
            elif isinstance(event, TextDelta):
                visible, thinking = splitter.feed(event.text)
                await _tell(restorer.feed(visible), thinking, on_event)
                text.append(visible)
            elif isinstance(event, Done):
                done = event
            else:
                if isinstance(event, Reset):
                    splitter, text, restorer = ThinkSplitter(), [], Restorer(hidden.sent)
                await on_event(event)
    visible, thinking = splitter.close()
    await _tell(restorer.feed(visible) + restorer.close(), thinking, on_event)
    text.append(visible)
    return Reply("".join(text), done)


async def _tell(visible: str, thinking: str, on_event: Callable[[Event], Awaitable[None]]) -> None:
    if thinking:
        await on_event(ThinkingDelta(thinking))
    if visible:
        await on_event(TextDelta(visible))
