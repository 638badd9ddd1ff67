"""What new code imports, added to the imports that a file has: nothing twice, and nothing that is there goes. Pure."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from dragoman.core.text import Position, Range, TextEdit, content_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.core.syntax import Syntax

_LONGEST = 100
"""An import line is extended up to this many characters."""


def import_edits(present: Syntax, new: Syntax) -> list[TextEdit]:
    """Edits of the present text after which it imports what the new code needs."""
    match present.snapshot.language:
        case "python":
            edits, lines = _python(present, new)
        case "go":
            edits, lines = _go(present, new)
        case "rust":
            edits, lines = _plain(present, new)
        case "java":
            edits, lines = _java(present, new)
        case _:
            edits, lines = _script(present, new)
    if lines:
        edits.append(_added(present, lines))
    return edits


def _added(present: Syntax, statements: list[str]) -> TextEdit:
    """The statements on lines of their own behind the last import, or where imports begin."""
    snapshot = present.snapshot
    end = snapshot.line_end
    imports = _bindings(present)
    text = end.join(statements)
    if imports:
        line = max(range_.end.line for range_ in imports)
        at = Position(line, content_length(snapshot.lines[line]))
        return TextEdit(Range(at, at), end + text)
    line = _head(present)
    at = Position(line, 0)
    return TextEdit(Range(at, at), f"{text}{end}{end}")


def _head(present: Syntax) -> int:
    """The first line behind the docstring, the comments or the package clause that a file begins with."""
    lines = present.snapshot.lines
    statements = present.statements()
    if statements:
        first = statements[0]
        text = present.snapshot.slice(first)
        if text.startswith(('"', "'", "r'", 'r"', "package ")):
            below = min(first.end.line + 1, len(lines) - 1)
            blank = text.startswith("package ") and not lines[below].strip() and below + 1 < len(lines)
            return below + blank
        return first.start.line
    return 0


def _bindings(syntax: Syntax) -> tuple[Range, ...]:
    """Imports, and CommonJS requires."""
    requires = tuple(range_ for range_ in syntax.statements() if _REQUIRE.match(syntax.snapshot.slice(range_)))
    return (*syntax.imports(), *requires)


def _python_imports(text: str) -> list[ast.Import | ast.ImportFrom]:
    try:
        return [node for node in ast.parse(text.strip()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    except (SyntaxError, ValueError):
        return []


def _alias(name: ast.alias) -> str:
    return f"{name.name} as {name.asname}" if name.asname else name.name


def _python(present: Syntax, new: Syntax) -> tuple[list[TextEdit], list[str]]:
    modules: set[str] = set()
    names: dict[str, set[str]] = {}
    open_lines: dict[str, Range] = {}
    for range_ in present.imports():
        text = present.snapshot.slice(range_)
        for node in _python_imports(text):
            if isinstance(node, ast.Import):
                modules.update(map(_alias, node.names))
            else:
                module = "." * node.level + (node.module or "")
                names.setdefault(module, set()).update(map(_alias, node.names))
                rest = present.snapshot.lines[range_.end.line][range_.end.character :].strip()
                if range_.start.line == range_.end.line and not rest and not re.search(r"[(;#*]", text):
                    open_lines[module] = range_
    wanted: dict[str, list[str]] = {}
    lines: list[str] = []
    for range_ in new.imports():
        for node in _python_imports(new.snapshot.slice(range_)):
            if isinstance(node, ast.Import):
                missing = [_alias(name) for name in node.names if _alias(name) not in modules]
                modules.update(missing)
                lines.extend(f"import {name}" for name in missing)
            else:
                module = "." * node.level + (node.module or "")
                known = names.setdefault(module, set())
                missing = [_alias(name) for name in node.names if _alias(name) not in known and "*" not in known]
                known.update(missing)
                if missing and module != "__future__":  # it must come first, and no test needs it
                    wanted.setdefault(module, []).extend(missing)
    edits = []
    for module, missing in wanted.items():
        line = open_lines.get(module)
        extended = f"{present.snapshot.slice(line)}, {', '.join(missing)}" if line is not None else ""
        if line is not None and len(extended) <= _LONGEST:
            edits.append(TextEdit(line, extended))
        else:
            lines.append(f"from {module} import {', '.join(missing)}")
    return edits, lines


_GO_SPEC = re.compile(r'(?:([\w.]+)[ \t]+)?("[^"\n]+"|`[^`\n]+`)')


def _go(present: Syntax, new: Syntax) -> tuple[list[TextEdit], list[str]]:
    known = {match.groups() for range_ in present.imports() for match in _GO_SPEC.finditer(_go_specs(present, range_))}
    wanted = dict.fromkeys(
        match.groups() for range_ in new.imports() for match in _GO_SPEC.finditer(_go_specs(new, range_))
    )
    missing = [" ".join(part for part in spec if part) for spec in wanted if spec not in known]
    if not missing:
        return [], []
    for range_ in present.imports():
        text = present.snapshot.slice(range_)
        if text.rstrip().endswith(")") and range_.end.line > range_.start.line:
            at = Position(range_.end.line, 0)
            return [TextEdit(Range(at, at), "".join(f"\t{spec}{present.snapshot.line_end}" for spec in missing))], []
    return [], [f"import {spec}" for spec in missing]


def _go_specs(syntax: Syntax, range_: Range) -> str:
    return re.sub(r"^import\s*\(?|//.*", "", syntax.snapshot.slice(range_), flags=re.MULTILINE)


_NAMED = re.compile(
    r"import\s+(?P<type>type\s+)?\{(?P<names>[^}]*)\}\s*from\s*(?P<quote>['\"])(?P<module>.+?)(?P=quote)"
)
_REQUIRE = re.compile(
    r"(?:const|let|var)\s+(?:\{(?P<names>[^}]*)\}|(?P<name>[\w$]+))\s*=\s*require\(\s*['\"](?P<module>.+?)['\"]\s*\)"
)


def _script(present: Syntax, new: Syntax) -> tuple[list[TextEdit], list[str]]:
    there = [(range_, present.snapshot.slice(range_)) for range_ in _bindings(present)]
    bound = {name for _, text in there for name in _bound(text)}
    texts = {_normal(text) for _, text in there}
    edits: list[TextEdit] = []
    lines: list[str] = []
    for range_ in _bindings(new):
        text = new.snapshot.slice(range_)
        named = _NAMED.match(text) or _REQUIRE.match(text)
        if _normal(text) in texts:
            continue
        if named is None or named["names"] is None:
            if not (_bound(text) and _bound(text) <= bound):
                lines.append(text)
                bound |= _bound(text)
            continue
        missing = [name.strip() for name in named["names"].split(",") if name.strip() and _local(name) not in bound]
        bound.update(map(_local, missing))
        if not missing:
            continue
        home = next(
            (
                (own_range, own)
                for own_range, own in there
                if (match := _NAMED.match(own))
                and match["module"] == named["module"]
                and bool(match["type"]) == text.startswith("import type")
            ),
            None,
        )
        if home is not None and text.startswith("import") and not any(edit.range == home[0] for edit in edits):
            edits.append(TextEdit(home[0], _with_names(home[1], missing)))
        else:
            lines.append(text[: named.start("names")] + " " + ", ".join(missing) + " " + text[named.end("names") :])
    return edits, lines


def _with_names(statement: str, names: list[str]) -> str:
    head, tail = statement.split("}", 1)
    body = head.rstrip().removesuffix(",")
    blank = head[len(head.rstrip()) :]
    return f"{body}, {', '.join(names)}{blank or ' '}}}{tail}"


def _local(name: str) -> str:
    return re.split(r"\s+as\s+|\s*:\s*", name.strip())[-1]


def _bound(text: str) -> set[str]:
    """The names that an import or a require binds."""
    clause = re.sub(r"^(?:import\s+(?:type\s+)?|const\s+|let\s+|var\s+)", "", text)
    clause = re.split(r"\s+from\s*['\"]|=\s*require", clause)[0]
    if clause.startswith(("'", '"')):
        return set()
    return {_local(name) for name in re.split(r"[{},]", clause) if _local(name)}


def _normal(text: str) -> str:
    return re.sub(r"[\s;]", "", text.replace("'", '"'))


def _plain(present: Syntax, new: Syntax) -> tuple[list[TextEdit], list[str]]:
    """Whole statements that are not there."""
    there = {_normal(present.snapshot.slice(range_)) for range_ in present.imports()}
    texts: Iterator[str] = (new.snapshot.slice(range_) for range_ in new.imports())
    return [], [text for text in dict.fromkeys(texts) if _normal(text) not in there]


_JAVA_IMPORT = re.compile(r"import\s+(?P<static>static\s+)?(?P<path>[\w.]+)\.(?P<name>\w+|\*)\s*;")


def _java(present: Syntax, new: Syntax) -> tuple[list[TextEdit], list[str]]:
    """Whole imports that are not there, by themselves or under a `*`; a class's name stands for one class only."""
    there = [match for range_ in present.imports() if (match := _JAVA_IMPORT.match(present.snapshot.slice(range_)))]
    packages = {(bool(match["static"]), match["path"]) for match in there if match["name"] == "*"}
    classes = {match["name"] for match in there if not match["static"]} - {"*"}
    methods = {(match["path"], match["name"]) for match in there if match["static"]}
    lines = []
    for range_ in new.imports():
        text = new.snapshot.slice(range_)
        match = _JAVA_IMPORT.match(text)
        if match is None or (bool(match["static"]), match["path"]) in packages:
            continue
        known = (match["path"], match["name"]) in methods if match["static"] else match["name"] in classes
        if not known:
            lines.append(text)
            (methods.add((match["path"], match["name"])) if match["static"] else classes.add(match["name"]))
    return [], lines
