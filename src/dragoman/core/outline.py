"""What a text defines, in signatures: to show a long file at a glance, and to find what a name stands for.

Pure. An outline holds no tree, so it may be kept while its text stays the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from dragoman.core.encodings import estimate_tokens
from dragoman.core.syntax import indentation
from dragoman.core.text import Position, Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.syntax import Symbol, Syntax

_LONGEST_SIGNATURE = 160


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition of a text.

    name: without the names and type parameters around it (`A::m` is `m`). signature: in one line, without the body.
    first, last: its lines with its comment, zero-based. depth: how many definitions it stands in; level: how many of
    those are more than a module or a namespace.
    """

    kind: str
    name: str
    signature: str
    first: int
    last: int
    depth: int
    level: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines of a text, and its definitions in their order, outer ones before those inside them."""

    lines: tuple[str, ...]
    definitions: tuple[Definition, ...]

    def text(self, definition: Definition) -> str:
        """The definition's whole lines."""
        return "".join(self.lines[definition.first : definition.last + 1])

    def members(self, definition: Definition) -> tuple[Definition, ...]:
        """The definitions inside it, at any depth."""
        following = self.definitions[self.definitions.index(definition) + 1 :]
        return tuple(takewhile(lambda other: other.depth > definition.depth, following))

    def brief(self, definition: Definition) -> str:
        """Its signature and those of its members."""
        return listed((definition, *self.members(definition)))


def outline(syntax: Syntax, near: int | None = None) -> Outline:
    """The outline of a text; of what is not far from the line `near` where that is given and the text is long."""
    found: list[Definition] = []
    around: list[tuple[int, bool]] = []
    for symbol in syntax.symbols() if near is None else syntax.symbols_near(near):
        first, last = symbol.range.start.line, symbol.range.end.line
        while around and around[-1][0] < symbol.core.end.line:
            around.pop()
        found.append(
            Definition(
                symbol.kind,
                simple_name(symbol.name),
                _signature(syntax, symbol),
                first,
                last,
                len(around),
                sum(counts for _, counts in around),
            )
        )
        around.append((last, symbol.kind != "module"))
    return Outline(syntax.snapshot.lines, tuple(found))


def listed(definitions: Sequence[Definition]) -> str:
    """A line for each: its one-based line number and its signature, indented by what it stands in."""
    return "".join(
        f"{definition.first + 1}: {'  ' * definition.depth}{definition.signature}\n" for definition in definitions
    )


def at_a_glance(of: Outline, line: int, max_tokens: int) -> tuple[Definition, ...]:
    """The definitions whose list is within the budget: all, else the outermost, else the nearest of those."""
    costs = [(definition, estimate_tokens(listed((definition,)))) for definition in of.definitions]
    if sum(cost for _, cost in costs) > max_tokens:
        costs = [(definition, cost) for definition, cost in costs if not definition.level]
        costs.sort(key=lambda each: abs(each[0].first - line))
    chosen = []
    for definition, cost in costs:
        max_tokens -= cost
        if max_tokens < 0:
            break
        chosen.append(definition)
    return tuple(sorted(chosen, key=lambda definition: (definition.first, definition.depth)))


def simple_name(name: str) -> str:
    """The last name of a qualified one, without its type parameters."""
    return re.split(r"::|[.:]", re.sub(r"<.*", "", name, flags=re.DOTALL))[-1].strip(" ~*&")


def _signature(syntax: Syntax, symbol: Symbol) -> str:
    """From the line of its name to its body; that line alone where it has none."""
    lines, line = syntax.snapshot.lines, symbol.name_range.start.line
    start = symbol.core.start if symbol.core.start.line == line else Position(line, indentation(lines[line]))
    if symbol.body is not None and symbol.body.start > start:
        text = syntax.snapshot.slice(Range(start, symbol.body.start))
    else:
        text = lines[line][start.character :]
    text = " ".join(text[: 4 * _LONGEST_SIGNATURE].split())
    text = text.rstrip("{: ") or symbol.name
    return text if len(text) <= _LONGEST_SIGNATURE else f"{text[: _LONGEST_SIGNATURE - 1]}…"
