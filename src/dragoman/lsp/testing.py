"""Whether new tests may be run for this connection, and what the person is told of how they went.

Nothing is run in a workspace that the editor does not trust, nor before the settings or the person allow it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.core.printable import printable_name
from dragoman.lsp.answers import present

if TYPE_CHECKING:
    from dragoman.actions.base import Tried
    from dragoman.core.ports import TestRunner
    from dragoman.lsp.messages import TestsValue
    from dragoman.lsp.server import Server

RUN, WRITE = "Run them", "Only write them"


class Testing:
    """What the person has said about running tests, by folder, for as long as the connection lasts."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._allowed: set[str] = set()

    @property
    def offered(self) -> bool:
        """Whether the menu may offer it."""
        server = self._server
        if not server.is_open or not server.editor_settings.trusts_workspace:
            return False
        run = server.services.settings.tests.run
        return run == "always" or (run == "ask" and server.facts.ask_message)

    async def runner(self, root: str) -> TestRunner | None:
        """Who runs the tests of the project in this folder, asking the person if need be.

        None where they are not to be run; the person has been told why then, or knows.
        """
        why = self._refusal()
        if why:
            self._server.message(types.MessageType.Warning, f"The new tests will not be run: {why}.")
            return None
        services = self._server.services
        if services.settings.tests.run == "always" or root in self._allowed:
            return services.test_runner
        name = printable_name(root.rstrip("/").rpartition("/")[2])
        text = f"Run the new tests in {name} with the project's own runner? A model writes them, and they run as you."
        if await self._server.question(types.MessageType.Info, text, RUN, WRITE) != RUN:
            return None
        self._allowed.add(root)
        return self._server.services.test_runner

    def _refusal(self) -> str:
        run = self._server.services.settings.tests.run
        if not self._server.editor_settings.trusts_workspace:
            return "the editor does not trust this workspace"
        if run == "never":
            return 'tests.run is "never" in the settings'
        if run == "ask" and not self._server.facts.ask_message:
            return 'there is no way to ask you here: set tests.run to "always" if you want it'
        return ""

    async def tell(self, tried: Tried, *, show: bool) -> TestsValue:
        """How they went: a line for the person, and all of it where they have not passed. `show: False` only tells."""
        value: TestsValue = {"passed": tried.passed, "message": tried.line, "markdown": tried.markdown}
        if not show:
            return value
        kind = types.MessageType.Info if tried.passed else types.MessageType.Warning
        self._server.message(kind, tried.line)
        uri = "" if tried.passed else await present(self._server, "Test run", tried.markdown)
        return {**value, "uri": uri} if uri else value
