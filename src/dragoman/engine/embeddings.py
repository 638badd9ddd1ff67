"""Embeddings: texts in batches, retries, the next provider, and which texts are near to another.

The failure table is `core.failover`'s, the limits are those of chat. All vectors of one answer are one model's: where
another provider takes over, it starts over. No text is logged.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, cast

from dragoman.core.chat import Usage
from dragoman.core.encodings import estimate_tokens
from dragoman.core.errors import (
    AllCandidatesFailed,
    AttemptTimeout,
    ModelUnavailable,
    NothingToAsk,
    ProviderError,
    RateLimit,
    StreamingError,
)
from dragoman.core.failover import Step, after_failure, all_failed, is_billed, nobody_to_ask, one_line
from dragoman.core.intent import Intent
from dragoman.core.price import cost
from dragoman.core.route import LeftOut, embedding_model
from dragoman.core.similar import most_similar
from dragoman.core.usage import RUNNING
from dragoman.engine.access import DirectAccess
from dragoman.engine.audit import Audit, Outgoing
from dragoman.engine.clock import LoopClock
from dragoman.engine.http import whole_body
from dragoman.engine.known import price_of
from dragoman.engine.ledger import Ledger
from dragoman.engine.models import ModelLists
from dragoman.engine.places import Endpoint, endpoints
from dragoman.engine.records import AttemptRecord, log
from dragoman.engine.spending import Reservation, Spending
from dragoman.engine.standing import Ending, Refusal, Standings
from dragoman.engine.store import MemoryStore
from dragoman.providers import DIALECTS, PRESETS
from dragoman.providers.base import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dragoman.core.ports import Clock, Secrets, Workers
    from dragoman.core.route import Place
    from dragoman.core.settings import Settings
    from dragoman.engine.access import Access
    from dragoman.engine.http import Transport
    from dragoman.providers.base import Embedder

BATCH_TEXTS = 128
BATCH_TOKENS = 100_000
"""One call takes no more than either, nor than the dialect's own limit."""

