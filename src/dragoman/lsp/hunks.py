"""Results that wait in the buffer as marked hunks (`edits.review`), and what the person says to each.

The marks in the text are the only state: a server that has just started knows them as well as the one that made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.core.errors import BadInput
from dragoman.core.hunks import MARK, all_resolved, hunks, marked, resolution
from dragoman.core.text import Position, Range
from dragoman.lsp.edits import Landing, land

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.core.hunks import Hunk
    from dragoman.core.text import Snapshot
    from dragoman.lsp.documents import Document
    from dragoman.lsp.messages import RunResult
    from dragoman.lsp.server import Server


def proposal(snapshot: Snapshot, target: Range, text: str, prefix: str, label: str) -> tuple[Range, str]:
    """The whole lines around the target, and those lines with what the text changes of them as hunks."""
    lines = snapshot.lines
    last = target.end.line + 1
    end = Position(last, 0) if last < len(lines) else snapshot.whole.end
    where = Range(Position(target.start.line, 0), end)
    before = snapshot.slice(where)
    head = lines[target.start.line][: target.start.character]
    after = head + text + snapshot.slice(Range(target.end, end))
    return where, marked(before, after, prefix, label, line_end(lines))


def line_end(lines: Iterable[str]) -> str:
    """How the text's first line ends."""
    first = next(iter(lines))
    return "\r\n" if first.endswith("\r\n") else "\r" if first.endswith("\r") else "\n"


class Hunks:
    """The marked hunks in one connection's documents."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._perhaps: set[str] = set()
        """Documents that may hold hunks: the others are not looked through at each request for code actions."""
        self._known: dict[str, tuple[int, tuple[Hunk, ...]]] = {}

    def opened(self, document: Document) -> None:
        """The editor holds a document open from now on."""
        if MARK in document.snapshot().text:
            self._perhaps.add(document.uri)

    def changed(self, uri: str, texts: Iterable[str]) -> None:
        """These texts were put into the document."""
        if uri not in self._perhaps and any("<" in text for text in texts):
            self._perhaps.add(uri)

    def closed(self, uri: str) -> None:
        """The editor lets go of the document."""
        self._perhaps.discard(uri)
        self._known.pop(uri, None)

    def of(self, document: Document) -> tuple[Hunk, ...]:
        """The document's hunks, in the order of their first lines."""
        if document.uri not in self._perhaps:
            return ()
        changes, found = self._known.get(document.uri, (None, ()))
        if changes != document.changes:
            found = hunks(document.lines)
            self._known[document.uri] = (document.changes, found)
            if not found:
                self.closed(document.uri)
        return found

    def at(self, document: Document, line: int) -> Hunk | None:
        """The innermost hunk on a line."""
        holding = [hunk for hunk in self.of(document) if hunk.holds(line)]
        return holding[-1] if holding else None

    async def resolve(self, uri: str, hunk_id: str | None, *, accept: bool) -> RunResult:
        """Accept or reject one hunk, or all of a document. Raises `BadInput` where there is none of the kind."""
        document = self._server.documents.get(uri)
        found = self.of(document) if document is not None else ()
        if document is None or not found:
            raise BadInput("This document holds no proposed changes.")
        snapshot = document.snapshot()
        if hunk_id is None:
            where, text = snapshot.whole, all_resolved(snapshot.text, accept=accept)
        else:
            hunk = next((hunk for hunk in found if hunk.id == hunk_id), None)
            if hunk is None:
                raise BadInput("That change is gone: it was accepted, rejected or edited by hand.")
            where, text = resolution(snapshot.lines, hunk, accept=accept)
        title = f"{'Accept' if accept else 'Reject'} {'all changes' if hunk_id is None else 'change'}"
        journal = document.start_journal()
        try:
            landed = await land(self._server, document, journal, where, text, title)
        finally:
            document.stop_journal(journal)
        if landed.landing in {Landing.APPLIED, Landing.NOTHING}:
            return {"kind": "edit", "applied": True}
        message = f"{title}: the editor did not take it ({landed.reason or landed.landing.value}); nothing is lost."
        self._server.message(types.MessageType.Warning, message)
        return {"kind": "edit", "applied": False, "message": message}
