"""The menu: what is offered where, at once, and complete as it is."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dragoman.actions import ACTIONS
from dragoman.core.ports import Disclosure
from dragoman.lsp.withheld import LOOK_SECONDS
from lsp.clients import CLIENTS, identity, initialize_params
from lsp.desk import FULL, span
from lsp.project import Project

URI = "file:///project/a.py"
CODE = (
    "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n\n\n"
    "print(total([1]))\n"
)
DIAGNOSTIC = {
    "range": span(1, 4, 1, 10),
    "message": "result is unused",
    "severity": 2,
    "source": "linter",
    "code": "F841",
    "data": {"fixable": True},
}


def params(range_=None, uri=URI, diagnostics=(), **context):
    """The params of codeAction."""
    return {
        "textDocument": {"uri": uri},
        "range": range_ or span(0, 0, 4, 17),
        "context": {"diagnostics": list(diagnostics), **context},
    }


async def menu(desk, *args, **context):
    """The entries."""
    return await desk.request("textDocument/codeAction", params(*args, **context))


def titles(entries):
    """Their titles."""
    return [entry["title"] for entry in entries]


@pytest.mark.parametrize(
    ("told", "code", "entry"),
    [("python-base", CODE, "Write tests"), ("c++", "int add(int a, int b) {\n    return a + b;\n}\n", "Document")],
)
async def test_language_by_another_name(desk, told, code, entry):
    """A document whose language the editor calls by a name of its own is offered what that language is."""
    uri = desk.open(code, "file:///project/a", told)
    assert entry in titles(await menu(desk, span(0, 0, 0, 0), uri))


async def test_every_entry_is_complete(desk):
    """Each entry has its command with a plain JSON argument, which the server takes; no data, nothing to resolve."""
    desk.open(CODE, URI, "python")
    entries = await menu(desk, diagnostics=[DIAGNOSTIC])
    assert {"Refactor", "Explain", "Write tests", "Fix: result is unused"} <= set(titles(entries))
    for entry in entries:
        assert "data" not in entry
        assert "edit" not in entry
        (argument,) = entry["command"]["arguments"]
        _, response = desk.ask("dragoman/context", {"action": entry["command"]["command"], **argument})
        await desk.settle()
        assert "Unknown key" not in str(response.result().get("error"))


async def test_titles_are_short_and_different(desk):
    """No two entries of a menu are called the same, and each fits a line."""
    desk.open(CODE, URI, "python")
    found = titles(await menu(desk, diagnostics=[DIAGNOSTIC]))
    assert len(set(found)) == len(found)
    assert all(len(title) <= 60 and "\n" not in title for title in found)


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        (["quickfix"], {"quickfix"}),
        (["refactor"], {"refactor.rewrite"}),
        (["refactor.rewrite"], {"refactor.rewrite"}),
        (["refactor.extract"], set()),
        (["refactor.rewrite.deeper"], set()),
        (["sour"], set()),
        (["source.organizeImports"], set()),
        (["quickfix", "refactor"], {"quickfix", "refactor.rewrite"}),
        (["made.up"], set()),
    ],
)
async def test_only_is_honoured(desk, only, kinds):
    """Only kinds that were asked for come, and their children: `refactor` asks for `refactor.rewrite`."""
    desk.open(CODE, URI, "python")
    entries = await menu(desk, diagnostics=[DIAGNOSTIC], only=only)
    assert {entry["kind"] for entry in entries} == kinds


@pytest.mark.parametrize("only", [None, [], [""]])
async def test_everything_is_asked_for(desk, only):
    """No `only`, an empty one and the empty kind ask for all."""
    desk.open(CODE, URI, "python")
    whole = titles(await menu(desk, diagnostics=[DIAGNOSTIC]))
    assert titles(await menu(desk, diagnostics=[DIAGNOSTIC], only=only)) == whole
    assert titles(await menu(desk, diagnostics=[DIAGNOSTIC], only=["source"])) != whole


async def test_action_that_raises_hides_only_itself(desk, monkeypatch, caplog):
    """A bug in one action's offer costs that action's entries, and is logged by its name."""

    def broken(scene):
        raise ZeroDivisionError

    desk.open(CODE, URI, "python")
    before = titles(await menu(desk))
    actions = [replace(action, offer=broken) if action.name == "explain" else action for action in ACTIONS]
    monkeypatch.setattr(desk.server, "catalog", SimpleNamespace(actions=actions))
    with caplog.at_level(logging.ERROR):
        after = titles(await menu(desk))
    assert after == [title for title in before if title != "Explain"]
    assert "dragoman.explain can't be offered" in caplog.text


async def test_diagnostics_come_back_as_they_were(desk):
    """A fix names the diagnostic that it is for, with all that another server had put into it."""
    desk.open(CODE, URI, "python")
    entries = await menu(desk, diagnostics=[DIAGNOSTIC])
    fix = next(entry for entry in entries if entry["title"] == "Fix: result is unused")
    assert fix["kind"] == "quickfix"
    assert fix["diagnostics"] == [DIAGNOSTIC]
    assert fix["command"]["arguments"][0]["diagnostics"] == [DIAGNOSTIC]


@pytest.mark.parametrize(
    "odd",
    [
        *({"severity": severity} for severity in (0, 5, "error", [1], {"a": 1})),
        {"tags": [1, 9]},
        {"code": {"value": 1, "target": "https://example.org"}},
        {"source": 5},
        {"codeDescription": {"href": 5}},
        {"relatedInformation": [{"message": "no place"}]},
    ],
    ids=str,
)
async def test_odd_diagnostic_of_another_server(desk, odd):
    """What another server reports against the specification costs a detail, and nobody the menu; others stay whole."""
    desk.open(CODE, URI, "python")
    other = {**DIAGNOSTIC, "message": "items has no type"}
    entries = await menu(desk, diagnostics=[{**DIAGNOSTIC, **odd}, other])
    assert {"Refactor", "Fix: result is unused", "Fix: items has no type"} <= set(titles(entries))
    fixes = {entry["title"]: entry["diagnostics"] for entry in entries if entry["title"].startswith("Fix: ")}
    assert fixes["Fix: items has no type"] == [other]
    (cut,) = fixes["Fix: result is unused"]
    assert (cut["range"], cut["message"]) == (DIAGNOSTIC["range"], DIAGNOSTIC["message"])


@pytest.mark.parametrize("hopeless", [{}, 5, None, {"message": "nowhere"}, {"range": span(1, 4, 1, 10)}], ids=str)
async def test_diagnostic_that_says_nothing(desk, hopeless):
    """A diagnostic without place or words is left out; the others and the menu are there."""
    desk.open(CODE, URI, "python")
    assert "Fix: result is unused" in titles(await menu(desk, diagnostics=[hopeless, DIAGNOSTIC]))


@pytest.mark.parametrize("wrong", [{"diagnostics": 5}, {"diagnostics": None}, {"diagnostics": [], "only": 5}], ids=str)
async def test_request_of_a_wrong_form_is_refused(desk, wrong):
    """What the client itself gets wrong is answered with invalid params."""
    desk.open(CODE, URI, "python")
    error = await desk.refused("textDocument/codeAction", {**params(), "context": wrong})
    assert error["code"] == -32602


async def test_unopened_document_has_no_menu(desk):
    """For a document that is not open the answer is an empty list, not an error."""
    assert await menu(desk) == []
    desk.open(CODE, URI, "python")
    desk.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert await menu(desk) == []


@pytest.mark.parametrize("text", ["", "\n", "\r", " ", "\ufeff", "x" * 100_000])
@pytest.mark.parametrize("range_", [span(0, 0, 0, 0), span(0, 5, 0, 0), span(99, 99, 99, 99), span(0, 0, 10**9, 10**9)])
async def test_any_text_and_any_range_has_a_menu(desk, text, range_):
    """A range past the end, one that runs backwards, an empty file: a menu, maybe empty, never an error."""
    desk.open(text, URI, "python")
    assert isinstance(await menu(desk, range_, diagnostics=[{**DIAGNOSTIC, "range": range_}]), list)


async def test_many_cursors(desk):
    """Several cursors send a request each; every answer is for its own place."""
    desk.open("".join(f"def f{number}():\n    pass\n\n\n" for number in range(20)), URI, "python")
    asked = [desk.ask("textDocument/codeAction", params(span(4 * n, 0, 4 * n + 1, 8)))[1] for n in range(20)]
    answers = [message["result"] for message in await asyncio.gather(*asked)]
    for number, entries in enumerate(answers):
        refactor = next(entry for entry in entries if entry["title"] == "Refactor")
        assert refactor["command"]["arguments"][0]["range"]["start"]["line"] == 4 * number


@pytest.mark.parametrize("client", CLIENTS, ids=identity)
async def test_menu_of_each_client(open_desk, client):
    """Every editor gets a menu in its own form: code actions where it takes them, else the plain commands."""
    desk = await open_desk(**initialize_params(client))
    desk.open(CODE, URI, "python")
    entries = await menu(desk)
    literal = "codeAction" in client.capabilities.get("textDocument", {})
    assert {type(entry["command"]) for entry in entries} == {dict if literal else str}
    listed = desk.said[0]["result"]["capabilities"]["executeCommandProvider"]["commands"]
    for entry in entries:
        command = entry["command"] if literal else entry
        assert command["command"] in listed
        assert isinstance(command["arguments"], list)


async def test_running_and_kept_appear_for_their_document(desk):
    """What runs can be cancelled from the menu, and what is kept applied, shown or discarded; in its document only."""
    desk.on["window/showMessageRequest"] = lambda params: None
    desk.open(CODE, URI, "python")
    other = desk.open("other", "file:///project/other.py", "python")
    run = {"action": "refactor", "textDocument": {"uri": URI}, "range": span(0, 0, 4, 17)}
    _, response = desk.ask("dragoman/run", run)
    await desk.settle()
    assert "Cancel: Refactor" in titles(await menu(desk))
    assert "Cancel: Refactor" not in titles(await menu(desk, uri=other))
    assert "Cancel: Refactor" in titles(await menu(desk, only=["quickfix"]))
    assert "Cancel: Refactor" not in titles(await menu(desk, only=["refactor"]))
    change = {"range": span(1, 4, 1, 10), "text": "other"}
    desk.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [change]})
    desk.services.completer.say("```python\ndef total(items):\n    return sum(items)\n```")
    assert (await response)["result"]["kept"]
    found = titles(await menu(desk))
    assert found[:3] == [
        "Apply anyway: Refactor",
        "Show kept result: Refactor",
        "Discard kept result: Refactor",
    ]
    assert "Cancel: Refactor" not in found
    assert "Apply anyway: Refactor" not in titles(await menu(desk, uri=other))


async def test_cancel_from_the_menu(desk):
    """The menu's entry cancels exactly its run."""
    desk.open(CODE, URI, "python")
    run = {"action": "explain", "textDocument": {"uri": URI}, "range": span(0, 0, 4, 17)}
    _, first = desk.ask("dragoman/run", run)
    await desk.settle()
    cancel = next(entry for entry in await menu(desk) if entry["title"] == "Cancel: Explain")
    _, second = desk.ask("dragoman/run", run)
    await desk.settle()
    assert await desk.request("workspace/executeCommand", cancel["command"] | {"title": None}) == {"cancelled": 1}
    assert (await first)["error"]["code"] == -32800
    assert not second.done()


