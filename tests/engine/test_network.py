"""The way out of this machine: proxies, authorities, TLS versions, and memory that stays flat."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import tracemalloc
import zlib

import pytest

from dragoman.core.errors import NetworkError, StreamingError, UnknownProviderError
from dragoman.core.settings import Network
from dragoman.engine.http import HttpTransport, _clients, _host_pattern, _no_proxy_leads_to
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers.base import Call
from wire.certificates import server_context, tls_files
from wire.raw import response, serving

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"


@pytest.fixture
async def transport():
    """Makes transports that are closed at the end."""
    workers = ThreadWorkers()
    made = []

    def make(**network):
        made.append(HttpTransport(workers, Network(**network)))
        return made[-1]

    yield make
    for one in made:
        await one.close()
    workers.close()


async def read(transport, url):
    """Status and body."""
    async with transport.stream(Call("GET", url), connect_seconds=5) as answer:
        return answer.status, b"".join([piece async for piece in answer.body])


async def test_a_proxy_of_the_settings_is_asked(transport):
    """What is not local goes to the proxy, whole address and all; a local address does not."""
    async with serving(response("200 OK", b"by proxy")) as proxy, serving(response("200 OK", b"direct")) as local:
        way = transport(proxy=proxy.url)
        assert await read(way, "http://api.example.com/v1/models") == (200, b"by proxy")
        assert proxy.heads[0].startswith(b"GET http://api.example.com/v1/models HTTP/1.1\r\n")
        assert await read(way, local.url) == (200, b"direct")


async def test_a_proxy_of_the_environment_is_asked(transport, monkeypatch):
    """HTTP_PROXY counts where the settings name none, and the settings' one wins."""
    async with serving(response("200 OK", b"environment")) as usual, serving(response("200 OK", b"settings")) as own:
        monkeypatch.setenv("HTTP_PROXY", usual.url)
        assert (await read(transport(), "http://api.example.com/"))[1] == b"environment"
        assert (await read(transport(proxy=own.url), "http://api.example.com/"))[1] == b"settings"


async def test_a_host_of_no_proxy_is_reached_directly(transport):
    """The name itself and names below it are looked up here; others go by proxy."""
    async with serving(response("200 OK", b"by proxy")) as proxy:
        way = transport(proxy=proxy.url, no_proxy=("corp.example", "10.0.0.7"))
        for host in ("corp.example", "llm.corp.example"):
            with pytest.raises(NetworkError, match="can't be found"):  # there is no name server in tests
                await read(way, f"http://{host}/")
        assert (await read(way, "http://example.org/"))[1] == b"by proxy"


@pytest.mark.parametrize(
    ("host", "pattern"),
    [
        ("corp.example", "all://*corp.example"),
        (".corp.example", "all://*corp.example"),
        ("*.corp.example", "all://*corp.example"),
        ("10.0.0.7", "all://10.0.0.7"),
        ("fd00::1", "all://[fd00::1]"),
        ("[fd00::1]", "all://[fd00::1]"),
    ],
)
def test_no_proxy_is_written_as_usual(host, pattern):
    """Names mean all below them, addresses only themselves."""
    assert _host_pattern(host) == pattern


@pytest.mark.parametrize(
    ("url", "direct"),
    [
        ("http://127.0.0.1:1/", True),
        ("http://169.254.169.254/metadata/identity", True),
        ("https://api.openai.com/v1", False),
        ("http://169.254.example.com/", False),
    ],
)
def test_a_clouds_own_services_are_no_proxys_business(url, direct):
    """The address where a cloud's machine finds its identity is on the machine's own link."""
    assert _no_proxy_leads_to(url) is direct


@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTPS_PROXY"])
async def test_a_proxy_that_cannot_be_used_is_named(transport, monkeypatch, variable):
    """A SOCKS proxy, or nonsense, is an error that says where it stands, without the password in it."""
    monkeypatch.setenv(variable, "socks5://me:hush@127.0.0.1:9")
    with pytest.raises(UnknownProviderError, match="HTTPS_PROXY, ALL_PROXY") as refused:
        await read(transport(), "http://api.example.com/")
    assert "hush" not in str(refused.value)


