"""GitHub Copilot's login: a GitHub token becomes a token of some minutes, and an address to use it at. Opens no socket.

There is no public documentation of it: this follows what GitHub's own editor plugins are seen to send. GitHub offers
Copilot for the clients it names, so nothing is asked here unless the person opts in, and Dragoman says who it is: it
gives itself out for another client only where the person has written that one's id into the settings.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman import __version__
from dragoman.core.errors import Authentication, UnknownProviderError
from dragoman.providers.base import Call, Grant
from dragoman.providers.tokens import refusal
from dragoman.providers.wire import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORITY = "https://api.github.com"

HEADERS = (("Editor-Version", f"Dragoman/{__version__}"), ("Editor-Plugin-Version", f"dragoman/{__version__}"))
"""What it wants with every call."""

INTEGRATION_HEADER = "Copilot-Integration-Id"

_NO_SEAT = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class GitHubToken:
    """The credential is a GitHub token of the person's login. `Exchange`."""

    authority: str = AUTHORITY

    def grant_call(self, credential: str, now: float) -> Call:  # noqa: ARG002 - an exchange is told the time
        """See `Exchange`."""
        headers = (("Authorization", f"token {credential}"), ("Accept", "application/json"), *HEADERS)
        return Call("GET", f"{self.authority.rstrip('/')}/copilot_internal/v2/token", headers)

    def grant(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Grant:  # noqa: ARG002
        """See `Exchange`. The address is the one of the person's plan; only an encrypted or a loopback one is taken."""
        try:
            value = mapping(json.loads(body))
        except (ValueError, RecursionError):
            value = {}
        if status in _NO_SEAT:
            raise Authentication("this GitHub account has no Copilot, or its token may not use it", status=status)
        if status != HTTPStatus.OK:
            raise refusal(status, headers, body, str(value.get("message") or ""))
        token, end = value.get("token"), value.get("expires_at")
        if not isinstance(token, str) or not token or not isinstance(end, int | float):
            raise UnknownProviderError("Copilot's login answered with something that holds no token", status=status)
        return Grant(token, float(end), _address(mapping(value.get("endpoints")).get("api")))


def _address(url: object) -> str | None:
    if not isinstance(url, str):
        return None
    parts = urlsplit(url)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return url.rstrip("/") if parts.hostname and (parts.scheme == "https" or loopback) else None