async def test_menu_asks_no_model_and_no_disk(desk):
    """The menu comes of the open text alone."""

    class Untouchable:
        def __getattr__(self, name):
            pytest.fail(f"the menu asked for {name}")

    desk.open(CODE, URI, "python")
    desk.services.completer = desk.services.project = desk.services.workers = Untouchable()
    assert await menu(desk, diagnostics=[DIAGNOSTIC])


async def test_menu_before_the_services_are_open(open_desk):
    """The menu does not wait for settings or keys."""
    desk = await open_desk(FULL)
    desk.server._opening = asyncio.get_running_loop().create_future()
    desk.open(CODE, URI, "python")
    assert await menu(desk)
    desk.server._opening.cancel()


def withheld(desk, path="/project/a.py", reason="a.py is ignored by .gitignore."):
    """The project's file may go to no model from now on."""
    desk.services.project = Project(rules={path: Disclosure(reason)})


async def test_withheld_document_has_no_entry_but_the_reason(open_desk):
    """Where nothing of a document may go to a model, the menu has one entry that can't be chosen, and says why."""
    able = {**FULL["textDocument"]["codeAction"], "disabledSupport": True}
    desk = await open_desk({**FULL, "textDocument": {"codeAction": able}})
    withheld(desk)
    desk.open(CODE, URI, "python")
    await desk.settle()
    (entry,) = await menu(desk, diagnostics=[DIAGNOSTIC])
    assert entry["disabled"] == {"reason": "a.py is ignored by .gitignore."}
    assert "command" not in entry
    assert await menu(desk, only=["quickfix"]) == []
    assert len(await menu(desk, only=["refactor"])) == 1


