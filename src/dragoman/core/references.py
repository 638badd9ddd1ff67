"""Which definitions a piece of code speaks of: the names in it, and what an outline has under those names. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.syntax import indentation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from dragoman.core.outline import Definition

LONGEST_LOOKED_AT = 20_000
"""So many code points of a text are looked through for names."""
_MOST_NAMES = 400
_MOST_OF_A_NAME = 3
"""Definitions of one name that are worth a look: overloads, methods of several classes."""
_LONGEST_VALUE = 12
"""Lines of a constant's value."""

_NAME = re.compile(r"(?P<before>->|\.|::?|\\)?\s*(?P<name>[^\W\d][\w$]*)(?P<after>\s*[(<{.!]|::|->)?")
_RUBY = re.compile(r"(?P<before>\.|::)?(?P<name>[^\W\d]\w*[?!]?)(?P<after>)")
_SHELL = re.compile(r"(?P<before>)(?<![\w$-])(?P<name>[^\W\d][\w-]*)(?P<after>)")


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a text, in the order in which they first appear.

    used: all of them. reached: those that stand behind a dot or the like, as members do. telling: those that look like
    a type or a call, where the language lets one tell.
    """

    used: tuple[str, ...]
    reached: frozenset[str]
    telling: frozenset[str]


def names_in(text: str, language: str) -> Names:
    """The names in a text, those in its comments and strings included: they often say what it is about."""
    pattern = _RUBY if language == "ruby" else _SHELL if language == "shellscript" else _NAME
    tells = pattern is _NAME
    used: dict[str, None] = {}
    reached: set[str] = set()
    telling: set[str] = set()
    position, end = 0, min(len(text), LONGEST_LOOKED_AT)
    while len(used) < _MOST_NAMES and (match := pattern.search(text, position, end)) is not None:
        name = match["name"]
        position = match.end("name")  # what follows a name may stand before the next one
        used[name] = None
        if match["before"]:
            reached.add(name)
        if not tells or match["after"] or name[0].isupper():
            telling.add(name)
    return Names(tuple(used), frozenset(reached), frozenset(telling))


def defined(
    definitions: Iterable[Definition], names: Iterable[str], members: Collection[str]
) -> tuple[Definition, ...]:
    """Those that define these names, in the names' order: what stands at the top, and members of these names.

    What stands inside another one that is found is not given again, and neither is a module for what is found in it.
    """
    by_name: dict[str, list[Definition]] = {}
    for definition in definitions:
        if not definition.level or definition.name in members:
            by_name.setdefault(definition.name, []).append(definition)
    found = [definition for name in names for definition in by_name.get(name, ())[:_MOST_OF_A_NAME]]
    found = [
        definition
        for definition in found
        if definition.kind != "module" or not any(_inside(other, definition) for other in found)
    ]
    return tuple(definition for definition in found if not any(_inside(definition, other) for other in found))


def value(lines: tuple[str, ...], name: str) -> tuple[int, int] | None:
    """The lines, zero-based, in which a constant or a variable of that name begins at the top and ends; None if none.

    By its line alone, for grammars' tables of definitions leave values out.
    """
    pattern = re.compile(rf"(?:[\w<>()\[\]&*]+\s+){{0,4}}{re.escape(name)}\b\s*(?::[^=]{{0,80}})?=(?!=)")
    for number, line in enumerate(lines):
        if name in line and len(line) < 400 and pattern.match(line):
            return number, _value_end(lines, number)
    return None


def _value_end(lines: tuple[str, ...], first: int) -> int:
    last = first
    for number in range(first + 1, min(len(lines), first + _LONGEST_VALUE)):
        line = lines[number]
        if not line.strip():
            break
        if indentation(line) == 0:
            return number if line[0] in ")]}" else last
        last = number
    return last


def mentions(lines: tuple[str, ...], names: Collection[str]) -> Iterator[int]:
    """The lines, zero-based, that hold one of these names as a whole word."""
    if not names:
        return
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
    for number, line in enumerate(lines):
        if pattern.search(line):
            yield number


def _inside(inner: Definition, outer: Definition) -> bool:
    return outer.first <= inner.first and inner.last <= outer.last and inner.depth > outer.depth
