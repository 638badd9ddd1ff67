"""The door to HTTP over real loopback sockets."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, closing

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.errors import AttemptTimeout, NetworkError, StreamingError, UnknownProviderError
from dragoman.engine import http
from dragoman.engine.http import HttpTransport, is_loopback, shown_url, whole_body
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers.base import Call

WARMING = """
import asyncio, sys
from dragoman.engine.http import HttpTransport
from dragoman.engine.workers import ThreadWorkers

async def main():
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    await transport.warm()
    await transport.close()
    workers.close()

asyncio.run(main())
print(*sorted({"httpx", "rich", "pygments", "click"} & sys.modules.keys()))
"""
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Thing: yes\r\n\r\n"


@pytest.fixture
async def transport():
    """A transport that is closed at the end."""
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    yield transport
    await transport.close()
    workers.close()


class Server:
    """Sends `response` to every request, then waits for the client to go."""

    def __init__(self, response: bytes, *, close: bool):
        self.response = response
        self.close = close
        self.heads: list[bytes] = []
        self.hung_up = asyncio.Event()
        self.asked = asyncio.Event()
        self.connections = 0

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                self.asked.set()
                writer.write(self.response)
                await writer.drain()
                if self.close:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hung_up.set()
        finally:
            writer.close()


@asynccontextmanager
async def serving(response: bytes, *, close: bool = False):
    """A server and its address."""
    server = Server(response, close=close)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


async def read(transport, url, **arguments):
    """Status and body of a call."""
    async with transport.stream(Call("GET", url, **arguments), connect_seconds=5) as response:
        return response.status, b"".join([piece async for piece in response.body])


async def test_a_response_comes_as_it_is_sent(transport):
    """Status, lower-case headers, and the body piece by piece before its end is there."""
    async with serving(CHUNKED + b"5\r\nhello\r\n") as server:
        call = Call("POST", f"{server.url}/v1/x?y=1", (("x-key", "k"),), b"body")
        async with transport.stream(call, connect_seconds=5) as response:
            assert response.status == 200
            assert response.headers["x-thing"] == "yes"
            assert await anext(response.body) == b"hello"
        head = server.heads[0].lower()
        assert head.startswith(b"post /v1/x?y=1 http/1.1")
        assert b"x-key: k" in head
        assert b"accept-encoding: identity" in head


async def test_leaving_early_closes_the_connection_at_once(transport):
    """A body that is not read to its end is not drained: the server sees the hang-up within a tenth of a second."""
    async with serving(CHUNKED + b"5\r\nhello\r\n") as server:
        async with transport.stream(Call("GET", server.url), connect_seconds=5) as response:
            await anext(response.body)
        async with asyncio.timeout(0.1):
            await server.hung_up.wait()


async def test_cancelling_a_read_closes_the_connection(transport):
    """A task that is cancelled while it waits for bytes leaves no connection behind."""
    async with serving(CHUNKED) as server:
        reading = asyncio.create_task(read(transport, server.url))
        await server.asked.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        async with asyncio.timeout(0.1):
            await server.hung_up.wait()


async def test_a_connection_that_was_read_out_is_used_again(transport):
    """Two calls after each other share one connection."""
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as server:
        assert await read(transport, server.url) == (200, b"ok")
        assert await read(transport, server.url) == (200, b"ok")
        assert server.connections == 1


async def test_a_refused_connection_names_the_address(transport):
    """Where nothing listens the error says where, without path or query."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(NetworkError, match=rf"^nothing answers at http://127.0.0.1:{port}$"):
            await read(transport, f"http://127.0.0.1:{port}/v1/chat?key=secret")


async def test_an_unknown_name_is_said_to_be_one(transport):
    """A host that can't be looked up is named."""
    with pytest.raises(NetworkError, match=r"the name of http://nowhere\.invalid can't be found"):
        await read(transport, "http://nowhere.invalid/v1")


