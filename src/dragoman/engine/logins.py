"""What a provider's settings say of logging in and of servers of our own. Pure: asks nobody, reads no key."""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.engine.grants import Login
from dragoman.engine.local import LocalModel
from dragoman.providers import copilot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.core.settings import Provider
    from dragoman.providers import Preset

KEYLESS = ("managed_identity", "az", "service_account")
"""Logins for which there is no key to look for."""

_UNITS = MappingProxyType({"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0})


def login_kind(provider: Provider | None, preset: Preset | None) -> str:
    """How the provider is logged in to: `key`, `local` (it is ours), or a `Login`'s kind."""
    if preset is not None and preset.auth:
        return preset.auth
    if provider is None:
        return "key"
    return provider.auth or ("service_account" if provider.project else "key")


def login_of(provider: Provider | None, preset: Preset | None) -> Login | None:
    """The login, or None where the key is sent as it is."""
    match login_kind(provider, preset):
        case "entra":
            assert provider is not None
            return Login("entra", provider.tenant, provider.client_id, provider.authority)
        case "managed_identity":
            assert provider is not None
            return Login("managed_identity", client_id=provider.client_id)
        case "az":
            assert provider is not None
            return Login("az", provider.tenant)
        case "service_account":
            assert provider is not None
            return Login("service_account", credentials=provider.credentials)
        case "copilot":
            moved = provider is not None and bool(provider.base_url or provider.endpoints)
            return Login("copilot", authority=provider.authority if provider else None, moves=not moved)
    return None


def login_headers(provider: Provider | None, preset: Preset | None) -> Iterator[tuple[str, str]]:
    """Headers that belong to every call under this login."""
    if login_kind(provider, preset) == "copilot":
        yield from copilot.HEADERS
        if provider and provider.integration_id:
            yield copilot.INTEGRATION_HEADER, provider.integration_id


def login_help(name: str, provider: Provider | None, preset: Preset | None) -> str:
    """What to do about a login that is refused, or "" where it is about a key."""
    table = f"providers.{name}"
    match login_kind(provider, preset):
        case "entra":
            return f"check {table}.tenant, client_id, and the secret ({table}.client_secret)"
        case "managed_identity":
            return f"give this machine an identity with access to the resource, or set {table}.auth"
        case "az":
            return f"run `az login`, or set {table}.auth"
        case "service_account":
            return f"check {table}.credentials, and what the account may do in {table}.project"
    return ""


def login_obstacle(name: str, provider: Provider | None, preset: Preset | None, model: str) -> str | None:
    """What is missing in the settings before it can be asked, or None."""
    table = f"providers.{name}"
    if preset and preset.opt_in and not (provider and provider.enabled and "enabled" in provider.model_fields_set):
        return f"off unless you opt in: read what docs/providers.md says of its terms, then set {table}.enabled"
    match login_kind(provider, preset):
        case "entra" if provider and not (provider.tenant and provider.client_id):
            return f"{table}.auth wants {table}.tenant and {table}.client_id"
        case "service_account" if provider and not provider.project:
            return f"{table}.auth wants {table}.project"
        case "local" if not model:
            return f"no model: set {table}.model to the path of a GGUF file"
        case "local" if provider and provider.keep_alive and keep_alive_seconds(provider.keep_alive) is None:
            return f'{table}.keep_alive is no time such as "5m"'
    return None


def local_model(provider: Provider | None, preset: Preset | None, model: str) -> LocalModel | None:
    """The model that we serve ourselves, or None."""
    if preset is None or login_kind(provider, preset) != "local":
        return None
    window = (provider.num_ctx if provider else None) or preset.num_ctx or 0
    alive = keep_alive_seconds(provider.keep_alive) if provider and provider.keep_alive else None
    threads = provider.threads if provider else None
    return LocalModel(model, window, threads) if alive is None else LocalModel(model, window, threads, alive)


def keep_alive_seconds(text: str) -> float | None:
    """Ollama's way to write it: "5m", "1h30m", "300", "0" (stop at once), negative (never). None where it is none."""
    if re.fullmatch(r"-\d+[a-z]*", text):
        return math.inf
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|$)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
