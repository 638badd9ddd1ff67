"""HTTP/1.1 on 127.0.0.1 for one page that one person may see: one request to a connection, GET alone.

Judges who asks (RFC 9110, Fetch Metadata) before anybody looks at the path. What is shown is not its business.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from dragoman.engine.page_response import SAFE_HEADERS, Response
from dragoman.engine.peers import is_somebody_elses

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from dragoman.core.ports import Workers

HOST = "127.0.0.1"
REQUEST_SECONDS = 5.0
WRITE_SECONDS = 20.0
"""A reader that takes nothing for so long is hung up on."""
LARGEST_HEAD = 16 * 1024
MOST_CONNECTIONS = 32


class PageServer:
    """Listens from `start` to `close`. `respond` is asked for the target of every request that may be answered."""

    def __init__(self, respond: Callable[[str], Response], workers: Workers) -> None:
        self._respond = respond
        self._workers = workers
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def origin(self) -> str:
        """Scheme, host and port (RFC 6454), once it listens."""
        return f"http://{HOST}:{self._port}"

    async def start(self) -> None:
        """Listen on any free port, from now on. Raises `OSError`."""
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no longer, and hang up."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def hang_up(self) -> None:
        """End every connection but the one that asks for it; new ones may come."""
        for connection in tuple(self._connections):
            if connection is not asyncio.current_task():
                connection.cancel()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        try:
            response = await self._response(wire, reader, writer.get_extra_info("peername"))
            if response is not None:
                await _send(wire, reader, writer, response)
                writer.close()
                async with asyncio.timeout(WRITE_SECONDS):
                    await writer.wait_closed()
        except (OSError, TimeoutError):
            pass  # the reader has gone, or takes nothing
        finally:
            writer.transport.abort()

    async def _response(
        self, wire: h11.Connection, reader: asyncio.StreamReader, peer: tuple[str, int]
    ) -> Response | None:
        """What to answer to the connection's one request, as soon as its head is there; None where there is none."""
        if await self._workers.run(lambda: is_somebody_elses(peer, (HOST, self._port))):
            return Response(HTTPStatus.FORBIDDEN)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                while (event := wire.next_event()) is h11.NEED_DATA:
                    wire.receive_data(await reader.read(LARGEST_HEAD))
        except TimeoutError:
            return Response(HTTPStatus.REQUEST_TIMEOUT)
        except h11.RemoteProtocolError as error:
            return Response(HTTPStatus(error.error_status_hint))
        if not isinstance(event, h11.Request):
            return None
        return _refusal(event, self.origin) or self._respond(event.target.decode("ascii"))


def _refusal(request: h11.Request, origin: str) -> Response | None:
    """Why a request is not even looked at, by its headers: for those names that come twice, by both."""
    headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
    if len(headers) < len(list(request.headers)):
        return Response(HTTPStatus.BAD_REQUEST)
    # A page of another origin that has its name point here (DNS rebinding) asks for a host that is not ours.
    if headers.get("host") != origin.removeprefix("http://"):
        return Response(HTTPStatus.MISDIRECTED_REQUEST)
    # `none` is the person's own doing: an address that was typed, or handed over by another program.
    if headers.get("origin", origin) != origin or headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return Response(HTTPStatus.FORBIDDEN)
    if request.method != b"GET":
        return Response(HTTPStatus.METHOD_NOT_ALLOWED, headers=(("Allow", "GET"),))
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        return Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return None


async def _send(
    wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, response: Response
) -> None:
    """Send until all is sent or the other side hangs up. Raises `OSError`, and `TimeoutError` where it stops taking."""
    headers = [
        *SAFE_HEADERS,
        *response.headers,
        ("Content-Security-Policy", response.policy),
        ("Content-Type", response.content_type),
    ]
    if isinstance(response.body, bytes):
        headers.append(("Content-Length", str(len(response.body))))
        await _write(writer, wire.send(h11.Response(status_code=response.status, headers=headers)))
        await _write(writer, response.body)
        return
    await _write(writer, wire.send(h11.Response(status_code=response.status, headers=headers)))
    sending = asyncio.create_task(_send_pieces(wire, writer, response.body))
    leaving = asyncio.create_task(_gone(reader))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        leaving.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send_pieces(wire: h11.Connection, writer: asyncio.StreamWriter, pieces: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(pieces):
        async for piece in pieces:
            await _write(writer, wire.send(h11.Data(piece)))
    await _write(writer, wire.send(h11.EndOfMessage()))


async def _gone(reader: asyncio.StreamReader) -> None:
    """Wait until the other side hangs up; what it says meanwhile is not listened to."""
    while await reader.read(LARGEST_HEAD):
        pass


async def _write(writer: asyncio.StreamWriter, data: bytes | None) -> None:
    writer.write(data or b"")
    async with asyncio.timeout(WRITE_SECONDS):
        await writer.drain()