async def test_a_server_that_speaks_no_tls_is_named(transport):
    """A TLS handshake with something else is a network error that says so."""
    async with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n", close=True) as server:

        async def babble(reader, writer):
            writer.write(b"this is no TLS at all, sorry\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(babble, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            with pytest.raises(NetworkError, match="does not speak TLS"):
                await read(transport, f"https://127.0.0.1:{port}")
        assert not server.heads


async def test_a_connection_that_is_not_made_in_time_ends(transport):
    """A host that takes no connection is given up after the connect limit, by that name."""
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        try:
            for _ in range(4):  # fills the queue of connections that nobody takes
                client = socket.socket()
                client.setblocking(False)
                client.connect_ex(address)
                waiting.append(client)
            with pytest.raises(AttemptTimeout, match=r"within 0\.2 s") as late:
                async with transport.stream(Call("GET", f"http://127.0.0.1:{address[1]}"), connect_seconds=0.2):
                    pass
            assert late.value.limit == "connect"
        finally:
            for client in waiting:
                client.close()


@pytest.mark.parametrize("url", ["ftp://x/", "nonsense", "http://[bad/", "http://exa mple/"])
async def test_what_is_no_web_address_is_said_to_be_none(transport, url):
    """A base_url that can't be one is named as the thing to check."""
    with pytest.raises((UnknownProviderError, NetworkError), match="check"):
        await read(transport, url)


@pytest.mark.parametrize("value", ["two\nlines-secret", "umlaut-ü-secret", "\x00secret"])
async def test_a_key_that_cannot_be_sent_is_not_repeated(transport, value):
    """A header value that HTTP can't carry is refused without quoting it, in the error and its causes."""
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as server:
        with pytest.raises(UnknownProviderError) as refused:
            await read(transport, server.url, headers=(("authorization", value),))
        assert not server.heads
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


async def test_a_connection_closed_without_an_answer_is_a_network_error(transport):
    """A server that hangs up before its headers is told from one that breaks off in the body."""
    async with serving(b"", close=True) as server:
        with pytest.raises(NetworkError, match="closed the connection without an answer"):
            await read(transport, server.url)


async def test_a_body_that_breaks_off_is_a_streaming_error(transport):
    """A chunked body without its end is not whole."""
    async with serving(CHUNKED + b"5\r\nhello\r\n", close=True) as server:
        with pytest.raises(StreamingError, match="broke off"):
            await read(transport, server.url)


async def test_broken_compression_is_a_streaming_error(transport):
    """Bytes that claim to be gzip and are not end the answer by that name."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\n"
    async with serving(head + b"garbage") as server:
        with pytest.raises(StreamingError, match="compression"):
            await read(transport, server.url)


async def test_an_endless_answer_is_cut(transport, monkeypatch):
    """What goes on beyond the limit, compressed or not, is not kept reading."""
    monkeypatch.setattr(http, "LARGEST_RESPONSE_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(3_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with serving(head + bomb) as server:
        with pytest.raises(StreamingError, match="longer than"):
            await read(transport, server.url)


async def test_redirects_are_not_followed(transport):
    """A redirect is an answer like any other: no key goes to another host."""
    head = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    async with serving(head) as server:
        assert (await read(transport, server.url))[0] == 307


async def test_no_proxy_leads_to_this_machine(transport, monkeypatch):
    """A proxy of the environment is not asked for a loopback address."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as server:
        assert await read(transport, server.url) == (200, b"ok")


async def test_a_refusals_body_is_read_up_to_a_limit(transport):
    """Only the start of an endless error page is read; what came before a break is kept."""
    async with serving(b"HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\n" + b"x" * 9000, close=True) as server:
        for limit, size in ((500, 500), (64_000, 9000)):
            async with transport.stream(Call("GET", server.url), connect_seconds=5) as response:
                assert await whole_body(response, limit) == b"x" * size


async def test_nothing_blocks_the_loop_and_no_url_is_logged(transport, caplog):
    """Importing, building and calling never hold the event loop; httpx logs no address."""
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as server:
        with blockbuster_ctx(), caplog.at_level(logging.DEBUG):
            await transport.warm()
            await read(transport, f"{server.url}/private")
    assert "private" not in caplog.text


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:11434", True),
        ("http://127.0.0.53/", True),
        ("http://[::1]:80/", True),
        ("http://model.localhost", True),
        ("http://localhost.example.com", False),
        ("https://api.openai.com/v1", False),
        ("http://[bad", False),
    ],
)
def test_loopback_is_told_by_the_host(url, loopback):
    """Only addresses of this machine count as such."""
    assert is_loopback(url) is loopback


def test_a_shown_address_holds_no_secret():
    """User name, password, path and query of an address are not shown."""
    assert shown_url("https://me:pw@host:8443/v1?key=k") == "https://host:8443"


def test_only_what_speaks_http_is_loaded():
    """The first call waits for httpx, and for nothing that its command line would draw with."""
    done = subprocess.run([sys.executable, "-c", WARMING], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["httpx"]
