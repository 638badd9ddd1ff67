"""The open documents, in step with the editor through every change, and what has happened to each since a moment.

Positions here count code points. Never reads a file: what is not open is not here.
"""

from __future__ import annotations

import asyncio
from math import inf
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
from dragoman.lsp.history import Change, History

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dragoman.core.text import Replaced

_MOST_EDITED = 20


class Carried(NamedTuple):
    """A range of an earlier version, carried to the present one; `touched` says that its own text was changed, or that
    nobody knows what it was: a change that belonged before it came after it.
    """

    range: Range
    touched: bool


class Journal:
    """Every edit of one document since a snapshot of it, at `version`, so that a range of then can be found now."""

    __slots__ = ("__weakref__", "_edits", "amended", "version")

    def __init__(self, version: int) -> None:
        self.version = version
        self.amended = False
        """Whether the snapshot turned out not to be the editor's text of its version."""
        self._edits: list[TextEdit] = []

    def __len__(self) -> int:
        return len(self._edits)

    def __iter__(self) -> Iterator[TextEdit]:
        return iter(self._edits)

    def add(self, edits: Iterable[TextEdit]) -> None:
        """Edits that were made one after the other."""
        self._edits.extend(edits)

    def drop(self, count: int) -> None:
        """The last edits were taken back."""
        del self._edits[len(self._edits) - count :]

    def amend(self, edits: Iterable[TextEdit]) -> None:
        """A change is missing from the snapshot; these edits make up for it."""
        self.amended = True
        self.add(edits)

    def carry(self, target: Range) -> Carried:
        """Where the target is now."""
        touched = self.amended
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
        self.changes = 0
        """How many there were. What is kept for a text goes by this: a late one changes the text, not the version."""
        self.changed_at = 0.0
        """The loop's time of the last change; 0 where there was none."""
        self.disordered_at = -inf
        """The loop's time of the last change before which one may be missing that is still to come."""
        self.in_step = True
        """Whether this is the editor's text. Not where a change came too late to be put where it belongs."""
        self.applying = asyncio.Lock()
        """Held while an edit of ours is on its way: the next one waits."""
        self.selection = Range(Position(0, 0), Position(0, 0))
        """What the person last selected or typed, as far as the editor tells."""
        self._snapshot: Snapshot | None = None
        self._journals: WeakSet[Journal] = WeakSet()
        self._history = History(version)
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
        journal = Journal(self.version)
        self._journals.add(journal)
        return journal

    def stop_journal(self, journal: Journal) -> None:
        """Keep it no longer."""
        self._journals.discard(journal)

    def change(self, version: int, edits: Iterable[TextEdit | str]) -> None:
        """Apply a didChange: edits one after the other, or a whole text, which counts as its smallest difference.

        One whose version is below the present one is put where it belongs. `edits` may be gone through again then, and
        must speak of the text as it is at that moment.
        """
        now = asyncio.get_running_loop().time()
        if not self.version <= version <= self.version + 1:
            self.disordered_at = now
        if version >= self.version:
            self._make(version, edits)
        elif version > self._history.whole:  # else it is in the text already
            self._make_late(version, edits)
        self.version = max(version, self.version)
        self.changes += 1
        self._snapshot = None
        self.changed_at = now
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

    def _make(self, version: int, edits: Iterable[TextEdit | str]) -> None:
        replaced: list[Replaced] = []
        journaled = 0
        for edit in edits:
            if isinstance(edit, str):
                journaled += self._replace(edit)
                self._history, self.in_step = History(version), True
            else:
                lines, count = self._splice(edit)
                replaced.append(lines)
                journaled += count
                self._select(edit)
        if self._history.whole < version:  # else it is never taken back
            self._history.add(Change(version, edits, replaced, journaled))

    def _make_late(self, version: int, edits: Iterable[TextEdit | str]) -> None:
        """Take back what came before it and belongs after it, and make that again."""
        later = self._history.take_after(version)
        if later is None:
            self._make(version, edits)  # which is as good a guess as any
            self._history.forget(self.version)
            self.in_step = False
            return
        misled = [journal for journal in self._journals if journal.amended or journal.version > version]
        before = "".join(self.lines) if misled else ""
        self._journals.difference_update(misled)
        for change in reversed(later):
            for lines in reversed(change.replaced):
                lines.take_back(self.lines)
            for journal in self._journals:
                journal.drop(change.journaled)
        self._make(version, edits)
        for change in later:
            self._make(change.version, change.edits)
        if misled:
            difference = _one_after_the_other(diff(before, "".join(self.lines)))
            for journal in misled:
                journal.amend(difference)
            self._journals.update(misled)

    def _splice(self, edit: TextEdit) -> tuple[Replaced, int]:
        """What it has done to the lines, and how many edits of each journal it is."""
        start, end = sorted((clamp(self.lines, edit.range.start), clamp(self.lines, edit.range.end)))
        edit = TextEdit(Range(start, end), edit.text)
        if not self._journals:
            return splice(self.lines, edit), 0
        if meets_carriage_return(self.lines, edit):
            # Line numbers shift in a way that the edit alone does not tell: journal the difference of the whole.
            before = "".join(self.lines)
            replaced = splice(self.lines, edit)
            return replaced, self._journal(_one_after_the_other(diff(before, "".join(self.lines))))
        return splice(self.lines, edit), self._journal((edit,))

    def _replace(self, text: str) -> int:
        """How many edits of each journal it is."""
        edits = _one_after_the_other(diff("".join(self.lines), text)) if self._journals else ()
        self.lines = split_lines(text)
        return self._journal(edits)

    def _journal(self, edits: Sequence[TextEdit]) -> int:
        for journal in self._journals:
            journal.add(edits)
        return len(edits)

    def _select(self, edit: TextEdit) -> None:
        at = clamp(self.lines, end_of(edit.range.start, edit.text))
        self.selection = Range(at, at)


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
        self._overtook: dict[str, int] = {}
        """The highest versions of changes that came to what is not open, since it was closed; the last ones alone."""
        self.last_touched: str | None = None
        """The document that the person was in last, for commands that name none."""
        self._answers: set[str] = set()
        """Places of answers: they open by themselves, so that no person is in one before something is done there."""

    def open(self, uri: str, language: str, version: int, text: str) -> Document:
        """Take over a document from the editor. One that a change came to before it was opened lacks that change."""
        document = Document(uri, language_id(language), version, text)
        document.in_step = self._overtook.get(_place(uri), version) <= version
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
        self._overtook.pop(_place(uri), None)
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

    def passed_over(self, uri: str, version: int) -> None:
        """A change came to what is not open: it may have overtaken the opening."""
        place = _place(uri)
        self._overtook[place] = max(version, self._overtook.pop(place, version))
        for oldest in list(self._overtook)[:-_MOST_EDITED]:
            del self._overtook[oldest]

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
