"""What of a model's text is proposed: no more than the line or the block, balanced, and nothing that stands behind the
cursor already. Pure.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.completion import indent_width
from dragoman.core.fill import CONTROL_TOKENS
from dragoman.core.fitting import indent_unit, restyled
from dragoman.core.languages import LANGUAGES, language

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dragoman.core.completion import Gap

MOST_LINES = 24

_CONTROL = re.compile("|".join(re.escape(token) for token in CONTROL_TOKENS))
_ONLY_CLOSES = re.compile(r"\s*[)\]}]+[;,]?")
_PAIRS = MappingProxyType({")": "(", "]": "[", "}": "{"})
_SHORTEST_ECHO = 3
_TAB = 4
_PRIMES = frozenset({"rust", "haskell", "ocaml", "lisp", "clojure", "erlang", "latex"})
"""Where a single quote does not begin a text."""


class Trimmed(NamedTuple):
    """What is proposed, "" for nothing. `ended`: whatever more the model writes would be left out too."""

    text: str
    ended: bool


def trim(gap: Gap, text: str) -> Trimmed:
    """The part of a model's text that fits the gap."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    control = _CONTROL.search(text)
    text = _without_echo(gap, text[: control.start()] if control else text)
    lines = text.split("\n")
    kept = _block(gap, lines) if gap.several else lines[:1]
    kept = _before_suffix(gap, _in_its_style(gap, kept))
    fits = _without_tail(gap, "\n".join(kept))
    fits = _balanced(gap, fits)
    ended = control is not None or len(kept) < len(lines) or len(fits) < len("\n".join(kept))
    return Trimmed(fits.rstrip() if fits.strip() else "", ended)


def _without_echo(gap: Gap, text: str) -> str:
    """The text without the beginning of its line, which some models write again."""
    head = gap.head
    if not head.strip():
        return text.removeprefix(head)
    first = text.lstrip(" \t")
    begun = head.lstrip(" \t")
    return first.removeprefix(begun) if len(begun.strip()) >= _SHORTEST_ECHO else text


def _block(gap: Gap, lines: Sequence[str]) -> list[str]:
    """The first lines, up to where the block ends, by indentation and blank lines."""
    opened = bool(gap.head.strip())
    floor = indent_width(gap.head) + opened
    level: int | None = None
    blank = 0
    for number, line in enumerate(lines):
        if not line.strip():
            blank += number > 0
            if blank > 1:
                return list(lines[:number])
            continue
        if number == 0 and opened:
            continue
        width = indent_width(gap.head + line if number == 0 else line)
        if level is None and width >= floor:
            level = width
        elif width < (floor if level is None else level):
            closing = _ONLY_CLOSES.match(line)
            kept = list(lines[:number])
            return [*kept, closing[0]] if closing and not blank else kept
        elif blank and width == level:
            return list(lines[:number])
        if number >= MOST_LINES:
            return list(lines[:number])
        blank = 0
    return list(lines)


def _in_its_style(gap: Gap, lines: list[str]) -> list[str]:
    """The lines indented with tabs where the document has tabs, and with its blanks where it has blanks."""
    first, *others = lines
    if not others:
        return lines
    unit = indent_unit(gap.prefix.split("\n")) or indent_unit(gap.suffix.split("\n"))
    if unit is None or not any(line.startswith(" " if unit == "\t" else "\t") for line in others):
        return lines
    steps = indent_width(gap.head) // (_TAB if unit == "\t" else len(unit))
    margin = (" " * _TAB if unit == "\t" else "\t") * steps  # as the model would have written it
    return [first, *restyled([margin + first, *others], unit)[1:]]


def _before_suffix(gap: Gap, lines: list[str]) -> list[str]:
    """The lines up to where they say what the lines behind the cursor say."""
    following = [line.rstrip() for line in gap.suffix.split("\n")[1:] if line.strip()]
    if not following or not _tells(following[0]):
        return lines
    blank_head = not gap.head.strip()
    for number, line in enumerate(lines):
        if number == 0 and not blank_head:
            continue
        here = (gap.head + line if number == 0 else line).rstrip()
        if here != following[0]:
            continue
        rest = [line.rstrip() for line in lines[number + 1 :] if line.strip()]
        if all(one == other for one, other in zip(rest, following[1:], strict=False)):
            return _before_suffix(gap, lines[:number]) if number else [""]  # which may say it again
    return lines


