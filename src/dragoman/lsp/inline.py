"""Inline completions of one connection: when to ask, what is still good of what was proposed, what became of it.

One question at a time for a document; the next key ends it. Asks nobody itself, and reads no file.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from dragoman.core.errors import DragomanError
from dragoman.core.proposal import Proposal, Rhythm
from dragoman.lsp.capabilities import completes
from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from dragoman.core.ports import Filled
    from dragoman.core.settings import Inline as InlineSettings
    from dragoman.core.text import Position
    from dragoman.lsp.documents import Document
    from dragoman.lsp.server import Server

REGISTER_SECONDS = 5.0
AHEAD_SECONDS = 0.03
"""So long before the end of the pause it is found out what to show a model: mostly in vain if it were done at once."""

_LEAST_ACCEPTED = 2
"""Characters that come at once: fewer are typed, not accepted."""


class Offered(NamedTuple):
    """What is proposed at the cursor, with line feeds alone, and whose it is."""

    text: str
    provider: str
    model: str


class Inline:
    """The proposals of one connection, and how many of them were taken."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._asked: dict[str, asyncio.Task[Filled | None]] = {}
        self._proposals: dict[str, Proposal] = {}
        self._taken: dict[str, int] = {}
        self._requested: dict[str, float] = {}
        self._rhythm = Rhythm()
        self._told: set[type[DragomanError]] = set()
        self._registered = False
        self.shown = 0
        self.accepted = 0
        self.accepted_in_part = 0

    def announced(self, initialization_options: object) -> None:
        """What `initialize` has been answered for these options."""
        self._registered = completes(initialization_options)

    def configured(self, settings: InlineSettings) -> None:
        """Offer ordinary completion to a client that can hear of it later, once the settings ask for it."""
        if settings.as_completion and self._server.facts.register_completion and not self._registered:
            self._registered = True
            self._server.spawn(self._register())

    async def _register(self) -> None:
        options = types.CompletionRegistrationOptions(document_selector=None, resolve_provider=False)
        registration = types.Registration("dragoman-completion", types.TEXT_DOCUMENT_COMPLETION, options)
        with suppress(ClientError):  # then there is inline completion alone
            await self._server.protocol.ask(
                types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration]), seconds=REGISTER_SECONDS
            )

    def changed(self, document: Document) -> None:
        """The document has changed: what is asked is for a text that is no more, and something may have been taken."""
        self._rhythm = self._rhythm.typed(document.changed_at)
        self._stop(document.uri)
        proposal = self._proposals.get(document.uri)
        if proposal is not None:
            self._count(document, proposal)

    def closed(self, uri: str) -> None:
        """The document is followed no longer."""
        self._stop(uri)
        self._forget(uri)
        self._requested.pop(uri, None)

    async def at(self, document: Document, position: Position, *, invoked: bool) -> Offered | None:
        """What to propose at the cursor: the rest of what was proposed there, else what a model is asked for.

        None where there is nothing, or where typing or another question came in between.
        """
        changes = document.changes
        services = await self._server.ready()
        if not services.settings.inline.enabled or document.changes != changes or document.is_closed():
            return None
        known = self._proposals.get(document.uri)
        if known is not None and (rest := known.rest(document.lines, position)):
            return Offered(rest, known.provider, known.model)
        self._stop(document.uri)
        task = asyncio.ensure_future(self._ask(document, position, invoked=invoked))
        self._asked[document.uri] = task
        try:
            filled = await task
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return None
        finally:
            if self._asked.get(document.uri) is task:
                del self._asked[document.uri]
        if filled is None or not filled.text:
            return None
        self._told.clear()
        self._proposals[document.uri] = Proposal.at(
            document.lines, position, filled.text, filled.provider, filled.model
        )
        self._taken[document.uri] = 0
        self.shown += 1
        return Offered(filled.text, filled.provider, filled.model)

    def status(self) -> dict[str, int]:
        """How many were proposed, taken as a whole, and taken in part, since the connection began."""
        return {"shown": self.shown, "accepted": self.accepted, "acceptedInPart": self.accepted_in_part}

    async def _ask(self, document: Document, position: Position, *, invoked: bool) -> Filled | None:
        """A model's proposal, once the person has paused."""
        from dragoman.lsp.work import question_for  # noqa: PLC0415 - loaded later: an editor waits for the start

        services = self._server.services
        pause = 0.0 if invoked else self._rhythm.pause(services.settings.inline.debounce_ms / 1000)
        # Whoever moves the cursor from place to place is not done either: some editors ask at each.
        begin = pause + max(document.changed_at, self._requested.get(document.uri, 0.0))
        self._requested[document.uri] = asyncio.get_running_loop().time()
        try:
            await _until(begin - AHEAD_SECONDS)
            question = await question_for(self._server, document, position)
            if question is None:
                return None
            await _until(begin)
            return await services.filler.fill(question, invoked=invoked)
        except DragomanError as error:
            if invoked:
                raise
            self._tell(error)
            return None

    def _tell(self, error: DragomanError) -> None:
        """Why nothing is proposed: a line in the editor's log, once in a row; whoever types wants no message."""
        if type(error) not in self._told:
            self._told.add(type(error))
            self._server.log_message(types.MessageType.Info, f"No inline completion: {error}")

    def _count(self, document: Document, proposal: Proposal) -> None:
        taken, before = proposal.taken(document.lines), self._taken[document.uri]
        if taken is None or taken == len(proposal.text):
            self._forget(document.uri)
        else:
            self._taken[document.uri] = taken
        if taken is None or taken - before < _LEAST_ACCEPTED:
            return
        if taken == len(proposal.text):
            self.accepted += 1
        else:
            self.accepted_in_part += 1

    def _stop(self, uri: str) -> None:
        if (task := self._asked.pop(uri, None)) is not None:
            task.cancel()

    def _forget(self, uri: str) -> None:
        self._proposals.pop(uri, None)
        self._taken.pop(uri, None)


async def _until(time: float) -> None:
    await asyncio.sleep(time - asyncio.get_running_loop().time())


def _is_cancelled() -> bool:
    """Whether the running task itself is to end, and not only what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
