"""What the token endpoints of OAuth 2.0 have in common: a form out, a token or a reason back. Knows no vendor.

Source: RFC 6749, 4.4 and 5. Nothing that is sent or answered is ever repeated but the reason, with keys masked.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dragoman.core.errors import Authentication, ProviderError, RateLimit, ServerError, UnknownProviderError
from dragoman.providers import failures
from dragoman.providers.base import Call, Grant
from dragoman.providers.wire import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_SECONDS = 300.0
"""So long a token is used whose end nobody told."""


def form_call(url: str, **fields: str) -> Call:
    """A POST of a form."""
    headers = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
    return Call("POST", url, headers, urlencode(fields).encode())


def bearer_grant(status: int, headers: Mapping[str, str], body: bytes, now: float) -> Grant:
    """The token in a response (RFC 6749, 5.1; Azure also sends `expires_on`, in Unix seconds).

    Raises `Authentication` where the login is refused (5.2), and what the status means for anything else.
    """
    value = mapping(_json(body))
    token = value.get("access_token")
    if status != HTTPStatus.OK or not isinstance(token, str) or not token:
        raise refusal(status, headers, body, str(value.get("error_description") or value.get("error") or ""))
    return Grant(token, _end(value, now))


def refusal(status: int, headers: Mapping[str, str], body: bytes, words: str) -> ProviderError:
    """Why there is no token. `words` are the service's own, or ""."""
    # What follows a description's first line are numbers for the vendor's support.
    reason = failures.one_line(words.partition("\r\n")[0].partition(" Trace ID:")[0])
    wait = failures.retry_after(headers)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimit(f"the login is asked too often: {reason}".rstrip(": "), status=status, retry_after=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError(f"the login has a fault: {reason or status}", status=status, retry_after=wait)
    if reason and status >= HTTPStatus.BAD_REQUEST:
        return Authentication(f"the login is refused: {reason}", status=status)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Authentication(f"the login is refused ({status})", status=status)
    if status == HTTPStatus.OK:
        return UnknownProviderError("the login answered with something that holds no token", status=status)
    return failures.of_response(status, headers, body, {})


def _end(value: Mapping[str, Any], now: float) -> float:
    """When the token ends. Numbers come as numbers or as text."""
    for name, start in (("expires_on", 0.0), ("expires_in", now)):
        try:
            return start + float(value[name])
        except (KeyError, TypeError, ValueError):
            continue
    return now + USUAL_SECONDS


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