async def test_a_broken_ssl_cert_file_is_named(transport, monkeypatch, tmp_path):
    """SSL_CERT_FILE that leads nowhere is told, and does not keep anything from starting."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    way = transport()
    await way.warm()
    with pytest.raises(UnknownProviderError, match="SSL_CERT_FILE"):
        await read(way, "https://127.0.0.1:9/")


async def test_settings_can_change_under_running_calls(transport, tmp_path):
    """A call that runs is read to its end, while the next one goes the new way."""
    authority, certificate, key = tls_files(tmp_path)
    async with serving(response("200 OK", b"hello"), tls=server_context(certificate, key)) as server:
        way = transport(ca_bundle=str(authority))
        async with way.stream(Call("GET", server.url), connect_seconds=5) as answer:
            way.use(Network())
            with pytest.raises(NetworkError, match=r"not trusted .*network\.ca_bundle"):
                await read(way, server.url)
            assert b"".join([piece async for piece in answer.body]) == b"hello"
        way.use(Network(ca_bundle=str(authority)))
        assert (await read(way, server.url))[0] == 200


def test_no_old_tls_is_spoken():
    """TLS 1.2 is the floor, 1.3 is spoken where both can, and certificates and names are checked, by either client."""
    clients = _clients(Network())
    for client in (clients.world, clients.direct):
        context = client._transport._pool._ssl_context
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.maximum_version in (ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3)
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname


async def test_the_highest_common_version_is_spoken(transport, tmp_path):
    """A server that offers 1.3 gets 1.3; one that has only 1.2 gets that."""
    authority, certificate, key = tls_files(tmp_path)
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        spoken = []
        context = server_context(certificate, key)
        context.maximum_version = version
        async with serving(response("200 OK"), tls=context) as server:
            context.sni_callback = lambda connection, *_, spoken=spoken: spoken.append(connection)
            await read(transport(ca_bundle=str(authority)), server.url)
        assert spoken[0].version().replace(".", "_") == version.name


async def test_a_slow_reader_keeps_memory_flat(transport):
    """A server that pours is slowed to the reader's pace: what is not read stays with the server."""
    poured = 0

    async def pour(reader, writer):
        nonlocal poured
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CHUNKED)
        try:
            while True:
                writer.write(CHUNK)
                await writer.drain()
                poured += len(CHUNK)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(pour, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        way = transport()
        await way.warm()
        tracemalloc.start()
        try:
            async with way.stream(Call("GET", url), connect_seconds=5) as answer:
                await anext(answer.body)
                before, stable = -1, 0
                while stable < 5:  # until the server waits: both ends' buffers are full
                    await asyncio.sleep(0.02)
                    stable = stable + 1 if poured == before else 0
                    before = poured
                held, _ = tracemalloc.get_traced_memory()
                for _ in range(200):  # a reader that goes on gets more, and still holds no more
                    await anext(answer.body)
                assert poured < 64_000_000
                assert tracemalloc.get_traced_memory()[0] < held + 1_000_000
        finally:
            tracemalloc.stop()
        assert held < 8_000_000


async def count(transport, url):
    """How many bytes come, none of which is kept."""
    async with transport.stream(Call("GET", url), connect_seconds=5) as answer:
        return sum([len(piece) async for piece in answer.body])


async def test_a_bomb_is_undone_a_piece_at_a_time(transport):
    """Compressed text far beyond any real ratio is refused before it fills the memory."""
    bomb = gzip.compress(bytes(60_000_000))
    async with serving(response("200 OK", bomb, Content_Encoding="gzip")) as server:
        way = transport()
        tracemalloc.start()
        try:
            with pytest.raises(StreamingError, match="hides too much"):
                await count(way, server.url)
            assert tracemalloc.get_traced_memory()[1] < 8_000_000
        finally:
            tracemalloc.stop()


async def test_compressed_pieces_come_whole(transport):
    """Text that was compressed unasked is the text, however the bytes are cut."""
    text = "\n".join(f"line {number} of an answer" for number in range(20_000)).encode()
    for data, encoding in ((gzip.compress(text), "gzip"), (zlib.compress(text), "deflate")):
        pieces = [b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:1], data[1:700], data[700:])]
        head = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: %s\r\n\r\n" % encoding.encode())
        async with serving([head, *pieces, b"0\r\n\r\n"]) as server:
            assert (await read(transport(), server.url))[1] == text
