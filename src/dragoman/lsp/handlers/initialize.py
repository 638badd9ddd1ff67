"""initialize: who the client is, and what this server offers it. Answers at once; the rest is opened meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman import __version__
from dragoman.actions import ACTIONS
from dragoman.core.errors import BadInput
from dragoman.lsp import messages

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.INITIALIZE


def handle(server: Server, params: types.InitializeParams) -> types.InitializeResult:
    """Take the client's facts; answer with the capabilities."""
    if server.protocol.initialized:
        raise BadInput("initialize came twice; start a new server instead.")
    server.initialize(params)
    return types.InitializeResult(
        capabilities=capabilities(server),
        server_info=types.ServerInfo(name="dragoman", version=__version__),
    )


def capabilities(server: Server) -> types.ServerCapabilities:
    """No `resolveProvider`: a resolve freezes some editors' window, and every action is complete as it is."""
    return types.ServerCapabilities(
        position_encoding=types.PositionEncodingKind(server.facts.encoding.value),
        text_document_sync=types.TextDocumentSyncOptions(
            open_close=True,
            change=types.TextDocumentSyncKind.Incremental,
            save=types.SaveOptions(include_text=False),
        ),
        code_action_provider=types.CodeActionOptions(
            code_action_kinds=[
                types.CodeActionKind.QuickFix,
                types.CodeActionKind.RefactorRewrite,
                "source.dragoman",
            ]
        ),
        code_lens_provider=types.CodeLensOptions(resolve_provider=False),
        execute_command_provider=types.ExecuteCommandOptions(commands=commands(), work_done_progress=True),
        workspace=types.WorkspaceOptions(
            workspace_folders=types.WorkspaceFoldersServerCapabilities(supported=True, change_notifications=True)
        ),
        experimental={
            "dragoman": {"methods": [messages.RUN, messages.ROUTE, messages.CONTEXT, messages.STATUS]},
        },
    )


def commands() -> list[str]:
    """Every command, for some editors run only those that are listed."""
    return [
        *(action.command for action in ACTIONS),
        messages.CANCEL,
        messages.DOWNLOAD,
        messages.KEPT_APPLY,
        messages.KEPT_SHOW,
        messages.KEPT_DISCARD,
        messages.FINDING_FIX,
        messages.FINDINGS_CLEAR,
        messages.HUNK_ACCEPT,
        messages.HUNK_REJECT,
        messages.HUNKS_ACCEPT,
        messages.HUNKS_REJECT,
    ]
