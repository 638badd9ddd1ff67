"""A person's own actions in the editor: in the menu, by every command, as the settings come and go."""

from __future__ import annotations

import pytest

from dragoman.core.hints import Hints
from dragoman.core.settings import OwnAction, Settings
from lsp.clients import BARE, CLIENTS, EGLOT, HELIX, NEOVIM_0_12, VSCODE, ZED, identity, initialize_params
from lsp.desk import FULL, Bench
from lsp.orders import CODE, NEW, REPLY, URI, WHOLE, answered, open_code

SHORTEN = OwnAction(prompt="Make it shorter.", title="Shorten it")
DYNAMIC = {**FULL, "workspace": {**FULL["workspace"], "executeCommand": {"dynamicRegistration": True}}}


def having(**actions):
    """Services whose settings have these actions."""
    return Bench(Settings(actions=actions))


async def menu(desk, only=None):
    """The entries of the menu on the whole function."""
    context = {"diagnostics": [], **({"only": only} if only else {})}
    params = {"textDocument": {"uri": URI}, "range": WHOLE, "context": context}
    return await desk.request("textDocument/codeAction", params)


async def entry(desk, title):
    """The menu's entry of that title."""
    return next(entry for entry in await menu(desk) if entry["title"] == title)


@pytest.mark.parametrize("client", [client for client in CLIENTS if client is not BARE], ids=identity)
async def test_from_the_menu_of_every_editor(open_desk, client):
    """The entry's command is one that the editor was told of at its start, and it does the job."""
    params = initialize_params(client)
    desk = await open_desk(params.pop("capabilities"), services=having(shorten=SHORTEN), name=client.name)
    listed = set(desk.said[0]["result"]["capabilities"]["executeCommandProvider"]["commands"])
    editor = await open_code(desk)
    found = await entry(desk, "Shorten it")
    command = found["command"] if isinstance(found["command"], dict) else found
    assert command["command"] in listed
    _, response = desk.ask(
        "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
    )
    await desk.settle()
    assert "Make it shorter." in desk.services.completer.jobs[0].request.messages[-1].text
    desk.services.completer.say(REPLY)
    await response
    await desk.settle()
    assert editor.text(URI) == NEW


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("dragoman/run", {"action": "shorten", "textDocument": {"uri": URI}, "range": WHOLE}),
        ("dragoman/run", {"action": "dragoman.shorten", "textDocument": {"uri": URI}, "range": WHOLE}),
        ("workspace/executeCommand", {"command": "dragoman.shorten", "arguments": [URI, WHOLE]}),
        ("workspace/executeCommand", {"command": "dragoman.action", "arguments": ["shorten", URI, WHOLE]}),
        ("workspace/executeCommand", {"command": "dragoman.action", "arguments": ["dragoman.shorten", URI, WHOLE]}),
        ("workspace/executeCommand", {"command": "dragoman.action", "arguments": ["shorten", {"range": WHOLE}]}),
        ("workspace/executeCommand", {"command": "dragoman.action", "arguments": ["shorten"]}),
        (
            "workspace/executeCommand",
            {"command": "dragoman.action", "arguments": [{"action": "shorten", "range": WHOLE}]},
        ),
        (
            "workspace/executeCommand",
            {"command": "dragoman.action", "arguments": [{"instruction": "shorten please", "range": WHOLE}]},
        ),
        ("workspace/executeCommand", {"command": "dragoman.action", "arguments": ["refactor", {"range": WHOLE}]}),
    ],
)
async def test_every_way_to_run_one(open_desk, method, params):
    """A plugin's request, the action's own command, and the command that takes a name all do the same."""
    desk = await open_desk(services=having(shorten=SHORTEN))
    editor = await open_code(desk)
    message = await answered(desk, method, params)
    assert (message["result"]["kind"], message["result"]["applied"]) == ("edit", True)
    assert editor.text(URI) == NEW


async def test_words_behind_the_name_are_the_instruction(open_desk):
    """`dragoman.action NAME words …` is how an editor without a prompt box says more."""
    desk = await open_desk(services=having(shorten=SHORTEN))
    await open_code(desk)
    params = {"command": "dragoman.action", "arguments": ["shorten", "keep", "the", "names"]}
    await answered(desk, "workspace/executeCommand", params)
    assert "In particular: keep the names" in desk.services.completer.jobs[0].request.messages[-1].text


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("dragoman.action", [], "wants an action's name"),
        ("dragoman.action", None, "wants an action's name"),
        ("dragoman.action", [5], "wants an action's name"),
        ("dragoman.action", [{}], 'needs "action"'),
        ("dragoman.action", [{"instruction": 5}], '"instruction" wants a text'),
        ("dragoman.action", ["shortn"], "There is no action 'shortn': did you mean shorten?"),
        ("dragoman.action", ["x\ny" * 99], "There is no action"),
        ("dragoman.shortn", [], "Unknown command"),
    ],
)
async def test_a_name_that_is_none(open_desk, command, arguments, words):
    """An error in one line says what there is."""
    desk = await open_desk(services=having(shorten=SHORTEN))
    await open_code(desk)
    error = await desk.refused("workspace/executeCommand", {"command": command, "arguments": arguments})
    assert error["code"] == -32602
    assert words in error["message"]
    assert "\n" not in error["message"]


async def test_routing_of_ones_own(open_desk):
    """The action's provider and model are asked, unless the order says otherwise."""
    own = OwnAction(prompt="p", provider="anthropic", model="big")
    desk = await open_desk(services=having(own=own))
    await open_code(desk)
    order = {"action": "own", "textDocument": {"uri": URI}, "range": WHOLE, "apply": False}
    await answered(desk, "dragoman/run", order)
    await answered(desk, "dragoman/run", {**order, "provider": "ollama"})
    hints = [job.hints for job in desk.services.completer.jobs]
    assert hints == [Hints(provider="anthropic", model="big"), Hints(provider="ollama")]


