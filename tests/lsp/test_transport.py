"""Frames in and out, as sane and insane clients send them, and clients that do not read."""

from __future__ import annotations

import asyncio
import os
import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.lsp.protocol import make_converter
from dragoman.lsp.server import Server
from dragoman.lsp.transport import (
    MAX_MESSAGE,
    MAX_UNSENT,
    FrameTooLarge,
    PipeWriter,
    StreamPipeWriter,
    ThreadWriter,
    read_frame,
)
from lsp.desk import Bench
from virtual_time import run

REAL_TIME = True
FRAME = b"Content-Length: 2\r\n\r\n{}"


async def frames(*pieces: bytes) -> list[bytes | str]:
    """Every frame of the pieces; "too large" for one that is."""
    reader = asyncio.StreamReader(limit=1 << 20)
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    found: list[bytes | str] = []
    while True:
        try:
            body = await read_frame(reader)
        except FrameTooLarge:
            found.append("too large")
            continue
        if body is None:
            return found
        found.append(body)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Length :  2  \r\n\r\n",
        b"Content-Length: 2\n\n",
        b"Content-Length: 0002\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\nX-Other: 5\r\n\r\n",
        b"\r\n\r\nContent-Length: 2\r\n\r\n",
        b"garbage without a colon\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: two\r\nContent-Length: -2\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: \xc2\xb2\r\n\r\nContent-Length: 2\r\n\r\n",
    ],
)
async def test_fault_8_headers_in_any_dress(head):
    """Header names in any case, other headers, blanks, stray lines: the body is found."""
    assert await frames(head + b"{}", FRAME) == [b"{}", b"{}"]


async def test_fault_8_huge_message_is_passed_over():
    """A message over the limit is read past without being kept, and the next one is understood."""
    pieces = [b"Content-Length: %d\r\n\r\n" % (MAX_MESSAGE + 1), *[b"x" * (1 << 20)] * 64, b"x", FRAME]
    assert await frames(*pieces) == ["too large", b"{}"]


@pytest.mark.parametrize("digits", [b"9" * 30, b"9" * 10_000])
async def test_fault_8_absurd_length_ends_the_connection_quietly(digits):
    """A length that nobody could send is read past until the client has gone; nothing is allocated for it."""
    assert await frames(b"Content-Length: " + digits + b"\r\n\r\n", b"x" * 1000) == []


@pytest.mark.parametrize(
    "rest",
    [b"", b"Content-Len", b"Content-Length: 10\r\n", b"Content-Length: 10\r\n\r\n", b"Content-Length: 10\r\n\r\n{}"],
)
async def test_client_that_vanishes_in_mid_frame(rest):
    """A frame that is never finished is no frame."""
    assert await frames(FRAME + rest) == [b"{}"]


async def test_endless_header_ends_the_connection():
    """Megabytes without a line end are no header: this is no LSP client."""
    assert await frames(b"x" * (3 << 20) + b"\r\n", FRAME) == []


@pytest.mark.parametrize(
    "first",
    [b"POST / HTTP/1.1", b"POST /x HTTP/1.0", b"GET / HTTP/1.1", b"PRI * HTTP/2.0", b"POST http://h:1/ HTTP/1.1"],
)
async def test_a_browser_is_no_client(first):
    """What a web page has a browser send here is no message, though its header says how long its body is."""
    browser = first + b"\r\nHost: 127.0.0.1:9257\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\n{}"
    assert await frames(browser) == []
    assert await frames(browser, browser, FRAME) == []


async def test_connection_that_is_reset():
    """A reset of the connection is an end like any other."""
    reader = asyncio.StreamReader()
    reader.set_exception(ConnectionResetError())
    assert await read_frame(reader) is None


async def test_empty_body():
    """A frame may be empty; what it means is not the transport's business."""
    assert await frames(b"Content-Length: 0\r\n\r\n", FRAME) == [b"", b"{}"]


@given(bodies=st.lists(st.binary(max_size=30), max_size=5), cuts=st.lists(st.integers(0, 300), max_size=10))
def test_any_chunking_gives_the_same_frames(bodies, cuts):
    """However the bytes are cut on their way, the frames are the same."""
    data = b"".join(b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies)
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    pieces = [data[start:end] for start, end in pairwise(places)]
    assert run(frames(*pieces)) == bodies


@given(noise=st.binary(max_size=200))
def test_any_bytes_end(noise):
    """Whatever comes, reading ends with the stream, without an error."""
    run(frames(noise))


