"""Whether a provider takes a key, by a call that costs nothing. Stores nothing, prints nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dragoman.core.errors import AttemptTimeout, BadInput
from dragoman.core.intent import Intent
from dragoman.engine.http import whole_body
from dragoman.engine.places import endpoints
from dragoman.providers import DIALECTS, PRESETS
from dragoman.providers.base import Call, Target

if TYPE_CHECKING:
    from dragoman.app import App
    from dragoman.engine.places import Endpoint

_LARGEST_LIST_BYTES = 8_000_000
_OK = 200


def checked_endpoint(app: App, provider: str) -> Endpoint:
    """The endpoint that is asked about a key: the first one. Raises `BadInput` where the settings forbid asking it."""
    found = endpoints(app.settings, Intent.CODE, (provider,))
    endpoint = next(item for item in found if item.place.provider == provider)
    if endpoint.obstacle is not None:
        raise BadInput(f"{provider} can't be asked: {endpoint.obstacle}.")
    return endpoint


async def check_key(app: App, endpoint: Endpoint, key: str | None) -> None:
    """Ask for the list of models with it. Raises a `ProviderError`: `Authentication` where the key is refused."""
    place, limit = endpoint.place, app.settings.health.timeout_ms / 1000
    target = Target(place.provider, place.endpoint, place.model, key, endpoint.options)
    dialect = DIALECTS[place.dialect]
    try:
        async with asyncio.timeout(limit), app.access.opened(endpoint, target, limit) as ready:
            call = dialect.models_call(ready)
            key_url = _key_url(endpoint)
            if key_url:
                call = Call(call.method, key_url, call.headers)
            async with app.transport.stream(call, connect_seconds=limit) as response:
                body = await whole_body(response, _LARGEST_LIST_BYTES)
            if response.status != _OK:
                raise dialect.error(response.status, response.headers, body)
    except TimeoutError:
        raise AttemptTimeout(f"no answer within {limit:g} s", limit="total") from None
    if not key_url:
        dialect.models(body)  # a page that is no list says nothing about a key


def _key_url(endpoint: Endpoint) -> str:
    """The place that wants a key, of a provider whose list of models is open, if it is the provider itself."""
    preset = PRESETS.get(endpoint.place.provider)
    return preset.key_url if preset and preset.base_url == endpoint.place.endpoint else ""
