"""What reviews have found, as the editor's diagnostics: on their lines, moved with edits, gone when their lines change.

A fix is an edit like any other. Never guesses: a finding whose line can't be found again is let go.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.actions.base import Severity
from dragoman.core.errors import BadInput
from dragoman.core.text import Position, Range, Snapshot, content_length
from dragoman.lsp.convert import range_to, uri_of
from dragoman.lsp.edits import Landing, land

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dragoman.actions.base import Finding, FindingsResult
    from dragoman.lsp.documents import Document, Journal
    from dragoman.lsp.messages import RunResult
    from dragoman.lsp.server import Server

SOURCE = "dragoman"
PAUSE_SECONDS = 0.2
"""How long typing must rest before moved findings are published anew: editors move them themselves meanwhile."""

_SEVERITIES: Mapping[Severity, types.DiagnosticSeverity] = MappingProxyType(
    {
        Severity.ERROR: types.DiagnosticSeverity.Error,
        Severity.WARNING: types.DiagnosticSeverity.Warning,
        Severity.INFORMATION: types.DiagnosticSeverity.Information,
        Severity.HINT: types.DiagnosticSeverity.Hint,
    }
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding that the person is shown, in a file. `finding` speaks of the moment its file's journal was started."""

    id: str
    finding: Finding


@dataclass(slots=True)
class _File:
    """One file's findings. `lines` are those they speak of; `document` and `journal` where the editor holds it open."""

    uri: str
    lines: Sequence[str]
    shown: list[Shown]
    document: Document | None = None
    journal: Journal | None = None


