"""The LSP client over a child's stdio, against small servers that do one thing each."""

from __future__ import annotations

import asyncio
import sys
import textwrap

import pytest

from dragoman.cli.driver import LspClient, ResponseError, ServerGone

PRELUDE = """
import json, sys, time
def read():
    length = None
    while (line := sys.stdin.buffer.readline().strip()):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length is None:
        sys.exit(0)
    return json.loads(sys.stdin.buffer.read(length))
def send(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.buffer.flush()
"""


async def serve(body: str) -> LspClient:
    """A client of a server that runs this Python."""
    return await LspClient.start([sys.executable, "-c", PRELUDE + textwrap.dedent(body)])


ECHO = """
while True:
    message = read()
    if message["method"] == "exit":
        sys.exit(7)
    if "id" in message:
        send(id=message["id"], result=message.get("params"))
"""


async def test_requests_and_an_orderly_end():
    """A request gets its own response, and the end by `shutdown` and `exit` gives the server's exit code."""
    client = await serve(ECHO)
    one, two = client.send("first", {"a": "ü"}), client.send("second", [2])
    assert await two.response == [2]
    assert await one.response == {"a": "ü"}
    assert await client.close() == 7


async def test_an_error_response_is_raised():
    """The code, the message and the data of an error response are the exception's."""
    async with await serve(
        """
        message = read()
        send(id=message["id"], error={"code": -32602, "message": "no such line", "data": {"line": 9}})
        read()
        """
    ) as client:
        with pytest.raises(ResponseError, match="no such line") as raised:
            await client.request("anything")
    assert (raised.value.code, raised.value.data) == (-32602, {"line": 9})


async def test_what_the_server_asks_and_tells():
    """Notifications come in their order; a request of the server's gets the handler's answer, an unknown one -32601."""
    client = await serve(
        """
        for number in range(3):
            send(method="told", params=number)
        send(id="one", method="known", params={"x": 1})
        send(id=2, method="unknown")
        answers = {answer["id"]: answer for answer in (read(), read())}
        send(method="answers", params=[answers["one"]["result"], answers[2]["error"]["code"]])
        read()
        """
    )
    told: list[int] = []
    done = asyncio.get_running_loop().create_future()

    async def answer(params):
        return {"seen": params["x"]}

    client.on_notification("told", told.append)
    client.on_notification("answers", done.set_result)
    client.on_request("known", answer)
    assert await asyncio.wait_for(done, 20) == [{"seen": 1}, -32601]
    assert told == [0, 1, 2]
    await client.close()


async def test_cancel_names_the_request():
    """A cancel sends `$/cancelRequest` with the request's id, and the response still arrives."""
    async with await serve(
        """
        asked, cancelled = read(), read()
        send(id=asked["id"], result=[cancelled["method"], cancelled["params"]["id"] == asked["id"]])
        read()
        """
    ) as client:
        pending = client.send("slow")
        client.cancel(pending)
        assert await pending.response == ["$/cancelRequest", True]


async def test_a_stray_print_ends_the_connection():
    """Whatever is no message on the server's stdout fails every request that waits, and names what was written."""
    client = await serve('read(); print("hello there"); sys.stdout.flush(); time.sleep(60)')
    with pytest.raises(ServerGone, match="hello there"):
        await client.request("anything", seconds=20)
    client.process.kill()
    await client.close()


async def test_a_server_that_dies():
    """Requests that wait, and those that come later, fail when the server ends."""
    client = await serve("read(); sys.exit(3)")
    with pytest.raises(ServerGone):
        await client.request("anything", seconds=20)
    with pytest.raises(ServerGone):
        await client.request("again", seconds=20)
    assert await client.close() == 3


async def test_a_server_that_does_not_listen_is_killed():
    """A server that answers nothing and does not end is ended by force, within the given time."""
    client = await serve("time.sleep(600)")
    assert await client.close(seconds=0.2) != 0


async def test_a_silent_server():
    """A request has a time limit, which names the method."""
    client = await serve("time.sleep(600)")
    with pytest.raises(ServerGone, match="hover"):
        await client.request("hover", seconds=0.1)
    client.process.kill()
    await client.close()