def _without_tail(gap: Gap, text: str) -> str:
    """The text without the rest of the line, where it ends with it; brackets alone are left to the balance."""
    tail = gap.tail.strip()
    stripped = text.rstrip()
    for length in range(min(len(tail), len(stripped)), 0, -1):
        part = tail[:length]
        if not stripped.endswith(part) or not _tells(part):
            continue
        if length == len(tail) >= _SHORTEST_ECHO:
            return _without_tail(gap, stripped[:-length])  # which may end with it again
        if _is_edge(stripped, len(stripped) - length) and _is_edge(tail, length):
            return stripped[:-length]
    return text


def _tells(text: str) -> bool:
    """Whether it says more than brackets do."""
    return any(character.isalnum() or character in "\"'`" for character in text)


def _is_edge(text: str, place: int) -> bool:
    """Whether no word goes on across this place."""
    around = text[max(0, place - 1) : place + 1]
    return len(around) < 2 or not all(character.isalnum() or character == "_" for character in around)


def _balanced(gap: Gap, text: str) -> str:
    """The text up to the first bracket that closes what is closed behind the cursor already, or was never opened."""
    if language(gap.language).prose:
        return text
    start = len(gap.prefix)
    before = start - len(gap.head)
    outer: list[str] = []
    inner: list[str] = []
    earlier = 0
    leave: int | None = None
    for place, bracket in _brackets(gap.prefix + text, gap.language):
        if place < start:
            _count(outer, bracket)
            earlier = len(outer) if place < before else min(earlier, len(outer))
            continue
        if leave is None:
            leave = _may_close(gap, earlier, len(outer))
        if bracket not in _PAIRS:
            inner.append(bracket)
        elif inner and inner[-1] == _PAIRS[bracket]:
            inner.pop()
        elif not inner and leave > 0 and outer and outer[-1] == _PAIRS[bracket]:
            outer.pop()
            leave -= 1
        else:
            return text[: place - start]
    return text


def _may_close(gap: Gap, earlier: int, depth: int) -> int:
    """How many of the open brackets before the cursor may be closed in the gap: those that are not closed behind it.

    `earlier` of them stand above the cursor's line. Where the text behind is not shown to its end, they count as closed
    there.
    """
    closed = 0
    opened: list[str] = []
    for _, bracket in _brackets(gap.suffix, gap.language):
        if bracket not in _PAIRS:
            opened.append(bracket)
        elif opened:
            opened.pop()
        else:
            closed += 1
    return max(0, depth - (closed if gap.ends else max(closed, earlier)))


def _count(stack: list[str], bracket: str) -> None:
    if bracket not in _PAIRS:
        stack.append(bracket)
    elif stack and stack[-1] == _PAIRS[bracket]:
        stack.pop()


def _brackets(text: str, language_id: str) -> Iterator[tuple[int, str]]:
    """The brackets outside of texts and comments, as far as a line's form tells, with their places."""
    for match in _tokens(language_id).finditer(text):
        if match.lastgroup == "bracket":
            yield match.start(), match[0]


def _tokens(language_id: str) -> re.Pattern[str]:
    known = LANGUAGES.get(language_id)
    comments = [re.escape(mark) + r"[^\n]*" for mark in known.line_comments] if known else []
    blocks = [f"{re.escape(start)}.*?{re.escape(end)}" for start, end in known.block_comments] if known else []
    single = r"'(?:\\.|[^\\\n'])'" if language_id in _PRIMES else r"'(?:\\.|[^'\\\n])*'"
    texts = [r'""".*?"""', r"'''.*?'''", r'"(?:\\.|[^"\\\n])*"', single, r"`[^`\n]*`"]
    return re.compile("|".join((*texts, *blocks, *comments, r"(?P<bracket>[()\[\]{}])")), re.DOTALL)