async def test_answers_and_findings(open_desk):
    """Each kind of result comes to the person as it does from the actions that are built in."""
    desk = await open_desk(
        services=having(
            tell=OwnAction(prompt="What is it?", result="answer"), check=OwnAction(prompt="Right?", result="findings")
        )
    )
    await open_code(desk)
    order = {"textDocument": {"uri": URI}, "range": WHOLE}
    message = await answered(desk, "dragoman/run", {**order, "action": "tell"}, "A sum.")
    assert message["result"]["markdown"] == "A sum.\n"
    found = '[{"line": 2, "text": "    result = 0", "message": "Use sum."}]'
    message = await answered(desk, "dragoman/run", {**order, "action": "check"}, found)
    assert [finding["message"] for finding in message["result"]["findings"]] == ["Use sum."]


async def test_kinds_and_languages(open_desk):
    """An action is in the part of the menu that it names, and only in documents of its languages."""
    desk = await open_desk(
        services=having(
            fixing=OwnAction(prompt="p", kind="quickfix"),
            asking=OwnAction(prompt="p", result="answer"),
            rusty=OwnAction(prompt="p", languages=("rust",)),
            snaky=OwnAction(prompt="p", languages=("Python",), kind="refactor.extract"),
            scaly=OwnAction(prompt="p", languages=("py",)),
        )
    )
    await open_code(desk)
    kinds = {entry["title"]: entry["kind"] for entry in await menu(desk)}
    assert kinds["Fixing"] == "quickfix"
    assert kinds["Asking"] == "source.dragoman.asking"
    assert kinds["Snaky"] == "refactor.extract"
    assert "Rusty" not in kinds
    assert "Scaly" in kinds
    assert [entry["title"] for entry in await menu(desk, ["refactor.extract"])] == ["Snaky"]
    announced = desk.said[0]["result"]["capabilities"]["codeActionProvider"]["codeActionKinds"]
    for kind in kinds.values():
        assert any(kind == own or kind.startswith(f"{own}.") for own in announced)


async def test_settings_change_while_running(open_desk):
    """The menu follows the settings as soon as they are taken up; what is gone can't be run."""
    desk = await open_desk(services=having())
    await open_code(desk)
    assert "Shorten it" not in [entry["title"] for entry in await menu(desk)]
    desk.services.settings = Settings(actions={"shorten": SHORTEN})
    desk.notify("workspace/didChangeConfiguration", {"settings": None})
    await desk.settle()
    assert "Shorten it" in [entry["title"] for entry in await menu(desk)]
    desk.services.settings = Settings()
    error = await desk.refused("dragoman/run", {"action": "shorten", "textDocument": {"uri": URI}})
    assert "There is no action 'shorten'" in error["message"]
    assert "Shorten it" not in [entry["title"] for entry in await menu(desk)]


async def test_the_editor_is_told_of_new_commands(open_desk):
    """An editor that takes commands later has those of the present settings, and no others."""
    told = []

    def registered(params):
        told.extend(("+", *each["registerOptions"]["commands"]) for each in params["registrations"])

    def unregistered(params):
        told.extend(("-", each["method"]) for each in params["unregisterations"])

    desk = await open_desk(DYNAMIC, services=having())
    desk.on |= {"client/registerCapability": registered, "client/unregisterCapability": unregistered}
    for actions in ({}, {"a": SHORTEN}, {"a": SHORTEN}, {"a": SHORTEN, "b": SHORTEN}, {}):
        desk.services.settings = Settings(actions=actions)
        desk.notify("workspace/didChangeConfiguration", {"settings": None})
        await desk.settle()
    gone = ("-", "workspace/executeCommand")
    assert told == [("+", "dragoman.a"), gone, ("+", "dragoman.a", "dragoman.b"), gone]


@pytest.mark.parametrize("client", [NEOVIM_0_12, HELIX, ZED, EGLOT, VSCODE], ids=identity)
async def test_only_editors_that_can_are_told(open_desk, client):
    """No other editor gets a registration that it does not know what to do with."""
    capabilities = initialize_params(client)["capabilities"]
    dynamic = capabilities.get("workspace", {}).get("executeCommand", {}).get("dynamicRegistration", False)
    desk = await open_desk(capabilities, services=having(shorten=SHORTEN), name=client.name)
    asked = [message["params"] for message in desk.said if message.get("method") == "client/registerCapability"]
    methods = [each["method"] for params in asked for each in params["registrations"]]
    assert ("workspace/executeCommand" in methods) == dynamic


async def test_an_editor_that_refuses_registrations(open_desk):
    """Where it fails the entries in the menu work all the same, and nobody is bothered."""
    desk = await open_desk(DYNAMIC, services=having(shorten=SHORTEN))
    await open_code(desk)
    assert (await entry(desk, "Shorten it"))["command"]["command"] == "dragoman.action"
    assert desk.messages() == []


async def test_context_of_one(open_desk):
    """`dragoman/context` shows an own action's question like any other's."""
    desk = await open_desk(services=having(shorten=SHORTEN))
    await open_code(desk, CODE)
    shown = await desk.request("dragoman/context", {"action": "shorten", "textDocument": {"uri": URI}, "range": WHOLE})
    assert "Make it shorter." in shown["messages"][-1]["text"]
    assert desk.services.completer.jobs == []