async def test_oversized_message_is_answered():
    """The server answers a message over the limit with one error, and goes on."""
    reader = asyncio.StreamReader(limit=1 << 20)
    reader.feed_data(b"Content-Length: %d\r\n\r\n" % (MAX_MESSAGE + 1))
    for _ in range(64):
        reader.feed_data(b"x" * (1 << 20))
    reader.feed_data(b"x" + b'Content-Length: 40\r\n\r\n{"jsonrpc":"2.0","method":"exit"}       ')
    reader.feed_eof()
    written = []

    class Kept:
        congested = False

        def write(self, frame):
            written.append(frame)

        def close(self):
            return

    async def services(_wanted):
        return Bench()

    server = Server(services, make_converter())
    assert await server.serve(reader, Kept()) == 1
    (answer,) = written
    assert b"-32600" in answer
    assert b"64 MiB" in answer


# Writers


class FakeTransport(asyncio.WriteTransport):
    """A transport that never gets rid of anything."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self.aborted = self.closed = False

    def write(self, data):
        self.size += len(data)

    def get_write_buffer_size(self):
        return self.size

    def is_closing(self):
        return self.aborted or self.closed

    def abort(self):
        self.aborted = True

    def close(self):
        self.closed = True


async def test_fault_5_client_that_never_reads_is_given_up():
    """What waits for a client that does not read is bounded: past the bound the connection is given up."""
    transport, writer = FakeTransport(), PipeWriter()
    writer.write(b"before there is a connection")
    writer.connection_made(transport)
    for _ in range(MAX_UNSENT >> 20):
        writer.write(b"x" * (1 << 20))
    assert not transport.aborted
    writer.write(b"x")
    assert transport.aborted
    writer.write(b"more")
    assert transport.size == MAX_UNSENT + 1


async def test_congestion_follows_the_transport():
    """A writer is congested when the transport says so, until it says otherwise or the client is gone."""
    writer = PipeWriter()
    writer.connection_made(FakeTransport())
    assert not writer.congested
    writer.pause_writing()
    waiting = asyncio.create_task(writer.drained())
    await asyncio.sleep(0)
    assert writer.congested
    assert not waiting.done()
    writer.resume_writing()
    await waiting
    assert not writer.congested
    writer.pause_writing()
    waiting = asyncio.create_task(writer.drained())
    await asyncio.sleep(0)
    writer.connection_lost(None)
    await waiting


async def test_fault_5_slow_reader_does_not_block_the_loop():
    """Megabytes for a client that reads slowly leave the loop free, and arrive whole."""
    ours, theirs = socket.socketpair()
    reader, stream_writer = await asyncio.open_connection(sock=ours)
    writer = StreamPipeWriter(stream_writer)
    started = asyncio.get_running_loop().time()
    for _ in range(8):
        writer.write(b"x" * (1 << 20))
    assert asyncio.get_running_loop().time() - started < 0.5
    assert writer.congested
    received = 0
    theirs.setblocking(False)
    drained = asyncio.create_task(writer.drained())
    while received < 8 << 20:
        received += len(await asyncio.get_running_loop().sock_recv(theirs, 1 << 20))
    await drained
    assert not writer.congested
    writer.close()
    await stream_writer.wait_closed()
    theirs.close()
    assert reader is not None


async def test_thread_writer_writes_in_order(tmp_path):
    """Where the loop can't watch the file, a thread writes: everything, in order, before it is closed."""
    path = tmp_path / "out"
    file = path.open("wb", buffering=0)
    writer = ThreadWriter(file, asyncio.get_running_loop())
    for number in range(1000):
        writer.write(b"%d\n" % number)
    writer.close()
    file.close()
    assert path.read_bytes() == b"".join(b"%d\n" % number for number in range(1000))


async def test_thread_writer_is_congested_by_a_client_that_does_not_read():
    """The thread's writer says when the client is slow, and drains once it reads."""
    out, into = os.pipe()
    writer = ThreadWriter(os.fdopen(into, "wb", buffering=0), asyncio.get_running_loop())
    writer.write(b"x" * (1 << 20))
    assert writer.congested
    reading = asyncio.create_task(asyncio.to_thread(_read_all, out, 1 << 20))
    await writer.drained()
    assert await reading == 1 << 20
    assert not writer.congested
    writer.close()
    writer._file.close()
    os.close(out)


def _read_all(descriptor: int, size: int) -> int:
    read = 0
    while read < size:
        read += len(os.read(descriptor, 1 << 16))
    return read
