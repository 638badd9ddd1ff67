"""The open documents, in step with the editor through every change, and what has happened to each since a moment.

Positions here count code points. Never reads a file: what is not open is not here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakSet

from dragoman.core.languages import language_id
from dragoman.core.text import (
    Position,
    Range,
    Snapshot,
    TextEdit,
    clamp,
    diff,
    end_of,
    meets_carriage_return,
    rebase,
    splice,
    split_lines,
    touches,
)
from dragoman.lsp.convert import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_EDITED = 20


class Carried(NamedTuple):
    """A range of an earlier version, carried to the present one; `touched` says that its own text was changed."""

    range: Range
    touched: bool


class Journal:
    """Every edit of one document since a snapshot of it, so that a range of then can be found now."""

    __slots__ = ("__weakref__", "_edits")

    def __init__(self) -> None:
        self._edits: list[TextEdit] = []

    def __len__(self) -> int:
        return len(self._edits)

    def add(self, edits: Iterable[TextEdit]) -> None:
        """Edits that were made one after the other."""
        self._edits.extend(edits)

    def since(self, count: int) -> Sequence[TextEdit]:
        """The edits after the first `count` of them."""
        return self._edits[count:]

    def carry(self, target: Range) -> Carried:
        """Where the target is now."""
        touched = False
        for edit in self._edits:
            touched = touched or touches(target, edit)
            target = rebase(target, edit)
        return Carried(target, touched)


class Document:
    """One open document. Changing it costs what the change touches, not what the document holds."""

    def __init__(self, uri: str, language: str, version: int, text: str) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self.lines = split_lines(text)
        self.changed_at = 0.0
        """The loop's time of the last change; 0 where there was none."""
        self.applying = asyncio.Lock()
        """Held while an edit of ours is on its way: the next one waits."""
        self.selection = Range(Position(0, 0), Position(0, 0))
        """What the person last selected or typed, as far as the editor tells."""
        self._snapshot: Snapshot | None = None
        self._journals: WeakSet[Journal] = WeakSet()
        self._waiting: list[asyncio.Future[None]] = []
        self._closed = False

    def close(self) -> None:
        """The editor has let go of it; what opens under its name later is another document."""
        self._closed = True

    def is_closed(self) -> bool:
        """Whether it has."""
        return self._closed

    def snapshot(self) -> Snapshot:
        """The document as it is now, for good."""
        if self._snapshot is None or self._snapshot.version != self.version:
            self._snapshot = Snapshot(self.uri, self.version, self.language, tuple(self.lines))
        return self._snapshot

    def start_journal(self) -> Journal:
        """A journal that is kept from this moment on, until `stop_journal`, or until nobody holds it any more."""
        journal = Journal()
        self._journals.add(journal)
        return journal

    def stop_journal(self, journal: Journal) -> None:
        """Keep it no longer."""
        self._journals.discard(journal)

    def change(self, version: int, edits: Iterable[TextEdit | str]) -> None:
        """Apply a didChange: edits one after the other, or a whole text, which counts as its smallest difference."""
        for edit in edits:
            if isinstance(edit, str):
                self._replace(edit)
            else:
                self._splice(edit)
                self._select(edit)
        self.version = version
        self._snapshot = None
        self.changed_at = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def next_change(self) -> None:
        """Wait for the next didChange."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            if future in self._waiting:
                self._waiting.remove(future)

    def _splice(self, edit: TextEdit) -> None:
        start, end = sorted((clamp(self.lines, edit.range.start), clamp(self.lines, edit.range.end)))
        edit = TextEdit(Range(start, end), edit.text)
        if not self._journals:
            splice(self.lines, edit)
        elif meets_carriage_return(self.lines, edit):
            # Line numbers shift in a way that the edit alone does not tell: journal the difference of the whole.
            self._replace(_spliced(self.lines, edit))
        else:
            splice(self.lines, edit)
            for journal in self._journals:
                journal.add((edit,))

    def _replace(self, text: str) -> None:
        if self._journals:
            edits = _one_after_the_other(diff("".join(self.lines), text))
            for journal in self._journals:
                journal.add(edits)
        self.lines = split_lines(text)

    def _select(self, edit: TextEdit) -> None:
        at = clamp(self.lines, end_of(edit.range.start, edit.text))
        self.selection = Range(at, at)


def _spliced(lines: list[str], edit: TextEdit) -> str:
    copy = list(lines)
    splice(copy, edit)
    return "".join(copy)


def _one_after_the_other(edits: list[TextEdit]) -> list[TextEdit]:
    """Edits that all speak of the same text, as ones to be made in turn: last first, so that none moves another."""
    return sorted(edits, reverse=True)


class Seen(NamedTuple):
    """A document as it was at one moment, and its changes since."""

    document: Document
    snapshot: Snapshot
    selection: Range
    journal: Journal


class Documents:
    """The open documents by URI."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}
        self._edited: dict[str, float] = {}
        """When files were changed last that are closed now, by their paths; the last ones alone."""
        self.last_touched: str | None = None
        """The document that the person was in last, for commands that name none."""
        self._answers: set[str] = set()
        """Places of answers: they open by themselves, so that no person is in one before something is done there."""

    def open(self, uri: str, language: str, version: int, text: str) -> Document:
        """Take over a document from the editor."""
        document = Document(uri, language_id(language), version, text)
        self.close(uri)
        self._open[_place(uri)] = document
        if _place(uri) not in self._answers:
            self.last_touched = uri
        return document

    def expect_answer(self, uri: str) -> None:
        """That document is about to open, and no person has asked for it to be what commands are about."""
        self._answers.add(_place(uri))

    def close(self, uri: str) -> None:
        """The editor has it no longer."""
        document = self._open.pop(_place(uri), None)
        if document is not None:
            document.close()
            if self.last_touched == document.uri:
                self.last_touched = None
            place = _place(uri)
            if document.changed_at and place != uri:  # it was a file
                self._edited.pop(place, None)
                self._edited[place] = document.changed_at
                for oldest in list(self._edited)[:-_MOST_EDITED]:
                    del self._edited[oldest]

    def get(self, uri: str) -> Document | None:
        """The open document, or None."""
        return self._open.get(_place(uri))

    def seen(self, uri: str | None) -> Seen | None:
        """The document as it is now, or the one that the person was in last; None where it is not open."""
        document = self.get(uri or self.last_touched or "")
        if document is None:
            return None
        return Seen(document, document.snapshot(), document.selection, document.start_journal())

    def at(self, path: str) -> Document | None:
        """The open document of the file at this absolute path, or None. Cheaper than by its URI."""
        return self._open.get(path.replace("\\", "/"))

    def recent(self) -> tuple[str, ...]:
        """The paths of the files that are open, or were edited before they were closed: the last change first, then
        what was opened last.
        """
        changed = dict(self._edited)
        for place, document in self._open.items():
            if place != document.uri:  # it is a file
                changed[place] = max(document.changed_at, changed.get(place, 0.0))
        newest_first = list(changed)[::-1]
        return tuple(sorted(newest_first, key=lambda path: -changed[path]))

    def __len__(self) -> int:
        return len(self._open)


def _place(uri: str) -> str:
    """What two URIs of the same file have in common: editors differ in which characters they escape.

    One with a fragment names a part of a file, such as a notebook's cell, which is a document of its own.
    """
    return uri if "#" in uri else path_of(uri) or uri
