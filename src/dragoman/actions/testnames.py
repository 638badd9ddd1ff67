"""Which tests a text holds, and which of them are new. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.core.syntax import Symbol, Syntax
    from dragoman.core.text import Range

CASE = re.compile(r"(?:test|it|describe)(?:\.\w+)*\(\s*(?P<quote>['\"`])(?P<title>.*?)(?P=quote)", re.DOTALL)
"""A case of JavaScript's frameworks, from its beginning."""
_TEST_NAME = re.compile(r"(?:test|Test|Benchmark|Example|Fuzz)")
_ANNOTATED = re.compile(r"@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|Property|Nested)\b")


def is_script(syntax: Syntax) -> bool:
    """Whether it is JavaScript, or TypeScript."""
    return syntax.snapshot.language.startswith(("javascript", "typescript"))


def is_test(syntax: Syntax, symbol: Symbol) -> bool:
    """Whether the definition looks like a test's."""
    if syntax.snapshot.language == "rust":
        return re.match(r"(?:\s*//.*\n)*\s*#\[[\w:]*test", syntax.snapshot.slice(symbol.range)) is not None
    if syntax.snapshot.language == "java":
        return _ANNOTATED.search(syntax.snapshot.slice(symbol.range).partition("{")[0]) is not None or (
            symbol.name.startswith("test")
        )
    return _TEST_NAME.match(symbol.name) is not None


def cases(syntax: Syntax) -> Iterator[tuple[str, Range]]:
    """JavaScript's top-level cases, with their titles."""
    for range_ in syntax.statements():
        match = CASE.match(syntax.snapshot.slice(range_))
        if match is not None:
            yield match["title"], range_


def squeezed(syntax: Syntax, symbol: Symbol) -> str:
    """The definition's text, whatever stands between its words."""
    return " ".join(syntax.snapshot.slice(symbol.core).split())


def new_tests(before: Syntax, after: Syntax) -> tuple[str, ...]:
    """The names, or titles, of the tests that `before` does not have, or has otherwise.

    None where `before` holds none at all: then all of them are new.
    """
    there = dict.fromkeys(_tests(before))
    return tuple(dict.fromkeys(name for name, text in _tests(after) if (name, text) not in there)) if there else ()


def _tests(syntax: Syntax) -> Iterator[tuple[str, str]]:
    """The tests that a runner can be told to run alone, each with its text."""
    if is_script(syntax):
        for title, range_ in cases(syntax):
            yield title, " ".join(syntax.snapshot.slice(range_).split())
        return
    nested = syntax.snapshot.language in {"rust", "java"}
    for symbol in syntax.symbols():
        if symbol.container and not nested:
            continue
        if (symbol.kind == "class" and not nested) or (symbol.kind != "class" and is_test(syntax, symbol)):
            yield symbol.name, squeezed(syntax, symbol)
