"""JSON-RPC as such: what pygls 2.1 does wrong, by the numbers of its list in the design, is right here."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import pytest

from dragoman.core.errors import AllCandidatesFailed
from lsp.desk import Desk, at, span

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


# 1. Cancelled commands


async def test_fault_1_cancelled_command_stops_and_answers_once(desk):
    """A cancelled executeCommand lets go of its provider at once and is answered with -32800, once."""
    desk.open("one two")
    command = {"command": "dragoman.explain", "arguments": [explain()]}
    message_id, response = desk.ask("workspace/executeCommand", command)
    await desk.settle()
    assert desk.services.completer.jobs
    desk.notify("$/cancelRequest", {"id": message_id})
    assert (await response)["error"]["code"] == -32800
    assert desk.services.completer.closed == [job.id for job in desk.services.completer.jobs]
    desk.services.completer.say("too late")
    await desk.settle()
    assert len(responses(desk, message_id)) == 1


async def test_fault_1_command_reports_on_its_work_done_token(desk):
    """The workDoneToken of executeCommand reaches the run."""
    desk.open("one two")
    command = {"command": "dragoman.explain", "arguments": [explain()], "workDoneToken": "bar"}
    _, response = desk.ask("workspace/executeCommand", command)
    await desk.settle()
    desk.services.completer.say("Because.")
    await response
    assert [value["kind"] for value in desk.progress("bar")][0::2] == ["begin", "end"]


@pytest.mark.parametrize("message_id", [99, "unknown", None, True, [1], {"a": 1}, 1.5])
async def test_cancelling_what_does_not_run_is_passed_over(desk, message_id):
    """A cancel for an id that nobody has does nothing, whatever that id is."""
    before = len(desk.said)
    desk.notify("$/cancelRequest", {"id": message_id})
    desk.notify("$/cancelRequest", None)
    assert await desk.request("dragoman/status")
    assert len(desk.said) == before + 1


async def test_cancel_that_comes_before_the_run_has_begun(desk):
    """A request and its cancel in one breath: answered once, and no model is asked."""
    desk.open("one two")
    message_id, response = desk.ask("dragoman/run", explain())
    desk.notify("$/cancelRequest", {"id": message_id})
    assert (await response)["error"]["code"] == -32800
    await desk.settle()
    assert desk.services.completer.closed == [job.id for job in desk.services.completer.jobs]
    assert len(responses(desk, message_id)) == 1


# 2. Tables that grow


async def test_fault_2_nothing_is_kept_of_what_is_over(desk):
    """After many commands, cancels, notifications and requests of our own, every table is empty."""
    desk.open("one two")
    desk.on["window/showDocument"] = lambda params: {"success": True}
    desk.on["window/workDoneProgress/create"] = lambda params: None
    for number in range(50):
        message_id, response = desk.ask("workspace/executeCommand", {"command": "dragoman.explain"})
        await desk.settle()
        if number % 2:
            desk.services.completer.say("Because.")
        else:
            desk.notify("$/cancelRequest", {"id": message_id})
        await response
        desk.notify("workspace/didChangeConfiguration", {"settings": {}})
        await desk.refused("workspace/executeCommand", {"command": "dragoman.nothing"})
    await asyncio.sleep(10)
    protocol, runner = desk.server.protocol, desk.server.runner
    assert not protocol._running
    assert not protocol._notified
    assert not protocol._asked
    assert not protocol._request_futures
    assert not protocol._result_types
    assert not runner._runs
    assert not runner._tasks
    document = desk.server.documents.get("file:///project/a.txt")
    assert len(document._journals) == 1  # by which the last answer stays on its text
    assert not document._waiting


async def test_fault_2_memory_stays_where_it_was(desk):
    """Answers of many commands are not kept: twenty large ones leave no more behind than the last of them."""
    desk.open("one two")
    large = "x" * 1_000_000

    async def once():
        _, response = desk.ask("dragoman/run", {**explain(), "apply": False})
        await desk.settle()
        desk.services.completer.say(large)
        assert len((await response)["result"]["markdown"]) >= len(large)
        del response
        desk.said.clear()
        desk.services.completer.jobs.clear()
        desk.services.completer._queues.clear()
        desk.services.completer.closed.clear()

    await once()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            await once()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 3 * len(large)
    finally:
        tracemalloc.stop()


# 3. A response to every request


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/codeAction", None),
        ("textDocument/codeAction", {}),
        ("textDocument/codeAction", []),
        ("textDocument/codeAction", {**CODE_ACTION, "range": {"start": at(-1, 0), "end": at(0, 0)}}),
        ("textDocument/codeAction", {**CODE_ACTION, "range": {"start": at("one", 0), "end": at(0, 0)}}),
        ("textDocument/codeAction", {**CODE_ACTION, "range": {"start": {"line": 0}, "end": at(0, 0)}}),
        ("textDocument/codeAction", {**CODE_ACTION, "context": {"diagnostics": [], "triggerKind": 7}}),
        ("workspace/executeCommand", None),
        ("workspace/executeCommand", {"command": 5, "arguments": []}),
        ("workspace/executeCommand", {"command": "dragoman.explain", "arguments": 5}),
        ("workspace/executeCommand", {"command": "dragoman.nothing"}),
        ("dragoman/run", None),
        ("dragoman/run", []),
        ("dragoman/run", {"action": "nothing"}),
        ("dragoman/run", {**explain(), "range": {"start": at(-1, 0), "end": at(0, 0)}}),
        ("dragoman/route", None),
        ("dragoman/context", None),
    ],
)
async def test_fault_3_invalid_params_get_one_error(desk, method, params):
    """Invalid params, a negative line, an unknown enum, missing params: one error of one line, and the server lives."""
    desk.open("one")
    message_id, response = desk.ask(method, params)
    error = (await response)["error"]
    assert error["code"] == -32602
    assert error["message"]
    assert "\n" not in error["message"]
    assert len(responses(desk, message_id)) == 1
    assert (await desk.request("dragoman/status"))["state"] == "idle"


async def test_fault_3_custom_request_without_params_is_answered(desk):
    """`dragoman/status` needs no params, whether they are left out, null or empty."""
    for message_id, params in ((101, {}), (102, {"params": None}), (103, {"params": {}})):
        desk.send({"id": message_id, "method": "dragoman/status", **params})
        await desk.settle()
        assert [message["result"]["state"] for message in responses(desk, message_id)] == ["idle"]


@pytest.mark.parametrize(
    ("body", "code", "message_id"),
    [
        (b"", -32700, None),
        (b"{", -32700, None),
        (b"not json", -32700, None),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "dragoman/status"', -32700, None),
        (b"\xff\xfe\xfa", -32700, None),
        (b"[" * 100_000 + b"]" * 100_000, -32700, None),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, -32700, None),
        (b"[]", -32600, None),
        (b'[{"jsonrpc": "2.0", "id": 7, "method": "dragoman/status"}]', -32600, None),
        (b"null", -32600, None),
        (b'"text"', -32600, None),
        (b"7", -32600, None),
        (b"{}", -32600, None),
        (b'{"jsonrpc": "2.0"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": 7}', -32600, 7),
        (b'{"jsonrpc": "2.0", "id": 7, "method": 5}', -32600, 7),
        (b'{"jsonrpc": "1.0", "id": 7, "method": "dragoman/status"}', -32600, 7),
        (b'{"id": "seven", "method": "dragoman/status"}', -32600, "seven"),
        (b'{"jsonrpc": "2.0", "id": null, "method": "dragoman/status"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": [1], "method": "dragoman/status"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "dragoman/status"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": true, "method": "dragoman/status"}', -32600, None),
        (b'{"jsonrpc": "2.0", "id": 1e999, "method": "dragoman/status"}', -32600, None),
    ],
)
async def test_fault_3_malformed_message_gets_one_error(desk, body, code, message_id):
    """What is no JSON or no JSON-RPC is answered once, with its id where it has one, and the server lives."""
    before = len(desk.said)
    desk.raw(body)
    await desk.settle()
    (answer,) = desk.said[before:]
    assert (answer["error"]["code"], answer["id"]) == (code, message_id)
    assert "\n" not in answer["error"]["message"]
    assert (await desk.request("dragoman/status"))["state"] == "idle"


async def test_fault_3_text_as_id(desk):
    """An id may be a text, and comes back as that text."""
    desk.send({"id": "a-7", "method": "dragoman/status"})
    await desk.settle()
    assert responses(desk, "a-7")[0]["result"]["state"] == "idle"


async def test_fault_3_half_a_surrogate_pair_comes_back(desk):
    """Half a surrogate pair, which JSON can hold and UTF-8 can't, does not stop an answer."""
    desk.raw(b'{"jsonrpc": "2.0", "id": 7, "method": "x/\\ud83d"}')
    await desk.settle()
    assert responses(desk, 7)[0]["error"]["code"] == -32601


