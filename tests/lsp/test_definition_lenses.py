"""Code lenses above definitions: off by default, right for the text as it is, parsed once a version off the loop."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core import syntax
from dragoman.core.ports import Disclosure
from dragoman.core.settings import Lenses, Settings
from dragoman.core.syntax import parse
from dragoman.lsp.definition_lenses import MOST
from lsp.clients import CLIENTS, identity, initialize_params
from lsp.desk import FULL, Bench, span
from lsp.orders import CODE, NEW, URI, answered, open_code
from lsp.project import Project, accepting

ON, OFF = Settings(lenses=Lenses(enabled=True)), Settings()
REFRESHING = {**FULL, "workspace": {**FULL["workspace"], "codeLens": {"refreshSupport": True}}}
ALL_THREE = ["Explain", "Write tests", "Document"]
SHOP = '''\
import math


# What one thing costs.
@cached
def price(thing):
    def inner():
        return 1
    return inner


class Basket:
    """Things."""

    def total(self):
        return sum(map(price, self))


LIMIT = 3
'''


class Watched:
    """Workers; `busy` while one of them works."""

    busy = False

    async def run(self, function):
        self.busy = True
        try:
            return function()
        finally:
            self.busy = False


@pytest.fixture
async def desk(open_desk):
    """A desk at which lenses are wanted."""
    return await open_desk(FULL, services=Bench(ON))


async def lenses(desk, uri=URI):
    """The lenses: line and title, in the order given."""
    found = await desk.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    return [(lens["range"]["start"]["line"], lens["command"]["title"]) for lens in found]


async def lens(desk, line, title, uri=URI):
    """The command of one lens."""
    found = await desk.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    (command,) = [
        each["command"] for each in found if (each["range"]["start"]["line"], each["command"]["title"]) == (line, title)
    ]
    return {"command": command["command"], "arguments": command["arguments"]}


async def test_off_by_default(open_desk):
    """Nobody has lenses who has not asked for them, and nothing is parsed for them."""
    desk = await open_desk(FULL)
    desk.services.workers = None
    desk.open(SHOP, URI, "python")
    assert await lenses(desk) == []


async def test_above_each_definition(desk):
    """Functions, classes and methods have all three, above their decorators and below their comments."""
    desk.open(SHOP, URI, "python")
    assert await lenses(desk) == [(line, title) for line in (4, 11, 14) for title in ALL_THREE]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("typescript", "export class A {\n  m() {\n  }\n}\n", [(0, ALL_THREE), (1, ALL_THREE)]),
        ("go", "package a\n\nfunc F() {\n\tg := func() {}\n}\n", [(2, ALL_THREE)]),
        ("rust", "struct A;\nimpl A {\n    fn f() {}\n}\n", [(0, ALL_THREE), (1, ALL_THREE), (2, ALL_THREE)]),
        ("toml", "[table]\nkey = 1\n", []),
        ("css", "a {\n}\n", []),
        ("plaintext", "def f():\n    pass\n", []),
        ("python", "", []),
        ("python", "x = 1\n", []),
        ("python", "def broken(:\n", None),
    ],
)
async def test_languages(desk, language, text, expected):
    """Where a grammar tells definitions there are lenses; where only a guess would, there are none."""
    uri = desk.open(text, "file:///project/a.x", language)
    found = await lenses(desk, uri)
    if expected is not None:
        assert found == [(line, title) for line, titles in expected for title in titles]


@pytest.mark.parametrize("line", [4, 11, 14])
async def test_lenses_do_what_they_say(desk, line):
    """Each lens asks about its own definition, and the answer comes as from the menu."""
    editor = await open_code(desk, SHOP)
    definition = {4: "def price(thing):", 11: "class Basket:", 14: "def total(self):"}[line]
    for title in ALL_THREE:
        shown = await desk.request("dragoman/context", {**await as_order(desk, line, title)})
        target = shown["messages"][-1]["text"].partition("The target (")[2]
        assert definition in target, title
        assert target.count("def ") <= 2
    message = await answered(desk, "workspace/executeCommand", await lens(desk, line, "Explain"), "Because.")
    assert message["result"]["markdown"].strip() == "Because."
    assert editor.text(URI) == SHOP


async def as_order(desk, line, title):
    """The lens as the params of a method of our own."""
    command = await lens(desk, line, title)
    return {"action": command["command"], **command["arguments"][0]}


async def test_document_lens_edits(desk):
    """The document lens changes its definition."""
    editor = await open_code(desk)
    message = await answered(desk, "workspace/executeCommand", await lens(desk, 0, "Document"))
    assert message["result"]["applied"]
    assert editor.text(URI) == NEW


@pytest.mark.parametrize(
    ("uri", "titles"),
    [
        ("untitled:Untitled-1", ["Explain", "Document"]),
        ("vscode-remote://box/a.py", ["Explain", "Document"]),
        ('git:/project/a.py?{"ref":"~"}', ["Explain"]),
    ],
)
async def test_only_what_can_be_done(desk, uri, titles):
    """There is no lens that would be declined."""
    desk.open(CODE, uri, "python")
    assert await lenses(desk, uri) == [(0, title) for title in titles]


async def test_lenses_follow_the_text(desk):
    """After a change they stand where the definitions are now, and name places of now, in the client's units."""
    uri = desk.open("function f() {}\nlet x = 1\n", "file:///project/a.js", "javascript")
    assert {line for line, _ in await lenses(desk, uri)} == {0}
    change = {"range": span(1, 0, 1, 0), "text": "/* 😀 */ function g() {}\n"}
    desk.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    assert {line for line, _ in await lenses(desk, uri)} == {0, 1}
    command = await lens(desk, 1, "Explain", uri)
    assert command["arguments"][0]["range"]["start"] == {"line": 1, "character": 18}


