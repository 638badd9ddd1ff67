"""One file per LSP method: its name as METHOD, and `handle(server, params)`. HANDLERS is the whole list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from dragoman.lsp.handlers import (
    cancel_progress,
    code_action,
    code_lens,
    completion,
    context,
    did_change,
    did_change_configuration,
    did_change_workspace_folders,
    did_close,
    did_open,
    did_save,
    execute_command,
    hover,
    initialize,
    initialized,
    inline_completion,
    notebook_did_change,
    notebook_did_close,
    notebook_did_open,
    route,
    run,
    set_trace,
    shutdown,
    status,
)

if TYPE_CHECKING:
    from dragoman.lsp.server import Server


class Handler(Protocol):
    """A module of this folder."""

    METHOD: str

    def handle(self, server: Server, params: Any) -> Any:
        """The result, or a coroutine of it; None for notifications."""
        ...


HANDLERS: tuple[Handler, ...] = tuple(
    cast("Handler", module)
    for module in (
        initialize,
        initialized,
        shutdown,
        did_open,
        did_change,
        did_save,
        did_close,
        notebook_did_open,
        notebook_did_change,
        notebook_did_close,
        did_change_configuration,
        did_change_workspace_folders,
        code_action,
        code_lens,
        inline_completion,
        completion,
        hover,
        execute_command,
        cancel_progress,
        set_trace,
        run,
        route,
        context,
        status,
    )
)