@pytest.mark.parametrize("method", ["textDocument/definition", "nothing/here", "$/nothing", ""])
async def test_unknown_method(desk, method):
    """A request for what the server does not do is told so; a notification of it is passed over."""
    assert (await desk.refused(method, {}))["code"] == -32601
    before = len(desk.said)
    desk.notify(method, {})
    await desk.settle()
    assert len(desk.said) == before


async def test_malformed_notification_stays_without_answer(desk):
    """A notification is never answered, whatever its params hold."""
    before = len(desk.said)
    for params in (None, [], {}, {"textDocument": 5}, {"textDocument": {"uri": 5}}):
        desk.notify("textDocument/didOpen", params)
        desk.notify("textDocument/didClose", params)
        desk.notify("textDocument/didChange", params)
        desk.notify("textDocument/didSave", params)
        desk.notify("window/workDoneProgress/cancel", params)
    await desk.settle()
    assert desk.said[before:] == []


async def test_failure_inside_names_no_content(desk, caplog):
    """An error that nobody foresaw is answered with its class and a pointer to the log, not with what it held."""
    desk.open("one two")
    _, response = desk.ask("dragoman/run", explain())
    await desk.settle()
    desk.services.completer.fail(ZeroDivisionError("the person's code"))
    error = (await response)["error"]
    assert error["code"] == -32603
    assert "ZeroDivisionError" in error["message"]
    assert "person's code" not in error["message"]
    assert "dragoman/run failed" in caplog.text


async def test_expected_failure_says_its_kind(desk):
    """An error that people can act on keeps its line, and its kind in the data."""
    desk.open("one two")
    _, response = desk.ask("dragoman/run", explain())
    await desk.settle()
    desk.services.completer.fail(AllCandidatesFailed("Nobody answers. Start Ollama.", ()))
    assert (await response)["error"] == {
        "code": -32803,
        "message": "Nobody answers. Start Ollama.",
        "data": {"kind": AllCandidatesFailed.kind},
    }


# 4. Custom params


async def test_fault_8_custom_params_keep_their_keys(desk):
    """Params of a method of our own arrive with the keys that were sent: a wrong one is named as it is written."""
    desk.open("one")
    error = await desk.refused("dragoman/run", {**explain(), "class": 1})
    assert "'class'" in error["message"]
