"""The server's HTTP at the level of bytes."""

from __future__ import annotations

import asyncio
import json

import pytest

from dragoman.simulator import Reply, Simulator

BODY = json.dumps({"model": "m", "messages": [], "stream": False}).encode()
HEAD = b"POST /api/chat HTTP/1.1\r\nHost: x\r\n"


async def said(simulator, *pieces, until=b""):
    """What the server says to bytes that arrive in pieces, up to `until` or to the end of the connection."""
    host, port = simulator.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.005)
    async with asyncio.timeout(2):
        data = await (reader.readuntil(until) if until else reader.read())
    writer.close()
    await writer.wait_closed()
    return data


@pytest.mark.parametrize("cut", [1, 10, len(HEAD), len(HEAD) + 5, len(HEAD) + 30])
async def test_a_request_may_arrive_in_pieces(cut):
    """A request is understood however the network cuts it."""
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    async with Simulator(Reply()) as simulator:
        data = await said(simulator, request[:cut], request[cut:], until=b"0\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_request_in_chunks_is_read():
    """A body may come in chunks, with an extension and a trailer."""
    chunks = b"%x;note=1\r\n%b\r\n%x\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (10, BODY[:10], len(BODY) - 10, BODY[10:])
    async with Simulator(Reply()) as simulator:
        data = await said(simulator, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunks, until=b"0\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert simulator.calls[0].body == json.loads(BODY)


async def test_a_careful_client_is_told_to_go_on():
    """A client that sends `Expect: 100-continue` is told to send its body."""
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    async with Simulator(Reply()) as simulator:
        data = await said(simulator, head, BODY, until=b"0\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


async def test_two_requests_at_once_get_two_answers():
    """Pipelined requests are answered one after the other."""
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    async with Simulator([Reply(text=("first",)), Reply(text=("second",))]) as simulator:
        data = await said(simulator, request + request + b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n")
    assert data.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert 0 < data.index(b"first") < data.index(b"second")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /" + b"x" * 100_000,
        HEAD + b"Content-Length: many\r\n\r\n",
        HEAD + b"Content-Length: 99999999999\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % 10**10,
    ],
    ids=["tls", "http2", "words", "long", "length", "huge", "chunks", "huge-chunk"],
)
async def test_what_is_no_request_is_refused_and_closed(nonsense):
    """Bytes that are no HTTP/1 request, or one beyond the limits, get a 400 and the end of the connection."""
    async with Simulator(Reply()) as simulator:
        data = await said(simulator, nonsense)
    assert data.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert simulator.calls == []


async def test_a_request_that_breaks_off_is_no_call():
    """A client that leaves in the middle of its request leaves no call behind."""
    async with Simulator(Reply()) as simulator:
        host, port = simulator.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(HEAD)
        writer.write_eof()
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()
    assert simulator.calls == []
