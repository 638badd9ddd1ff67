"""What a server lists as its models, asked for at most once a minute. Never asks a model anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.errors import AttemptTimeout, ModelUnavailable, StreamingError
from dragoman.core.route import preferred_model
from dragoman.engine.http import whole_body
from dragoman.providers import DIALECTS

if TYPE_CHECKING:
    from dragoman.core.intent import Intent
    from dragoman.core.ports import Clock
    from dragoman.core.route import Place
    from dragoman.engine.http import Transport
    from dragoman.providers.base import Target

FRESH_SECONDS = 60.0
LARGEST_LIST_BYTES = 8_000_000
OK = 200


@dataclass(frozen=True, slots=True)
class _Listed:
    models: tuple[str, ...]
    until: float


class ModelLists:
    """The models' names by server."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._known: dict[tuple[str, str], _Listed] = {}

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
            return known.models
        models = await self.ask(place, target, seconds)
        self._known[place.provider, place.endpoint] = _Listed(models, self._clock.now() + FRESH_SECONDS)
        return models

    async def ask(self, place: Place, target: Target, seconds: float) -> tuple[str, ...]:
        """The server's models as of now, which is also the free way to see whether it works."""
        dialect = DIALECTS[place.dialect]
        call = dialect.models_call(target)
        try:
            async with asyncio.timeout(seconds), self._transport.stream(call, connect_seconds=seconds) as response:
                if response.status != OK:
                    raise dialect.error(response.status, response.headers, await whole_body(response))
                body = await whole_body(response, LARGEST_LIST_BYTES)
        except TimeoutError:
            raise AttemptTimeout(f"no list of models within {seconds:g} s", limit="headers") from None
        if not body:
            raise StreamingError("closed the connection without a list of models")
        return dialect.models(body)
