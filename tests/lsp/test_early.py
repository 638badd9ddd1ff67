"""The answer before the server is loaded: the same to the letter as the server's own, given once, for a sound first
message alone.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress

import pytest

from dragoman.actions import ACTIONS
from dragoman.lsp import capabilities, early, messages
from lsp.clients import CLIENTS, identity, initialize_params
from lsp.desk import Bench, Desk
from virtual_time import run


def frame(message):
    """A message as it is sent."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def initialize(params, number=1):
    """The request."""
    return {"jsonrpc": "2.0", "id": number, "method": "initialize", "params": params}


def exchanged(*pieces):
    """What is read and what is answered where these pieces come one after the other, then the end."""
    (there, here), (back, out) = os.pipe(), os.pipe()

    def feed():
        for piece in pieces:
            with suppress(BrokenPipeError):  # nobody reads on behind the first message
                os.write(here, piece)
        os.close(here)

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        read = early.answer_early(there, out)
    finally:
        os.close(out)
        os.close(there)
    feeding.join()
    with os.fdopen(back, "rb") as answers:
        return read, answers.read()


def test_names_are_those_of_the_code():
    """The tables that are answered from hold every action, command and method that there is."""
    assert tuple(action.name for action in ACTIONS) == capabilities.ACTIONS
    assert (messages.RUN, messages.ROUTE, messages.CONTEXT, messages.STATUS) == capabilities.METHODS
    named = {value for name, value in vars(messages).items() if name.isupper() and str(value).startswith("dragoman.")}
    assert set(capabilities.COMMANDS) == named | {action.command for action in ACTIONS}


@pytest.mark.parametrize("client", CLIENTS, ids=identity)
def test_the_same_answer_as_the_servers_own(client):
    """For every editor, the early answer is what the server itself answers."""
    params = initialize_params(client)
    read, answer = exchanged(frame(initialize(params)))
    assert read.answered == 1
    own = []

    async def story():
        desk = Desk(Bench())
        own.append(await desk.request("initialize", params))
        desk.notify("initialized", {})
        await desk.leave()

    run(story())
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["result"] == own[0]


def test_a_message_in_pieces_and_what_follows_it():
    """However the bytes are cut, all of them are handed on, with one answer."""
    whole = frame(initialize({"capabilities": {}, "processId": None, "rootUri": None})) + frame({"jsonrpc": "2.0"})
    read, answer = exchanged(*(whole[at : at + 7] for at in range(0, len(whole), 7)))
    assert whole.startswith(read.data)
    assert len(read.data) >= whole.index(b"}}") + 2
    assert answer.count(b"Content-Length") == 1


@pytest.mark.parametrize(
    "data",
    [
        frame(b"{"),
        frame(b"[]"),
        frame({"jsonrpc": "2.0", "id": 1, "method": "shutdown"}),
        frame({"id": 1, "method": "initialize", "params": {"capabilities": {}}}),
        frame(initialize({"capabilities": 1})),
        frame(initialize([])),
        frame(initialize({"capabilities": {}, "processId": "x"})),
        frame(initialize({"capabilities": {}, "workspaceFolders": [{"uri": 1}]})),
        frame(initialize({"capabilities": {}}, True)),
        frame(initialize({"capabilities": {}}, None)),
        b"Content-Length: 2000000\r\n\r\n{",
        b"Content-Length: x\r\n\r\n{}",
        b"x" * 5000,
        b"\r\n\r\n\r\n",
    ],
    ids=lambda data: data.partition(b"\r\n\r\n")[2][:40].decode() or data[:20].decode(),
)
def test_what_is_left_to_the_server(data):
    """An odd first message is answered by the server itself; nothing of it is lost on the way there."""
    read, answer = exchanged(data)
    assert (read.answered, answer) == (None, b"")
    assert read.data == data


@pytest.mark.parametrize("data", [b"", b"Content-Len", b"Content-Length: 50\r\n\r\n{"])
def test_an_editor_that_leaves(data):
    """The end of stdin before a whole message is told as such."""
    read, answer = exchanged(data) if data else exchanged()
    assert read == early.Early(data, ended=True, answered=None, stdout=read.stdout)
    assert answer == b""


def test_one_answer_for_a_client_that_cannot_be_understood():
    """Capabilities that can't be read after the early answer leave a plain client, not a second answer."""
    params = {
        "processId": None,
        "rootUri": "file:///project",
        "capabilities": {"general": {"positionEncodings": ["utf-8"]}, "textDocument": {"codeAction": 5}},
    }
    _, answer = exchanged(frame(initialize(params, 7)))
    assert b'"positionEncoding":"utf-8"' in answer

    async def story():
        desk = Desk(Bench())
        desk.server.protocol.answered_early = 7
        desk.server.protocol.receive(json.dumps(initialize(params, 7)).encode())
        await desk.settle()
        assert not [said for said in desk.said if said.get("id") == 7]
        assert desk.server.protocol.initialized
        assert desk.server.facts.encoding == "utf-8"
        assert desk.server.editor_settings.roots == ("/project",)
        await desk.leave()

    run(story())
