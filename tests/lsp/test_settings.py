"""The editor's share in the settings: how they come, when they are read again, and how their mistakes are told."""

from __future__ import annotations

import asyncio
import copy

import pytest

from dragoman.core.settings_layers import Problem, Severity
from lsp.clients import HELIX, NEOVIM_0_12, VSCODE, ZED, identity, initialize_params
from lsp.desk import FULL, Bench

TYPO = Problem("editor", None, "routing.fallback_ordr", "unknown key", "fallback_order")
BROKEN = Problem("config.toml", 3, "", "is not TOML", None, Severity.ERROR)
NOTE = Problem("editor", None, "cache.size", "has no effect yet", None, Severity.NOTE)
ORDER = {"routing": {"fallback_order": ["openai"]}}


async def test_initialization_options(open_desk):
    """`initializationOptions` and the workspace folders are what the services are opened with."""
    folders = [{"uri": "file:///project", "name": "a"}, {"uri": "file:///other%20one", "name": "b"}]
    desk = await open_desk(initializationOptions=ORDER, workspaceFolders=folders)
    first = desk.services.configured[0]
    assert first.initialization_options == ORDER
    assert first.roots == ("/project", "/other one")


@pytest.mark.parametrize(
    ("params", "roots"),
    [
        ({"rootUri": "file:///only"}, ("/only",)),
        ({"rootUri": None, "rootPath": "/old/way"}, ("/old/way",)),
        ({"rootUri": None}, ()),
        ({"rootUri": "file:///a", "workspaceFolders": []}, ("/a",)),
        ({"rootUri": None, "workspaceFolders": [{"uri": "untitled:x", "name": "x"}]}, ()),
    ],
)
async def test_folders_of_older_clients(open_desk, params, roots):
    """Clients without workspace folders say where they are in older ways, or not at all."""
    desk = await open_desk(**params)
    assert desk.services.configured[0].roots == roots


@pytest.mark.parametrize("options", [None, [], "text", 5, True])
async def test_options_that_are_no_object(open_desk, options):
    """Options of another type are none."""
    desk = await open_desk(initializationOptions=options)
    assert desk.services.configured[0].initialization_options == {}


async def test_configuration_is_pulled(open_desk):
    """A client that can be asked is asked for its `dragoman` section, once it is initialized."""
    asked = []
    desk = await open_desk({**FULL, "workspace": {"configuration": False}})
    assert desk.services.configured[-1].configuration == {}
    desk = await open_desk(FULL)
    desk.on["workspace/configuration"] = lambda params: asked.append(params) or [ORDER]
    desk.notify("workspace/didChangeConfiguration", {"settings": None})
    await desk.settle()
    assert asked == [{"items": [{"section": "dragoman"}]}]
    assert desk.services.configured[-1].configuration == ORDER
    assert len(desk.services.configured) == 3


@pytest.mark.parametrize("answer", [[None], [], None, RuntimeError("no"), "nonsense", ["nonsense"]])
async def test_configuration_that_makes_no_sense(open_desk, answer):
    """An editor that answers nothing useful leaves the settings as they are without it."""
    desk = await open_desk(FULL)
    desk.on["workspace/configuration"] = lambda params: answer
    desk.notify("workspace/didChangeConfiguration", {"settings": None})
    await asyncio.sleep(10)
    assert desk.services.configured[-1].configuration == {}
    assert (await desk.request("dragoman/status"))["state"] == "idle"


async def test_configuration_that_never_comes(open_desk):
    """An editor that does not answer holds up nothing, and what it pushed counts."""
    desk = await open_desk(FULL)
    desk.on["workspace/configuration"] = lambda params: asyncio.sleep(10_000)
    desk.notify("workspace/didChangeConfiguration", {"settings": {"dragoman": ORDER}})
    assert (await desk.request("dragoman/status"))["state"] == "idle"
    await asyncio.sleep(10)
    assert desk.services.configured[-1].configuration == ORDER


@pytest.mark.parametrize("pushed", [ORDER, {"dragoman": ORDER}, {"dragoman": ORDER, "editor.fontSize": 9}])
async def test_configuration_is_pushed(open_desk, pushed):
    """A client that can't be asked pushes its settings, wrapped or not."""
    desk = await open_desk({**FULL, "workspace": {}})
    desk.notify("workspace/didChangeConfiguration", {"settings": pushed})
    await desk.settle()
    assert desk.services.configured[-1].configuration == ORDER


@pytest.mark.parametrize("dynamic", [True, False])
async def test_registers_for_changes(open_desk, dynamic):
    """The server registers for changes of the settings only where the client lets it; a refusal does no harm."""
    capabilities = copy.deepcopy(FULL)
    capabilities["workspace"]["didChangeConfiguration"] = {"dynamicRegistration": dynamic}
    desk = await open_desk(capabilities)
    registered = [message for message in desk.said if message.get("method") == "client/registerCapability"]
    assert len(registered) == dynamic
    assert len(desk.services.configured) == 2


