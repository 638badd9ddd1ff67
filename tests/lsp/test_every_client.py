"""Each editor by its own capabilities, through each main scenario: as the facts say, and asked for nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from dragoman.core.errors import NothingToAsk
from dragoman.core.ports import Disclosure
from dragoman.core.settings import Edits, Lenses, Settings
from lsp.clients import CLIENTS, Client, identity, initialize_params
from lsp.desk import Bench, Desk, span
from lsp.orders import CODE, NEW, REPLY, URI
from lsp.project import Editor, Project

HEAD = "# 😀 é\n"
"""A line on which the encodings differ, above the code."""
TARGET = span(1, 0, 5, 17)
PATIENCE = 5.0
"""Virtual seconds in which everything settles that an editor may hold back."""

CAN = {
    "workspace/applyEdit": "workspace.applyEdit",
    "workspace/configuration": "workspace.configuration",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "window/workDoneProgress/create": "window.workDoneProgress",
    "window/showDocument": "window.showDocument.support",
    "window/showMessageRequest": "window.showMessage",
    "client/registerCapability": "workspace.didChangeConfiguration.dynamicRegistration",
}
"""Every request that the server has for a client, and the capability that says that it may be sent."""


@dataclass
class Seat:
    """One editor at a server. It answers the requests that its capabilities name, and no other."""

    client: Client
    desk: Desk
    editor: Editor
    asked: list[Any] = field(default_factory=list)
    registered: list[Any] = field(default_factory=list)

    async def command(self, name: str, *arguments: Any) -> Any:
        """Choose an entry of the menu, or a command: the response as it comes."""
        params = {"command": f"dragoman.{name}", "arguments": list(arguments)}
        _, response = self.desk.ask("workspace/executeCommand", params)
        await self.desk.settle()
        return response

    async def menu(self, range_: Any = TARGET, **context: Any) -> list[Any]:
        """The entries, each with its command, whichever form the client takes."""
        params = {"textDocument": {"uri": URI}, "range": range_, "context": {"diagnostics": [], **context}}
        entries = await self.desk.request("textDocument/codeAction", params)
        return [{"title": e["title"], "command": e} if isinstance(e.get("command"), str) else e for e in entries]

    async def choose(self, title: str, range_: Any = TARGET) -> Any:
        """Run the entry of that title."""
        entry = next(entry for entry in await self.menu(range_) if entry["title"] == title)
        command = entry["command"]
        return await self.command(command["command"].removeprefix("dragoman."), *command["arguments"])

    def requests(self) -> list[str]:
        """The methods that the server has asked for."""
        return [message["method"] for message in self.desk.said if "method" in message and "id" in message]

    def shown(self) -> list[str]:
        """What the person can read: documents that were opened, messages, answers in full."""
        opened = [
            text for path, text in self.desk.services.answers.kept.items() if f"file://{path}" in self.editor.shown
        ]
        return [*opened, *self.desk.messages()]


@pytest.fixture(params=CLIENTS, ids=identity)
async def seat(request, open_desk):
    """Each editor in turn, with a document open; at the end, whether it was asked for nothing that it can't do."""
    seat = await seated(open_desk, request.param)
    yield seat
    for method in seat.requests():
        assert seat.client.can(CAN[method]), f"{seat.client.name} was asked for {method}"
    if not seat.client.questions:
        assert "window/showMessageRequest" not in seat.requests()


async def seated(open_desk, client, services=None, text=HEAD + CODE):
    """The editor with its document open."""
    desk = await open_desk(services=services or Bench(), **initialize_params(client))
    seat = Seat(client, desk, Editor(desk, client.encoding))
    answers = {
        "workspace/applyEdit": seat.editor.applied,
        "workspace/configuration": lambda params: [{"settings": "of the editor"}],
        "workspace/codeLens/refresh": lambda params: None,
        "window/workDoneProgress/create": lambda params: None,
        "window/showDocument": seat.editor.show,
        "window/showMessageRequest": seat.asked.append,
        "client/registerCapability": seat.registered.append,
    }
    desk.on = {method: answer for method, answer in answers.items() if client.can(CAN[method])}
    seat.editor.open(text, URI, "python")
    return seat


def order(**more):
    """A command's argument."""
    return {"textDocument": {"uri": URI}, "range": TARGET, **more}


