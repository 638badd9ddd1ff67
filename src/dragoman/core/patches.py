"""Applies a diff that a model wrote in place of the text itself. Finds hunks by their lines, never by their numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dragoman.core.errors import UnusableReply
from dragoman.core.fitting import indent_unit

_HEADER = re.compile(r"^(?:diff --git |index [0-9a-f]+\.\.|--- |\+\+\+ |\\ No newline|\*\*\* )")
_HUNK = re.compile(r"^@@.*?@@ ?|^@@\s*$")
_SEARCH = re.compile(r"^<{5,9} ?SEARCH\s*\n(.*?)^={5,9}\s*\n(.*?)^>{5,9} ?REPLACE\s*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Marks (blank, minus, plus) with their lines."""

    lines: tuple[tuple[str, str], ...]

    @property
    def old(self) -> list[str]:
        return [text for mark, text in self.lines if mark != "+"]

    @property
    def new(self) -> list[str]:
        return [text for mark, text in self.lines if mark != "-"]


def looks_like_patch(text: str, *, named: bool) -> bool:
    """Whether the text is a unified diff or search-and-replace blocks. `named` says that its fence calls it one."""
    lines = [line for line in text.split("\n") if line.strip()]
    if _SEARCH.search(text) or any(_HUNK.match(line) for line in lines):
        return True
    if any(line.startswith("--- ") for line in lines[:4]) and any(line.startswith("+++ ") for line in lines[:4]):
        return True
    return named and any(line[0] in "+-" for line in lines)


def patched(text: str, original: str) -> str:
    """The original with the diff applied. Raises `UnusableReply` where a hunk does not fit."""
    lines = original.split("\n")
    at = 0
    for hunk in _search_hunks(text) or _unified_hunks(text):
        if all(mark == " " for mark, _ in hunk.lines):
            continue
        lines, at = _applied(lines, hunk, at)
    if lines == original.split("\n"):
        raise _misfit()
    return "\n".join(lines)


def _misfit() -> UnusableReply:
    return UnusableReply(
        "The model answered with a diff that does not fit the text, and nothing was changed. Try again.",
        follow_up="Your diff does not fit. "
        "Answer again with the whole new text of the target in one fenced code block, not with a diff.",
    )


def _unified_hunks(text: str) -> list[_Hunk]:
    hunks: list[list[tuple[str, str]]] = [[]]
    for line in text.split("\n"):
        if _HUNK.match(line):
            hunks.append([])
        elif not (_HEADER.match(line) and not hunks[-1]):
            if line[:1] in {"+", "-", " "}:
                hunks[-1].append((line[0], line[1:]))
            elif not line:
                hunks[-1].append((" ", ""))
            elif not _HEADER.match(line):
                hunks[-1].append((" ", line))  # a model that forgot the blank before an unchanged line
    return [_Hunk(tuple(hunk)) for hunk in hunks if hunk]


def _search_hunks(text: str) -> list[_Hunk]:
    return [
        _Hunk(
            (*(("-", line) for line in match[1].split("\n")[:-1]), *(("+", line) for line in match[2].split("\n")[:-1]))
        )
        for match in _SEARCH.finditer(text)
    ]


def _applied(lines: list[str], hunk: _Hunk, at: int) -> tuple[list[str], int]:
    """The lines with one hunk applied, and where the next one is looked for. Outer context that is not in the target,
    because it stands beside it, is dropped.
    """
    head = _context(hunk.lines)
    tail = _context(hunk.lines[::-1])
    for dropped in range(head + tail + 1):
        for above in range(min(head, dropped) + 1):
            below = dropped - above
            if below > tail:
                continue
            part = _Hunk(hunk.lines[above : len(hunk.lines) - below])
            found = _find(lines, part.old, at)
            if found is not None:
                place = found
                new = _in_document(part, lines[place : place + len(part.old)])
                return [*lines[:place], *new, *lines[place + len(part.old) :]], place + len(new)
    raise _misfit()


def _context(lines: tuple[tuple[str, str], ...]) -> int:
    return next((number for number, (mark, _) in enumerate(lines) if mark != " "), len(lines))


def _find(lines: list[str], old: list[str], at: int) -> int | None:
    """Where the old lines stand at or behind `at`: exactly, or else but for blanks at their ends."""
    if not any(line.strip() for line in old):
        return None
    for same in (str, str.rstrip, str.strip):
        wanted = [same(line) for line in old]
        having = [same(line) for line in lines]
        place = next((n for n in range(at, len(lines) - len(old) + 1) if having[n : n + len(old)] == wanted), None)
        if place is not None:
            return place
    return None


def _in_document(hunk: _Hunk, present: list[str]) -> list[str]:
    """The hunk's new lines: unchanged ones as the document has them, added ones indented as their neighbours."""
    indents: dict[str, str] = {}
    for wrote, has in zip(hunk.old, present, strict=True):
        indents.setdefault(_indent(wrote), _indent(has))
    step, unit = indent_unit(hunk.new) or "    ", indent_unit(present)
    new, at = [], 0
    for mark, text in hunk.lines:
        if mark == "+":
            own = _indent(text)
            known = max((indent for indent in indents if own.startswith(indent)), key=len, default=None)
            new.append(text if known is None else indents[known] + _restyled(text[len(known) :], step, unit))
        else:
            if mark == " ":
                new.append(present[at])
            at += 1
    return new


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _restyled(text: str, step: str, unit: str | None) -> str:
    """The text with its leading steps in the document's unit."""
    own = _indent(text)
    if unit is None or len(own) % len(step) or own != step * (len(own) // len(step)):
        return text
    return unit * (len(own) // len(step)) + text[len(own) :]
