"""Logging in at GitHub by the device flow: who asks, and how code and page come before the person."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING

from dragoman.cli.output import note
from dragoman.core.errors import BadInput
from dragoman.engine.key_lookup import in_daemon
from dragoman.providers import PRESETS
from dragoman.providers.device_flow import Client, login_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.app import App
    from dragoman.core.settings import Settings
    from dragoman.providers.device_flow import DeviceCode, SavedLogin


def device_client(settings: Settings, provider: str, *, wanted: bool) -> Client | None:
    """Who asks GitHub for the person's login; None where a key is typed in instead.

    Dragoman has no client id of its own there, and takes nobody else's: the person registers an app, or uses a key.
    Raises `BadInput` where the device flow is `wanted` and can't be had.
    """
    preset, own = PRESETS.get(provider), settings.providers.get(provider)
    scope = preset.login_scope if preset else None
    if scope is None:
        if wanted:
            raise BadInput(f"{provider} has no login by a code: leave --device out and give a key.")
        return None
    if own is None or not own.client_id:
        if wanted:
            raise BadInput(
                f"Register an OAuth app with device flow at https://github.com/settings/developers and set "
                f"providers.{provider}.client_id; or leave --device out and give a token."
            )
        return None
    return Client(own.client_id, login_server(own.authority), scope)


async def device_login(app: App, client: Client, *, browser: bool) -> SavedLogin:
    """The login, after the person has entered the code. Raises a `ProviderError`."""

    def show(code: DeviceCode) -> None:
        note(f"Open {code.page} and enter the code {code.user_code}", style="bold")
        if browser and _has_browser(app.environment):
            in_daemon(lambda: webbrowser.open(code.direct_page or code.page))

    return await app.logins.login(client, show)


def _has_browser(environment: Mapping[str, str]) -> bool:
    """Whether a browser can open beside this terminal rather than in it."""
    windows = os.name == "nt" or sys.platform == "darwin"
    return sys.stderr.isatty() and (windows or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")))