async def ended(seat, response, reply=REPLY):
    """The model answers, and all that follows of it has happened: the command's result, null where it did not wait."""
    assert response.done() is not seat.client.waits
    seat.desk.services.completer.say(reply)
    await asyncio.sleep(PATIENCE)
    message = await response
    assert "error" not in message, message
    assert (message["result"] is not None) is seat.client.waits
    return message["result"]


async def test_list(seat):
    """The menu is in the client's own form, complete, without anything to resolve, and only of commands it knows of."""
    entries = await seat.menu()
    assert {"Refactor", "Explain", "Document", "Write tests"} <= {entry["title"] for entry in entries}
    listed = seat.desk.said[0]["result"]["capabilities"]["executeCommandProvider"]["commands"]
    literals = bool(seat.client.can("textDocument.codeAction.codeActionLiteralSupport"))
    for entry in entries:
        assert entry["command"]["command"] in listed
        assert ("kind" in entry) is literals
        assert not {"data", "edit"} & set(entry)


async def test_withheld(seat):
    """In a file of which nothing may be sent there is nothing to choose, and why where the client can show that."""
    seat.desk.services.project = Project(rules={"/project/a.py": Disclosure("a.py is ignored by .gitignore.")})
    await seat.menu()
    await seat.desk.settle()
    await asyncio.sleep(PATIENCE)
    await seat.menu()
    await seat.desk.settle()
    entries = await seat.menu()
    reasons = [entry["disabled"]["reason"] for entry in entries]
    able = seat.client.can("textDocument.codeAction.disabledSupport")
    assert reasons == (["a.py is ignored by .gitignore."] if able else [])


async def test_edit_lands(seat):
    """A refactoring from the menu changes the text in one edit, for its version where the client takes versions."""
    result = await ended(seat, await seat.choose("Refactor"))
    if not seat.client.can("workspace.applyEdit"):
        assert seat.editor.text(URI) == HEAD + CODE
        assert any("takes no edits" in line for line in seat.shown())
        return
    assert seat.editor.text(URI) == seat.desk.lines_of(URI) == HEAD + NEW
    assert result is None or result["applied"]
    (edit,) = seat.editor.edits
    if seat.client.versioned:
        (change,) = edit["documentChanges"]
        assert change["textDocument"] == {"uri": URI, "version": 1}
    else:
        assert list(edit) == ["changes"]
    assert seat.desk.messages() == []


async def test_typing_meanwhile(seat):
    """What is typed above the target while the model writes stays, in the client's own units; the edit still lands."""
    response = await seat.choose("Refactor")
    column = {"utf-8": 9, "utf-16": 6, "utf-32": 5}[seat.client.encoding]
    seat.editor.type(URI, span(0, column, 0, column), "ü😀\nx = 1")
    assert seat.desk.lines_of(URI) == "# 😀 éü😀\nx = 1\n" + CODE
    await ended(seat, response)
    landed = seat.client.can("workspace.applyEdit")
    assert seat.editor.text(URI) == "# 😀 éü😀\nx = 1\n" + (NEW if landed else CODE)


async def test_result_that_is_kept(seat):
    """Where the target itself was typed in, the result is kept: asked about where that harms nobody, offered always."""
    response = await seat.choose("Refactor")
    seat.editor.type(URI, span(2, 4, 2, 10), "sum_so_far")
    result = await ended(seat, response)
    assert seat.editor.text(URI) == HEAD + CODE.replace("result", "sum_so_far", 1)
    assert result is None or result["kept"]
    assert [[action["title"] for action in question["actions"]] for question in seat.asked] == (
        [["Apply anyway", "Show", "Discard"]] if seat.client.questions else []
    )
    assert seat.client.questions or any("is kept" in line for line in seat.desk.messages())
    if seat.client.can("workspace.applyEdit"):
        await (await seat.choose("Apply anyway: Refactor"))
        assert seat.editor.text(URI) == HEAD + NEW


