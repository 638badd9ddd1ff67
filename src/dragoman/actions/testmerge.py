"""Puts new tests into a test file: appended, imports merged, no name taken twice, nothing there changed. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dragoman.actions.importmerge import import_edits
from dragoman.actions.javamerge import java_extended, java_file
from dragoman.actions.testnames import CASE, cases, is_script, is_test, squeezed
from dragoman.core.errors import UnusableReply
from dragoman.core.syntax import parse
from dragoman.core.text import Position, Range, Snapshot, TextEdit, apply, content_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.syntax import Symbol, Syntax

_NOTHING_NEW = "The model wrote no tests that are not there already; nothing was changed. Say which cases are missing."
_MAIN = re.compile(r"if\s+__name__\s*==")
_RUST_USE = re.compile(r"^[ \t]*(?:pub )?use\s[^;]*;[ \t]*$", re.MULTILINE)


def merged(plan: TestPlan, code: str) -> str:
    """The text for the plan's file, or for its place inside the document. `code` has line feeds; what is added gets the
    line ends of what is there.

    Raises `UnusableReply` where the code holds nothing new.
    """
    if plan.language == "rust" and plan.inside is not None and not _is_whole_file(plan):
        return _rust(plan, code)
    if plan.language == "java":
        return _java(plan, code)
    code = _unwrapped(code) if plan.language == "rust" else _with_forgotten_import(plan, code)
    if plan.existing is None or not plan.existing.strip():
        headed = re.search(r"^(?:package\s|use super::\*;)", code, re.MULTILINE)
        text = code if headed else plan.header + code
        return _with_ends(text, plan.line_end)
    present = parse(Snapshot.of(plan.existing, language=plan.language))
    return _extended(present, parse(Snapshot.of(code, language=plan.language)))


def _with_forgotten_import(plan: TestPlan, code: str) -> str:
    """The code with an import of what it uses of the module under test, where neither it nor the file has one."""
    everything = f"{plan.existing or ''}\n{code}"
    if re.search(
        rf"^(?:import\s+{re.escape(plan.module)}\b|from\s+{re.escape(plan.module)}\s+import\s+\*)",
        everything,
        re.MULTILINE,
    ):
        return code
    bound = r"(?:^\s*(?:def|class|import)\s+|^\s*from\s[^\n]*\bimport\b[^\n]*\b|^from\s+\S+\s+import\s*\([^)]*\b)"
    used = [name for name in plan.names if re.search(rf"(?<![.\w]){re.escape(name)}\b", code)]
    lacking = [name for name in used if not re.search(rf"{bound}{re.escape(name)}\b", everything, re.MULTILINE)]
    if not lacking:
        return code
    line = f"from {plan.module} import {', '.join(sorted(lacking))}"
    syntax = parse(Snapshot.of(code, language=plan.language))
    imports = [range_ for range_ in syntax.imports() if range_.start.character == 0]
    if imports:
        return apply(syntax.snapshot.lines, [TextEdit(Range(imports[-1].end, imports[-1].end), f"\n{line}")])
    return f"{line}\n\n\n{code}"


def _is_whole_file(plan: TestPlan) -> bool:
    return (
        plan.inside is not None
        and plan.inside.start == Position(0, 0)
        and bool(plan.existing)
        and not _opens_module(plan.existing or "")
    )


def _opens_module(text: str) -> bool:
    return re.match(r"(?:\s*#\[[^\]]*\])*\s*(?:pub\s+)?mod\s+tests\b", text) is not None


def _with_ends(text: str, line_end: str) -> str:
    return text if line_end == "\n" else text.replace("\n", line_end)


def _extended(present: Syntax, new: Syntax) -> str:
    """The present text with the new tests behind it and what they import added to its imports."""
    end = present.snapshot.line_end
    body = _body(present, new)
    if not body.strip():
        raise UnusableReply(_NOTHING_NEW)
    gap = "\n\n\n" if present.snapshot.language == "python" else "\n\n"
    at, before_main = _place(present)
    text = f"{body}{gap}" if before_main else f"{gap}{body}\n"
    kept = Range(at, at) if before_main else Range(at, present.snapshot.end)
    edits = [*import_edits(present, new), TextEdit(kept, _with_ends(text, end))]
    return apply(present.snapshot.lines, edits)


def _place(present: Syntax) -> tuple[Position, bool]:
    """Where tests are added: behind all, or before Python's `if __name__ == "__main__":`."""
    lines = present.snapshot.lines
    for number in range(len(lines) - 1, -1, -1):
        if present.snapshot.language == "python" and _MAIN.match(lines[number]):
            return Position(number, 0), True
    last = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].strip()), 0)
    return Position(last, len(lines[last].rstrip())), False