class Findings:
    """Those of one connection, by file."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._files: dict[str, _File] = {}
        self._numbers = count(1)
        self._due: dict[str, asyncio.TimerHandle] = {}

    def show(self, result: FindingsResult, subject_uri: str, root: str) -> list[tuple[str, Shown]]:
        """Show a review's findings in place of the files' earlier ones; returns them with their files' URIs."""
        shown: list[tuple[str, Shown]] = []
        for path, snapshot in result.seen.items():
            uri = uri_of(f"{root.rstrip('/')}/{path}") if path else subject_uri
            found = [Shown(f"f{next(self._numbers)}", each) for each in result.findings if each.path == path]
            self._take(uri, snapshot, found)
            shown.extend((uri, each) for each in found)
        return shown

    def _take(self, uri: str, snapshot: Snapshot, found: list[Shown]) -> None:
        document = self._server.documents.get(uri)
        uri = document.uri if document is not None else uri
        had = self._forget(uri)
        if found:
            file = _File(uri, snapshot.lines, found)
            self._files[uri] = file
            if document is not None:
                self._follow(file, document)
        if found or had:
            self._publish(uri)

    def _follow(self, file: _File, document: Document) -> None:
        """Speak of the document as it is in the editor, which may differ from what was reviewed."""
        if tuple(document.lines) != tuple(file.lines):
            lines = document.lines
            placed = ((each, _line_again(each.finding, lines)) for each in file.shown)
            file.shown = [Shown(each.id, _at(each.finding, line, lines)) for each, line in placed if line is not None]
        file.lines = document.snapshot().lines
        file.document, file.journal = document, document.start_journal()

    # What happens to the documents

    def opened(self, document: Document) -> None:
        """The editor holds a file open from now on."""
        file = self._files.get(document.uri)
        if file is not None:
            self._follow(file, document)
            self._publish(document.uri)

    def changed(self, uri: str) -> None:
        """The document has changed: findings move with their lines, and go with them."""
        file = self._files.get(uri)
        if file is None or file.document is None or file.journal is None:
            return
        kept = [each for each in file.shown if not file.journal.carry(each.finding.range).touched]
        gone = len(kept) < len(file.shown)
        file.shown = kept
        if uri in self._due:
            self._due[uri].cancel()
        if gone:
            self._publish(uri)
        else:
            self._due[uri] = asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._publish, uri)

    def closed(self, uri: str) -> None:
        """The editor lets go of the file: its findings stay, as of its text then."""
        file = self._files.get(uri)
        if file is not None and file.document is not None:
            file.shown = [Shown(each.id, self._now(file, each)) for each in file.shown]
            file.lines = file.document.snapshot().lines
            self._stop(file)

    def clear(self, uri: str | None = None) -> int:
        """Take away a file's findings, or all; returns how many."""
        uris = [uri] if uri is not None else list(self._files)
        gone = 0
        for each in uris:
            gone += len(self._files[each].shown) if each in self._files else 0
            if self._forget(each):
                self._publish(each)
        return gone

    def _forget(self, uri: str) -> bool:
        file = self._files.pop(uri, None)
        if file is not None:
            self._stop(file)
        return file is not None

    def _stop(self, file: _File) -> None:
        if file.document is not None and file.journal is not None:
            file.document.stop_journal(file.journal)
        file.document = file.journal = None

    # What is asked of them

    def at(self, uri: str, selection: Range) -> list[Shown]:
        """The findings with a fix on the lines of a selection."""
        file = self._files.get(uri)
        if file is None or file.document is None:
            return []
        lines = (selection.start.line, selection.end.line)
        return [
            each
            for each in file.shown
            if each.finding.fix is not None and lines[0] <= self._range(file, each.finding.range).start.line <= lines[1]
        ]

    def has(self, uri: str) -> bool:
        """Whether the file has findings."""
        return uri in self._files

    async def fix(self, finding_id: str) -> RunResult:
        """Apply a finding's fix where its lines are now. Raises `BadInput` where it is gone, or they have changed."""
        file, shown = self._find(finding_id)
        fix = shown.finding.fix
        if fix is None or file.document is None or file.journal is None:
            raise BadInput("That finding has no fix that can be applied here: open its file first.")
        carried = file.journal.carry(fix.range)
        if carried.touched:
            raise BadInput("The lines of that fix have changed since the review: review them again.")
        document, journal = file.document, file.document.start_journal()
        title = f"Fix: {shown.finding.message}"[:80]
        try:
            landed = await land(self._server, document, journal, carried.range, fix.text, title)
        finally:
            document.stop_journal(journal)
        if landed.landing in {Landing.APPLIED, Landing.NOTHING}:
            self._drop(file.uri, finding_id)
            return {"kind": "edit", "applied": True}
        message = f"The fix was not applied: {landed.reason or landed.landing.value}. It is offered still."
        self._server.message(types.MessageType.Warning, message)
        return {"kind": "edit", "applied": False, "message": message}

    def _drop(self, uri: str, finding_id: str) -> None:
        file = self._files.get(uri)
        if file is not None:
            file.shown = [each for each in file.shown if each.id != finding_id]
            self._publish(uri)

    def _find(self, finding_id: str) -> tuple[_File, Shown]:
        for file in self._files.values():
            for each in file.shown:
                if each.id == finding_id:
                    return file, each
        raise BadInput("That finding is gone: its lines have changed, or it was cleared. Review again.")

    # The editor

    def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """The file's findings as the editor is told of them now."""
        file = self._files.get(uri)
        if file is None:
            return []
        lines = file.document.lines if file.document is not None else file.lines
        encoding = self._server.facts.encoding
        return [
            types.Diagnostic(
                range=range_to(lines, self._range(file, each.finding.range), encoding),
                message=each.finding.message,
                severity=_SEVERITIES[each.finding.severity],
                code=each.finding.code or None,
                source=SOURCE,
            )
            for each in file.shown
        ]

    def _publish(self, uri: str) -> None:
        self._due.pop(uri, None)
        file = self._files.get(uri)
        version = file.document.version if file is not None and file.document is not None else None
        self._server.protocol.notify(
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
            types.PublishDiagnosticsParams(uri=uri, diagnostics=self.diagnostics(uri), version=version),
        )
        if file is not None and not file.shown:
            self._forget(uri)

    def _range(self, file: _File, range_: Range) -> Range:
        return file.journal.carry(range_).range if file.journal is not None else range_

    def _now(self, file: _File, shown: Shown) -> Finding:
        """The finding as of the present text; a fix whose lines have changed goes."""
        assert file.journal is not None
        finding = shown.finding
        fix = finding.fix
        if fix is not None:
            carried = file.journal.carry(fix.range)
            fix = None if carried.touched else fix._replace(range=carried.range)
        return replace(finding, range=self._range(file, finding.range), fix=fix)


def _line_again(finding: Finding, lines: Sequence[str]) -> int | None:
    """The line nearest to where the finding was that says the same; None where none does."""
    was = finding.range.start.line
    same: Iterable[int] = (number for number, line in enumerate(lines) if line.strip() == finding.quote)
    return min(same, key=lambda number: abs(number - was), default=None)


def _at(finding: Finding, line: int, lines: Sequence[str]) -> Finding:
    """The finding on another line; a fix does not come along, for the lines around may differ."""
    text = lines[line]
    start = min(len(text) - len(text.lstrip()), content_length(text))
    return replace(
        finding, range=Range(Position(line, start), Position(line, max(start, len(text.rstrip())))), fix=None
    )
