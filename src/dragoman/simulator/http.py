"""HTTP/1.1 by hand (RFC 9112), as far as a scripted provider needs it: requests in, status, headers and chunks out.

By hand, because a provider that fails has to break the rules at exact bytes, which no HTTP server lets one do.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 64 * 1024 * 1024
_OVERLOADED = 529
"""Anthropic's own status, which no RFC knows."""


class NotHttp(Exception):  # noqa: N818 - errors are nouns of the condition
    """The bytes are no HTTP request, or one beyond the limits."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    query: Mapping[str, str] = field(repr=False, default_factory=dict)


class WatchedReader(asyncio.StreamReader):
    """A stream reader that tells when the other side is gone, though nobody reads."""

    def __init__(self) -> None:
        super().__init__(limit=HEAD_LIMIT)
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        """The other side has closed."""
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: Exception) -> None:
        """The connection is broken."""
        super().set_exception(exc)
        self.ended.set()


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> HttpRequest | None:
    """The connection's next request, or None where the client has closed it. Raises `NotHttp`."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        start, *lines = head[:-4].decode("latin-1").split("\r\n")
        method, target, version = start.split(" ")
        if not version.startswith("HTTP/1."):
            raise NotHttp(version)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _read_body(reader, headers)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise NotHttp("the request breaks off") from error
        return None
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise NotHttp(str(error)) from error
    path, _, query = target.partition("?")
    return HttpRequest(method, path, headers, body, dict(parse_qsl(query, keep_blank_values=True)))


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", ""):
        return await _read_chunks(reader)
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= BODY_LIMIT:
        raise NotHttp("the body is too long")
    return await reader.readexactly(length)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        if len(body) + size > BODY_LIMIT:
            raise NotHttp("the body is too long")
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # Trailers say nothing that a script could want.
    return bytes(body)


class Response:
    """One response on its way, kept or broken on purpose. After `end` the connection can take the next request."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def document(
        self, status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole response."""
        self._head(status, {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})})
        await self.raw(body)

    async def begin(self, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Status 200 and the headers of a body in chunks."""
        self._head(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked", **(headers or {})})
        await self.raw(b"")

    async def chunk(self, data: bytes) -> None:
        """A piece of the body."""
        if data:  # An empty chunk would end the body.
            await self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        """The body ends as it should."""
        await self.raw(b"0\r\n\r\n")

    async def raw(self, data: bytes) -> None:
        """Bytes as they are; returns when the client's buffers have room for more."""
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        """The connection closes, whatever was promised."""
        self._writer.close()

    def reset(self) -> None:
        """The connection is reset (TCP RST): closing with a linger time of zero is how a socket says that."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        phrase = "Overloaded" if status == _OVERLOADED else HTTPStatus(status).phrase
        lines = [f"HTTP/1.1 {status} {phrase}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
