"""Asking one candidate until it has answered or failed for good: limits, the call, its retries, its settlement.

Knows no other candidate. It never shows text of two answers as one, and logs no word of what is asked or answered.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.chat import SignatureDelta, Stop, TextDelta, ThinkingDelta, ToolCallDelta, Usage
from dragoman.core.encodings import for_model
from dragoman.core.errors import (
    BudgetExceeded,
    ContentFilter,
    ContextLength,
    Download,
    ModelUnavailable,
    NetworkError,
    ProviderError,
    RateLimit,
    StreamingError,
)
from dragoman.core.events import Done, Notice, Reset, Routed, UsageReport, Waiting
from dragoman.core.failover import SMALL_CODE_MODEL, Step, Verdict, after_failure, is_billed, one_line
from dragoman.core.price import cost
from dragoman.core.route import NOT_LOCAL
from dragoman.core.usage import RUNNING
from dragoman.engine.allowance import Allowance
from dragoman.engine.attempt import answer
from dragoman.engine.audit import Outgoing
from dragoman.engine.known import price_of, window_of
from dragoman.engine.pull import can_pull
from dragoman.engine.records import AttemptRecord, log, log_notes
from dragoman.engine.run import Course, Run, Tally
from dragoman.engine.standing import Ending, Refusal
from dragoman.engine.ways import REFUSALS, said, texts_of, way_of
from dragoman.providers.base import Target

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable

    from dragoman.core.events import Event
    from dragoman.core.ports import Clock, Tokens
    from dragoman.core.route import Candidate, Place
    from dragoman.engine.access import Access
    from dragoman.engine.audit import Audit
    from dragoman.engine.http import Transport
    from dragoman.engine.ledger import Ledger
    from dragoman.engine.models import ModelLists
    from dragoman.engine.places import Endpoint
    from dragoman.engine.spending import Reservation, Spending
    from dragoman.engine.standing import Lease, Standings
    from dragoman.engine.ways import Way

EXPECTED_ANSWER_TOKENS = 500
"""Reserved for an answer until its real length is known."""

SHOWN = (TextDelta, ThinkingDelta, ToolCallDelta)
"""What the asker has of an answer: after it, another one can only start over."""


class CandidateFailed(Exception):  # noqa: N818 - errors are nouns of the condition
    """A candidate has failed for good, and another may be asked. Why stands in the run and the course."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking takes. `fraction` draws a number in [0, 1); `heard` is told of every attempt's end."""

    transport: Transport
    access: Access
    standings: Standings
    spending: Spending
    ledger: Ledger
    audit: Audit
    models: ModelLists
    clock: Clock
    fraction: Callable[[], float]
    tokens: Tokens
    heard: Callable[[AttemptRecord], None] = field(repr=False)

    async def ask(self, run: Run, candidate: Candidate, course: Course, *, last: bool) -> AsyncGenerator[Event, None]:
        """The candidate's events to its whole answer. `last`: nobody is left to ask after it.

        Raises `CandidateFailed` where the next may be asked, and a `ProviderError` where that would be in vain. It
        must be read to its end, or closed, by the task that began: a time limit strikes the task that reads.
        """
        retries = 0
        course.retry = False
        while True:
            try:
                async with aclosing(self._attempt(run, candidate, course, last=last)) as events:
                    async for event in events:
                        yield event
            except ProviderError as error:
                verdict = self._after(run, candidate, course, error, retries, last=last)
            else:
                return
            if verdict.step is not Step.AGAIN:
                raise CandidateFailed
            retries += 1
            course.retry = True
            if verdict.wait:
                yield Waiting(verdict.wait, course.after or "")
                await self.clock.sleep(verdict.wait)

    async def _attempt(  # noqa: PLR0915 - one attempt is one story
        self, run: Run, candidate: Candidate, course: Course, *, last: bool
    ) -> AsyncGenerator[Event, None]:
        """One attempt: its events to the end, or a `ProviderError`; settled either way."""
        course.asked = course.fills = False
        place = candidate.place
        endpoint, secret = run.endpoint(place)
        _refuse_too_dear(run, candidate)
        patience = run.settings.retry.max_retry_after_s
        while isinstance(entry := await self._enter(run, endpoint, place), Refusal):
            if entry.seconds > patience or (entry.resting and not last):
                raise RateLimit(entry.reason, retry_after=entry.seconds)
            patience -= entry.seconds
            yield Waiting(entry.seconds, entry.reason)
            await self.clock.sleep(entry.seconds)
        tally = Tally(self.clock.now(), self.ledger.new())
        failure: ProviderError | None = None
        reserved: Reservation | None = None
        try:
            reserved = await self.spending.reserve(run.settings, place.provider, candidate.facts.cost_usd)
            target = Target(place.provider, place.endpoint, place.model, secret, endpoint.options)
            seconds = run.settings.health.timeout_ms / 1000
            async with self.access.opened(endpoint, target, seconds) as ready:
                place = await self.models.resolved(place, ready, run.decision.intent.intent, seconds)
                if run.job.local_only and not place.keeps_local:
                    raise ModelUnavailable(NOT_LOCAL)
                if place.model in run.too_small:
                    raise ContextLength("the same model again")
                window = window_of(run.settings, place, endpoint.options)
                needed = for_model(run.tokens, place.model)
                await self.models.refuse_too_long(needed, place, ready, window, seconds)
                if course.shown:
                    course.shown = False
                    yield Reset(course.after or "")
                target = replace(ready, model=place.model)
                way = await way_of(run.job, place, target, self.models, seconds)
                yield _routed(run, candidate, place, course, way)
                call, dialect = said(run.job, place, target, way)
                log_notes(run.job.id, place.provider, call.notes)
                course.fills = way != "chat"
                texts = texts_of(run.job, way)
                tally.asked = self.tokens.begin("".join(text for _, text in texts), place.model)
                expected = Usage(needed, EXPECTED_ANSWER_TOKENS, estimated=True)
                self._note(run, place, course, tally, RUNNING, expected, candidate.facts.cost_usd)
                await self.audit.sent(run.settings.privacy, _outgoing(run, place, tally, texts))
                # Whoever is last may be late: a late answer is worth more than none.
                useful_s = None if last else _useful_seconds(run)
                allowance = self._allowance(run, candidate, place, reserved)
                is_due = False
                deltas = answer(call, dialect, self.transport, endpoint.timeouts, useful_seconds=useful_s)
                async with aclosing(deltas):
                    async for delta in deltas:
                        if isinstance(delta, SHOWN):
                            if allowance is not None and is_due:  # before more is taken: a whole answer is never cut
                                told = tally.usage if tally.usage and tally.usage.input_tokens else None
                                await allowance.renew(told or replace(expected, cache_write_tokens=needed))
                            if tally.first_token is None:
                                tally.first_token = self.clock.now()
                                course.shown = True
                                self.standings.answering(entry, run.settings.health.failure_threshold)
                            text = delta.arguments if isinstance(delta, ToolCallDelta) else delta.text
                            tally.pieces.append(text)
                            is_due = allowance is not None and allowance.said(text)
                            yield delta
                        elif isinstance(delta, SignatureDelta):
                            yield delta
                        else:
                            tally.take(delta)
                _refuse_less_than_an_answer(tally, may_be_empty=run.job.fill is not None)
        except ProviderError as error:
            failure = error
            if course.fills and isinstance(error, REFUSALS):
                self.models.refused_gap(place)
            raise
        finally:
            usage, spent, settled = self._settle(run, entry, place, course, tally, failure)
            billed = self.spending.settle(reserved, spent, tells=failure is None) if reserved else None
            if failure is not None:
                await settled  # what follows is decided by how the place stands then
        for warning in await billed if billed else ():
            yield Notice(warning)
        await self.ledger.written()
        yield UsageReport(place.provider, place.model, usage)
        yield self._done(run, place, tally, usage)

    async def _enter(self, run: Run, endpoint: Endpoint, place: Place) -> Lease | Refusal:
        return await self.standings.enter(place, endpoint.quota, run.tokens + EXPECTED_ANSWER_TOKENS)

    def _allowance(
        self, run: Run, candidate: Candidate, place: Place, reserved: Reservation | None
    ) -> Allowance | None:
        """How far the answer may grow; None where nothing limits it."""
        price, budget = price_of(run.settings, place, self.models.told(place)), run.decision.plan.budget_usd
        if reserved is None or price is None or not (reserved.limited or budget is not None):
            return None
        left = None if budget is None else budget - (run.cost_usd or 0.0)
        estimate, count = candidate.facts.cost_usd or 0.0, partial(self.tokens.estimate, model=place.model)
        return Allowance(self.spending, reserved, price, estimate, left, count)

    def _done(self, run: Run, place: Place, tally: Tally, usage: Usage) -> Done:
        now = self.clock.now()
        first_token = now if tally.first_token is None else tally.first_token
        stop = tally.stop or Stop.STOP
        seconds, first = now - run.began, first_token - run.began
        return Done(place.provider, place.model, stop, usage, seconds, first, run.attempts, run.cost_usd)

    def _settle(
        self, run: Run, lease: Lease, place: Place, course: Course, tally: Tally, failure: ProviderError | None
    ) -> tuple[Usage, float | None, asyncio.Future[None]]:
        """Gives back what the attempt was lent, and tells its end. Returns its tokens and what they cost."""
        whole = failure is None and tally.stop is not None
        usage = self._usage(place, tally, failure)
        first_token = None if tally.first_token is None else tally.first_token - tally.began
        ending = Ending(whole, usage.input_tokens + usage.output_tokens, failure, first_token)
        settled = self.standings.settle(lease, ending, run.settings.health)
        spent = cost(usage, price_of(run.settings, place, self.models.told(place)))
        run.cost_usd = None if spent is None or run.cost_usd is None else run.cost_usd + spent
        outcome = "done" if whole else failure.kind if failure else "cancelled"
        record = self._note(run, place, course, tally, outcome, usage, spent)
        log(record)
        self.heard(record)
        self.audit.ended(run.settings.privacy, record, "".join(tally.pieces))
        return usage, spent, settled

    def _note(
        self, run: Run, place: Place, course: Course, tally: Tally, outcome: str, usage: Usage, cost_usd: float | None
    ) -> AttemptRecord:
        """The attempt as it is now, in the ledger."""
        id_, began = tally.entry
        record = AttemptRecord(
            request=run.job.id,
            provider=place.provider,
            model=place.model,
            endpoint=place.endpoint,
            intent=run.decision.intent.intent,
            action=run.job.action,
            outcome=outcome,
            seconds=self.clock.now() - tally.began,
            first_token_seconds=None if tally.first_token is None else tally.first_token - tally.began,
            usage=usage,
            cost_usd=cost_usd,
            follows="retry" if course.retry else "failover" if course.after else "",
            id=id_,
            began=began,
        )
        self.ledger.note(record)
        return record

    def _usage(self, place: Place, tally: Tally, failure: ProviderError | None) -> Usage:
        """The provider's count; what it left out is counted here, if it was at work at all."""
        known = tally.usage or Usage()
        if known.input_tokens and known.output_tokens:
            return known
        at_work = tally.first_token is not None or is_billed(failure)
        return replace(
            known,
            input_tokens=known.input_tokens or (tally.asked() if at_work else 0),
            output_tokens=known.output_tokens or self.tokens.count("".join(tally.pieces), place.model),
            estimated=True,
        )

    def _after(
        self, run: Run, candidate: Candidate, course: Course, error: ProviderError, retries: int, *, last: bool
    ) -> Verdict:
        """What follows from the failure; raises where it is the end."""
        place = candidate.place
        endpoint, _ = run.endpoint(place)
        run.failures.append((place, error))
        sentence = one_line(error, place, endpoint.key_help)
        if isinstance(error, ContextLength):
            run.too_small.add(place.model)
        elif isinstance(error, ModelUnavailable) and can_pull(place.dialect):
            error.download = Download(place.provider, place.endpoint, place.model or SMALL_CODE_MODEL)
        verdict = after_failure(error, retries, run.settings.retry, self.fraction())
        if course.fills and isinstance(error, REFUSALS):
            return Verdict(Step.AGAIN)  # and then in a chat
        whole_story = f"{sentence}; before that, {course.after}" if course.after else sentence
        if verdict.step is Step.STOP:
            raise type(error)(whole_story, status=error.status) from error
        if course.shown and not run.job.can_reset:
            raise StreamingError(whole_story) from error
        if endpoint.assumed and not course.asked and isinstance(error, NetworkError):
            return Verdict(Step.NEXT)  # nobody said that it is there, so its absence is no news
        course.after = sentence
        rests = self.standings.look(place).rests_until > self.clock.now() + verdict.wait
        # After a break in mid-answer another starts over at once: the person has waited long enough.
        broken_off = course.shown and not last
        # Where nothing was asked, there was no server, no model or no leave to ask: that does not change in seconds.
        return Verdict(Step.NEXT) if rests or broken_off or not course.asked else verdict


