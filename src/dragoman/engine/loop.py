"""The one loop that asks providers: decide, limits, call, retries, failover, events.

What follows from what is decided in `core.route` and `core.failover`; this only does it. It never shows text of two
answers as one, never sleeps after the last attempt, and logs no word of what is asked or answered.
"""

from __future__ import annotations

import random
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.core.chat import (
    FinishDelta,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    UsageDelta,
)
from dragoman.core.context import estimate_tokens
from dragoman.core.errors import (
    AllCandidatesFailed,
    ContentFilter,
    ContextLength,
    NetworkError,
    NothingToAsk,
    ProviderError,
    RateLimit,
    StreamingError,
)
from dragoman.core.events import Done, Reset, Routed, UsageReport, Waiting
from dragoman.core.failover import Step, Verdict, after_failure, all_failed, nobody_to_ask, one_line
from dragoman.core.intent import LabelledIntent
from dragoman.core.price import cost
from dragoman.core.route import Option, decide
from dragoman.engine.access import DirectAccess
from dragoman.engine.attempt import answer
from dragoman.engine.clock import LoopClock
from dragoman.engine.known import price_of, window_of
from dragoman.engine.models import ModelLists
from dragoman.engine.places import Endpoint, endpoints
from dragoman.engine.records import AttemptRecord, log, log_notes
from dragoman.engine.standing import MemoryStandings, Refusal
from dragoman.providers import spoken
from dragoman.providers.base import Target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from dragoman.core.chat import Delta
    from dragoman.core.events import Event
    from dragoman.core.intent import Intent
    from dragoman.core.ports import Clock, Job, Secrets
    from dragoman.core.route import Candidate, Decision, Place
    from dragoman.core.settings import Settings
    from dragoman.engine.access import Access
    from dragoman.engine.http import Transport
    from dragoman.engine.standing import Lease, Standings

EXPECTED_ANSWER_TOKENS = 500
"""Reserved for an answer until its real length is known."""

SHOWN = (TextDelta, ThinkingDelta, ToolCallDelta)
"""What the asker has of an answer: after it, another one can only start over."""


@dataclass(slots=True)
class _Tally:
    """What an attempt has brought so far."""

    began: float
    first_token: float | None = None
    pieces: list[str] = field(default_factory=list)
    usage: Usage | None = None
    stop: Stop | None = None

    def take(self, delta: Delta) -> None:
        """What is not shown."""
        if isinstance(delta, UsageDelta):
            self.usage = delta.usage
        elif isinstance(delta, FinishDelta):
            self.stop = delta.stop


@dataclass(slots=True)
class _Run:
    """One job on its way, under the settings of its beginning."""

    job: Job
    settings: Settings
    began: float
    tokens: int
    endpoints: dict[tuple[str, str], tuple[Endpoint, str | None]] = field(repr=False)
    decision: Decision
    attempts: int = 0
    asked: bool = False
    shown: bool = False
    after: str | None = None
    failures: list[tuple[Place, ProviderError]] = field(default_factory=list)
    too_small: set[str] = field(default_factory=set)
    cost_usd: float | None = 0.0

    def endpoint(self, place: Place) -> tuple[Endpoint, str | None]:
        """What is set for the place, and its key."""
        return self.endpoints[place.provider, place.endpoint]


