"""What a server lists as its models and tells of them, asked for at most once a minute. Never asks a model anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from dragoman.core.errors import AttemptTimeout, ContextLength, ModelUnavailable, ProviderError, StreamingError
from dragoman.core.route import preferred_model
from dragoman.engine.http import whole_body
from dragoman.providers import DIALECTS
from dragoman.providers.base import Capabilities
from dragoman.providers.listings import Listing, listings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.intent import Intent
    from dragoman.core.ports import Clock
    from dragoman.core.route import Place
    from dragoman.engine.http import Transport
    from dragoman.providers.base import Call, Describer, Dialect, Target

FRESH_SECONDS = 60.0
REFUSED_SECONDS = 600.0
"""For so long a model that refused to fill a gap is not asked to: it may be another one by then, or another server."""

SMALLEST_WINDOW = 2048
"""In tokens; no model in use has less, so that nobody is asked about a short request."""

LARGEST_LIST_BYTES = 8_000_000
OK = 200


@dataclass(frozen=True, slots=True)
class Models:
    """A server's models: their names in its order, and what it tells of them."""

    names: tuple[str, ...]
    listings: Mapping[str, Listing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Listed:
    models: Models
    until: float


class ModelLists:
    """The models by server."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._known: dict[tuple[str, str], _Listed] = {}
        self._described: dict[Place, Capabilities] = {}
        self._refused: dict[Place, float] = {}

    async def resolved(self, place: Place, target: Target, intent: Intent, seconds: float) -> Place:
        """The place with a model: its own, or the best of the server's list. Raises a `ProviderError`."""
        if place.model:
            return place
        models = await self.listed(place, target, seconds)
        model = preferred_model(models, intent)
        if model is None:
            self._known.pop((place.provider, place.endpoint), None)  # the person is about to change that
            raise ModelUnavailable("it has no model that can chat")
        return replace(place, model=model)

    async def listed(self, place: Place, target: Target, seconds: float) -> tuple[str, ...]:
        """The server's models, at most a minute old. Raises a `ProviderError` within so many seconds."""
        known = self._known.get((place.provider, place.endpoint))
        if known and known.until > self._clock.now():
            return known.models.names
        return (await self.ask(place, target, seconds)).names

    def told(self, place: Place) -> Listing | None:
        """What the server's last list said of the place's model, if it was ever asked and said anything."""
        known = self._known.get((place.provider, place.endpoint))
        return known.models.listings.get(place.model) if known else None

    async def ask(self, place: Place, target: Target, seconds: float) -> Models:
        """The server's models as of now, which is also the free way to see whether it works."""
        dialect = DIALECTS[place.dialect]
        body = await self._body(dialect, dialect.models_call(target), seconds, "list of models")
        models = Models(dialect.models(body), listings(body))
        self._known[place.provider, place.endpoint] = _Listed(models, self._clock.now() + FRESH_SECONDS)
        return models

    async def described(self, place: Place, target: Target, seconds: float) -> Capabilities:
        """What the server says of the place's model, asked once; `Capabilities()` where it says nothing of the kind."""
        if place in self._described:
            return self._described[place]
        dialect = DIALECTS[place.dialect]
        if not hasattr(dialect, "describe_call"):
            return Capabilities()
        describer = cast("Describer", dialect)
        try:
            call = describer.describe_call(replace(target, model=place.model))
            found = describer.described(await self._body(dialect, call, seconds, "description"), place.model)
        except ProviderError:
            return Capabilities()  # whether the model can be asked is for the question itself to show
        self._described[place] = found
        return found

    def refused_gap(self, place: Place) -> None:
        """Its server would not have the model fill a gap."""
        self._refused[place] = self._clock.now() + REFUSED_SECONDS

    def refuses_gaps(self, place: Place) -> bool:
        """Whether that was so not long ago."""
        return self._clock.now() < self._refused.get(place, 0.0)

    async def refuse_too_long(
        self, tokens: int, place: Place, target: Target, window: int | None, seconds: float
    ) -> None:
        """Raises `ContextLength` where the request is longer than the place's window, as far as that can be known.

        A server on the person's own machine is asked, as it may have a smaller window than was set for it; another one
        only where nothing is known of its model. `window` is what is known without it.
        """
        if tokens <= SMALLEST_WINDOW:
            return
        told = self.told(place)
        known = window or (told.capabilities.context if told else None)
        if place.local or known is None:
            described = (await self.described(place, target, seconds)).context
            known = min(known or described, described) if described else known
        if known is not None and tokens > known:
            raise ContextLength(f"about {tokens} tokens are more than its window of {known}")

    async def _body(self, dialect: Dialect, call: Call, seconds: float, what: str) -> bytes:
        try:
            async with asyncio.timeout(seconds), self._transport.stream(call, connect_seconds=seconds) as response:
                if response.status != OK:
                    raise dialect.error(response.status, response.headers, await whole_body(response))
                body = await whole_body(response, LARGEST_LIST_BYTES)
        except TimeoutError:
            raise AttemptTimeout(f"no {what} within {seconds:g} s", limit="headers") from None
        if not body:
            raise StreamingError(f"closed the connection without a {what}")
        return body