def _body(present: Syntax, new: Syntax) -> str:
    """The new code without imports, package clause and what is there already; taken names are changed."""
    edits = [*_removed(new), *_renamed(present, new)]
    edits = [edit for edit in edits if not any(other is not edit and _inside(edit.range, other) for other in edits)]
    text = apply(new.snapshot.lines, edits).strip("\n")
    return re.sub(r"\n{4,}", "\n\n\n", text)


def _inside(inner: Range, outer: TextEdit) -> bool:
    return not outer.text and outer.range.start <= inner.start and inner.end <= outer.range.end and inner != outer.range


def _removed(new: Syntax) -> Iterator[TextEdit]:
    """Imports, Go's package clause and Python's main block go."""
    for range_ in new.imports():
        yield TextEdit(_full(new.snapshot, range_), "")
    lines = new.snapshot.lines
    for number, line in enumerate(lines):
        if new.snapshot.language == "go" and re.match(r"package\s+\w+", line):
            yield TextEdit(_full(new.snapshot, Range(Position(number, 0), Position(number, 1))), "")
        elif new.snapshot.language == "python" and _MAIN.match(line):
            yield TextEdit(Range(Position(number, 0), new.snapshot.end), "")
        elif is_script(new) and re.match(r"(?:const|let|var)\b.*\brequire\(", line):
            yield TextEdit(_full(new.snapshot, Range(Position(number, 0), Position(number, 1))), "")


def _full(snapshot: Snapshot, range_: Range) -> Range:
    """The range's whole lines with the last line's end."""
    last = range_.end.line
    end = (
        Position(last + 1, 0)
        if last + 1 < len(snapshot.lines)
        else Position(last, content_length(snapshot.lines[last]))
    )
    return Range(Position(range_.start.line, 0), end)


def _renamed(present: Syntax, new: Syntax) -> Iterator[TextEdit]:
    """Taken names: the same definition again goes, a test gets another name, a helper gives way to the present one."""
    there = {symbol.name: symbol for symbol in present.symbols() if not symbol.container}
    taken = set(there)
    for symbol in new.symbols():
        if symbol.container:
            continue
        old = there.get(symbol.name)
        if old is None and symbol.name not in taken:
            taken.add(symbol.name)
            continue
        same = old is not None and squeezed(present, old) == squeezed(new, symbol)
        if same or not is_test(new, symbol):
            yield TextEdit(_full(new.snapshot, symbol.range), "")
            continue
        name = _free(symbol.name, taken, joint="" if _is_camel(new, symbol) else "_")
        taken.add(name)
        yield TextEdit(symbol.name_range, name)
    if is_script(new):
        yield from _retitled(present, new)
    if new.snapshot.language == "java":
        yield from _declared(present, new)


def _is_camel(syntax: Syntax, symbol: Symbol) -> bool:
    return syntax.snapshot.language in {"go", "java"} or symbol.kind == "class"


def _free(name: str, taken: set[str], joint: str) -> str:
    number = 2
    while f"{name}{joint}{number}" in taken:
        number += 1
    return f"{name}{joint}{number}"