@pytest.mark.parametrize("client", [NEOVIM_0_12, VSCODE, HELIX, ZED], ids=identity)
async def test_settings_of_each_editor(open_desk, client):
    """Every editor's settings arrive, whichever way it sends them."""
    desk = await open_desk(**initialize_params(client), initializationOptions=ORDER)
    desk.on["workspace/configuration"] = lambda params: [ORDER]
    desk.notify("workspace/didChangeConfiguration", {"settings": {"dragoman": ORDER}})
    await desk.settle()
    assert desk.services.configured[-1].initialization_options == ORDER
    assert desk.services.configured[-1].configuration == ORDER


async def test_problems_are_told_once():
    """A typo is told once, in one line, the worst first and the others counted; all of them are in the editor's log."""
    from lsp.desk import Desk

    services = Bench()
    services.problems = [NOTE, TYPO, BROKEN]
    desk = Desk(services)
    await desk.start()
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert desk.messages() == ["Dragoman: config.toml line 3: is not TOML (1 more in the log)"]
    logged = [params["message"] for params in desk.notifications("window/logMessage")]
    assert logged == [str(NOTE), str(TYPO), str(BROKEN)]
    assert "did you mean fallback_order?" in str(TYPO)
    services.problems = [TYPO, Problem("editor", None, "x", "another")]
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert desk.messages()[1:] == ["Dragoman: editor: another"]
    await desk.leave()


async def test_note_is_for_the_log_only():
    """What is only worth noting stands in the log, and nobody is disturbed."""
    from lsp.desk import Desk

    services = Bench()
    services.problems = [NOTE]
    desk = Desk(services)
    await desk.start()
    assert desk.messages() == []
    assert [params["message"] for params in desk.notifications("window/logMessage")] == [str(NOTE)]
    await desk.leave()


@pytest.mark.parametrize(
    ("saved", "read"),
    [("file:///project/.dragoman.toml", 1), ("file:///project/pyproject.toml", 1), ("file:///a.py", 0)],
)
async def test_saved_settings_are_read_again(open_desk, saved, read):
    """Saving a TOML file reads the settings again, and their mistakes are told then."""
    desk = await open_desk(FULL)
    read_again = []

    async def refresh():
        read_again.append(saved)
        return [TYPO]

    desk.services.refresh = refresh
    desk.notify("textDocument/didSave", {"textDocument": {"uri": saved}})
    await desk.settle()
    assert len(read_again) == read
    assert desk.messages() == [f"Dragoman: {TYPO}"] * read


async def test_every_run_sees_the_present_files(open_desk):
    """Settings files are looked at before each run."""
    desk = await open_desk(FULL)
    looked = []

    async def refresh():
        looked.append(1)
        return ()

    desk.services.refresh = refresh
    desk.open("some text")
    for _ in range(2):
        _, response = desk.ask("dragoman/run", {"action": "explain", "apply": False})
        await desk.settle()
        desk.services.completer.say("Because.")
        await response
    assert len(looked) == 2


async def test_folders_change(open_desk):
    """Workspace folders come and go; the settings follow, and the rest of the editor's share stays."""
    desk = await open_desk(initializationOptions=ORDER, workspaceFolders=[{"uri": "file:///a", "name": "a"}])
    event = {
        "added": [{"uri": "file:///b", "name": "b"}, {"uri": "file:///a", "name": "a"}, {"uri": "x:y", "name": "x"}],
        "removed": [],
    }
    desk.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    await desk.settle()
    assert desk.services.configured[-1].roots == ("/a", "/b")
    gone = {"added": [], "removed": [{"uri": "file:///a", "name": "a"}, {"uri": "file:///never", "name": ""}]}
    desk.notify("workspace/didChangeWorkspaceFolders", {"event": gone})
    await desk.settle()
    assert desk.services.configured[-1].roots == ("/b",)
    assert desk.services.configured[-1].initialization_options == ORDER


async def test_services_that_can_not_be_opened():
    """Where the services fail to open, requests are answered with an error, the menu works, the server ends well."""
    from lsp.desk import Desk

    async def broken():
        raise ZeroDivisionError

    desk = Desk()
    desk.server._open_services = broken
    await desk.start({})
    desk.open("some text")
    assert (await desk.refused("dragoman/run", {"action": "explain"}))["code"] == -32603
    assert isinstance(
        await desk.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": "file:///project/a.txt"},
                "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}},
                "context": {"diagnostics": []},
            },
        ),
        list,
    )
    await desk.request("shutdown")
    await desk.leave()


async def test_services_are_closed(open_desk):
    """The services are closed with the connection."""
    desk = await open_desk(FULL)
    await desk.server.close()
    assert desk.services.is_closed
