"""Bytes in and out: LSP's base protocol over stdio, TCP or a Unix socket, on the event loop and never in its way.

Knows frames (LSP 3.17, "Base Protocol"), not messages. It stands in for pygls' own reader and writer, which hop
threads for every message, share their pool with handlers, block the loop in writes and want headers to the letter.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.lsp.early import Early

MAX_MESSAGE = 64 << 20
"""Bytes of one message. A longer one is read past and answered with an error."""
MAX_UNSENT = 64 << 20
"""Bytes that may wait for a client that does not read. Then the connection is given up: memory stays bounded."""


_HTTP = re.compile(rb" HTTP/[0-9.]+$")
"""The end of an HTTP request's first line (RFC 9112, section 3)."""

LONGEST_NUMBER = 18
"""Digits of a length that are read: more bytes than anyone sends."""


class FrameTooLarge(Exception):  # noqa: N818 - errors are nouns of the condition
    """A message over the size limit; its bytes have been read past, so the connection goes on."""


class Writer(Protocol):
    """Where outgoing frames go. Called on the loop only."""

    @property
    def congested(self) -> bool:
        """Whether the client reads more slowly than we write: worth waiting for `drained`."""
        ...

    def write(self, frame: bytes) -> None:
        """Queue a frame; never blocks."""
        ...

    async def drained(self) -> None:
        """Return once the client has taken most of what was queued."""
        ...

    def close(self) -> None:
        """Send what is queued, then close."""
        ...


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next message's body, or None where the client has hung up.

    Header names are compared without regard to case; unknown headers are passed over. HTTP counts as hung up: any
    web page can have the person's own browser post to a port of this machine. Raises `FrameTooLarge`.
    """
    try:
        return await _read_frame(reader)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def _read_frame(reader: asyncio.StreamReader) -> bytes | None:
    length = -1
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            return None  # an endless header line: this is no LSP client
        if not line:
            return None
        line = line.strip()
        if _HTTP.search(line):
            return None
        if not line:
            if length >= 0:
                break
            continue
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value.strip()[:LONGEST_NUMBER])
    if length > MAX_MESSAGE:
        while length > 0:
            piece = await reader.read(min(length, 1 << 20))
            if not piece:
                return None
            length -= len(piece)
        raise FrameTooLarge
    return await reader.readexactly(length)


class PipeWriter(asyncio.BaseProtocol):
    """A writer on an asyncio transport, with the transport's own flow control."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is ready."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The client is gone: nobody needs to wait for it any more."""
        self._room.set()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._room.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._room.set()

    @property
    def congested(self) -> bool:
        """Whether the transport asks for a pause."""
        return not self._room.is_set()

    def write(self, frame: bytes) -> None:
        """Queue a frame."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(frame)
        if transport.get_write_buffer_size() > MAX_UNSENT:
            transport.abort()

    async def drained(self) -> None:
        """Wait while the transport asks for a pause."""
        await self._room.wait()

    def close(self) -> None:
        """Send what is queued, then close."""
        if self._transport is not None:
            self._transport.close()


class StreamPipeWriter:
    """A writer on an asyncio stream (TCP, Unix socket)."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    @property
    def congested(self) -> bool:
        """Whether much is queued."""
        return self._writer.transport.get_write_buffer_size() > 1 << 16

    def write(self, frame: bytes) -> None:
        """Queue a frame."""
        if self._writer.is_closing():
            return
        self._writer.write(frame)
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT:
            self._writer.transport.abort()

    async def drained(self) -> None:
        """Wait while the transport asks for a pause."""
        with suppress(ConnectionError):
            await self._writer.drain()

    def close(self) -> None:
        """Send what is queued, then close."""
        self._writer.close()


