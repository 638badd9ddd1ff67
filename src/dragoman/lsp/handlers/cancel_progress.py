"""window/workDoneProgress/cancel: the person has pressed the progress bar's cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.WINDOW_WORK_DONE_PROGRESS_CANCEL


def handle(server: Server, params: types.WorkDoneProgressCancelParams) -> None:
    """Cancel what reports on this token."""
    server.runner.cancel_token(params.token)