async def test_messages_come_after_the_progress(seat):
    """What is said of a result comes when the progress has ended: some editors show both in one place."""
    response = await seat.choose("Refactor")
    seat.editor.type(URI, span(2, 4, 2, 10), "sum_so_far")
    await ended(seat, response)
    said = [
        message.get("params", {}).get("value", {}).get("kind") or message.get("method") for message in seat.desk.said
    ]
    told = [n for n, what in enumerate(said) if what in {"window/showMessage", "window/showMessageRequest"}]
    ends = [n for n, what in enumerate(said) if what == "end"]
    assert len(told) == 1
    assert bool(ends) is bool(seat.client.can("window.workDoneProgress"))
    assert all(end < told[0] for end in ends)


async def test_answer_is_shown(seat):
    """An answer is opened as a document where the client can, else told in a line; a waiting command has it too."""
    result = await ended(seat, await seat.choose("Explain"), "Because **sums** add up.")
    assert any("Because **sums** add up." in text for text in seat.shown())
    assert bool(seat.editor.shown) is bool(seat.client.can("window.showDocument.support"))
    assert result is None or result["markdown"].strip() == "Because **sums** add up."


async def test_cancel(seat):
    """Whichever way the client has to cancel closes the provider's connection; nothing is changed or complained of."""
    response = await seat.choose("Refactor")
    run = seat.desk.server.runner.of(URI)[0]
    if seat.client.can("window.workDoneProgress"):
        seat.desk.notify("window/workDoneProgress/cancel", {"token": run.tokens[0]})
    else:
        await seat.command("cancel")
    await asyncio.sleep(PATIENCE)
    completer = seat.desk.services.completer
    assert completer.closed == [job.id for job in completer.jobs]
    message = await response
    assert (message["error"]["code"] == -32800) if seat.client.waits else (message["result"] is None)
    assert (seat.editor.edits, seat.desk.messages()) == ([], [])
    assert "Cancel: Refactor" not in {entry["title"] for entry in await seat.menu()}


async def test_cancel_from_the_menu(seat):
    """The menu of every client can cancel what runs in its document."""
    response = await seat.choose("Explain")
    assert await (await seat.choose("Cancel: Explain"))
    await asyncio.sleep(PATIENCE)
    assert seat.desk.services.completer.closed
    assert len(seat.desk.server.runner) == 0
    assert response.done()


async def test_progress(seat):
    """A client with progress sees it begin and end on a token that it agreed to; one without hears nothing of it."""
    await ended(seat, await seat.choose("Explain"), "Because.")
    values = [params["value"] for params in seat.desk.notifications("$/progress")]
    if not seat.client.can("window.workDoneProgress"):
        assert values == []
        return
    tokens = {params["token"] for params in seat.desk.notifications("$/progress")}
    created = [m["params"]["token"] for m in seat.desk.said if m.get("method") == "window/workDoneProgress/create"]
    assert tokens == set(created)
    assert [value["kind"] for value in values if value["kind"] != "report"] == ["begin", "end"]
    assert values[0]["cancellable"] is True
    assert "ollama" in values[-1]["message"]


async def test_progress_on_the_clients_own_token(seat):
    """Whoever sends a token of its own gets the progress, and the partial results, on it."""
    tokens = {"workDoneToken": "bar", "partialResultToken": "text"}
    _, response = seat.desk.ask("dragoman/run", {"action": "explain", **order(), **tokens})
    await seat.desk.settle()
    seat.desk.services.completer.say("Because.")
    assert (await response)["result"]["markdown"].strip() == "Because."
    assert {value["kind"] for value in seat.desk.progress("bar")} >= {"begin", "end"}
    kinds = [value["kind"] for value in seat.desk.progress("text")]
    assert (kinds[0], kinds[-1]) == ("route", "done")
    assert "window/workDoneProgress/create" not in seat.requests()


async def test_findings(seat):
    """A review's findings are diagnostics on the right lines in the client's units; a fix from the menu lands."""
    found = (
        '[{"line": 1, "text": "# 😀 é", "severity": "warning", "message": "Say more.", '
        '"fix": {"from": 1, "to": 1, "code": "# more"}}]'
    )
    await ended(seat, await seat.command("review", {**order(), "range": span(0, 0, 5, 17)}), found)
    (published,) = seat.desk.notifications("textDocument/publishDiagnostics")
    (diagnostic,) = published["diagnostics"]
    assert (published["uri"], diagnostic["severity"], diagnostic["source"]) == (URI, 2, "dragoman")
    assert diagnostic["range"] == span(0, 0, 0, {"utf-8": 9, "utf-16": 6, "utf-32": 5}[seat.client.encoding])
    assert {"Clear findings", "Fix: Say more."} <= {entry["title"] for entry in await seat.menu(span(0, 0, 0, 0))}
    await (await seat.choose("Fix: Say more.", span(0, 0, 0, 0)))
    landed = seat.client.can("workspace.applyEdit")
    assert seat.editor.text(URI) == ("# more\n" if landed else HEAD) + CODE


