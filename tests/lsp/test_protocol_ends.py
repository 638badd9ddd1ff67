"""The handshake, the ways to end, and the server's own requests to a client that may never answer."""

from __future__ import annotations

import asyncio
import json

import pytest

from dragoman.lsp.protocol import ClientError
from lsp.desk import FULL, Desk, span

CODE_ACTION = {
    "textDocument": {"uri": "file:///project/a.txt"},
    "range": span(0, 0, 0, 0),
    "context": {"diagnostics": []},
}


def explain(uri: str = "file:///project/a.txt") -> dict[str, object]:
    """The params of a run."""
    return {"action": "explain", "textDocument": {"uri": uri}, "range": span(0, 0, 0, 3)}


def responses(desk: Desk, message_id: object) -> list[dict[str, object]]:
    """Every response to that id."""
    return [message for message in desk.said if "method" not in message and message["id"] == message_id]


# 7. The handshake and its end


@pytest.mark.parametrize("method", ["dragoman/run", "textDocument/codeAction", "shutdown", "nothing/here"])
async def test_requests_before_initialize(method):
    """Before initialize every other request is refused with -32002, and notifications are dropped."""
    desk = Desk()
    desk.notify("textDocument/didOpen", {"textDocument": {"uri": "a", "languageId": "x", "version": 1, "text": ""}})
    assert (await desk.refused(method, {}))["code"] == -32002
    assert len(desk.server.documents) == 0
    await desk.leave()


async def test_initialize_with_invalid_params_can_be_repeated():
    """A broken initialize is refused and leaves the server as it was."""
    desk = Desk()
    assert (await desk.refused("initialize", {"capabilities": 5}))["code"] == -32602
    assert (await desk.start())["serverInfo"]["name"] == "dragoman"
    await desk.leave()


async def test_initialize_twice(desk):
    """A second initialize is refused, and the first client's session goes on."""
    error = await desk.refused("initialize", {"processId": None, "rootUri": None, "capabilities": FULL})
    assert "twice" in error["message"]
    assert (await desk.request("dragoman/status"))["state"] == "idle"


async def test_fault_7_shutdown_cancels_what_runs(desk):
    """A shutdown with runs under way answers each as cancelled, then itself, and every provider is let go."""
    desk.open("one two")
    first, _ = desk.ask("dragoman/run", explain())
    second, _ = desk.ask("workspace/executeCommand", {"command": "dragoman.explain", "arguments": [explain()]})
    await desk.settle()
    last, response = desk.ask("shutdown")
    assert await response == {"jsonrpc": "2.0", "id": last, "result": None}
    order = [message["id"] for message in desk.said if "method" not in message][-3:]
    assert sorted(order[:2]) == [first, second]
    assert order[2] == last
    assert responses(desk, first)[0]["error"]["code"] == responses(desk, second)[0]["error"]["code"] == -32800
    assert len(desk.services.completer.closed) == len(desk.services.completer.jobs) == 2


async def test_fault_7_requests_after_shutdown(desk):
    """After shutdown every request is answered with -32600, and notifications but exit are dropped."""
    await desk.request("shutdown")
    for method in ("dragoman/run", "textDocument/codeAction", "shutdown", "nothing/here"):
        assert (await desk.refused(method, {}))["code"] == -32600
    desk.open("text")
    assert len(desk.server.documents) == 0


@pytest.mark.parametrize("asked", [True, False])
async def test_fault_7_exit_code(desk, asked):
    """An exit ends with 0 after a shutdown and with 1 without one."""
    if asked:
        await desk.request("shutdown")
    desk.notify("exit")
    assert desk.server.protocol.exit_code.result() == (0 if asked else 1)


async def test_fault_7_parent_that_is_gone_ends_the_server(open_desk, monkeypatch):
    """When the process that started the server has ended, so does the server, within a second, with 1."""
    alive = [True]

    def kill(process_id, signal):
        assert (process_id, signal) == (4711, 0)
        if not alive[0]:
            raise ProcessLookupError

    monkeypatch.setattr("dragoman.lsp.server.os.kill", kill)
    desk = await open_desk(processId=4711)
    await asyncio.sleep(60)
    assert not desk.server.protocol.exit_code.done()
    alive[0] = False
    await asyncio.sleep(1)
    assert desk.server.protocol.exit_code.result() == 1


