"""How every provider stands now: enabled, key, reachable, models. Asks for lists of models only, which is free."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from dragoman.cli.session import check_provider
from dragoman.core.errors import ProviderError
from dragoman.core.failover import SMALL_CODE_MODEL, what_to_do
from dragoman.core.intent import Intent
from dragoman.core.route import preferred_model
from dragoman.engine.clock import LoopClock
from dragoman.engine.models import ModelLists
from dragoman.engine.places import endpoints
from dragoman.providers.base import Target

if TYPE_CHECKING:
    from dragoman.app import App
    from dragoman.engine.places import Endpoint


class State(StrEnum):
    """How a provider stands."""

    READY = "ready"
    OFF = "off"
    NO_KEY = "no key"
    FAILS = "fails"
    UNUSED = "not set up"
    """Nobody has named it, and there is no key for it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One endpoint of one provider. `key` says where the key is, or what to do for one; never the key.

    `problem` is one line with its cure, "" where nothing is wrong. `seconds` is what its list of models took.
    """

    provider: str
    endpoint: str
    local: bool
    model: str
    has_key: bool
    key: str
    state: State
    problem: str = ""
    seconds: float | None = None
    models: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """For a script."""
        asked = self.seconds is not None or self.state is State.FAILS
        return {
            "provider": self.provider,
            "state": self.state.value,
            "enabled": self.state is not State.OFF,
            "endpoint": self.endpoint,
            "local": self.local,
            "model": self.model,
            "key": {"found": self.has_key, "where": self.key},
            "reachable": self.seconds is not None if asked else None,
            "problem": self.problem,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "models": list(self.models),
        }


async def survey(app: App, only: str | None = None) -> list[Standing]:
    """Every provider there is, or one of them, all asked at the same time. Raises `BadInput` for an unknown name."""
    check_provider(app, only)
    await app.transport.warm()
    found = endpoints(app.settings, Intent.CODE, (only,) if only else ())
    lists = ModelLists(app.transport, LoopClock())
    wanted = [endpoint for endpoint in found if only in (None, endpoint.place.provider)]
    return list(await asyncio.gather(*(_standing(app, endpoint, lists) for endpoint in wanted)))


async def _standing(app: App, endpoint: Endpoint, lists: ModelLists) -> Standing:
    place = endpoint.place
    has_key, where = await app.keys.describe(place.provider)
    if not has_key and not endpoint.needs_key:
        where = "none needed"

    standing = partial(Standing, place.provider, place.endpoint, place.local, place.model, has_key, where)
    if endpoint.obstacle is not None:
        return standing(State.OFF, endpoint.obstacle)
    if endpoint.needs_key and not has_key:
        return standing(State.NO_KEY if endpoint.configured else State.UNUSED, endpoint.key_help)
    target = Target(
        place.provider, place.endpoint, place.model, await app.keys.secret(place.provider), endpoint.options
    )
    clock = LoopClock()
    began = clock.now()
    try:
        models = await lists.ask(place, target, app.settings.health.timeout_ms / 1000)
    except ProviderError as error:
        advice = what_to_do(error, place, endpoint.key_help)
        more = f"; {advice}" if advice and advice not in error.reason else ""
        return standing(State.FAILS, error.reason + more)
    missing = _missing_model(endpoint, models)
    return standing(State.FAILS if missing else State.READY, missing, clock.now() - began, models)


def _missing_model(endpoint: Endpoint, models: tuple[str, ...]) -> str:
    """What is wrong with the server's models. Only Ollama's list is known to be whole."""
    model = endpoint.place.model
    if not model and preferred_model(models, Intent.CODE) is None:
        advice = f"run `ollama pull {SMALL_CODE_MODEL}`" if endpoint.place.dialect == "ollama" else "load one there"
        return f"it has no model that can chat; {advice}"
    if model and endpoint.place.dialect == "ollama" and not {model, f"{model}:latest"} & set(models):
        return f"it has no model {model}; run `ollama pull {model}`"
    return ""
