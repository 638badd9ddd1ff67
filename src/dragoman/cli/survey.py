"""How every provider stands now: enabled, key, reachable, models. Asks for lists of models only, which is free."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from dragoman.cli.session import check_provider
from dragoman.core.errors import ProviderError
from dragoman.core.failover import pull_command, what_to_do
from dragoman.core.intent import Intent
from dragoman.core.price import FREE
from dragoman.core.route import preferred_model
from dragoman.engine.clock import LoopClock
from dragoman.engine.known import abilities_of, merged, price_of
from dragoman.engine.models import ModelLists
from dragoman.engine.places import endpoints
from dragoman.providers.base import Capabilities, Target

if TYPE_CHECKING:
    from dragoman.app import App
    from dragoman.core.price import Price
    from dragoman.core.route import Place
    from dragoman.engine.places import Endpoint


_DESCRIPTIONS_AT_A_TIME = 4


class State(StrEnum):
    """How a provider stands."""

    READY = "ready"
    OFF = "off"
    NO_KEY = "no key"
    FAILS = "fails"
    UNUSED = "not set up"
    """Nobody has named it, and there is no key for it."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One of a server's models with what is known of it."""

    name: str
    capabilities: Capabilities
    price: Price | None

    def words(self) -> str:
        """Window, abilities and price for a person; nothing of what is not known."""
        able = self.capabilities
        parts = [f"{able.context / 1000:.0f}k" if able.context else ""]
        parts.append(", ".join(name for name in _ABILITIES if getattr(able, name)))
        if self.price == FREE:
            parts.append("free")
        elif self.price:
            parts.append(f"{self.price.input:g} in, {self.price.output:g} out")
        return " · ".join(filter(None, parts))

    def json(self) -> dict[str, Any]:
        """For a script; null is not known."""
        able, price = self.capabilities, self.price
        return {
            "name": self.name,
            "contextTokens": able.context,
            "outputTokens": able.output,
            **{name: getattr(able, name) for name in _ABILITIES},
            "inputUsdPerMillion": price.input if price else None,
            "outputUsdPerMillion": price.output if price else None,
            "cachedUsdPerMillion": price.cached if price else None,
        }


_ABILITIES = ("tools", "vision", "thinking", "fill", "embeddings")


@dataclass(frozen=True, slots=True)
class Standing:
    """One endpoint of one provider. `key` says where the key is, or what to do for one; never the key.

    `problem` is one line with its cure, "" where nothing is wrong. `seconds` is what its list of models took.
    `known` has the models with what is known of them, where that was asked for.
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
    known: tuple[KnownModel, ...] = ()

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


async def survey(app: App, only: str | None = None, *, describe: bool = False) -> list[Standing]:
    """Every provider there is, or one of them, all asked at the same time. Raises `BadInput` for an unknown name.

    `describe`: what is known of their models too, which local servers are asked for.
    """
    check_provider(app, only)
    await app.transport.warm()
    found = endpoints(app.settings, Intent.CODE, (only,) if only else ())
    lists = ModelLists(app.transport, LoopClock())
    wanted = [endpoint for endpoint in found if only in (None, endpoint.place.provider)]
    return list(await asyncio.gather(*(_standing(app, endpoint, lists, describe=describe) for endpoint in wanted)))


async def _standing(app: App, endpoint: Endpoint, lists: ModelLists, *, describe: bool) -> Standing:
    place = endpoint.place
    has_key, where = await app.keys.describe(place.provider)
    if not has_key and not endpoint.needs_key:
        where = "none needed"

    standing = partial(Standing, place.provider, place.endpoint, place.local, place.model, has_key, where)
    if endpoint.obstacle is not None:
        return standing(State.OFF, endpoint.obstacle)
    if endpoint.needs_key and not has_key:
        return standing(State.NO_KEY if endpoint.configured else State.UNUSED, endpoint.key_help)
    if endpoint.server is not None:  # it is not started for a look
        problem = await app.access.server_problem(endpoint.server)
        known: tuple[KnownModel, ...] = (KnownModel(place.model, Capabilities(context=endpoint.window), FREE),)
        return standing(State.FAILS if problem else State.READY, problem, 0.0, (place.model,), () if problem else known)
    secret, limit = await app.keys.secret(place.provider), app.settings.health.timeout_ms / 1000
    target = Target(place.provider, place.endpoint, place.model, secret, endpoint.options)
    clock = LoopClock()
    began = clock.now()
    try:
        async with app.access.opened(endpoint, target, limit) as ready:
            models = (await lists.ask(place, ready, limit)).names
            seconds = clock.now() - began
            known = await _known(app, place, ready, models, lists) if describe else ()
    except ProviderError as error:
        advice = what_to_do(error, place, endpoint.key_help)
        more = f"; {advice}" if advice and advice not in error.reason else ""
        return standing(State.FAILS, error.reason + more)
    missing = _missing_model(endpoint, models)
    return standing(State.FAILS if missing else State.READY, missing, seconds, models, known)


async def _known(
    app: App, place: Place, target: Target, models: tuple[str, ...], lists: ModelLists
) -> tuple[KnownModel, ...]:
    """The models with what settings, server and table know of them."""
    turns = asyncio.Semaphore(_DESCRIPTIONS_AT_A_TIME)
    seconds = app.settings.health.timeout_ms / 1000

    async def known(name: str) -> KnownModel:
        this = replace(place, model=name)
        told = lists.told(this)
        capabilities = abilities_of(this, told.capabilities if told else None)
        if place.local:
            async with turns:
                capabilities = merged(capabilities, await lists.described(this, target, seconds))
        return KnownModel(name, capabilities, price_of(app.settings, this, told))

    return tuple(await asyncio.gather(*map(known, models)))


def _missing_model(endpoint: Endpoint, models: tuple[str, ...]) -> str:
    """What is wrong with the server's models. Only Ollama's list is known to be whole."""
    model = endpoint.place.model
    if not model and preferred_model(models, Intent.CODE) is None:
        advice = f"run `{pull_command(endpoint.place)}`" if endpoint.place.dialect == "ollama" else "load one there"
        return f"it has no model that can chat; {advice}"
    if model and endpoint.place.dialect == "ollama" and not {model, f"{model}:latest"} & set(models):
        return f"it has no model {model}; run `{pull_command(endpoint.place)}`"
    return ""
