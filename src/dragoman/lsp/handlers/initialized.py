"""initialized: now the client can be asked for its settings, and to tell when they change."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.INITIALIZED
REGISTER_SECONDS = 5.0


async def handle(server: Server, _params: types.InitializedParams) -> None:
    """Register for changes of the settings, then read them."""
    if server.facts.watch_configuration:
        registration = types.Registration(
            id="dragoman-configuration",
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options=types.DidChangeConfigurationRegistrationOptions(section="dragoman"),
        )
        with suppress(ClientError):  # without it, changes are seen with the next restart
            await server.protocol.ask(
                types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration]), seconds=REGISTER_SECONDS
            )
    if server.facts.configuration:
        await server.reconfigure()