async def test_parsed_once_a_version_and_off_the_loop(desk, monkeypatch):
    """A document is parsed for each version that is asked about, never twice, and by nobody but a worker."""
    workers = desk.services.workers = Watched()
    parsed = []

    def counted(snapshot):
        parsed.append((snapshot.version, workers.busy))
        return parse(snapshot)

    monkeypatch.setattr(syntax, "parse", counted)
    desk.open(SHOP, URI, "python")
    first = await lenses(desk)
    assert first == await lenses(desk) != []
    change = {"range": span(0, 0, 0, 0), "text": "\n"}
    desk.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [change]})
    assert await lenses(desk) == [(line + 1, title) for line, title in first]
    assert parsed == [(1, True), (2, True)]


async def test_opened_anew(desk):
    """A document that is opened again under the same version has lenses of its own text."""
    desk.open(SHOP, URI, "python")
    await lenses(desk)
    desk.open("x = 1\n", URI, "python")
    assert await lenses(desk) == []
    desk.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert await lenses(desk) == []
    assert not desk.server.definition_lenses._known


async def test_generated_file(desk):
    """In a file of thousands of definitions the first ones have lenses; one that is too large to parse has none."""
    desk.open("".join(f"def f{number}():\n    pass\n" for number in range(3000)), URI, "python")
    assert len(await lenses(desk)) == MOST * 3
    desk.open("def f():\n    pass\n" * 80_000, URI, "python")
    assert await lenses(desk) == []


async def test_withheld_document(desk):
    """A document of which nothing may go to a model has no lens, from the next request on."""
    desk.services.project = project = Project()
    desk.open(CODE, URI, "python")
    assert await lenses(desk)
    project.rules["/project/a.py"] = Disclosure("a.py is ignored by .gitignore.")
    assert await lenses(desk) == []


