"""The one loop that asks providers: decide, wait where all rest, ask as the plan says, remember who answered.

What follows from what is decided in `core.route`; this only does it, and says who failed when nobody could answer.
"""

from __future__ import annotations

import random
from contextlib import aclosing
from copy import copy
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.chat import Usage
from dragoman.core.encodings import for_model
from dragoman.core.errors import (
    AllCandidatesFailed,
    Authentication,
    ContextLength,
    ModelUnavailable,
    NothingToAsk,
    RateLimit,
)
from dragoman.core.events import Done, Notice, Routed, Waiting
from dragoman.core.failover import all_failed, nobody_to_ask, one_line
from dragoman.core.hints import Dispatch, Selection
from dragoman.core.intent import LabelledIntent
from dragoman.core.price import cost
from dragoman.core.route import NOT_LOCAL, Option, decide
from dragoman.core.selection import Facts
from dragoman.engine.access import DirectAccess
from dragoman.engine.asking import EXPECTED_ANSWER_TOKENS, Asking, CandidateFailed
from dragoman.engine.audit import Audit
from dragoman.engine.clock import LoopClock
from dragoman.engine.contest import race, speculate
from dragoman.engine.dispatch import single
from dragoman.engine.known import price_of
from dragoman.engine.ledger import Ledger
from dragoman.engine.merge import parallel_merge
from dragoman.engine.models import ModelLists
from dragoman.engine.places import Endpoint, endpoints
from dragoman.engine.run import Course, Run
from dragoman.engine.spending import Spending
from dragoman.engine.standing import Standings
from dragoman.engine.stickiness import WhoAnswered
from dragoman.engine.store import MemoryStore
from dragoman.engine.tokens import Estimates

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from dragoman.core.events import Event
    from dragoman.core.intent import Intent
    from dragoman.core.ports import Clock, Job, Secrets, Tokens
    from dragoman.core.price import Price
    from dragoman.core.route import Decision, Place
    from dragoman.core.settings import Settings
    from dragoman.engine.access import Access
    from dragoman.engine.health import Prober
    from dragoman.engine.http import Transport
    from dragoman.engine.records import AttemptRecord
    from dragoman.engine.reuse import Reuse
    from dragoman.providers.listings import Listing

