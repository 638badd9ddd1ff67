"""An answer for a client without a plugin: a finished Markdown file opened once, or the plainest way that works; and
the live page in the person's browser, which shows it while it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.convert import uri_of
from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

SHOW_SECONDS = 5.0
ONE_LINE = 300
"""Characters that a message line holds without hiding the text."""


async def present(server: Server, title: str, markdown: str) -> str:
    """Show the answer; returns the URI of the file that holds it, or "" where no file could be written."""
    try:
        path = await server.services.answers.keep(title, markdown)
    except OSError as error:
        server.log_message(types.MessageType.Info, markdown)
        line = _line(markdown) or f"the answer is in the editor's log: no file can be written ({error.strerror})"
        server.message(types.MessageType.Info, line)
        return ""
    uri = uri_of(path)
    if server.facts.show_document:
        params = types.ShowDocumentParams(uri=uri, external=False, take_focus=True)
        server.documents.expect_answer(uri)
        try:
            shown = await server.protocol.ask(types.WINDOW_SHOW_DOCUMENT, params, seconds=SHOW_SECONDS)
            if shown is not None and shown.success:
                return uri
        except ClientError:
            pass  # said below, in the way that is left
    server.message(types.MessageType.Info, _line(markdown) or f"{title}: the answer is in {path}")
    return uri


async def open_page(server: Server) -> bool:
    """Show the live page in the person's browser, or say where it is; returns whether it is shown."""
    try:
        address = await server.services.page.address()
    except OSError as error:
        server.message(types.MessageType.Warning, f"The live page can't be served: {error.strerror}.")
        return False
    params = types.ShowDocumentParams(uri=address, external=True)
    try:
        shown = await server.protocol.ask(types.WINDOW_SHOW_DOCUMENT, params, seconds=SHOW_SECONDS)
        if shown is not None and shown.success:
            return True
    except ClientError:
        pass  # said below, in the way that is left
    server.message(types.MessageType.Info, f"The live page is at {address} (once, and for ten minutes).")
    return False


def _line(markdown: str) -> str:
    """The answer in one line without its fences, or "" where it is too long for one."""
    line = " ".join(" ".join(row for row in markdown.split("\n") if not row.startswith("```")).split())
    return line if len(line) <= ONE_LINE else ""