def _retitled(present: Syntax, new: Syntax) -> Iterator[TextEdit]:
    """JavaScript's top-level cases: the same again goes, a taken title gets a number."""
    there = dict(cases(present))
    texts = {" ".join(present.snapshot.slice(range_).split()) for range_ in there.values()}
    taken = set(there)
    for title, range_ in cases(new):
        text = new.snapshot.slice(range_)
        if " ".join(text.split()) in texts:
            yield TextEdit(_full(new.snapshot, range_), "")
        elif title in taken:
            match = CASE.match(text)
            assert match is not None
            start = new.snapshot.offset(range_.start)
            at = Range(
                new.snapshot.position(start + match.start("title")), new.snapshot.position(start + match.end("title"))
            )
            fresh = _free(f"{title} (", taken, joint="") + ")"
            taken.add(fresh)
            yield TextEdit(at, fresh)
        taken.add(title)


def _declared(present: Syntax, new: Syntax) -> Iterator[TextEdit]:
    """Java's fields: one whose name is taken gives way to the present one."""
    there = {name for name, _ in _fields(present)}
    for name, range_ in _fields(new):
        if name in there:
            yield TextEdit(_full(new.snapshot, range_), "")


def _fields(syntax: Syntax) -> Iterator[tuple[str, Range]]:
    definitions = {symbol.core.start for symbol in syntax.symbols()}
    for range_ in syntax.statements():
        match = re.search(r"(\w+)\s*(?:=|;)", syntax.snapshot.slice(range_))
        if range_.start not in definitions and match is not None:
            yield match[1], range_


def _java(plan: TestPlan, code: str) -> str:
    present = parse(Snapshot.of(plan.existing or "", language="java"))
    text = java_extended(present, code, _body)
    if text is None:
        head = (plan.existing or "").replace("\r\n", "\n").rstrip()
        return _with_ends(f"{head}\n\n{java_file(plan, code, head)}" if head else java_file(plan, code), plan.line_end)
    if not text:
        raise UnusableReply(_NOTHING_NEW)
    return text


def _rust(plan: TestPlan, code: str) -> str:
    """Rust's tests, inside `mod tests`: a new module, or the present one with tests before its closing brace."""
    inner = _unwrapped(code)
    uses = [use.strip() for use in _RUST_USE.findall(inner)]
    if not (plan.existing or "").strip():
        uses = ["use super::*;", *(use for use in uses if use != "use super::*;")]
        body = _indented(re.sub(r"\n{3,}", "\n\n", _RUST_USE.sub("", inner)).strip("\n"))
        head = "\n".join(f"    {use}" for use in dict.fromkeys(uses))
        return _with_ends(f"\n\n#[cfg(test)]\nmod tests {{\n{head}\n\n{body}\n}}", plan.line_end)
    present = plan.existing or ""
    opens, closes = present.index("{"), present.rindex("}")
    before = parse(Snapshot.of(present[opens + 1 : closes], language="rust"))
    body = _body(before, parse(Snapshot.of(_RUST_USE.sub("", inner), language="rust")))
    if not body.strip():
        raise UnusableReply(_NOTHING_NEW)
    there = {" ".join(use.split()) for use in _RUST_USE.findall(present)}
    added = "".join(f"\n    {use}" for use in dict.fromkeys(uses) if " ".join(use.split()) not in there)
    last_use = max((match.end() for match in _RUST_USE.finditer(present)), default=opens + 1)
    tail = present[last_use:closes].rstrip()
    new = _with_ends(f"\n\n{_indented(body)}\n", plan.line_end)
    return f"{present[:last_use]}{_with_ends(added, plan.line_end)}{tail}{new}{present[closes:]}"


def _unwrapped(code: str) -> str:
    """The inside of `mod tests { … }` where the model wrote the module around its tests."""
    syntax = parse(Snapshot.of(code, language="rust"))
    for symbol in syntax.symbols():
        if symbol.kind == "module" and symbol.body is not None:
            lines = syntax.snapshot.slice(symbol.body).strip()[1:-1].strip("\n").split("\n")
            depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            return "\n".join(line[depth:] for line in lines)
    return code


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line.strip() else "" for line in text.split("\n"))
