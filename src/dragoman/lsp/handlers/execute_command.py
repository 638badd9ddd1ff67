"""workspace/executeCommand: an action by its command, a cancel, or a word on a kept result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.core.errors import BadInput
from dragoman.lsp import messages
from dragoman.lsp.answers import open_page
from dragoman.lsp.capabilities import COMMANDS
from dragoman.lsp.complete import complete
from dragoman.lsp.deliver import apply_kept, show_kept

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from dragoman.lsp.documents import Seen
    from dragoman.lsp.kept import KeptResult
    from dragoman.lsp.server import Server

METHOD = types.WORKSPACE_EXECUTE_COMMAND
PREFIX = "dragoman."


def handle(server: Server, params: types.ExecuteCommandParams) -> Coroutine[Any, Any, Any]:
    """The command's result; None where the client can't wait for it. Raises `BadInput` for an unknown command.

    The document is looked at now: a change that is read after the command must not be in what the command is about.
    """
    return _answered(server, params, server.documents.seen(messages.document_named(params.arguments)))


async def _answered(server: Server, params: types.ExecuteCommandParams, seen: Seen | None) -> Any:
    try:
        return await _run(server, params, seen)
    except BadInput as error:
        if not server.facts.shows_command_errors:
            server.message(types.MessageType.Error, str(error))
        raise


async def _run(server: Server, params: types.ExecuteCommandParams, seen: Seen | None) -> Any:
    arguments = params.arguments or []
    name = params.command.removeprefix(PREFIX)
    if params.command == messages.ACTION:
        order = messages.order_from_action_command(arguments, params.work_done_token)
        return await server.runner.command(order, seen)
    if await _is_action(server, params.command):
        return await server.runner.command(messages.order_from_command(name, arguments, params.work_done_token), seen)
    match params.command:
        case messages.COMPLETE:
            order = messages.order_from_command(name, arguments, params.work_done_token)
            if server.facts.answers_at_once:
                server.spawn(server.runner.told(name, complete(server, order)))
                return None
            return await complete(server, order)
        case messages.CANCEL:
            run_id = arguments[0] if arguments and isinstance(arguments[0], str) else None
            return {"cancelled": server.runner.cancel(run_id)}
        case messages.DOWNLOAD:
            wanted = server.downloads.wanted(arguments)
            if server.facts.answers_at_once:
                server.spawn(server.runner.told("download", server.downloads.download(wanted, None)))
                return None
            return await server.downloads.download(wanted, params.work_done_token)
        case messages.PAGE:
            return await _page(server)
        case messages.KEPT_APPLY:
            return await apply_kept(server, _kept(server, arguments))
        case messages.KEPT_SHOW:
            return await show_kept(server, _kept(server, arguments))
        case messages.KEPT_DISCARD:
            server.kept.discard(_kept(server, arguments).id)
            return None
        case messages.FINDING_FIX:
            return await server.findings.fix(_text(arguments))
        case messages.HUNK_ACCEPT | messages.HUNK_REJECT:
            uri, hunk_id = (_text(arguments), _text(arguments[1:]))
            if not hunk_id:
                raise BadInput(f"{params.command} wants a document's URI and the id of a change in it.")
            return await server.hunks.resolve(uri, hunk_id, accept=params.command == messages.HUNK_ACCEPT)
        case messages.HUNKS_ACCEPT | messages.HUNKS_REJECT:
            uri = _text(arguments) or server.documents.last_touched or ""
            return await server.hunks.resolve(uri, None, accept=params.command == messages.HUNKS_ACCEPT)
        case messages.FINDINGS_CLEAR:
            return {"cleared": server.findings.clear(_text(arguments) or None)}
        case _:
            known = ", ".join(
                [
                    *(action.command for action in server.catalog.actions),
                    messages.CANCEL,
                    messages.FINDINGS_CLEAR,
                    messages.DOWNLOAD,
                ]
            )
            raise BadInput(f"Unknown command {params.command!r:.60}; known are {known}.")


async def _is_action(server: Server, command: str) -> bool:
    """Whether the command is that of an action. The person's own are known once the settings have been read."""
    if command not in COMMANDS:
        await server.ready()
    return any(action.command == command for action in server.catalog.actions)


async def _page(server: Server) -> Any:
    await server.ready()
    if server.facts.answers_at_once:
        server.spawn(open_page(server))
        return None
    return {"shown": await open_page(server)}


def _text(arguments: Sequence[Any]) -> str:
    return arguments[0] if arguments and isinstance(arguments[0], str) else ""


def _kept(server: Server, arguments: Sequence[Any]) -> KeptResult:
    kept = server.kept.get(arguments[0]) if arguments and isinstance(arguments[0], str) else None
    if kept is None:
        raise BadInput("That result is no longer kept.")
    return kept
