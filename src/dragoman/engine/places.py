"""Settings and presets become the endpoints that can be asked. Pure data: asks nobody, reads no key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.route import Place
from dragoman.core.settings import ADDRESS, Provider
from dragoman.engine.http import is_loopback
from dragoman.engine.key_command import program
from dragoman.engine.known import window_of
from dragoman.engine.logins import (
    KEYLESS,
    local_model,
    login_headers,
    login_help,
    login_kind,
    login_obstacle,
    login_of,
)
from dragoman.engine.standing import Quota
from dragoman.providers import DIALECTS, PRESETS
from dragoman.providers.base import Azure, Options, Quirks, Vertex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dragoman.core.intent import Intent
    from dragoman.core.settings import Settings, Timeouts
    from dragoman.engine.grants import Login
    from dragoman.engine.local import LocalModel
    from dragoman.providers import Preset

ALWAYS_THERE = "ollama"
"""Counts as configured without a word about it: it needs no key, and most local models are behind it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server of one provider, with everything that is set for it.

    models: all that the settings name besides the place's. needs_key: without a key it is not asked at all.
    configured: the person named the provider somewhere; else it counts only where its key is found.
    obstacle: why it can't be asked as it is set, or None. key_help: what to do about a missing or wrong key.
    window: in tokens, where it is known. login: how its key becomes what it takes, where that is not the key itself.
    server: the model, where the server is ours to start.
    """

    place: Place
    models: tuple[str, ...]
    options: Options
    timeouts: Timeouts
    quota: Quota
    configured: bool
    assumed: bool
    needs_key: bool
    obstacle: str | None
    key_help: str
    window: int | None
    login: Login | None = None
    server: LocalModel | None = None


def with_addresses(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """The settings with the addresses that they, or presets without a general one, name variables for.

    A variable that holds no address is as one that is not set: the place's obstacle then says what is missing.
    """
    providers = dict(settings.providers)
    for name in (*providers, *(name for name in PRESETS if name not in providers)):
        own, preset = providers.get(name), PRESETS.get(name)
        reference = (own.endpoint if own else None) or (f"env:{preset.address_variable}" if preset else "")
        value = environment.get(reference.removeprefix("env:"), "").strip() if reference.startswith("env:") else ""
        if re.fullmatch(ADDRESS, value):
            providers[name] = (own or Provider()).model_copy(update={"endpoint": value})
    return settings.model_copy(update={"providers": providers})


def endpoints(settings: Settings, intent: Intent, asked: Collection[str] = ()) -> tuple[Endpoint, ...]:
    """Every endpoint there is for this kind of work: the settings' own in their order, then the presets'.

    `asked` are providers that the request itself names: their preset is enough.
    """
    routing = settings.routing
    named = {*asked, *settings.providers, *routing.fallback_order, ALWAYS_THERE}
    named.update(name for names in routing.intents.values() for name in names)
    return tuple(
        endpoint
        for name in dict.fromkeys((*settings.providers, *PRESETS))
        for endpoint in _of_provider(name, settings, intent, configured=name in named)
    )


def _of_provider(name: str, settings: Settings, intent: Intent, *, configured: bool) -> Iterator[Endpoint]:
    preset = PRESETS.get(name)
    provider = settings.providers.get(name)
    if preset is not None and not preset.base_url and provider is None and not configured:
        return  # nobody has said where it is
    if preset is not None and provider is None and not configured and (preset.opt_in or not preset.needs_key):
        return  # a local server, or one to opt in to, that nobody spoke of
    base_urls = _base_urls(provider, preset)
    dialect = (provider.dialect if provider else None) or (preset.dialect if preset else "")
    models = _models(provider, preset, intent)
    options = _options(provider, preset, dialect)
    for base_url in base_urls or ("",):
        place = Place(name, dialect, base_url, models[0], _is_local(provider, preset, base_url))
        yield Endpoint(
            place=place,
            models=models[1:],
            options=options,
            timeouts=(provider.timeouts if provider else None) or settings.timeouts,
            quota=_quota(provider),
            configured=configured,
            assumed=provider is None,
            needs_key=_needs_key(provider, preset),
            obstacle=_obstacle(place, provider) or login_obstacle(name, provider, preset, models[0]),
            key_help=_key_help(name, provider, preset),
            window=window_of(settings, place, options),
            login=login_of(provider, preset),
            server=local_model(provider, preset, models[0]),
        )


def _base_urls(provider: Provider | None, preset: Preset | None) -> tuple[str, ...]:
    if provider and provider.endpoints:
        return tuple(dict.fromkeys(provider.endpoints))
    if provider and provider.base_url:
        return (provider.base_url,)
    if provider and provider.endpoint and not provider.endpoint.startswith("env:"):
        return (provider.endpoint,)
    return (preset.base_url,) if preset else ()


def _models(provider: Provider | None, preset: Preset | None, intent: Intent) -> tuple[str, ...]:
    """The model for this kind of work ("" where the server's list decides), then the others that are named."""
    deployed = next(iter(provider.deployments), "") if provider else ""
    usual = (provider.model if provider else None) or deployed or (preset.model if preset else "")
    by_intent = provider.models if provider else {}
    first = by_intent.get(intent) or usual
    others = (model for model in (usual, *by_intent.values()) if model and model != first)
    return (first, *dict.fromkeys(others))


def _is_local(provider: Provider | None, preset: Preset | None, base_url: str) -> bool:
    if provider and provider.local is not None:
        return provider.local
    return preset.local if preset else is_loopback(base_url)


def _options(provider: Provider | None, preset: Preset | None, dialect: str) -> Options:
    return Options(
        max_tokens=(provider.max_tokens if provider else None) or (preset.max_tokens if preset else None),
        temperature=provider.temperature if provider else None,
        keep_alive=provider.keep_alive if provider else None,
        num_ctx=(provider.num_ctx if provider else None) or (preset.num_ctx if preset else None),
        organization=provider.organization if provider else None,
        headers=tuple(login_headers(provider, preset)),
        stream_usage=preset.stream_usage if preset else True,
        stream=provider.stream if provider else True,
        vertex=Vertex(provider.project, provider.location or "global") if provider and provider.project else None,
        quirks=preset.quirks if preset else Quirks(fill="template"),  # nearly every server takes a bare text
        azure=_azure(provider) if dialect == "azure" else None,
        responses=provider.responses if provider else None,
        fallback_models=provider.fallback_models if provider else (),
    )


def _azure(provider: Provider | None) -> Azure:
    if provider is None:
        return Azure()
    return Azure(provider.api_version, provider.deployments, bearer=provider.auth not in (None, "key"))


def _quota(provider: Provider | None) -> Quota:
    if provider is None:
        return Quota()
    return Quota(provider.requests_per_minute, provider.tokens_per_minute, provider.max_in_flight, provider.burst)


def _needs_key(provider: Provider | None, preset: Preset | None) -> bool:
    """A key that is named must be there; at an address of the person's own there may be none."""
    if login_kind(provider, preset) in KEYLESS:
        return False
    if provider and (provider.api_key or provider.auth == "entra"):
        return True
    moved = provider is not None and bool(provider.base_url or provider.endpoints)
    return preset is not None and preset.needs_key and not moved


def _obstacle(place: Place, provider: Provider | None) -> str | None:
    table = f"providers.{place.provider}"
    if provider and not provider.enabled:
        return f"switched off by {table}.enabled"
    if place.dialect not in DIALECTS:
        return f"no dialect: set {table}.dialect to one of {', '.join(DIALECTS)}"
    if not place.endpoint:
        return f"no address: set {_address_help(place, provider)}"
    return None


def _address_help(place: Place, provider: Provider | None) -> str:
    if provider and provider.endpoint:
        return f"the variable of providers.{place.provider}.endpoint ({provider.endpoint}) to an address"
    return f"providers.{place.provider}.{'endpoint' if place.dialect == 'azure' else 'base_url'}"


def _key_help(name: str, provider: Provider | None, preset: Preset | None) -> str:
    if told := login_help(name, provider, preset):
        return told
    login = f"run `dragoman auth login {name}`"
    if provider and provider.api_key in ("keyring", "vault"):
        return login
    if provider and provider.api_key:
        return f"put the key where providers.{name}.api_key says: {_shown_reference(provider.api_key)}"
    variables = " or ".join(preset.key_variables) if preset else ""
    page = f" (a key is made at {preset.key_page})" if preset and preset.key_page else ""
    return f"{login} or set {variables}{page}" if variables else f"name the key's place in providers.{name}.api_key"


def _shown_reference(reference: str) -> str:
    """The reference; of a command its program alone."""
    return reference if not reference.startswith("cmd:") else f"cmd:{program(reference.removeprefix('cmd:'))} …"
