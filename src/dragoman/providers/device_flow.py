"""The OAuth 2.0 device flow (RFC 8628) as GitHub has it: requests out, the next step or a reason in. Opens no socket.

A person enters a short code on a page; meanwhile the token is asked for again and again. GitHub answers 200 where the
RFC has 400, so the body decides. Sources: RFC 8628; RFC 6749, 6; GitHub, "Authorizing OAuth apps" and "Refreshing user
access tokens".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from dragoman.core.errors import Authentication, UnknownProviderError
from dragoman.providers.tokens import form_call, refusal
from dragoman.providers.wire import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.providers.base import Call

GITHUB = "https://github.com"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER_SECONDS = 5.0
"""What `slow_down` adds to the interval, for this and all later polls (RFC 8628, 3.5)."""

_USUAL_INTERVAL_S = 5.0
_LONGEST_CODE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: an OAuth app's id, at which server, for which rights ("" leaves them to the app)."""

    client_id: str
    server: str = GITHUB
    scope: str = ""


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person enters, and where. `seconds`: so long it is good; `interval`: seconds between two polls.

    `page` is https, or on this machine. `direct_page` holds the code already; "" where the server has none.
    """

    device_code: str = field(repr=False)
    user_code: str
    page: str
    seconds: float
    interval: float
    direct_page: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """The person has not decided yet. `slower`: the server was asked too often."""

    slower: bool = False


@dataclass(frozen=True, slots=True)
class SavedLogin:
    """A login as it lies beside other keys: token, the token that renews it, their ends in Unix seconds (0: none).

    Who gave it out is kept with it: only there it can be renewed, whatever the settings say later.
    """

    token: str = field(repr=False)
    client: Client
    refresh_token: str = field(repr=False, default="")
    expires_at: float = 0.0

    def text(self) -> str:
        """For a place of keys: one line, which no plain key looks like."""
        value = {
            "access_token": self.token,
            "refresh_token": self.refresh_token,
            "expires_at": self.expires_at,
            "client_id": self.client.client_id,
            "server": self.client.server,
        }
        return json.dumps(value, separators=(",", ":"))


def saved_login(text: str) -> SavedLogin | None:
    """The login that `SavedLogin.text` has written, or None where it is a plain key."""
    value = _object(text.encode("utf-8", "replace")) if text.startswith("{") else {}
    try:
        return SavedLogin(
            str(value["access_token"]),
            Client(str(value["client_id"]), str(value["server"])),
            str(value["refresh_token"]),
            float(value["expires_at"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def login_server(api: str | None) -> str:
    """Where people log in, by the API's address: GitHub's own, or a GitHub Enterprise's."""
    if api is None:
        return GITHUB
    parts = urlsplit(api)
    return urlunsplit((parts.scheme, parts.netloc.removeprefix("api."), "", "", ""))


def code_call(client: Client) -> Call:
    """The request for a code (3.1)."""
    fields = {"client_id": client.client_id} | ({"scope": client.scope} if client.scope else {})
    return form_call(f"{client.server}/login/device/code", **fields)


def device_code(status: int, headers: Mapping[str, str], body: bytes) -> DeviceCode:
    """The code in the response (3.2). Raises a `ProviderError`."""
    value = _object(body)
    page = _page(value.get("verification_uri") or value.get("verification_url"))
    codes = [value.get(name) for name in ("device_code", "user_code")]
    if "error" in value or not page or not all(isinstance(code, str) and code for code in codes):
        raise _refused(status, headers, body, value)
    return DeviceCode(
        device_code=str(codes[0]),
        user_code=str(codes[1]),
        page=page,
        seconds=min(_number(value, "expires_in", 900.0), _LONGEST_CODE_S),
        interval=_number(value, "interval", _USUAL_INTERVAL_S),
        direct_page=_page(value.get("verification_uri_complete")),
    )


def poll_call(client: Client, code: DeviceCode) -> Call:
    """The request for the token (3.4)."""
    return form_call(
        _token_url(client), client_id=client.client_id, device_code=code.device_code, grant_type=DEVICE_GRANT
    )


def polled(client: Client, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Pending | SavedLogin:
    """What comes next (3.5). Raises `Authentication` where it is over, another `ProviderError` for a fault."""
    value = _object(body)
    match value.get("error"):
        case "authorization_pending":
            return Pending()
        case "slow_down":
            return Pending(slower=True)
        case "access_denied":
            raise Authentication("the login was denied", status=status)
        case "expired_token" | "token_expired":
            raise Authentication("the code ran out before it was entered", status=status)
        case None:
            return _login(client, status, headers, body, now)
    raise _refused(status, headers, body, value)


def refresh_call(login: SavedLogin) -> Call:
    """The request for a new token (RFC 6749, 6)."""
    return form_call(
        _token_url(login.client),
        client_id=login.client.client_id,
        grant_type="refresh_token",
        refresh_token=login.refresh_token,
    )


def refreshed(login: SavedLogin, status: int, headers: Mapping[str, str], body: bytes, now: float) -> SavedLogin:
    """The renewed login; a server that gives no new refresh token leaves the old one in force.

    Raises `Authentication` where the refresh token is refused, another `ProviderError` for a fault.
    """
    value = _object(body)
    if "error" in value:
        raise _refused(status, headers, body, value)
    renewed = _login(login.client, status, headers, body, now)
    if renewed.refresh_token:
        return renewed
    return SavedLogin(renewed.token, login.client, login.refresh_token, renewed.expires_at)


def _token_url(client: Client) -> str:
    return f"{client.server}/login/oauth/access_token"


def _login(client: Client, status: int, headers: Mapping[str, str], body: bytes, now: float) -> SavedLogin:
    value = _object(body)
    token, refresh = value.get("access_token"), value.get("refresh_token")
    if status >= 400 or not isinstance(token, str) or not token:
        raise _refused(status, headers, body, value)
    seconds = _number(value, "expires_in", 0.0)
    return SavedLogin(token, client, refresh if isinstance(refresh, str) else "", now + seconds if seconds else 0.0)


def _refused(status: int, headers: Mapping[str, str], body: bytes, value: Mapping[str, Any]) -> Exception:
    """Why there is none. An error inside a 200 is the server's own word, and final."""
    words = str(value.get("error_description") or value.get("error") or "")
    if status < 400 and words:
        status = 400
    elif status < 400:
        return UnknownProviderError("the login answered with something that can't be read", status=status)
    return refusal(status, headers, body, words)


def _page(url: object) -> str:
    """The page, if a person may be sent there."""
    if not isinstance(url, str) or any(not "!" <= character <= "~" for character in url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return url if parts.hostname and (parts.scheme == "https" or loopback) else ""


def _number(value: Mapping[str, Any], name: str, usual: float) -> float:
    number = value.get(name)
    sound = isinstance(number, int | float) and not isinstance(number, bool) and 0 < number < 1e10
    return float(number) if sound else usual  # type: ignore[arg-type]  # sound says that it is a number


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}