class ThreadWriter:
    """A writer for files that the loop can't watch (regular files; Windows' anonymous pipes): one thread, one queue."""

    def __init__(self, file: BinaryIO, loop: asyncio.AbstractEventLoop) -> None:
        self._file = file
        self._loop = loop
        self._unsent = 0
        self._room = asyncio.Event()
        self._room.set()
        self._frames: list[bytes | None] = []
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._pump, name="dragoman-stdout", daemon=True)
        self._thread.start()

    @property
    def congested(self) -> bool:
        """Whether much is queued."""
        return not self._room.is_set()

    def write(self, frame: bytes) -> None:
        """Queue a frame."""
        self._unsent += len(frame)
        if self._unsent > MAX_UNSENT:
            return
        if self._unsent > 1 << 16:
            self._room.clear()
        with self._wake:
            self._frames.append(frame)
            self._wake.notify()

    async def drained(self) -> None:
        """Wait while much is queued."""
        await self._room.wait()

    def close(self) -> None:
        """Send what is queued, then stop; waits for a client that reads, not for one that does not."""
        with self._wake:
            self._frames.append(None)
            self._wake.notify()
        self._thread.join(timeout=1)

    def _pump(self) -> None:
        while True:
            with self._wake:
                while not self._frames:
                    self._wake.wait()
                frames, self._frames = self._frames, []
            for frame in frames:
                if frame is None:
                    return
                try:
                    self._file.write(frame)
                    self._file.flush()
                except OSError:
                    return
                with suppress(RuntimeError):  # the loop has closed: nobody waits
                    self._loop.call_soon_threadsafe(self._sent, len(frame))

    def _sent(self, size: int) -> None:
        self._unsent -= size
        if self._unsent <= 1 << 16:
            self._room.set()


async def serve_stdio(serve: Callable[[asyncio.StreamReader, Writer], Awaitable[int]], early: Early) -> int:
    """Serve one client on stdin and on what was stdout, from where the early answer has left off."""
    stdin = os.fdopen(os.dup(0), "rb", buffering=0)
    stdout = os.fdopen(early.stdout, "wb", buffering=0)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    reader.feed_data(early.data)
    if early.ended:
        reader.feed_eof()
    elif _watchable(stdin):
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
    else:
        _read_in_thread(stdin, reader, loop)
    writer: Writer
    if _watchable(stdout):
        _, writer = await loop.connect_write_pipe(PipeWriter, stdout)
    else:
        writer = ThreadWriter(stdout, loop)
    return await serve(reader, writer)


async def serve_tcp(serve: Callable[[asyncio.StreamReader, Writer], Awaitable[int]], host: str, port: int) -> None:
    """Serve any number of clients on a TCP port, each with a server object of its own."""
    connections = _Connections(serve)
    server = await asyncio.start_server(connections.connected, host, port, limit=1 << 20)
    addresses = ", ".join(f"{name[0]}:{name[1]}" for name in (sock.getsockname() for sock in server.sockets))
    print(f"dragoman lsp: listening on {addresses}", file=sys.stderr)  # noqa: T201 - a person started this by hand
    await connections.serve_until_cancelled(server)


async def serve_socket(serve: Callable[[asyncio.StreamReader, Writer], Awaitable[int]], path: str) -> None:
    """Serve any number of clients on a Unix socket that only its owner can open."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)  # noqa: PTH108 - lstat's counterpart
    connections = _Connections(serve)
    before = os.umask(0o077)
    try:
        server = await asyncio.start_unix_server(connections.connected, path, limit=1 << 20)
    finally:
        os.umask(before)
    await connections.serve_until_cancelled(server)


class _Connections:
    """The clients of one listening socket. Ends them all before it ends itself."""

    def __init__(self, serve: Callable[[asyncio.StreamReader, Writer], Awaitable[int]]) -> None:
        self._serve = serve
        self._tasks: set[asyncio.Task[None]] = set()

    async def connected(self, reader: asyncio.StreamReader, stream_writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writer = StreamPipeWriter(stream_writer)
        try:
            await self._serve(reader, writer)
        except asyncio.CancelledError:
            pass  # the end of this task: until Python 3.12, asyncio logs a cancelled connection as an error
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await stream_writer.wait_closed()

    async def serve_until_cancelled(self, server: asyncio.Server) -> None:
        """Listen. Not by `serve_forever`: from Python 3.12 on, its end waits until every client has gone by itself."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


def _watchable(file: BinaryIO) -> bool:
    """Whether the loop can wait for this file: a pipe, socket or terminal, and not on Windows."""
    if sys.platform == "win32":
        return False
    mode = os.fstat(file.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


def _read_in_thread(file: BinaryIO, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
    def pump() -> None:
        while True:
            try:
                data = os.read(file.fileno(), 1 << 16)
            except OSError:
                data = b""
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(reader.feed_data if data else _end, *((data,) if data else (reader,)))
            if not data:
                return

    def _end(stream: asyncio.StreamReader) -> None:
        stream.feed_eof()

    threading.Thread(target=pump, name="dragoman-stdin", daemon=True).start()
