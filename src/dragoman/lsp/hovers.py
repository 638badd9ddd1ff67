"""The session's last answers on the text they are about: they move with it, and go when it has become another text.

Never asks anybody. Where there is no answer, to say so costs next to nothing: the language's own hover waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.text import Position, Range, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.prepared import Prepared
    from dragoman.lsp.documents import Document, Journal

MOST = 20
"""Answers at a time; the oldest makes room."""
FOLLOWED = 100
"""Edits of a text's journal until it is started anew."""
SAME = 0.7
"""The part of a text that may not change: what has less in common with what was asked about is another text."""
SHORT = 2000
"""Characters up to which texts are compared by character; longer ones by line, which costs no more."""


@dataclass(slots=True)
class Answered:
    """One answer. `span` is where its text was when `journal` was started."""

    title: str
    markdown: str
    document: Document
    journal: Journal
    span: Range
    text: str
    touched: bool = False

    def follow(self) -> None:
        """Speak of the document as it is now."""
        self.span, touched = self.journal.carry(self.span)
        self.touched = self.touched or touched
        self.document.stop_journal(self.journal)
        self.journal = self.document.start_journal()


class Hovers:
    """Those of one connection, oldest first."""

    def __init__(self) -> None:
        self._answers: list[Answered] = []

    def keep(self, prepared: Prepared, document: Document | None, journal: Journal | None, markdown: str) -> None:
        """Show the answer from now on, where it is about a text in a document that is open.

        `journal` has followed the document since the moment that `prepared` speaks of.
        """
        snapshot = prepared.scene.snapshot
        span = _shown_on(prepared)
        if span is None or document is None or document.is_closed() or journal is None:
            return
        here, touched = journal.carry(span)
        followed = [each for each in self._answers if each.document is document]
        for earlier in [each for each in followed if each.journal.carry(each.span).range == here]:
            self._forget(earlier)  # which would never be seen again
        text = snapshot.slice(span)
        answered = Answered(
            prepared.action.title, markdown, document, document.start_journal(), here, text, touched=touched
        )
        self._answers.append(answered)
        if len(self._answers) > MOST:
            self._forget(self._answers[0])

    def has(self, uri: str) -> bool:
        """Whether there is any in the document."""
        return any(answered.document.uri == uri for answered in self._answers)

    def at(self, document: Document, position: Position) -> Answered | None:
        """The last one on the text at the position."""
        for answered in reversed(self._answers):
            if answered.document is not document:
                continue
            start, end = answered.journal.carry(answered.span).range
            if start <= position <= end:
                answered.follow()
                if answered.touched and not _is_still(answered):
                    self._forget(answered)
                    continue
                answered.touched = False
                return answered
        return None

    def changed(self, uri: str) -> None:
        """The document has changed: they move with their text. Not at once, for the change may have been overtaken."""
        for answered in self._answers:
            if answered.document.uri == uri and len(answered.journal) >= FOLLOWED:
                answered.follow()

    def closed(self, uri: str) -> None:
        """A closed document shows nothing."""
        for answered in [answered for answered in self._answers if answered.document.uri == uri]:
            self._forget(answered)

    def _forget(self, answered: Answered) -> None:
        answered.document.stop_journal(answered.journal)
        self._answers.remove(answered)


def _shown_on(prepared: Prepared) -> Range | None:
    """What was asked about. A cursor stands for its line, a whole file for its first one: on every word of a file, an
    answer would be in the way of what the language itself has to say.
    """
    subject, snapshot = prepared.subject, prepared.scene.snapshot
    if prepared.action.changes is not None:
        return None
    if not subject.empty and snapshot.slice(subject).strip() != snapshot.text.strip():
        return subject
    line = subject.start.line
    length = content_length(snapshot.lines[line])
    return Range(Position(line, 0), Position(line, length)) if snapshot.lines[line].strip() else None


def _is_still(answered: Answered) -> bool:
    """Whether the text is still much the same."""
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - not needed before a text was changed

    old, new = answered.text, answered.document.snapshot().slice(answered.span)
    before: Sequence[str] = old if len(old) + len(new) <= 2 * SHORT else old.split("\n")
    after: Sequence[str] = new if isinstance(before, str) else new.split("\n")
    return Indel.normalized_similarity(before, after) >= SAME
