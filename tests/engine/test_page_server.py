"""The live page over real sockets: who may see it, and what becomes of everybody else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from dragoman.core.chat import TextDelta
from dragoman.engine import page as page_module
from dragoman.engine import page_server, peers
from dragoman.engine.page import LivePage
from dragoman.engine.workers import ThreadWorkers

LIMIT = 20.0


@pytest.fixture
async def page():
    """A page with one answer on it, closed at the end."""
    workers = ThreadWorkers()
    page = LivePage(workers)
    page.begin("Explain").finish("It **adds** up.", "done")
    yield page
    await page.close()
    workers.close()


@dataclass
class Answer:
    """A response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


def parsed(data):
    """The response in these bytes."""
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for name, _, value in (line.partition(": ") for line in lines):
        assert name.lower() not in headers
        headers[name.lower()] = value
    return Answer(int(start.split()[1]), headers, body)


def port_of(page):
    """Where it listens."""
    return int(page._server.origin.rpartition(":")[2])


def request(page, path, method="GET", body=b"", **headers):
    """The bytes of a browser's request; header names with _ for -, and None for those that are left out."""
    all_headers = {"host": f"127.0.0.1:{port_of(page)}", **headers}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in all_headers.items() if value is not None]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1") + body


async def exchange(page, data):
    """The whole response to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(page))
    try:
        async with asyncio.timeout(LIMIT):
            writer.write(data)
            return parsed(await reader.read())
    finally:
        writer.close()


async def get(page, path, **headers):
    """The response to a browser's GET."""
    return await exchange(page, request(page, path, **headers))


async def opened(page):
    """The page's own path, as the browser comes to it."""
    address = await page.address()
    answer = await get(page, "/" + address.rpartition("/")[2], sec_fetch_site="none")
    assert answer.status == 303
    return answer.headers["location"]


@asynccontextmanager
async def watching(page, path, limit=2**16):
    """A watcher's connection, after the response's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(page), limit=limit)
    try:
        writer.write(request(page, f"{path}events", sec_fetch_site="same-origin"))
        async with asyncio.timeout(LIMIT):
            head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0]
        yield reader, writer, parsed(head)
    finally:
        writer.close()


async def next_event(reader):
    """The next event of the stream, chunked as it is (RFC 9112)."""
    async with asyncio.timeout(LIMIT):
        size = int(await reader.readline(), 16)
        data = await reader.readexactly(size + 2)
    return json.loads(data.removeprefix(b"data: "))


async def eventually(condition):
    """Wait until it holds."""
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - connections end in the server's own time
            await asyncio.sleep(0.01)


async def test_the_address_opens_the_page(page):
    """The address that is given out leads to the page, which is not there under that address itself."""
    path = await opened(page)
    assert re.fullmatch(r"/[\w-]{43}/", path)
    answer = await get(page, path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<title>Dragoman</title>" in answer.body


async def test_nothing_listens_before(page):
    """No port is open before somebody asks for the page, and none but loopback's after."""
    assert page._server is None
    await asyncio.gather(page.address(), page.address())
    assert [each.getsockname()[0] for each in page._server._server.sockets] == ["127.0.0.1"]


async def test_what_every_response_says(page):
    """Whatever is answered, no browser keeps it, guesses its type, frames it, or lets another origin read it."""
    path = await opened(page)
    used = "/" + (await page.address()).rpartition("/")[2]
    paths = [path, used, used, "/", "/favicon.ico"]
    async with watching(page, path) as (_, _, streamed):
        answers = [streamed]
    answers += [await get(page, each) for each in paths]
    answers.append(await get(page, path, host="evil.example"))
    assert {answer.status for answer in answers} == {200, 303, 410, 404, 421}
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers


async def test_only_the_pages_own_script(page):
    """The page's script and style bear a nonce that is another one each time, and nothing else may run."""
    path = await opened(page)
    nonces = set()
    for _ in range(2):
        answer = await get(page, path)
        policy = answer.headers["content-security-policy"]
        [script] = re.findall(r"script-src ([^;]+);", policy)
        [style] = re.findall(r"style-src ([^;]+);", policy)
        [nonce] = re.findall(r"'nonce-([\w-]{22})'", script)
        assert script == style == f"'nonce-{nonce}'"
        assert "unsafe" not in policy
        assert re.findall(rb"<(script|style) nonce=\"([^\"]+)\"", answer.body) == [
            (b"style", nonce.encode()),
            (b"script", nonce.encode()),
        ]
        nonces.add(nonce)
    assert len(nonces) == 2


async def test_the_stream(page):
    """The stream of events begins with what is there, and goes on with what happens."""
    path = await opened(page)
    async with watching(page, path) as (reader, _, answer):
        assert answer.headers["content-type"] == "text/event-stream"
        assert (await next_event(reader))["html"] == "<p>It <strong>adds</strong> up.</p>\n"
        page.begin("Ask").tell(TextDelta("`x`"))
        assert (await next_event(reader))["html"] == "<p><code>x</code></p>\n"
    await eventually(lambda: not page._watchers)