async def test_cell_of_a_notebook(open_desk):
    """A notebook's cells have lenses like any document, but for tests."""
    desk = await open_desk({**FULL, "notebookDocument": {"synchronization": {}}}, services=Bench(ON))
    cells = [{"kind": 2, "document": "cell:1"}]
    notebook = {"uri": "file:///project/a.ipynb", "notebookType": "x", "version": 1, "cells": cells}
    texts = [{"uri": "cell:1", "languageId": "python", "version": 1, "text": CODE}]
    desk.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": texts})
    assert await lenses(desk, "cell:1") == [(0, "Explain"), (0, "Document")]


async def test_changes_that_wait_have_their_lenses_too(desk):
    """Lenses for proposed changes stand beside those above definitions, and are there without the setting."""
    marks = "<<<<<<< dragoman 1-1: current\nold\n=======\nnew\n>>>>>>> dragoman 1-1: Refactor\n"
    desk.open(f"{CODE}\n\n{marks}", URI, "python")
    assert {title for _, title in await lenses(desk)} >= {"Accept", "Reject", "Explain"}
    desk.services.settings = OFF
    assert {title for _, title in await lenses(desk)} == {"Accept", "Reject"}


async def test_setting_that_changes(open_desk):
    """A client that can be told asks again once the setting is another; nobody is told who has not asked yet."""
    desk = await open_desk(REFRESHING)
    desk.on["workspace/codeLens/refresh"] = lambda params: None
    desk.open(CODE, URI, "python")
    desk.services.settings = ON
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert asked_again(desk) == 0
    assert await lenses(desk)
    for settings in (OFF, OFF, ON):
        desk.services.settings = settings
        desk.notify("workspace/didChangeConfiguration", {"settings": {}})
        await desk.settle()
    assert asked_again(desk) == 2
    desk.services.settings = OFF
    desk.notify("textDocument/didSave", {"textDocument": {"uri": "file:///project/.dragoman.toml"}})
    await desk.settle()
    assert asked_again(desk) == 3
    assert await lenses(desk) == []


@pytest.mark.parametrize("capabilities", [FULL, {}], ids=["without-refresh", "plain"])
async def test_client_that_can_not_be_told(open_desk, capabilities):
    """Nothing is asked of a client that does not name the capability; what it asks next is right."""
    desk = await open_desk(capabilities)
    desk.open(CODE, URI, "python")
    assert await lenses(desk) == []
    desk.services.settings = ON
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert asked_again(desk) == 0
    assert await lenses(desk)


def asked_again(desk):
    """How often the client was told to ask again."""
    return sum(message.get("method") == "workspace/codeLens/refresh" for message in desk.said)


async def test_client_that_refuses_to_ask_again(open_desk):
    """A client that answers the refresh with an error, or not at all, costs nothing but the refresh."""
    desk = await open_desk(REFRESHING, services=Bench(ON))
    desk.open(CODE, URI, "python")
    assert await lenses(desk)
    desk.services.settings = OFF
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert asked_again(desk) == 1
    assert desk.messages() == []


async def test_lenses_before_the_services_are_open(open_desk):
    """The first request waits for the settings, and does not hurry their opening."""
    desk = await open_desk(FULL, services=Bench(ON))
    desk.server._wanted.clear()
    opening = desk.server._opening
    desk.server._opening = asyncio.get_running_loop().create_future()
    desk.open(CODE, URI, "python")
    _, response = desk.ask("textDocument/codeLens", {"textDocument": {"uri": URI}})
    await desk.settle()
    assert not response.done()
    desk.server._opening.set_result(await opening)
    assert len((await response)["result"]) == 3


@pytest.mark.parametrize("client", CLIENTS, ids=identity)
async def test_each_client(open_desk, client):
    """Whoever asks for lenses gets complete ones, whose commands are listed."""
    desk = await open_desk(services=Bench(ON), **initialize_params(client))
    accepting(desk)
    desk.open(CODE, URI, "python")
    found = await desk.request("textDocument/codeLens", {"textDocument": {"uri": URI}})
    listed = desk.said[0]["result"]["capabilities"]["executeCommandProvider"]["commands"]
    assert {each["command"]["command"] for each in found} <= set(listed)
    assert all(set(each) == {"range", "command"} for each in found)
