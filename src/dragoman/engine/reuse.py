"""What an answer can be reused for: the same asked again, and the same asked at the same time. Asks nobody itself.

Only whole answers are kept, of one provider alone, and only for whoever has the same key and the same privacy settings.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.cache_key import Circumstances, cache_key, fingerprint, near_key
from dragoman.core.chat import Stop, TextDelta, ThinkingDelta, ToolCallDelta, Usage
from dragoman.core.events import Done, Notice, Routed, UsageReport
from dragoman.core.hints import Dispatch
from dragoman.engine.flights import Flights

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from dragoman.core.events import Event
    from dragoman.core.ports import Clock
    from dragoman.core.route import Place
    from dragoman.engine.cache import Answer, Cache
    from dragoman.engine.near import NearQuestions, Question
    from dragoman.engine.run import Run

LIVELIEST_TEMPERATURE = 0.7
"""Whoever sets a higher one wants an answer to be another one each time."""

logger = logging.getLogger(__name__)


class Reuse:
    """Answers from the cache, and calls that several requests share. `near` knows questions that are worded otherwise.

    Made and used on one event loop.
    """

    def __init__(self, cache: Cache, clock: Clock, near: NearQuestions | None = None) -> None:
        self._cache = cache
        self._clock = clock
        self._near = near
        self._flights = Flights()

    def stream(self, run: Run, ask: Callable[[], AsyncGenerator[Event, None]]) -> AsyncGenerator[Event, None]:
        """The run's events: `ask`'s own, unless there is an answer to be reused."""
        return self._reused(run, ask) if _may_be_reused(run) else ask()

    async def _reused(self, run: Run, ask: Callable[[], AsyncGenerator[Event, None]]) -> AsyncGenerator[Event, None]:
        """As the only one, or as one of several that ask the same at the same time."""
        key = cache_key(run.job.request, await self._circumstances(run, run.decision.candidates[0].place))
        equal = fingerprint(key, replace(run.job, id=""))
        first: float | None = None
        async with aclosing(self._flights.stream(equal, partial(self._answered, run, key, ask))) as events:
            async for shared, event in events:
                if not shared:
                    yield event
                    continue
                now = self._clock.now()
                if first is None and isinstance(event, TextDelta | ThinkingDelta | ToolCallDelta):
                    first = now
                if not isinstance(event, Notice):  # it was told to the one who asks
                    yield _as_shared(event, now - run.began, (now if first is None else first) - run.began)

    async def _answered(
        self, run: Run, key: str, ask: Callable[[], AsyncGenerator[Event, None]]
    ) -> AsyncGenerator[Event, None]:
        """What is kept; else what is asked for, which is kept then."""
        place = run.decision.candidates[0].place
        found, how = await self._cache.get(key), "the same was asked before"
        question: Question | None = None
        if found is None and self._near is not None and run.settings.cache.semantic:
            near = near_key(run.job.request, run.job.question, await self._circumstances(run, place))
            question = None if near is None else await self._near.embedded(run.job.question)
            if near is not None and question is not None:
                found = await self._near.find(near, question, run.settings.cache.semantic_threshold)
                how = "nearly the same was asked before"
        if found is not None:
            logger.info("request %s: %s %s from the cache", run.job.id, place.provider, found.model or "-")
            for event in self._replayed(run, place, found, f"from the cache: {how}"):
                yield event
            return
        heard = _Heard()
        async with aclosing(ask()) as events:
            async for event in events:
                heard.hear(event)
                if heard.whole is not None:
                    await self._keep(run, heard.whole, heard.text, question)
                yield event

    def _replayed(self, run: Run, place: Place, answer: Answer, reason: str) -> Iterator[Event]:
        intent = run.decision.intent.intent
        yield Routed(place.provider, answer.model, place.endpoint, place.local, intent, reason, attempt=0)
        yield TextDelta(answer.text)
        yield UsageReport(place.provider, answer.model, Usage())
        seconds = self._clock.now() - run.began
        yield Done(place.provider, answer.model, Stop.STOP, Usage(), seconds, seconds, 0, 0.0, cached=True)

    async def _keep(self, run: Run, routed: Routed, text: str, question: Question | None) -> None:
        """Under the key of whoever has answered."""
        place = run.candidate_of(routed)
        if place is None:
            return
        circumstances = await self._circumstances(run, place)
        key = cache_key(run.job.request, circumstances)
        self._cache.put(key, text, routed.model)
        if self._near is not None and question is not None:
            near = near_key(run.job.request, run.job.question, circumstances)
            if near is not None:
                await self._near.keep(near, question, key)

    async def _circumstances(self, run: Run, place: Place) -> Circumstances:
        endpoint, secret = run.endpoint(place)
        return Circumstances(
            place=place,
            options=endpoint.options,
            login=endpoint.login,
            intent=run.decision.intent.intent,
            privacy=run.settings.model_dump(mode="json", include={"privacy"}),
            owner=await self._cache.owner(secret, place.endpoint),
        )


@dataclass(slots=True)
class _Heard:
    """What a call has said so far. `whole` is who has said it, at the end of an answer that can be kept."""

    pieces: list[str] = field(default_factory=list)
    routed: Routed | None = None
    plain: bool = True
    whole: Routed | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def hear(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self.pieces.append(text)
            case ToolCallDelta():
                self.plain = False  # its ids are this conversation's, and what a tool says has its time
            case Routed():  # so too after every `Reset`
                self.pieces, self.plain, self.routed = [], True, event
            case Done(stop=Stop.STOP) if self.plain and self.text.strip():
                self.whole = self.routed


def _may_be_reused(run: Run) -> bool:
    """Whether the person is content with an answer from before, and one provider's answer it would be."""
    job, plan = run.job, run.decision.plan
    if not (run.settings.cache.enabled and job.cacheable) or job.hints.no_cache or plan.dispatch is not Dispatch.SINGLE:
        return False
    endpoint, _ = run.endpoint(run.decision.candidates[0].place)
    asked = job.request.temperature
    temperature = endpoint.options.temperature if asked is None else asked
    return temperature is None or temperature <= LIVELIEST_TEMPERATURE


def _as_shared(event: Event, seconds: float, first_token_seconds: float) -> Event:
    """The event for somebody who listens to another's call, and pays nothing."""
    match event:
        case Routed():
            return replace(event, reason=f"{event.reason}; shared with an equal request that is under way")
        case UsageReport():
            return replace(event, usage=Usage())
        case Done():
            return replace(
                event,
                usage=Usage(),
                seconds=seconds,
                first_token_seconds=first_token_seconds,
                cost_usd=0.0,
                cached=True,
            )
        case _:
            return event