LARGEST_ANSWER_BYTES = 32_000_000
OK = 200

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Embedded:
    """One vector a text, in their order, and whose they are: vectors of different models can't be compared."""

    provider: str
    model: str
    vectors: tuple[Vector, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ask:
    """An endpoint that is asked, as the settings of the beginning have it."""

    settings: Settings
    endpoint: Endpoint
    place: Place
    target: Target


class Embeddings:
    """Asks for embeddings. Made and used on one event loop; `workers` parse and compare off it."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        secrets: Secrets,
        workers: Workers,
        *,
        clock: Clock | None = None,
        fraction: Callable[[], float] = random.random,
        standings: Standings | None = None,
        on_attempt: Callable[[AttemptRecord], None] | None = None,
        access: Access | None = None,
        spending: Spending | None = None,
        ledger: Ledger | None = None,
        audit: Audit | None = None,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._secrets = secrets
        self._workers = workers
        self._clock = clock or LoopClock()
        self._fraction = fraction
        self._standings = standings or Standings(MemoryStore(self._clock.now), self._clock)
        self._on_attempt = on_attempt
        self._access = access or DirectAccess()
        self._spending = spending or Spending(MemoryStore(self._clock.now))
        self._ledger = ledger or Ledger()
        self._audit = audit or Audit()
        self._models = ModelLists(transport, self._clock)
        self._numbers = count(1)

    def use(self, settings: Settings, secrets: Secrets) -> None:
        """Other settings and keys from now on."""
        self._settings = settings
        self._secrets = secrets

    async def similar(
        self, query: str, texts: Sequence[str], k: int, *, provider: str | None = None, model: str | None = None
    ) -> tuple[tuple[int, float], ...]:
        """The `k` texts that are nearest to the query, as (index, cosine), nearest first. Raises as `embed` does."""
        found = (await self.embed((query, *texts), provider=provider, model=model)).vectors
        return await self._workers.run(lambda: most_similar(found[0], found[1:], k))

    async def embed(
        self, texts: Sequence[str], *, provider: str | None = None, model: str | None = None, local_only: bool = False
    ) -> Embedded:
        """A vector for each text, of the first provider that has them all.

        Without a provider those are asked that the settings give an `embedding_model`, then local ones, then the
        fallback order. `local_only`: nobody else is told the texts. Raises a `DragomanError` where no provider can.
        """
        settings, secrets = self._settings, self._secrets
        request = f"embeddings-{next(self._numbers)}"
        failures: list[tuple[Place, ProviderError]] = []
        left_out: list[LeftOut] = []
        key_help: dict[str, str] = {}
        for endpoint in _candidates(settings, provider):
            if local_only and not endpoint.place.local:
                continue
            name = endpoint.place.provider
            secret = await secrets.secret(name)
            if endpoint.needs_key and not secret and not endpoint.configured:
                continue
            if obstacle := _obstacle(endpoint, secret):
                left_out.append(LeftOut(name, "", obstacle))
                continue
            key_help[name] = endpoint.key_help
            place = replace(endpoint.place, model=model or _set_model(settings, name))
            target = Target(name, place.endpoint, place.model, secret, endpoint.options)
            try:
                ask = await self._with_model(_Ask(settings, endpoint, place, target))
                place = ask.place
                vectors = [
                    vector for batch in _batches(texts, ask) for vector in await self._batch(batch, ask, request)
                ]
                _check(vectors)
            except ProviderError as error:
                failures.append((place, error))
                if after_failure(error, 0, settings.retry, 0.0).step is Step.STOP:
                    raise type(error)(one_line(error, place, endpoint.key_help), status=error.status) from error
            else:
                return Embedded(name, place.model, tuple(vectors))
        if not failures:
            raise NothingToAsk(f"{nobody_to_ask(left_out)}; {_WHAT_TO_SET}" if left_out else _WHAT_TO_SET)
        message = all_failed(failures, key_help, left_out)
        raise AllCandidatesFailed(message, tuple((place.provider, error) for place, error in failures))

    async def _with_model(self, ask: _Ask) -> _Ask:
        """The ask with its model: the named one, else what the server's list offers."""
        if ask.place.model:
            return ask
        seconds = ask.settings.health.timeout_ms / 1000
        async with self._access.opened(ask.endpoint, ask.target, seconds) as target:
            model = embedding_model(await self._models.listed(ask.place, target, seconds))
        if model is None:
            table = f"providers.{ask.place.provider}.embedding_model"
            raise ModelUnavailable(f"it has no model for embeddings that is known by its name: set {table}")
        return replace(ask, place=replace(ask.place, model=model), target=replace(ask.target, model=model))

    async def _batch(self, texts: Sequence[str], ask: _Ask, request: str) -> tuple[Vector, ...]:
        """One batch's vectors, with as many tries as the failure table allows."""
        for retries in count():
            try:
                return await self._attempt(texts, ask, request)
            except ProviderError as error:
                verdict = after_failure(error, retries, ask.settings.retry, self._fraction())
                if verdict.step is not Step.AGAIN:
                    raise
                await self._clock.sleep(verdict.wait)
        raise AssertionError  # count() has no end

    async def _attempt(self, texts: Sequence[str], ask: _Ask, request: str) -> tuple[Vector, ...]:
        """One call, within the provider's limits, settled in every ending."""
        tokens = sum(map(estimate_tokens, texts))
        patience = ask.settings.retry.max_retry_after_s
        while isinstance(lease := await self._standings.enter(ask.place, ask.endpoint.quota, tokens), Refusal):
            if lease.seconds > patience or lease.resting:
                raise RateLimit(lease.reason, retry_after=lease.seconds)
            patience -= lease.seconds
            await self._clock.sleep(lease.seconds)
        note = partial(self._noted, ask, request, self._ledger.new(), self._clock.now())
        failure: ProviderError | None = None
        vectors: tuple[Vector, ...] | None = None
        reserved: Reservation | None = None
        sent = 0
        try:
            estimate = cost(Usage(tokens), price_of(ask.settings, ask.place))
            reserved = await self._spending.reserve(ask.settings, ask.place.provider, estimate)
            sent = tokens
            privacy, attempt = ask.settings.privacy, note(RUNNING, sent).id
            told = tuple(("embedded", text) for text in texts)
            await self._audit.sent(privacy, Outgoing(request, attempt, "", "embeddings", ask.place, tokens, texts=told))
            vectors = await self._asked(texts, ask)
        except ProviderError as error:
            failure = error
            raise
        finally:
            used = sent if is_billed(failure) else 0
            self._standings.settle(lease, Ending(vectors is not None, used, failure), ask.settings.health)
            record = note("done" if vectors is not None else failure.kind if failure else "cancelled", used)
            if reserved is not None:
                self._spending.settle(reserved, record.cost_usd, tells=False)
            log(record)
            self._audit.ended(ask.settings.privacy, record, "")
            if self._on_attempt is not None:
                self._on_attempt(record)
        await self._ledger.written()
        return vectors

    async def _asked(self, texts: Sequence[str], ask: _Ask) -> tuple[Vector, ...]:
        dialect, limits = DIALECTS[ask.place.dialect], ask.endpoint.timeouts
        embedder = cast("Embedder", dialect)
        login_seconds = ask.settings.health.timeout_ms / 1000
        try:
            async with (
                asyncio.timeout(limits.total),
                self._access.opened(ask.endpoint, ask.target, login_seconds) as target,
                self._transport.stream(embedder.embed_call(texts, target), connect_seconds=limits.connect) as response,
            ):
                if response.status != OK:
                    raise dialect.error(response.status, response.headers, await whole_body(response))
                body = await whole_body(response, LARGEST_ANSWER_BYTES)
        except TimeoutError:
            raise AttemptTimeout(f"no embeddings within {limits.total:g} s", limit="total") from None
        vectors = await self._workers.run(lambda: embedder.embeddings(body))
        if len(vectors) != len(texts):
            raise StreamingError(f"gave {len(vectors)} embeddings for {len(texts)} texts")
        return vectors

    def _noted(
        self, ask: _Ask, request: str, entry: tuple[str, float], began: float, outcome: str, tokens: int
    ) -> AttemptRecord:
        """The attempt as it is now, in the ledger."""
        place, usage = ask.place, Usage(input_tokens=tokens, estimated=True)
        record = AttemptRecord(
            request=request,
            provider=place.provider,
            model=place.model,
            endpoint=place.endpoint,
            intent="embeddings",
            outcome=outcome,
            seconds=self._clock.now() - began,
            first_token_seconds=None,
            usage=usage,
            cost_usd=cost(usage, price_of(ask.settings, place)),
            id=entry[0],
            began=entry[1],
        )
        self._ledger.note(record)
        return record


_WHAT_TO_SET = "for embeddings set providers.NAME.embedding_model, or run `dragoman providers pull nomic-embed-text`"


def _candidates(settings: Settings, named: str | None) -> list[Endpoint]:
    """Who can be asked for embeddings, in the order of asking."""
    every = endpoints(settings, Intent.GENERAL, (named,) if named else ())
    # A server of our own serves one model for chat.
    able = [e for e in every if hasattr(DIALECTS.get(e.place.dialect), "embed_call") and e.server is None]
    if named is not None:
        return [endpoint for endpoint in able if endpoint.place.provider == named]
    order = list(settings.routing.fallback_order)

    def rank(endpoint: Endpoint) -> tuple[bool, bool, int]:
        name = endpoint.place.provider
        chosen = bool((own := settings.providers.get(name)) and own.embedding_model)
        return not chosen, not endpoint.place.local, order.index(name) if name in order else len(order)

    return sorted((e for e in able if e.place.local or _set_model(settings, e.place.provider)), key=rank)


def _set_model(settings: Settings, name: str) -> str:
    """The provider's model for embeddings; "" where its own list decides."""
    own, preset = settings.providers.get(name), PRESETS.get(name)
    return (own.embedding_model if own else None) or (preset.embedding_model if preset else "")


def _obstacle(endpoint: Endpoint, secret: str | None) -> str | None:
    if endpoint.obstacle is None and endpoint.needs_key and not secret:
        return f"no key: {endpoint.key_help}"
    return endpoint.obstacle


def _batches(texts: Sequence[str], ask: _Ask) -> Iterator[list[str]]:
    most = min(BATCH_TEXTS, cast("Embedder", DIALECTS[ask.place.dialect]).EMBED_BATCH)
    batch: list[str] = []
    size = 0
    for text in texts:
        tokens = estimate_tokens(text)
        if batch and (len(batch) >= most or size + tokens > BATCH_TOKENS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += tokens
    if batch:
        yield batch


def _check(vectors: Sequence[Vector]) -> None:
    if len({len(vector) for vector in vectors}) > 1:
        raise StreamingError("gave embeddings of different lengths")
