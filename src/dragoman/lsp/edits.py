"""One edit into a document that the person goes on typing in: it lands where it was meant to, once, or not at all.

The target is carried along through every change. Each try speaks of one version; what the editor answers is believed
only when the didChange that follows shows the text. Decides nothing about what to do with a text that can't land.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lsprotocol import types

from dragoman.core.text import Range, TextEdit, apply, diff, moved
from dragoman.lsp.convert import edits_to
from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from dragoman.lsp.client import ClientFacts
    from dragoman.lsp.documents import Document, Journal

TRIES = 5
APPLY_SECONDS = 30.0
"""Some editors ask the person before they answer."""
QUIET_SECONDS = 5.0
"""How long to wait for a pause in the typing before a try that the editor may refuse."""
LATE_SECONDS = 0.2
"""How long a change that was overtaken by another may be on its way; an edit without it would be for a wrong text."""
SETTLE_SECONDS = 1.0
"""How long a didChange may take after the editor has said that an edit was applied, or refused it because of typing."""
CHANCE = 8
"""Characters of a text that nobody types by chance."""


class Landing(StrEnum):
    """What became of an edit."""

    APPLIED = "applied"
    NOTHING = "nothing"
    """The text is already so."""
    TOUCHED = "touched"
    """The person has changed the target meanwhile; nothing was sent, or nothing landed."""
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    """The editor says that it was applied, but its text does not show it."""
    CLOSED = "closed"
    """The document was closed meanwhile; it has no version any more that an edit could speak of."""
    OUT_OF_STEP = "its changes came out of order: close the file and open it again"
    """A change came too late to be put where it belongs: the text here may not be the editor's."""


class Landed(NamedTuple):
    """What became of an edit, and the editor's own reason where it gave one."""

    landing: Landing
    reason: str = ""


class Editor(Protocol):
    """The editor's side, as far as edits go."""

    @property
    def facts(self) -> ClientFacts:
        """What the client is like."""
        ...

    async def apply_edit(self, edit: types.WorkspaceEdit, label: str, seconds: float) -> types.ApplyWorkspaceEditResult:
        """Send `workspace/applyEdit`. Raises `ClientError`."""
        ...


async def land(editor: Editor, document: Document, journal: Journal, target: Range, text: str, label: str) -> Landed:
    """Replace the target by the text.

    `target` speaks of the moment at which `journal` was started. One edit at a time: a second one for the same document
    waits until the first has settled.
    """
    async with document.applying:
        landed = Landed(Landing.REFUSED, "the editor goes on changing the document")
        for _ in range(TRIES):
            await _quiet(document, editor.facts.typing_delay)
            if document.is_closed():
                return Landed(Landing.CLOSED)
            if not document.in_step:
                return Landed(Landing.OUT_OF_STEP)
            here, touched = journal.carry(target)
            if touched:
                return Landed(Landing.TOUCHED)
            snapshot = document.snapshot()
            old = snapshot.slice(here)
            edits = diff(old, text, here.start)
            if not edits:
                return Landed(Landing.NOTHING)
            since, changes = document.start_journal(), document.changes
            try:
                answer = await editor.apply_edit(_workspace_edit(editor, document, edits), label, APPLY_SECONDS)
                claims, reason = answer.applied, answer.failure_reason or ""
            except ClientError as error:
                claims, reason = False, str(error)
            whole = apply(snapshot.lines, edits)
            shown = await _shown(document, since, here, old, text, whole) if claims else None
            if shown:
                return Landed(Landing.APPLIED)
            if document.is_closed():
                return Landed(Landing.CLOSED)
            skipped = shown is None and document.changes != changes and editor.facts.skips_stale_edits
            if claims and not skipped:
                return Landed(Landing.UNCONFIRMED)
            landed = Landed(Landing.REFUSED, reason)
            if document.changes == changes:
                # Refused for a reason other than typing, or its didChange is still on the way.
                await _changed(document, editor.facts.typing_delay + SETTLE_SECONDS)
                if document.changes == changes:
                    return landed
        return landed


async def _shown(document: Document, since: Journal, here: Range, old: str, text: str, whole: str) -> bool | None:
    """Whether the document shows the text where it belongs: None where nothing there has changed in time.

    False where something has, but the text is not what stands there. `since` was started when the edit was sent.
    `whole` is the document with the edit and nothing else: an editor that compares its buffers may report the same
    change at another place, a line end further down.
    """
    deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while True:
        if len(since) and document.snapshot().text == whole:
            return True
        region, changed = _region(since, here)
        if changed:
            now = document.snapshot().slice(region)
            if _shows(now, text, old):
                return True
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0 or not await _changed(document, left):
            return False if changed else None


def _region(since: Journal, here: Range) -> tuple[Range, bool]:
    """What the range has become, with all that was put in at its very edges too, and whether anything was."""
    changed = False
    for edit in since:
        start, end = edit.range
        if start <= here.end and end >= here.start:
            changed = True
            here = Range(
                moved(min(here.start, start), edit, after_insertion=False),
                moved(max(here.end, end), edit, after_insertion=True),
            )
        else:
            here = Range(moved(here.start, edit, after_insertion=True), moved(here.end, edit, after_insertion=True))
    return here, changed


def _shows(now: str, text: str, old: str) -> bool:
    """Whether the new text stands there, with at most typing right beside it. When in doubt it does not: a result that
    is kept although it landed costs a message, one that is believed to have landed would be lost.
    """
    return now == text or (len(text) >= CHANCE and text in now and old not in now)


async def _quiet(document: Document, delay: float) -> None:
    """Wait until nothing that was typed can still be held back by the editor or be on its way; not for ever."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + QUIET_SECONDS
    while loop.time() < give_up:
        left = max(document.changed_at + delay, document.disordered_at + LATE_SECONDS) - loop.time()
        if left <= 0:
            return
        await _changed(document, left)


async def _changed(document: Document, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await document.next_change()
    except TimeoutError:
        return False
    return True


def _workspace_edit(editor: Editor, document: Document, edits: list[TextEdit]) -> types.WorkspaceEdit:
    client_edits = edits_to(document.lines, edits, editor.facts)
    if not editor.facts.document_changes:
        return types.WorkspaceEdit(changes={document.uri: client_edits})
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, list(client_edits))])
