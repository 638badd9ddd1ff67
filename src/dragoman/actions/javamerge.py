"""Java's tests, which stand in a class: new methods join the class that is there, or get one of their own. Pure."""

from __future__ import annotations

import posixpath
import re
import textwrap
from typing import TYPE_CHECKING

from dragoman.actions.importmerge import import_edits
from dragoman.core.syntax import indentation, parse
from dragoman.core.text import Position, Range, Snapshot, TextEdit, apply

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.syntax import Symbol, Syntax

_TYPES = frozenset({"class", "interface", "enum"})
_PACKAGE = re.compile(r"^package\s+[\w.]+\s*;[ \t]*\n*", re.MULTILINE)


def java_file(plan: TestPlan, code: str, head: str = "") -> str:
    """A new file's text, with line feeds: its package, and a class with the file's name around the tests.

    `head` is what the file has already, which is no class.
    """
    syntax = _parsed(code)
    name = posixpath.basename(plan.path).removesuffix(".java")
    types = _types(syntax)
    if not types:
        body = _without_head(syntax)
        imports = "".join(f"{syntax.snapshot.slice(range_)}\n" for range_ in syntax.imports())
        visible = "public " if plan.framework == "JUnit 4" else ""
        code = f"{imports}{imports and chr(10)}{visible}class {name} {{\n{_indented(body, '    ')}\n}}\n"
    elif len(types) == 1 and types[0].name != name:
        # A public class in a file of another name does not compile.
        code = apply(syntax.snapshot.lines, [TextEdit(types[0].name_range, name)])
    if _PACKAGE.search(head):
        return _PACKAGE.sub("", code)
    return code if _PACKAGE.search(code) else plan.header + code


def java_extended(present: Syntax, code: str, fresh: Callable[[Syntax, Syntax], str]) -> str | None:
    """The present text with the new tests in its class and their imports; "" where nothing is new, None where the
    present text has no class.

    `fresh` gives what of new code is new beside the present one, taken names changed; both are insides of classes.
    """
    home = next((symbol for symbol in _types(present) if symbol.kind == "class" and symbol.body is not None), None)
    if home is None or home.body is None:
        return None
    snapshot, end = present.snapshot, present.snapshot.line_end
    new = _parsed(code)
    there = {symbol.name for symbol in _types(present)}
    same = next((symbol for symbol in _types(new) if symbol.name == home.name), None)
    inner = same or next((symbol for symbol in _types(new) if symbol.kind == "class"), None)
    body = fresh(_parsed(_inside(present, home)), _parsed(_inside(new, inner) if inner else _without_head(new)))
    others = [
        new.snapshot.slice(symbol.range) for symbol in _types(new) if symbol is not inner and symbol.name not in there
    ]
    if not body.strip() and not others:
        return ""
    edits = import_edits(present, new)
    if body.strip():
        edits.append(_at_the_end_of(present, home.body, body))
    text = apply(snapshot.lines, edits).rstrip()
    return "".join([text, *(f"\n\n{other}".replace("\n", end) for other in others), end])


def _at_the_end_of(present: Syntax, class_body: Range, body: str) -> TextEdit:
    """The new members before the brace that closes the class."""
    snapshot, end = present.snapshot, present.snapshot.line_end
    brace = Position(class_body.end.line, class_body.end.character - 1)
    inside = Range(Position(class_body.start.line, class_body.start.character + 1), brace)
    members = snapshot.slice(inside).rstrip()
    lines = snapshot.lines[class_body.start.line + 1 : brace.line]
    depth = next((line[: indentation(line)] for line in lines if line.strip()), "    ")
    at = snapshot.position(snapshot.offset(inside.start) + len(members))
    text = _indented(body, depth).replace("\n", end)
    return TextEdit(Range(at, brace), f"{end}{end if members else ''}{text}{end}")


def _types(syntax: Syntax) -> list[Symbol]:
    return [symbol for symbol in syntax.symbols() if not symbol.container and symbol.kind in _TYPES]


def _inside(syntax: Syntax, symbol: Symbol) -> str:
    assert symbol.body is not None
    inside = syntax.snapshot.slice(symbol.body)[1:-1].replace("\r\n", "\n")
    return textwrap.dedent(inside).strip("\n")


def _without_head(syntax: Syntax) -> str:
    """The text without package and imports."""
    edits = [TextEdit(Range(where.start, Position(where.end.line + 1, 0)), "") for where in syntax.imports()]
    return textwrap.dedent(_PACKAGE.sub("", apply(syntax.snapshot.lines, edits))).strip("\n")


def _indented(text: str, by: str) -> str:
    if by.startswith("\t"):
        text = re.sub(r"^(?: {4})+", lambda blanks: "\t" * (len(blanks[0]) // 4), text, flags=re.MULTILINE)
    return "\n".join(f"{by}{line}" if line.strip() else "" for line in text.strip("\n").split("\n"))


def _parsed(text: str) -> Syntax:
    return parse(Snapshot.of(text, language="java"))