async def test_no_guess_is_right(page):
    """Any path but the page's own is not there, however near to it."""
    path = await opened(page)
    place = path.strip("/")
    other = place[:-1] + ("A" if place[-1] != "A" else "B")
    paths = [
        "/",
        f"/{other}/",
        f"/{other}/events",
        f"/{place}",
        f"/{place[:-1]}/",
        f"/{place}//",
        f"/{place}/events/",
        f"/{place}/events?x",
        f"/{place}/../{place}/",
        f"//{place}/",
        f"/./{place}/",
        f"/{place}/?",
        f"/{place.lower()}/" if place != place.lower() else "/x",
        f"http://127.0.0.1:{port_of(page)}/{place}/",
        "*",
        "/" + "a" * 5000,
    ]
    assert {each: (await get(page, each)).status for each in paths} == dict.fromkeys(paths, 404)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]:{port}",
        "0.0.0.0:{port}",
        "",
    ],
)
async def test_a_name_that_was_pointed_here(page, host):
    """A request that believes itself at another host is refused though its path is right (DNS rebinding)."""
    path = await opened(page)
    assert (await get(page, path, host=host.format(port=port_of(page)))).status == 421
    assert (await get(page, f"{path}events", host=host.format(port=port_of(page)))).status == 421


async def test_no_host_or_two(page):
    """A request without a host, or with two, is none."""
    path = await opened(page)
    assert (await get(page, path, host=None)).status == 400
    own = f"127.0.0.1:{port_of(page)}"
    assert (await exchange(page, f"GET {path} HTTP/1.1\r\nhost: {own}\r\nhost: x\r\n\r\n".encode())).status == 400
    assert (await exchange(page, f"GET {path} HTTP/1.0\r\n\r\n".encode())).status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://localhost:{port}"},
        {"origin": "https://127.0.0.1:{port}"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://127.0.0.1:{port}", "sec_fetch_site": "cross-site"},
    ],
)
async def test_another_origin(page, headers):
    """What another page has the browser ask is refused though its path is right."""
    path = await opened(page)
    headers = {name: value.format(port=port_of(page)) for name, value in headers.items()}
    assert (await get(page, path, **headers)).status == 403
    assert (await get(page, f"{path}events", **headers)).status == 403


async def test_its_own_origin(page):
    """The page itself may ask."""
    path = await opened(page)
    own = f"http://127.0.0.1:{port_of(page)}"
    assert (await get(page, path, origin=own, sec_fetch_site="same-origin")).status == 200


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "BREW"])
async def test_other_methods(page, method):
    """Nothing but GET is done, and nothing is said to a preflight."""
    path = await opened(page)
    answer = await exchange(page, request(page, path, method))
    assert (answer.status, answer.headers["allow"], answer.body) == (405, "GET", b"")


async def test_a_body(page):
    """Nobody sends anything here."""
    path = await opened(page)
    assert (await exchange(page, request(page, path, body=b"x=1", content_length=3))).status == 413
    assert (await exchange(page, request(page, path, transfer_encoding="chunked"))).status == 413
    assert (await get(page, path, content_length=0)).status == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx: a\r\nx: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"a" * 40_000, 431),
        (b"GET /" + b"a" * 40_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 4000, 431),
    ],
)
async def test_what_is_no_request(page, data, status):
    """Nonsense and endless heads are refused."""
    await page.address()
    try:
        answer = await exchange(page, data)
    except ConnectionResetError:  # hung up on before all was sent
        assert status == 431
    else:
        assert answer.status == status


async def test_a_connection_that_says_nothing(page, monkeypatch):
    """Who does not say what it wants in time is hung up on."""
    monkeypatch.setattr(page_server, "REQUEST_SECONDS", 0.05)
    await page.address()
    assert (await exchange(page, b"GET / HT")).status == 408
    assert (await exchange(page, b"")).status == 408


async def test_an_address_that_was_seen_by_somebody(page):
    """Where an address is used twice, the second one is told, and whoever came first sees no more."""
    ticket = "/" + (await page.address()).rpartition("/")[2]
    path = (await get(page, ticket)).headers["location"]
    async with watching(page, path) as (reader, _, _):
        await next_event(reader)
        answer = await get(page, ticket)
        assert answer.status == 410
        assert b"Open the page from your editor again." in answer.body
        async with asyncio.timeout(LIMIT):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
    assert (await get(page, path)).status == 404
    assert (await get(page, await opened(page))).status == 200


async def test_an_address_that_nobody_used(page, monkeypatch):
    """An address that was not used in time leads nowhere."""
    monkeypatch.setattr(page_module, "TICKET_SECONDS", -1.0)
    assert (await get(page, "/" + (await page.address()).rpartition("/")[2])).status == 404


