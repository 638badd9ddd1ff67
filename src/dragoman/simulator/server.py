"""The scripted providers' server: one loopback port, every dialect by its path, every call kept for the observer.

It never answers a person's request: it plays providers in tests, in the demo and for people who write plugins.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from dragoman.simulator import anthropic, ollama, openai
from dragoman.simulator.http import NotHttp, Response, WatchedReader, read_request
from dragoman.simulator.play import JSON, play, play_instead
from dragoman.simulator.script import Call, Fault, Reply, as_script

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence
    from types import TracebackType

    from dragoman.simulator.frames import Dialect
    from dragoman.simulator.http import HttpRequest
    from dragoman.simulator.script import Script


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """A dialect's place: method, path, and a header that must be there. What stands before the path is the prefix."""

    method: str
    path: str
    name: str
    dialect: Dialect
    completion: bool = False
    header: str | None = None

    def prefix(self, request: HttpRequest) -> str | None:
        """The request's prefix, or None where the request goes elsewhere."""
        match = re.fullmatch(f"(.*?){self.path}", request.path)
        fits = match and request.method == self.method and (self.header is None or self.header in request.headers)
        return match[1] if match and fits else None


_ENDPOINTS = (
    _Endpoint("POST", "/api/chat", "ollama", ollama, completion=True),
    _Endpoint("POST", "/v1/messages", "anthropic", anthropic, completion=True),
    _Endpoint("POST", "(?:/v1)?/chat/completions", "openai", openai, completion=True),
    _Endpoint("GET", "/api/tags", "ollama", ollama),
    _Endpoint("GET", "/api/version", "ollama", ollama),
    _Endpoint("POST", "/api/show", "ollama", ollama),
    # Two vendors, one path: the header that only Anthropic wants tells them apart.
    _Endpoint("GET", "/v1/models", "anthropic", anthropic, header="anthropic-version"),
    _Endpoint("GET", "(?:/v1)?/models", "openai", openai),
)


class Simulator:
    """Scripted providers on a loopback port, from `async with` to its end, which closes every connection.

    script: how completions are answered: a reply, replies in the order of the calls, or a function of the call.
    port: 0 takes any free one.
    models: what the lists of models show; a call may name any other, too.
    key: where given, a call with another key is refused (401). Ollama takes none.
    list_fault: a refusal or a silence that meets the calls which are not completions.
    """

    def __init__(
        self,
        script: Script | Reply | Sequence[Reply],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        models: Sequence[str] = ("scripted-coder", "scripted-chat"),
        key: str | None = None,
        list_fault: Fault | None = None,
    ) -> None:
        self.calls: list[Call] = []
        self._script = as_script(script)
        self._host = host
        self._port = port
        self._models = tuple(models)
        self._key = key
        self._list_fault = list_fault
        self._connections: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._arrived = asyncio.Condition()

    @property
    def url(self) -> str:
        """Where it listens, without a trailing slash."""
        return f"http://{self._host}:{self._port}"

    @property
    def completions(self) -> list[Call]:
        """The calls that ask for an answer, in order."""
        return [call for call in self.calls if call.completion]

    async def completion(self, number: int = 0) -> Call:
        """The completion of that number, counted from 0; waits until it has arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.completions) > number)
        return self.completions[number]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, self._host, self._port)
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
        if self._failures and error is None:
            raise self._failures[0]  # A script that raises is a mistake in the script: said where it was started.

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(WatchedReader(), self._connected)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(cast("WatchedReader", reader), writer))
        self._connections.add(connection)
        connection.add_done_callback(self._disconnected)

    def _disconnected(self, connection: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        if not connection.cancelled() and (failure := connection.exception()):
            self._failures.append(failure)

    async def _serve(self, reader: WatchedReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while not writer.is_closing() and (request := await read_request(reader, writer)):
                await self._exchange(request, reader, Response(writer))
        except NotHttp as error:
            with contextlib.suppress(ConnectionError):
                await Response(writer).document(400, "text/plain", f"This is no HTTP request: {error}\n".encode())
        except ConnectionError:
            pass  # The client is gone; `hung_up` says so.
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, request: HttpRequest, reader: WatchedReader, response: Response) -> None:
        """One request and its response, until the client hangs up."""
        found = _find(request)
        if found is None:
            await response.document(404, "text/plain", b"404 page not found\n")
            return
        endpoint, prefix = found
        body = _json_object(request.body)
        call = Call(
            dialect=endpoint.name,
            method=request.method,
            path=request.path,
            prefix=prefix,
            headers=request.headers,
            body=body or {},
            stream=endpoint.dialect.streams(body or {}),
            completion=endpoint.completion,
            received_at=asyncio.get_running_loop().time(),
        )
        async with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        broken = "the body is not a JSON object" if body is None and request.method == "POST" else None
        await _until_hung_up(self._answer(endpoint, call, broken, response), call, reader)

    async def _answer(self, endpoint: _Endpoint, call: Call, broken: str | None, response: Response) -> None:
        """The answer, unless the vendor would refuse the request."""
        objection = broken or (endpoint.dialect.objection(call) if endpoint.completion else None)
        if objection:
            status, body = endpoint.dialect.refusal(Fault.BAD_REQUEST, call, objection)
            await response.document(status, JSON, body)
        elif endpoint.name != "ollama" and self._key is not None and _key_of(call) != self._key:
            await play(endpoint.dialect, call, Reply(fault=Fault.UNAUTHORIZED), response)
        elif endpoint.completion:
            await play(endpoint.dialect, call, self._script(call), response)
        elif not await play_instead(endpoint.dialect, call, Reply(fault=self._list_fault), response):
            await response.document(200, JSON, self._document(endpoint, call))
            call.sent_whole = True

    def _document(self, endpoint: _Endpoint, call: Call) -> bytes:
        """What is there besides completions."""
        if call.path.endswith("/api/version"):
            return ollama.VERSION
        if call.path.endswith("/api/show"):
            return ollama.show(call.model)
        return endpoint.dialect.models(self._models)


def _find(request: HttpRequest) -> tuple[_Endpoint, str] | None:
    """The endpoint of a request, and the prefix that stands before it."""
    for endpoint in _ENDPOINTS:
        prefix = endpoint.prefix(request)
        if prefix is not None:
            return endpoint, prefix
    return None


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _key_of(call: Call) -> str:
    """The key that a call carries, in Anthropic's header or as a bearer token."""
    return call.headers.get("x-api-key") or call.headers.get("authorization", "").removeprefix("Bearer ")


async def _until_hung_up(answer: Coroutine[None, None, None], call: Call, reader: WatchedReader) -> None:
    """Answers while the client listens, and notes when it no longer does."""
    answering = asyncio.create_task(answer)
    leaving = asyncio.create_task(reader.ended.wait())
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done() or isinstance(answering.exception(), ConnectionError):
            call.hung_up_at = asyncio.get_running_loop().time()
            call.hung_up.set()
        else:
            answering.result()
    finally:
        answering.cancel()
        leaving.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


@contextlib.contextmanager
def closed_url() -> Iterator[str]:
    """A URL on loopback where every connection is refused: the port is taken, so that nobody comes to listen there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
