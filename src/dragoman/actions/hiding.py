"""Secrets leave the messages before they are sent, and come back in what a model writes. Logs and shows none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.core.chat import Message, TextPart
from dragoman.core.redact import INSTRUCTION, SHORTEST_KNOWN, Table, mangled, redact, restore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dragoman.core.chat import Part
    from dragoman.core.text import Range, Snapshot

_LINES_AROUND = 2000
_MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """Something was hidden: what `kind` of secret, in which message (from 0) and line of it (from 1)."""

    kind: str
    message: int
    line: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """Messages as they may be sent, and what was hidden in them. `table` knows of more secrets than were `sent`."""

    messages: tuple[Message, ...]
    found: tuple[Found, ...] = ()
    sent: Table = field(default_factory=Table)
    table: Table = field(default_factory=Table)

    def revealed(self, text: str) -> str:
        """What a model wrote, with the secrets in their places."""
        return restore(text, self.sent)

    def concealed(self, text: str, known: Collection[str] = ()) -> str:
        """A text of this machine with placeholders for its secrets, the same as in the messages."""
        return redact(text, known, self.table).text

    def mangled(self, text: str) -> tuple[str, ...]:
        """What a model wrote for a placeholder and is none."""
        return mangled(text, self.sent) if self.sent.entries else ()


def hide(messages: Sequence[Message], document: str = "", known: Collection[str] = ()) -> Hidden:
    """The messages without their secrets.

    `document` is what they quote from: a secret that only its surroundings give away is hidden where it is quoted
    without them, and each line of a longer one, as a part of it may be quoted. `known` are secrets themselves.
    """
    table = redact(document, known).table
    sought = {*known, *_lines(table)}
    changed: list[Message] = []
    found: list[Found] = []
    for number, message in enumerate(messages):
        parts: list[Part] = []
        for part in message.parts:
            if isinstance(part, TextPart):
                redacted = redact(part.text, sought, table)
                table = redacted.table
                found += (Found(finding.kind, number, finding.line) for finding in redacted.findings)
            parts.append(TextPart(redacted.text) if isinstance(part, TextPart) else part)
        changed.append(Message(message.role, tuple(parts)))
    text = "\n".join(message.text for message in changed)
    sent = Table(tuple(entry for entry in table.entries if entry[0] in text))
    if sent.entries and changed[0].role == "system":
        changed[0] = replace(changed[0], parts=(*changed[0].parts, TextPart(f"\n{INSTRUCTION}")))
    return Hidden(tuple(changed), tuple(found), sent, table)


def around(snapshot: Snapshot, subject: Range) -> str:
    """The document, as far as anything of it could be sent."""
    first = max(0, subject.start.line - _LINES_AROUND)
    return "".join(snapshot.lines[first : subject.end.line + _LINES_AROUND])[:_MOST_CHARACTERS]


def _lines(table: Table) -> Iterator[str]:
    """The telling lines of secrets that have several, such as private keys."""
    for _, secret in table.entries:
        if "\n" in secret:
            lines = (line.strip() for line in secret.splitlines())
            yield from (line for line in lines if len(line) >= SHORTEST_KNOWN and not line.startswith("-----"))
