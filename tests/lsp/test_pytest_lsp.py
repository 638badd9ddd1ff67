"""The real process at an independent client, which checks every message against the specification's types."""

from __future__ import annotations

import sys

import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

REAL_TIME = True
CODE = "def total(items):\n    return sum(items)\n"


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "dragoman.cli.main", "lsp"]))
async def client(lsp_client: LanguageClient):
    """A client with Neovim's capabilities, as pytest-lsp knows them."""
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities("neovim"),
            root_uri="file:///project",
            initialization_options={"providers": {"ollama": {"enabled": False}}},
        )
    )
    yield
    await lsp_client.shutdown_session()


async def test_answers_are_what_the_specification_says(client: LanguageClient):
    """The menu and a command's refusal are read by a client that takes nothing but the specification's types."""
    uri = "file:///project/a.py"
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, CODE)))
    whole = types.Range(types.Position(0, 0), types.Position(1, 21))
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(types.TextDocumentIdentifier(uri), whole, types.CodeActionContext([]))
    )
    assert {"Refactor", "Explain"} <= {action.title for action in actions}
    # The titles alone: lsprotocol's reader takes a code action that has a command for the command.
    cancelled = await client.workspace_execute_command_async(types.ExecuteCommandParams("dragoman.cancel"))
    assert cancelled["cancelled"] == 0