class Engine:
    """`core.ports.Completer`. `fraction` draws a number in [0, 1); `on_attempt` hears of every attempt's end."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        secrets: Secrets,
        *,
        clock: Clock | None = None,
        fraction: Callable[[], float] = random.random,
        count_tokens: Callable[[str], int] = estimate_tokens,
        on_attempt: Callable[[AttemptRecord], None] | None = None,
        standings: Standings | None = None,
        access: Access | None = None,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._secrets = secrets
        self._clock = clock or LoopClock()
        self._fraction = fraction
        self._count_tokens = count_tokens
        self._on_attempt = on_attempt
        self._standings = standings or MemoryStandings()
        self._access = access or DirectAccess()
        self._models = ModelLists(transport, self._clock)
        self._known_endpoints: dict[Intent, tuple[Endpoint, ...]] = {}

    def use(self, settings: Settings, secrets: Secrets) -> None:
        """Other settings and keys from now on. Running jobs keep theirs; what is known of the providers stays."""
        self._settings = settings
        self._secrets = secrets
        self._known_endpoints = {}

    async def decide(self, job: Job) -> Decision:
        """Who would be asked, and why. Calls no model."""
        return (await self._begin(job)).decision

    async def stream(self, job: Job) -> AsyncGenerator[Event, None]:
        """The job's events as they happen; see `core.ports.Completer`.

        It must be read to its end, or closed, by the task that began: a time limit strikes the task that reads.
        """
        run = await self._begin(job)
        began = run.began
        patience = run.settings.retry.max_retry_after_s
        while not run.decision.candidates:
            due = run.decision.first_due
            seconds = 0.0 if due is None else due - self._clock.now()
            if due is None or seconds > patience:
                raise self._nobody(run)
            patience -= seconds
            yield Waiting(seconds, "everybody who could be asked rests")
            await self._clock.sleep(seconds)
            run = await self._begin(job)
            run.began = began
        for candidate in run.decision.candidates:
            retries = 0
            verdict = Verdict(Step.AGAIN)
            while verdict.step is Step.AGAIN:
                if verdict.wait:
                    yield Waiting(verdict.wait, run.after or "")
                    await self._clock.sleep(verdict.wait)
                try:
                    async with aclosing(self._attempt(run, candidate)) as events:
                        async for event in events:
                            yield event
                except ProviderError as error:
                    verdict = self._after(run, candidate, error, retries)
                    retries += 1
                else:
                    return
        raise self._all_failed(run)

    async def _begin(self, job: Job) -> _Run:
        """The job with who could be asked for it now."""
        settings = self._settings
        label = job.intent if job.hints.intent is None else LabelledIntent(job.hints.intent, "hint", "asked for")
        named = job.hints.provider or (job.hints.model or "").partition("/")[0]
        tokens = sum(self._count_tokens(message.text) for message in job.request.messages)
        began = self._clock.now()
        found = self._endpoints(settings, label.intent, named)
        providers = dict.fromkeys(endpoint.place.provider for endpoint in found)
        secrets = {provider: await self._secrets.secret(provider) for provider in providers}
        now = self._clock.now()
        options: list[Option] = []
        for endpoint in found:
            option = self._option(endpoint, secrets[endpoint.place.provider], now)
            if option is not None:
                options.append(option)
        return _Run(
            job=job,
            settings=settings,
            began=began,
            tokens=tokens,
            endpoints={(e.place.provider, e.place.endpoint): (e, secrets[e.place.provider]) for e in found},
            decision=decide(label, job.hints, settings.routing, options, now=now, needed_tokens=tokens),
        )

    def _endpoints(self, settings: Settings, intent: Intent, named: str) -> tuple[Endpoint, ...]:
        """What the settings make of the endpoints; made once for each intent, where the request names no provider."""
        if named:
            return endpoints(settings, intent, (named,))
        if intent not in self._known_endpoints:
            self._known_endpoints[intent] = endpoints(settings, intent)
        return self._known_endpoints[intent]

    def _option(self, endpoint: Endpoint, secret: str | None, now: float) -> Option | None:
        """The endpoint as it stands, or None for one that nobody has configured and that has no key."""
        obstacle = endpoint.obstacle
        if endpoint.needs_key and not secret and obstacle is None:
            fault = self._secrets.fault(endpoint.place.provider)
            if not endpoint.configured and not fault:
                return None
            obstacle = f"no key: {fault or endpoint.key_help}"
        standing = self._standings.look(endpoint.place, now)
        return Option(endpoint.place, endpoint.models, obstacle, standing.rests_until, standing.reason, endpoint.window)

    async def _attempt(self, run: _Run, candidate: Candidate) -> AsyncGenerator[Event, None]:
        """One attempt at one place: its events to the end, or a `ProviderError`, settled either way."""
        run.asked = False
        place = candidate.place
        endpoint, secret = run.endpoint(place)
        patience = run.settings.retry.max_retry_after_s
        is_last = candidate is run.decision.candidates[-1]
        while isinstance(entry := self._enter(run, endpoint, place), Refusal):
            if entry.seconds > patience or (entry.resting and not is_last):
                raise RateLimit(entry.reason, retry_after=entry.seconds)
            patience -= entry.seconds
            yield Waiting(entry.seconds, entry.reason)
            await self._clock.sleep(entry.seconds)
        tally = _Tally(self._clock.now())
        failure: ProviderError | None = None
        try:
            target = Target(place.provider, place.endpoint, place.model, secret, endpoint.options)
            seconds = run.settings.health.timeout_ms / 1000
            async with self._access.opened(endpoint, target, seconds) as ready:
                place = await self._models.resolved(place, ready, run.decision.intent.intent, seconds)
                if place.model in run.too_small:
                    raise ContextLength("the same model again")
                window = window_of(run.settings, place, endpoint.options)
                await self._models.refuse_too_long(run.tokens, place, ready, window, seconds)
                if run.shown:
                    run.shown = False
                    yield Reset(run.after or "")
                yield self._routed(run, candidate, place)
                target = replace(ready, model=place.model)
                dialect = spoken(place.dialect, target)
                call = dialect.call(run.job.request, target)
                log_notes(run.job.id, place.provider, call.notes)
                async with aclosing(answer(call, dialect, self._transport, endpoint.timeouts)) as deltas:
                    async for delta in deltas:
                        if isinstance(delta, SHOWN):
                            if tally.first_token is None:
                                self._answering(run, entry, tally)
                            tally.pieces.append(delta.arguments if isinstance(delta, ToolCallDelta) else delta.text)
                            yield delta
                        elif isinstance(delta, SignatureDelta):
                            yield delta
                        else:
                            tally.take(delta)
                _refuse_less_than_an_answer(tally)
        except ProviderError as error:
            failure = error
            raise
        finally:
            usage = self._settle(run, entry, place, tally, failure)
        yield UsageReport(place.provider, place.model, usage)
        yield self._done(run, place, tally, usage)

    def _answering(self, run: _Run, lease: Lease, tally: _Tally) -> None:
        tally.first_token = self._clock.now()
        run.shown = True
        self._standings.answering(lease, run.settings.health.failure_threshold)

    def _enter(self, run: _Run, endpoint: Endpoint, place: Place) -> Lease | Refusal:
        return self._standings.enter(place, endpoint.quota, run.tokens + EXPECTED_ANSWER_TOKENS, self._clock.now())

    @staticmethod
    def _routed(run: _Run, candidate: Candidate, place: Place) -> Routed:
        run.asked = True
        run.attempts += 1
        return Routed(
            provider=place.provider,
            model=place.model,
            endpoint=place.endpoint,
            local=place.local,
            intent=run.decision.intent.intent,
            reason=candidate.reason,
            attempt=run.attempts,
            after=run.after,
        )

    def _done(self, run: _Run, place: Place, tally: _Tally, usage: Usage) -> Done:
        now = self._clock.now()
        first_token = now if tally.first_token is None else tally.first_token
        stop = tally.stop or Stop.STOP
        seconds, first = now - run.began, first_token - run.began
        return Done(place.provider, place.model, stop, usage, seconds, first, run.attempts, run.cost_usd)

    def _settle(self, run: _Run, lease: Lease, place: Place, tally: _Tally, failure: ProviderError | None) -> Usage:
        """Gives back what the attempt was lent, and tells its end. Returns its tokens."""
        now = self._clock.now()
        whole = failure is None and tally.stop is not None
        usage = self._usage(run, tally, whole=whole)
        tokens = usage.input_tokens + usage.output_tokens
        if whole:
            self._standings.succeeded(lease, tokens, now)
        elif failure is not None:
            self._standings.failed(lease, failure, tokens, run.settings.health.failure_threshold, now)
        else:
            self._standings.abandoned(lease, tokens, now)
        spent = cost(usage, price_of(run.settings, place, self._models.told(place)))
        run.cost_usd = None if spent is None or run.cost_usd is None else run.cost_usd + spent
        record = AttemptRecord(
            request=run.job.id,
            provider=place.provider,
            model=place.model,
            endpoint=place.endpoint,
            intent=run.decision.intent.intent,
            outcome="done" if whole else failure.kind if failure else "cancelled",
            seconds=now - tally.began,
            first_token_seconds=None if tally.first_token is None else tally.first_token - tally.began,
            usage=usage,
            cost_usd=spent,
        )
        log(record)
        if self._on_attempt is not None:
            self._on_attempt(record)
        return usage

    def _usage(self, run: _Run, tally: _Tally, *, whole: bool) -> Usage:
        """The provider's count; what it left out is counted here, if anything came at all."""
        known = tally.usage or Usage()
        if known.input_tokens and known.output_tokens:
            return known
        came = whole or tally.first_token is not None
        return replace(
            known,
            input_tokens=known.input_tokens or (run.tokens if came else 0),
            output_tokens=known.output_tokens or self._count_tokens("".join(tally.pieces)),
            estimated=True,
        )

    def _after(self, run: _Run, candidate: Candidate, error: ProviderError, retries: int) -> Verdict:
        """What follows from the failure; raises where it is the end."""
        place = candidate.place
        endpoint, _ = run.endpoint(place)
        run.failures.append((place, error))
        sentence = one_line(error, place, endpoint.key_help)
        if isinstance(error, ContextLength):
            run.too_small.add(place.model)
        verdict = after_failure(error, retries, run.settings.retry, self._fraction())
        whole_story = f"{sentence}; before that, {run.after}" if run.after else sentence
        if verdict.step is Step.STOP:
            raise type(error)(whole_story, status=error.status) from error
        if run.shown and not run.job.can_reset:
            raise StreamingError(whole_story) from error
        if endpoint.assumed and not run.asked and isinstance(error, NetworkError):
            return Verdict(Step.NEXT)  # nobody said that it is there, so its absence is no news
        run.after = sentence
        now = self._clock.now()
        rests = self._standings.look(place, now).rests_until > now + verdict.wait
        # After a break in mid-answer another starts over at once: the person has waited long enough.
        broken_off = run.shown and candidate is not run.decision.candidates[-1]
        # Where nothing was asked, there was no server, no model or no leave to ask: that does not change in seconds.
        return Verdict(Step.NEXT) if rests or broken_off or not run.asked else verdict

    def _all_failed(self, run: _Run) -> AllCandidatesFailed:
        key_help = {endpoint.place.provider: endpoint.key_help for endpoint, _ in run.endpoints.values()}
        message = all_failed(run.failures, key_help, run.decision.left_out)
        return AllCandidatesFailed(message, tuple((place.provider, error) for place, error in run.failures))

    def _nobody(self, run: _Run) -> NothingToAsk | AllCandidatesFailed:
        """Why nobody can be asked: because they all rest, or because nobody is there."""
        resting = [left for left in run.decision.left_out if left.until is not None]
        if not resting:
            return NothingToAsk(nobody_to_ask(run.decision.left_out))
        now = self._clock.now()
        failures = tuple(
            (left.provider, RateLimit(left.reason, retry_after=(left.until or now) - now)) for left in resting
        )
        return AllCandidatesFailed(all_failed((), {}, run.decision.left_out), failures)


def _refuse_less_than_an_answer(tally: _Tally) -> None:
    """Raises for an answer that ended well by the wire, and yet is none."""
    if tally.stop is Stop.CONTENT_FILTER:
        raise ContentFilter("its content filter stopped the answer")
    if tally.stop is None:
        raise StreamingError("the answer has no end")
    if tally.stop is Stop.STOP and not any(tally.pieces):
        raise StreamingError("answered with nothing")