def _routed(run: Run, candidate: Candidate, place: Place, course: Course, way: Way) -> Routed:
    course.asked = True
    run.attempts += 1
    return Routed(
        provider=place.provider,
        model=place.model,
        endpoint=place.endpoint,
        local=place.local,
        intent=run.decision.intent.intent,
        reason=candidate.reason,
        attempt=run.attempts,
        after=course.after,
        chats=way == "chat",
    )


def _outgoing(run: Run, place: Place, tally: Tally, texts: tuple[tuple[str, str], ...]) -> Outgoing:
    job = run.job
    return Outgoing(
        request=job.id,
        attempt=tally.entry[0],
        action=job.action,
        intent=run.decision.intent.intent,
        place=place,
        tokens=run.tokens,
        sources=job.sources,
        local_only=job.local_only,
        texts=texts,
    )


def _useful_seconds(run: Run) -> float | None:
    milliseconds = run.decision.plan.max_latency_ms
    return milliseconds / 1000 if milliseconds else None


def _refuse_too_dear(run: Run, candidate: Candidate) -> None:
    """Raises where this attempt would bring the request over its own budget, with what the others have cost."""
    budget, estimate = run.decision.plan.budget_usd, candidate.facts.cost_usd
    if budget is None or not estimate:
        return
    spent = run.cost_usd or 0.0
    if spent + estimate > budget:
        raise BudgetExceeded(f"about {estimate:.4f} USD more would be over the request's budget of {budget:g} USD")


def _refuse_less_than_an_answer(tally: Tally, *, may_be_empty: bool) -> None:
    """Raises for an answer that ended well by the wire, and yet is none."""
    if tally.stop is Stop.CONTENT_FILTER:
        raise ContentFilter("its content filter stopped the answer")
    if tally.stop is None:
        raise StreamingError("the answer has no end")
    if tally.stop is Stop.STOP and not any(tally.pieces) and not may_be_empty:
        raise StreamingError("answered with nothing")