async def test_parent_that_is_not_seen_from_here_is_not_watched(open_desk, monkeypatch):
    """A process id from another container or machine names nobody here, and does not end the server."""

    def kill(process_id, signal):
        raise ProcessLookupError

    monkeypatch.setattr("dragoman.lsp.server.os.kill", kill)
    desk = await open_desk(processId=4711)
    await asyncio.sleep(60)
    assert not desk.server.protocol.exit_code.done()


async def test_fault_8_capabilities_promise_what_is_there(open_desk):
    """What initialize promises is there: no resolve, every command, the methods of our own."""
    desk = Desk()
    result = await desk.start()
    capabilities = result["capabilities"]
    assert "resolveProvider" not in capabilities["codeActionProvider"]
    assert "experimental" in capabilities
    for method in capabilities["experimental"]["dragoman"]["methods"]:
        assert method in desk.server.protocol.fm.features
    for command in capabilities["executeCommandProvider"]["commands"]:
        error = (
            await desk.refused("workspace/executeCommand", {"command": command, "arguments": [{"bad": 1}]})
            if command not in {"dragoman.cancel", "dragoman.findings.clear", "dragoman.page"}
            else {"message": ""}
        )
        assert "Unknown command" not in error["message"]
    await desk.leave()


# Requests of our own


async def test_client_that_never_answers(desk):
    """A request of ours has a time limit, after which it is an error that names the method."""
    desk.on["workspace/never"] = lambda params: asyncio.sleep(10_000)
    with pytest.raises(ClientError, match="did not answer workspace/never within 5 s"):
        await desk.server.protocol.ask("workspace/never", {}, seconds=5)
    assert not desk.server.protocol._asked


async def test_client_that_refuses(desk):
    """A refusal of the client is an error with its own words, shortened."""
    desk.on["workspace/never"] = lambda params: RuntimeError("no " * 500)
    with pytest.raises(ClientError, match="The editor refused workspace/never: no no") as raised:
        await desk.server.protocol.ask("workspace/never", {}, seconds=5)
    assert len(str(raised.value)) < 400


async def test_client_that_answers_nonsense(desk):
    """An answer of the wrong shape is an error of the client, not of the server."""
    desk.on["workspace/applyEdit"] = lambda params: ["applied"]
    with pytest.raises(ClientError, match="malformed"):
        await desk.server.protocol.ask("workspace/applyEdit", {}, seconds=5)


@pytest.mark.parametrize("message_id", [99, "99", None, [1], {"a": 1}, True])
async def test_response_to_nothing_is_passed_over(desk, message_id):
    """A response to an id that was never asked is neither answered nor fatal."""
    before = len(desk.said)
    desk.send({"id": message_id, "result": None})
    desk.send({"id": message_id, "error": {"code": 1, "message": "x"}})
    await desk.settle()
    assert desk.said[before:] == []
    assert (await desk.request("dragoman/status"))["state"] == "idle"


async def test_late_answer_is_passed_over(desk):
    """An answer that comes after its time limit finds nobody, and nothing breaks."""
    with pytest.raises(ClientError):
        await desk.server.protocol.ask("workspace/slow", {}, seconds=0)
    await desk.settle()
    asked = next(message for message in desk.said if message.get("method") == "workspace/slow")
    desk.send({"id": asked["id"], "result": None})
    assert (await desk.request("dragoman/status"))["state"] == "idle"


async def test_many_requests_are_each_answered_once(desk):
    """Hundreds of requests at once, of all sorts, get one response each, with the right id."""
    desk.open("one two")
    asked = []
    for number in range(300):
        method, params = [
            ("dragoman/status", None),
            ("textDocument/codeAction", CODE_ACTION),
            ("nothing/here", {}),
            ("dragoman/run", {"action": 5}),
            ("dragoman/run", explain()),
        ][number % 5]
        asked.append(desk.ask(method, params)[0])
    await desk.settle()
    for number in range(len(desk.services.completer.jobs)):
        desk.services.completer.say("Because.", number)
    await asyncio.sleep(60)
    assert sorted(message["id"] for message in desk.said if "method" not in message and message["id"] in asked) == asked


async def test_messages_are_utf8(desk):
    """Text goes out as UTF-8, not escaped, and counted in bytes."""
    frames = []
    write = desk.server.protocol.writer.write
    desk.write = lambda frame: (frames.append(frame), write(frame))
    desk.raw('{"jsonrpc": "2.0", "id": 7, "method": "x/é漢😀"}'.encode())
    await desk.settle()
    header, _, body = frames[-1].partition(b"\r\n\r\n")
    assert "é漢😀".encode() in body
    assert header == b"Content-Length: %d" % len(body)
    assert json.loads(body)["id"] == 7
