"""Whether a document's text may go to a model, as the menu must know it: at once. The disk is looked at beside it.

What is said here is for the menu alone; a run looks for itself before it shows a model anything.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from dragoman.lsp.files import files_around

if TYPE_CHECKING:
    from dragoman.core.ports import Files
    from dragoman.lsp.server import Server

LOOK_SECONDS = 2.0
"""How often the disk is looked at while the menu is asked for in the same document."""


class Withheld:
    """What is known of one connection's documents."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._files: Files | None = None
        self._last_path = ""
        self._next_look = -math.inf

    def reason(self, path: str) -> str:
        """Why nothing of the file may go to a model, as far as is known, or ""; and have a look at what is so now."""
        self.look(path)
        return self._files.last_disclosure(path).withheld if self._files is not None else ""

    def look(self, path: str) -> None:
        """Find out, unless that was done a moment ago."""
        now = asyncio.get_running_loop().time()
        if not path or (path == self._last_path and now < self._next_look):
            return
        self._last_path, self._next_look = path, now + LOOK_SECONDS
        self._server.spawn(self._look(path))

    async def _look(self, path: str) -> None:
        await self._server.ready()
        self._files = files_around(self._server, path)
        await self._files.disclosures((path,))
