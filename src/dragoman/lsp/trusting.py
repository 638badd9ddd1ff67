"""Projects' settings files that wish for more than a foreign one may have: the person is asked once for each content.

Where a question would come over whoever is typing, or the editor takes none, one line names the command instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.convert import uri_of
from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.core.trust import Foreign, Seal
    from dragoman.lsp.server import Server

SHOW_SECONDS = 5.0
TRUST, SHOW, DECLINE = "Trust this file", "Show it", "Don't trust it"


class Trusting:
    """What one connection has told or asked the person about."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._told: set[Seal] = set()

    def offer(self, foreign: Iterable[Foreign]) -> None:
        """Ask about each file, or tell of it, that was not spoken of with this content."""
        for file in foreign:
            if file.seal in self._told:
                continue
            self._told.add(file.seal)
            if self._server.facts.ask_message:
                self._server.spawn(self._ask(file))
            else:
                self._server.message(types.MessageType.Info, f"{file}: `dragoman trust` shows what, and asks you.")

    async def _ask(self, file: Foreign) -> None:
        server = self._server
        titles = (TRUST, SHOW, DECLINE) if server.facts.show_document else (TRUST, DECLINE)
        chosen = SHOW
        while chosen == SHOW:
            chosen = await server.question(types.MessageType.Info, f"{file}. Do you trust it?", *titles)
            if chosen == SHOW:
                await self._show(file)
        if chosen not in {TRUST, DECLINE}:
            return  # they are asked again by the next connection
        services = await server.ready()
        try:
            await services.trust(file.seal, trusted=chosen == TRUST)
        except OSError as error:
            text = f"The state folder can't be written to ({error.strerror}), so {file.source} stays foreign."
            server.message(types.MessageType.Error, text)
            return
        await server.configure(services)

    async def _show(self, file: Foreign) -> None:
        params = types.ShowDocumentParams(uri=uri_of(file.seal.path), external=False, take_focus=True)
        try:
            await self._server.protocol.ask(types.WINDOW_SHOW_DOCUMENT, params, seconds=SHOW_SECONDS)
        except ClientError:
            self._server.message(types.MessageType.Info, f"The editor can't show {file.source}.")
