"""The scripted providers' server: one loopback port, every dialect by its path, every call kept for the observer.

It never answers a person's request: it plays providers in tests, in the demo and for people who write plugins.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qsl, unquote

from dragoman.simulator.endpoints import find
from dragoman.simulator.frames import JSON, Cause
from dragoman.simulator.http import NotHttp, Response, WatchedReader, read_request
from dragoman.simulator.play import play, play_instead
from dragoman.simulator.script import Call, Fault, Reply, as_script

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence
    from types import TracebackType

    from dragoman.simulator.endpoints import Endpoint
    from dragoman.simulator.http import HttpRequest
    from dragoman.simulator.script import Script


class Simulator:
    """Scripted providers on a loopback port, from `async with` to its end, which closes every connection.

    script: how completions are answered: a reply, replies in the order of the calls, or a function of the call.
    port: 0 takes any free one.
    models: what the lists of models show; a call may name any other, too.
    key: where given, a call with another key is refused. Ollama, and those who give out tokens, take none.
    list_fault: the fault that meets the calls which are not completions: lists, tokens, pulls.
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
        found = find(request)
        if found is None:
            await response.document(404, "text/plain", b"404 page not found\n")
            return
        body = _body(request)
        call = Call(
            dialect=found.endpoint.name,
            method=request.method,
            path=request.path,
            prefix=found.prefix,
            headers=request.headers,
            body=body or {},
            completion=found.endpoint.completion,
            received_at=asyncio.get_running_loop().time(),
            query=request.query,
            path_model=unquote(found.model),
        )
        call.stream = found.endpoint.dialect.streams(call)
        async with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        broken = "the body is not a JSON object" if body is None and request.method == "POST" else None
        await _until_hung_up(self._answer(found.endpoint, call, broken, response), call, reader)

    async def _answer(self, endpoint: Endpoint, call: Call, broken: str | None, response: Response) -> None:
        """The answer, unless the vendor would refuse the request."""
        dialect = endpoint.dialect
        objection = broken or (None if endpoint.document else dialect.objection(call))
        if objection:
            refused = dialect.refusal(Cause(Fault.BAD_REQUEST, objection), call)
            await response.document(refused.status, refused.content_type, refused.body)
        elif not endpoint.keyless and self._key is not None and _key_of(call) != self._key:
            await play(dialect, call, Reply(fault=Fault.UNAUTHORIZED), response)
        elif endpoint.document is None:
            reply = self._script(call) if endpoint.completion else Reply(fault=self._list_fault)
            await play(dialect, call, reply, response)
        elif not await play_instead(dialect, call, Reply(fault=self._list_fault), response):
            await response.document(200, JSON, endpoint.document(call, self._models))
            call.sent_whole = True


def _body(request: HttpRequest) -> dict[str, Any] | None:
    """The request's fields: JSON, whatever its type is called, or a form, as those who give out tokens want it."""
    fields = _json_object(request.body)
    if fields is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("latin-1")))
    return fields


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _key_of(call: Call) -> str:
    """The key that a call carries: in a vendor's own header, or as a bearer token."""
    own = (call.headers.get(name) for name in ("x-api-key", "api-key", "x-goog-api-key"))
    return next(filter(None, own), call.headers.get("authorization", "").removeprefix("Bearer "))


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