async def test_withheld_document_at_a_client_that_shows_no_disabled_entries(desk):
    """There the menu is empty, and a command that is run all the same answers with the reason; no model is asked."""
    withheld(desk)
    desk.open(CODE, URI, "python")
    await desk.settle()
    assert await menu(desk) == []
    for method in ("dragoman/run", "dragoman/context", "dragoman/route"):
        error = await desk.refused(
            method, {"action": "refactor", "textDocument": {"uri": URI}, "range": span(0, 0, 4, 0)}
        )
        assert error["message"] == "a.py is ignored by .gitignore."
    assert desk.services.completer.jobs == []


async def test_menu_follows_the_ignore_files(desk):
    """The menu never waits for the disk: what was found out meanwhile is so in a later one."""
    desk.services.project = project = Project()
    desk.open(CODE, URI, "python")
    await desk.settle()
    assert await menu(desk)
    assert project.looks == ["/project/a.py"]
    project.rules["/project/a.py"] = Disclosure("not this one")
    await asyncio.sleep(LOOK_SECONDS)
    await menu(desk)
    await desk.settle()
    assert await menu(desk) == []
    assert project.looks == ["/project/a.py"] * 2


async def test_open_buffer_of_a_withheld_file_is_no_context(desk):
    """What is open in the editor is shown to no model either, where its file may not be."""
    withheld(desk, "/project/AGENTS.md")
    desk.open("TOP SECRET", "file:///project/AGENTS.md", "markdown")
    desk.open("Be brief.", "file:///project/CLAUDE.md", "markdown")
    desk.open(CODE, URI, "python")
    shown = await desk.request("dragoman/context", {"action": "refactor", "textDocument": {"uri": URI}})
    sent = "".join(message["text"] for message in shown["messages"])
    assert "Be brief." in sent
    assert "TOP SECRET" not in sent