async def test_new_file(seat):
    """Tests are a new file where the client can create one, if only by an edit of what is not there; else they are
    shown with the place to save them.
    """
    seat.desk.services.project = Project({"/project/a.py": CODE, "/project/tests/conftest.py": ""})
    await ended(seat, await seat.choose("Write tests"), "```python\ndef test_total():\n    assert total([1]) == 1\n```")
    place = "file:///project/tests/test_a.py"
    able = "create" in (seat.client.can("workspace.workspaceEdit.resourceOperations") or ())
    assert seat.editor.created == ({place} if able else set())
    assert (place in seat.editor.disk) is (able or seat.client.name == "Eglot")
    if not able and seat.client.name != "Eglot" and seat.client.can("window.showDocument.support"):
        assert any("save this as /project/tests/test_a.py" in text and "test_total" in text for text in seat.shown())


async def test_error_is_seen(seat):
    """What goes wrong is seen once: as the command's error where the client shows that, else as a message."""
    response = await seat.choose("Explain")
    seat.desk.services.completer.fail(NothingToAsk("Set a key, or start Ollama."))
    await asyncio.sleep(PATIENCE)
    message = await response
    told = ["Dragoman: Set a key, or start Ollama."]
    assert seat.desk.messages() == ([] if seat.client.waits else told)
    assert ("error" in message) is seat.client.waits


async def test_settings(seat):
    """Settings are asked for where the client answers, and it is asked to tell of changes where it can be."""
    assert ("workspace/configuration" in seat.requests()) is bool(seat.client.can("workspace.configuration"))
    dynamic = bool(seat.client.can("workspace.didChangeConfiguration.dynamicRegistration"))
    assert ("client/registerCapability" in seat.requests()) is dynamic
    seat.desk.notify("workspace/didChangeConfiguration", {"settings": {"dragoman": {"pushed": True}}})
    await seat.desk.settle()
    expected = {"settings": "of the editor"} if seat.client.can("workspace.configuration") else {"pushed": True}
    assert seat.desk.services.configured[-1].configuration == expected


async def test_waiting_changes(open_desk):
    """With `edits.review`, every client that takes edits gets hunks, and accepts them from the menu."""
    for client in CLIENTS:
        if not client.can("workspace.applyEdit"):
            continue
        seat = await seated(open_desk, client, Bench(Settings(edits=Edits(review=True))))
        await ended(seat, await seat.choose("Refactor"))
        assert "<<<<<<< dragoman " in seat.editor.text(URI)
        await (await seat.choose("Accept this change", span(3, 0, 3, 0)))
        assert seat.editor.text(URI) == HEAD + NEW


async def test_lenses_are_asked_for_again(open_desk):
    """When lenses are switched on, just those clients are told that can be told."""
    for client in CLIENTS:
        seat = await seated(open_desk, client)
        lens = {"textDocument": {"uri": URI}}
        assert await seat.desk.request("textDocument/codeLens", lens) == []
        seat.desk.services.settings = Settings(lenses=Lenses(enabled=True))
        seat.desk.notify("workspace/didChangeConfiguration", {"settings": {}})
        await seat.desk.settle()
        able = bool(client.can("workspace.codeLens.refreshSupport"))
        assert ("workspace/codeLens/refresh" in seat.requests()) is able
        assert await seat.desk.request("textDocument/codeLens", lens)


async def test_nothing_is_announced_that_a_client_has_no_word_for(seat):
    """The answer to initialize holds what every client can read, and speaks of notebooks to those that have them."""
    capabilities = seat.desk.said[0]["result"]["capabilities"]
    assert capabilities["positionEncoding"] == seat.client.encoding
    assert ("notebookDocumentSync" in capabilities) is bool(seat.client.can("notebookDocument.synchronization"))
    assert "resolveProvider" not in capabilities["codeActionProvider"]