async def test_addresses_have_nothing_in_common(page):
    """Every address is a new one of 256 bits."""
    tickets = [(await page.address()).rpartition("/")[2] for _ in range(20)]
    assert len(set(tickets)) == 20
    assert {len(ticket) for ticket in tickets} == {43}


async def test_many_connections(page):
    """More connections than a person needs are hung up on, and what is there goes on."""
    path = await opened(page)
    async with watching(page, path) as (reader, _, _):
        await next_event(reader)
        await eventually(lambda: len(page._server._connections) == 1)
        idle = [await asyncio.open_connection("127.0.0.1", port_of(page)) for _ in range(page_server.MOST_CONNECTIONS)]
        await eventually(lambda: len(page._server._connections) == page_server.MOST_CONNECTIONS)
        late, writer = idle[-1]
        async with asyncio.timeout(LIMIT):
            with suppress(ConnectionResetError):
                assert await late.read() == b""
        page.begin("Ask").tell(TextDelta("on"))
        assert (await next_event(reader))["html"] == "<p>on</p>\n"
        for _, writer in idle:
            writer.close()
    await eventually(lambda: not page._server._connections)
    assert (await get(page, path)).status == 200


async def test_a_watcher_that_does_not_read(page, monkeypatch):
    """A watcher that takes nothing is hung up on after a while; the others see everything, and nothing piles up."""
    monkeypatch.setattr(page_server, "WRITE_SECONDS", 0.3)
    monkeypatch.setattr(page_module, "SHORTEST_PAUSE", 0.0)
    monkeypatch.setattr(page_module, "PAUSE_FACTOR", 0)
    path = await opened(page)
    stuck = socket.create_connection(("127.0.0.1", port_of(page)))
    try:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(request(page, f"{path}events"))
        await eventually(lambda: len(page._watchers) == 1)
        async with watching(page, path, limit=2**22) as (reader, _, _):
            await next_event(reader)
            sheet = page.begin("Ask")
            sheet.tell(TextDelta("word " * 11_000))
            for _ in range(150):  # together more than any system holds for a reader
                sheet.tell(TextDelta("."))
                while (await next_event(reader))["state"] != "writing":
                    pass
            await eventually(lambda: len(page._watchers) == 1)
            sheet.finish("The end.", "")
            while (await next_event(reader))["html"] != "<p>The end.</p>\n":
                pass
    finally:
        stuck.close()


async def test_the_end_of_the_session(page):
    """When the session ends so do the streams, and nothing listens any more."""
    path = await opened(page)
    port = port_of(page)
    async with watching(page, path) as (reader, _, _):
        await next_event(reader)
        await page.close()
        async with asyncio.timeout(LIMIT):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_two_sessions(page):
    """Another session's page is not this one's, and its addresses lead nowhere here."""
    workers = ThreadWorkers()
    other = LivePage(workers)
    try:
        path, elsewhere = await opened(page), await opened(other)
        assert (await get(page, elsewhere)).status == 404
        assert (await get(other, path)).status == 404
    finally:
        await other.close()
        workers.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells whose a connection is")
async def test_another_user(page, monkeypatch):
    """Another user of the machine, who has seen the address, is refused by whose process it is; the person is not."""
    monkeypatch.setattr(peers.os, "getuid", lambda: 1000)
    path = await opened(page)
    os.seteuid(65534)
    try:
        nobody = socket.socket()
    finally:
        os.seteuid(0)
    nobody.setblocking(False)
    loop = asyncio.get_running_loop()
    with nobody:
        await loop.sock_connect(nobody, ("127.0.0.1", port_of(page)))
        await loop.sock_sendall(nobody, request(page, path))
        async with asyncio.timeout(LIMIT):
            assert (await loop.sock_recv(nobody, 100)).startswith(b"HTTP/1.1 403 ")


ROWS = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 1 1 0
   1: 0100007F:9C41 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0
   2: 0100007F:9C42 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   3: 0100007F:9C43 0100007F:1F91 01 00000000:00000000 00:00000000 00000000  1001        0 1 1 0
"""


@pytest.mark.parametrize(
    ("port", "other"), [(40000, True), (40001, False), (40002, False), (40003, False), (40004, False)]
)
def test_whose_a_connection_is(tmp_path, monkeypatch, port, other):
    """Another user's end of just this connection is somebody else's; one's own, root's and an unknown one's is not."""
    monkeypatch.setattr(peers.sys, "byteorder", "little")
    monkeypatch.setattr(peers.os, "getuid", lambda: 1000)
    (tmp_path / "tcp").write_text(ROWS)
    monkeypatch.setattr(peers, "_TABLES", ((str(tmp_path / "tcp"), ""), (str(tmp_path / "none"), "")))
    assert peers.is_somebody_elses(("127.0.0.1", port), ("127.0.0.1", 8080)) is other
