"""A scripted authorisation server for the OAuth 2.0 device flow on a loopback port, written from RFC 8628 and GitHub's
documentation. It judges what it is sent, and misbehaves by script. It logs nobody in: its tokens open nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl

from dragoman.simulator.frames import JSON
from dragoman.simulator.http import NotHttp, Response, read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from dragoman.simulator.http import HttpRequest

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
USER_CODE = "WDJB-MJHT"
TOKEN = "scripted-user-token-"  # noqa: S105 - it opens nothing; a number follows
REFRESH_TOKEN = "scripted-refresh-token-"  # noqa: S105 - the same
_DEVICE_CODE = "scripted-device-code"


class Turn(StrEnum):
    """How one request is answered."""

    GRANTED = "granted"
    """As it should be: a code, or a token."""
    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    REFUSED = "incorrect_client_credentials"
    LOST = "lost"
    """The connection closes without an answer."""
    RESET = "reset"
    """The connection is reset in the middle of the answer."""
    SILENT = "silent"
    """No answer ever comes."""
    GARBAGE = "garbage"
    """A page instead of JSON, as a hotel's network shows it."""
    BROKEN = "broken"
    """JSON without what belongs in it."""
    FAULT = "fault"
    """500."""


class DeviceAuthServer:
    """The server, from `async with` to its end.

    codes, polls, renewals: how the requests for a code, for the token and for its renewal are answered, each in order;
    the last turn is repeated. A poll that comes before its interval is over is told to slow down, whatever the script.
    seconds: so long a code is good; a poll after that is told so. lifetime: a token's, in seconds; 0 for one that
    never ends, which then has no refresh token either, as GitHub's OAuth apps have it.
    copilot: the address and the token that Copilot gives for a token of this server's.
    clock: tells the time in seconds, for tests that turn it. strict: errors come with status 400, as the RFC has it.
    """

    def __init__(
        self,
        *,
        codes: Sequence[Turn] = (Turn.GRANTED,),
        polls: Sequence[Turn] = (Turn.GRANTED,),
        renewals: Sequence[Turn] = (Turn.GRANTED,),
        client_id: str = "scripted-client",
        interval: float = 5,
        seconds: float = 900,
        lifetime: float = 0,
        strict: bool = False,
        copilot: tuple[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.polled_at: list[float] = []
        """When each poll came."""
        self.requests: list[Mapping[str, str]] = []
        """The fields of every request, in order."""
        self._turns = {"code": list(codes), "poll": list(polls), "renewal": list(renewals)}
        self._client_id = client_id
        self._interval = interval
        self._seconds = seconds
        self._lifetime = lifetime
        self._strict = strict
        self._copilot = copilot
        self._clock = clock
        self._given_at = 0.0
        self._next_poll = 0.0
        self._tokens = 0
        self._port = 0
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing() and (request := await read_request(reader, writer)):
                await self._answer(request, Response(writer))
        except (NotHttp, ConnectionError):
            pass  # The client is gone, or none of ours.
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, request: HttpRequest, response: Response) -> None:
        if self._copilot and request.path == "/copilot_internal/v2/token":
            await self._answer_copilot(request, response, *self._copilot)
            return
        fields = dict(parse_qsl(request.body.decode("latin-1")))
        self.requests.append(fields)
        kind = _kind(request, fields)
        if kind is None:
            await response.document(404, JSON, b'{"error":"Not Found"}')
            return
        turn = self._turn(kind, fields)
        match turn:
            case Turn.LOST:
                response.close()
            case Turn.RESET:
                await response.begin(JSON)
                await response.chunk(b'{"access_')
                response.reset()
            case Turn.SILENT:
                await asyncio.Event().wait()
            case Turn.GARBAGE:
                await response.document(200, "text/html", b"<html><title>Welcome to our network</title></html>")
            case Turn.BROKEN:
                await response.document(200, JSON, b'{"token_type":"bearer","expires_in":"soon"}')
            case Turn.FAULT:
                await response.document(500, "text/plain", b"Whoa there!")
            case Turn.GRANTED:
                given = self._code() if kind == "code" else self._token()
                await response.document(200, JSON, json.dumps(given).encode())
            case _:
                refusal = {"error": turn.value, "error_description": f"The request is answered with {turn.value}."}
                await response.document(400 if self._strict else 200, JSON, json.dumps(refusal).encode())

    async def _answer_copilot(self, request: HttpRequest, response: Response, api: str, token: str) -> None:
        if request.headers.get("authorization") != f"token {TOKEN}{self._tokens}":
            await response.document(401, JSON, b'{"message":"Bad credentials"}')
            return
        granted = {"token": token, "expires_at": int(time.time()) + 1800, "endpoints": {"api": api}}
        await response.document(200, JSON, json.dumps(granted).encode())

    def _turn(self, kind: str, fields: Mapping[str, str]) -> Turn:
        """The script's next turn, unless the request breaks the rules."""
        if fields.get("client_id") != self._client_id:
            return Turn.REFUSED
        if kind == "poll":
            now = self._clock()
            self.polled_at.append(now)
            if fields.get("device_code") != _DEVICE_CODE:
                return Turn.REFUSED
            if now >= self._given_at + self._seconds:
                return Turn.EXPIRED
            if now < self._next_poll:
                return self._slower(now)
            self._next_poll = now + self._interval
        if kind == "renewal" and fields.get("refresh_token") != f"{REFRESH_TOKEN}{self._tokens}":
            return Turn.REFUSED  # good for once
        turns = self._turns[kind]
        turn = turns.pop(0) if len(turns) > 1 else turns[0]
        return self._slower(self._clock()) if turn is Turn.SLOW_DOWN else turn

    def _slower(self, now: float) -> Turn:
        self._interval += 5
        self._next_poll = now + self._interval
        return Turn.SLOW_DOWN

    def _code(self) -> dict[str, object]:
        self._given_at = self._clock()
        self._next_poll = self._given_at + self._interval
        return {
            "device_code": _DEVICE_CODE,
            "user_code": USER_CODE,
            "verification_uri": f"{self.url}/login/device",
            "expires_in": self._seconds,
            "interval": self._interval,
        }

    def _token(self) -> dict[str, object]:
        self._tokens += 1
        token: dict[str, object] = {"access_token": f"{TOKEN}{self._tokens}", "token_type": "bearer", "scope": ""}
        if self._lifetime:
            token |= {"expires_in": self._lifetime, "refresh_token": f"{REFRESH_TOKEN}{self._tokens}"}
        return token


def _kind(request: HttpRequest, fields: Mapping[str, str]) -> str | None:
    """What is asked for; None where there is no such thing."""
    if request.method == "POST" and request.path == "/login/device/code":
        return "code"
    if request.method == "POST" and request.path == "/login/oauth/access_token":
        return {DEVICE_GRANT: "poll", "refresh_token": "renewal"}.get(fields.get("grant_type", ""))
    return None
