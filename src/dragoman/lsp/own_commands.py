"""Commands of the person's own actions, told to an editor that takes commands later than `initialize`'s answer.

Everywhere else their entries in the menu, and `dragoman.action` with a name, run them as well.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from dragoman.actions.catalog import Catalog
    from dragoman.lsp.server import Server

REGISTRATION = "dragoman-own-actions"
SECONDS = 5.0


class OwnCommands:
    """What one editor has been told."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._wanted: tuple[str, ...] = ()
        self._told: tuple[str, ...] = ()
        self._telling = asyncio.Lock()

    def follow(self, catalog: Catalog) -> None:
        """Have the editor know the commands of these own actions, and no others."""
        wanted = tuple(action.command for action in catalog.own)
        if wanted != self._wanted and self._server.facts.watch_commands:
            self._wanted = wanted
            self._server.spawn(self._tell())

    async def _tell(self) -> None:
        ask = self._server.protocol.ask
        async with self._telling:
            if self._told == self._wanted:
                return
            with suppress(ClientError):  # the entries in the menu work all the same
                if self._told:
                    gone = types.Unregistration(REGISTRATION, types.WORKSPACE_EXECUTE_COMMAND)
                    params = types.UnregistrationParams([gone])
                    await ask(types.CLIENT_UNREGISTER_CAPABILITY, params, seconds=SECONDS)
                self._told = self._wanted
                if self._told:
                    options = types.ExecuteCommandRegistrationOptions(list(self._told))
                    new = types.Registration(REGISTRATION, types.WORKSPACE_EXECUTE_COMMAND, options)
                    await ask(types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([new]), seconds=SECONDS)
