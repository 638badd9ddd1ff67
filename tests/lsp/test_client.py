"""What is made of what real editors say of themselves."""

from __future__ import annotations

import pytest

from lsp.clients import BARE, CLIENTS, EGLOT, HELIX, NEOVIM_0_10, NEOVIM_0_12, VSCODE, ZED, identity, initialize_params


@pytest.fixture(params=CLIENTS, ids=identity)
async def client_desk(request, open_desk):
    """A real editor, and a desk at which it sits."""
    client = request.param
    return client, await open_desk(**initialize_params(client))


async def test_every_client_is_understood(client_desk):
    """Each editor's own params are taken, in its position encoding."""
    client, desk = client_desk
    assert desk.server.facts.name == client.name
    assert desk.server.facts.encoding == client.encoding


async def test_who_waits_for_a_command(client_desk):
    """Only editors whose window does not wait for a command are made to wait for its result."""
    client, desk = client_desk
    assert desk.server.facts.answers_at_once is not client.waits


async def test_only_what_a_client_says_is_used(client_desk):
    """A capability that a client does not name is not there, but for what an editor is known to take all the same."""
    client, desk = client_desk
    facts = desk.server.facts
    assert facts.apply_edit is bool(client.can("workspace.applyEdit"))
    assert facts.document_changes is client.versioned
    assert client.versioned or not client.can("workspace.workspaceEdit.documentChanges")
    assert facts.create_files is ("create" in (client.can("workspace.workspaceEdit.resourceOperations") or ()))
    assert facts.show_document is bool(client.can("window.showDocument.support"))
    assert facts.ask_message is client.questions
    assert facts.work_done_progress is bool(client.can("window.workDoneProgress"))
    assert facts.configuration is bool(client.can("workspace.configuration"))
    assert facts.watch_configuration is bool(client.can("workspace.didChangeConfiguration.dynamicRegistration"))
    assert facts.code_action_literals is bool(client.can("textDocument.codeAction.codeActionLiteralSupport"))
    assert facts.disabled_actions is bool(client.can("textDocument.codeAction.disabledSupport"))
    assert facts.refresh_code_lenses is bool(client.can("workspace.codeLens.refreshSupport"))
    assert facts.hover_markdown is ("markdown" in (client.can("textDocument.hover.contentFormat") or ()))
    assert facts.notebooks is bool(client.can("notebookDocument.synchronization"))


@pytest.mark.parametrize(
    ("client", "delay"), [(NEOVIM_0_10, 0.15), (NEOVIM_0_12, 0.15), (EGLOT, 0.5), (VSCODE, 0), (HELIX, 0), (ZED, 0)]
)
async def test_typing_that_an_editor_holds_back(open_desk, client, delay):
    """How long an editor may hold typing back is known of those that do."""
    desk = await open_desk(**initialize_params(client))
    assert desk.server.facts.typing_delay == delay
    assert desk.server.facts.skips_stale_edits is (client.name == "Neovim")
    assert desk.server.facts.ends_texts is (client.name == "Neovim")


@pytest.mark.parametrize(
    "name", ["Visual Studio Code - Insiders", "VSCodium", "code-server", "Cursor", "Neovim", "neovim"]
)
async def test_relatives_of_a_known_editor(open_desk, name):
    """Builds of a known editor under a name of their own behave like it."""
    assert not (await open_desk(name=name)).server.facts.answers_at_once


async def test_null_in_every_capability(open_desk):
    """A client may write null wherever it has nothing to say."""
    nothing = {
        "general": None,
        "window": {"showDocument": None, "showMessage": None, "workDoneProgress": None},
        "workspace": {"workspaceEdit": {"documentChanges": None, "resourceOperations": None}, "applyEdit": None},
        "textDocument": {"codeAction": {"codeActionLiteralSupport": None}},
    }
    desk = await open_desk(nothing)
    plain = await open_desk(BARE.capabilities)
    assert desk.server.facts == plain.server.facts