DISPATCHES = MappingProxyType(
    {
        Dispatch.SINGLE: single,
        Dispatch.RACE: race,
        Dispatch.SPECULATE_K: speculate,
        Dispatch.PARALLEL_MERGE: parallel_merge,
    }
)
"""How many are asked, and how; one file each."""


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
        tokens: Tokens | None = None,
        on_attempt: Callable[[AttemptRecord], None] = lambda _record: None,
        standings: Standings | None = None,
        access: Access | None = None,
        models: ModelLists | None = None,
        prober: Prober | None = None,
        spending: Spending | None = None,
        ledger: Ledger | None = None,
        audit: Audit | None = None,
        reuse: Reuse | None = None,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._clock = clock or LoopClock()
        self._fraction = fraction
        self._tokens = tokens or Estimates()
        self._standings = standings or Standings(MemoryStore(self._clock.now), self._clock)
        self._models = models or ModelLists(transport, self._clock)
        self._prober = prober
        self._spending = spending or Spending(MemoryStore(self._clock.now))
        self._reuse = reuse
        self._asking = Asking(
            transport,
            access or DirectAccess(),
            self._standings,
            self._spending,
            ledger or Ledger(),
            audit or Audit(),
            self._models,
            self._clock,
            fraction,
            self._tokens,
            on_attempt,
        )
        self._who_answered = WhoAnswered()
        self._known_endpoints: dict[Intent, tuple[Endpoint, ...]] = {}
        self._prices: dict[Place, tuple[Listing | None, Price | None]] = {}
        self._told: set[str] = set()

    def use(self, settings: Settings, secrets: Secrets) -> None:
        """Other settings and keys from now on. Running jobs keep theirs; what is known of the providers stays."""
        self._settings = settings
        self._secrets = secrets
        self._known_endpoints = {}
        self._prices = {}
        self._told = set()

    def alike(self, settings: Settings) -> Engine:
        """An engine with other settings that shares all else with this one: connections, limits, budgets, records."""
        other = copy(self)
        other.use(settings, self._secrets)
        return other

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
        asked = partial(self._asked, run)
        async with aclosing(asked() if self._reuse is None else self._reuse.stream(run, asked)) as events:
            async for event in events:
                yield event

    async def _asked(self, run: Run) -> AsyncGenerator[Event, None]:
        """The candidates' events, as the plan says how they are asked."""
        self._watch_over(run)
        plan, job = run.decision.plan, run.job
        if plan.selection is Selection.ROUND_ROBIN:
            self._standings.chosen(run.decision.candidates[0].place)
        dispatch = DISPATCHES[plan.dispatch]
        place: Place | None = None
        try:
            async with aclosing(dispatch(self._asking, run, run.decision.candidates, Course())) as events:
                async for event in events:
                    if isinstance(event, Routed):
                        place = run.candidate_of(event)
                    elif isinstance(event, Done):
                        if place is not None:
                            self._who_answered.answered(job, plan.stickiness, place, self._clock.now())
                        for notice in self._notices(run):
                            yield notice
                    yield event
        except CandidateFailed:
            raise self._all_failed(run) from None

    def _watch_over(self, run: Run) -> None:
        """Whoever may be asked now is worth knowing about."""
        if self._prober is not None:
            for candidate in run.decision.candidates:
                endpoint, secret = run.endpoint(candidate.place)
                self._prober.use(endpoint, secret, run.settings.health)

    async def _begin(self, job: Job) -> Run:
        """The job with who could be asked for it now."""
        settings = self._settings
        self._standings.freshen()
        label = job.intent if job.hints.intent is None else LabelledIntent(job.hints.intent, "hint", "asked for")
        named = job.hints.provider or (job.hints.model or "").partition("/")[0]
        tokens = sum(self._tokens.estimate(message.text) for message in job.request.messages)
        began = self._clock.now()
        found = self._endpoints(settings, label.intent, named)
        providers = dict.fromkeys(endpoint.place.provider for endpoint in found)
        secrets = {provider: await self._secrets.secret(provider) for provider in providers}
        expected = Usage(tokens, min(job.request.max_output_tokens or EXPECTED_ANSWER_TOKENS, EXPECTED_ANSWER_TOKENS))
        options: list[Option] = []
        for endpoint in found:
            option = self._option(settings, endpoint, secrets[endpoint.place.provider], expected)
            if option is not None:
                options.append(option)
        now = self._clock.now()
        stickiness = job.hints.stickiness or settings.routing.stickiness
        return Run(
            job=job,
            settings=settings,
            began=began,
            tokens=tokens,
            endpoints={(e.place.provider, e.place.endpoint): (e, secrets[e.place.provider]) for e in found},
            decision=decide(
                label,
                job.hints,
                settings.routing,
                options,
                now=now,
                needed_tokens=tokens,
                chance=self._fraction(),
                sticky=self._who_answered.before(job, stickiness, now),
                per_request_usd=settings.budget.per_request_usd,
                local_only=job.local_only,
            ),
        )

    def _endpoints(self, settings: Settings, intent: Intent, named: str) -> tuple[Endpoint, ...]:
        """What the settings make of the endpoints; made once for each intent, where the request names no provider."""
        if named:
            return endpoints(settings, intent, (named,))
        if intent not in self._known_endpoints:
            self._known_endpoints[intent] = endpoints(settings, intent)
        return self._known_endpoints[intent]

    def _option(self, settings: Settings, endpoint: Endpoint, secret: str | None, expected: Usage) -> Option | None:
        """The endpoint as it stands, or None for one that nobody has configured and that has no key."""
        obstacle = endpoint.obstacle
        place = endpoint.place
        if endpoint.needs_key and not secret and obstacle is None:
            fault = self._secrets.fault(place.provider)
            if not endpoint.configured and not fault:
                return None
            obstacle = f"no key: {fault or endpoint.key_help}"
        standing = self._standings.look(place)
        asked = _expected(for_model(expected.input_tokens, place.model), expected.output_tokens)
        estimate = None if obstacle else cost(asked, self._price(settings, place))
        if obstacle is None:
            obstacle = self._spending.obstacle(settings, place.provider, estimate)
        facts = Facts(standing.health, standing.latency_seconds, standing.reliability, estimate, standing.turns)
        return Option(
            place, endpoint.models, obstacle, standing.rests_until, standing.reason, endpoint.window, facts=facts
        )

    def _price(self, settings: Settings, place: Place) -> Price | None:
        """What the place's tokens cost; looked up anew only when its server has told something else."""
        told = self._models.told(place)
        known = self._prices.get(place)
        if known is None or known[0] is not told:
            known = self._prices[place] = (told, price_of(settings, place, told))
        return known[1]

    def _notices(self, run: Run) -> Iterator[Notice]:
        """What the person should put right although another provider has answered; each said once."""
        for place, error in run.failures:
            download = error.download if isinstance(error, ModelUnavailable) else None
            if not (isinstance(error, Authentication) or download):
                continue
            endpoint, _ = run.endpoint(place)
            text = one_line(error, place, endpoint.key_help)
            if text not in self._told:
                self._told.add(text)
                yield Notice(text, download)

    def _all_failed(self, run: Run) -> AllCandidatesFailed:
        key_help = {endpoint.place.provider: endpoint.key_help for endpoint, _ in run.endpoints.values()}
        message = all_failed(run.failures, key_help, run.decision.left_out)
        if run.job.local_only:
            message += f". Everybody else is {NOT_LOCAL}"
        return AllCandidatesFailed(message, tuple((place.provider, error) for place, error in run.failures))

    def _nobody(self, run: Run) -> NothingToAsk | AllCandidatesFailed | ContextLength:
        """Why nobody can be asked: they all rest, the request is too long for all, or nobody is there."""
        resting = [left for left in run.decision.left_out if left.until is not None]
        if not resting and any(left.too_long for left in run.decision.left_out):
            return ContextLength(nobody_to_ask(run.decision.left_out))
        if not resting:
            return NothingToAsk(nobody_to_ask(run.decision.left_out))
        now = self._clock.now()
        failures = tuple(
            (left.provider, RateLimit(left.reason, retry_after=(left.until or now) - now)) for left in resting
        )
        return AllCandidatesFailed(all_failed((), {}, run.decision.left_out), failures)


@lru_cache(64)  # the same for most places of a decision
def _expected(sent: int, answered: int) -> Usage:
    """What is expected to be billed: nobody knows yet what will be cached."""
    return Usage(sent, answered, cache_write_tokens=sent)
