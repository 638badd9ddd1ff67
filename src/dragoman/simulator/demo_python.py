"""What the scripted provider does to Python code: small true refactorings and descriptions, by the syntax tree alone.

It never runs the code. Code that does not parse raises `SyntaxError`: the caller falls back.
"""

from __future__ import annotations

import ast
import json
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.text import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_NOT_IN_COMPREHENSIONS = (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr, ast.Starred)


class _Edit(NamedTuple):
    """Replace the source's bytes from `start` up to `end`."""

    start: int
    end: int
    text: str


def simplify(source: str) -> str:
    """Append loops become comprehensions, comparisons with `True` and `None` become plain ones; the rest stays."""
    tree = ast.parse(source)
    return _apply(source, [*_comprehensions(source, tree), *_comparisons(source, tree)])


def document(source: str) -> str:
    """Functions and classes without a docstring get one from their names."""
    edits = []
    starts = _line_starts(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _Function | ast.ClassDef) and ast.get_docstring(node, clean=False) is None:
            body = node.body[0]
            first = min([body, *getattr(body, "decorator_list", [])], key=lambda part: part.lineno)
            if first.lineno > node.lineno:
                at = starts[first.lineno - 1]
                edits.append(_Edit(at, at, f'{" " * body.col_offset}"""{_summary(node)}"""\n'))
    return _apply(source, edits)


def describe(source: str) -> str:
    """Markdown on what the code consists of: its functions, arguments, loops, branches and calls."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, _Function)]
    if not functions:
        kinds = ", ".join(dict.fromkeys(f"`{type(node).__name__}`" for node in tree.body)) or "nothing"
        return f"{len(source.splitlines())} lines of Python at module level, made of {kinds}. {_calls(tree)}"
    return "\n\n".join(_describe_function(function) for function in functions)


def tests(source: str, module: str) -> str:
    """A test of each function's arguments and each class's methods, as far as they can be imported from the module.

    Raises `ValueError` where there is none.
    """
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, _Function) and not {"self", "cls"} & {argument.arg for argument in _every_argument(node)}:
            parameters = [argument.arg for argument in _every_argument(node)]
            found[node.name] = f"set({json.dumps(parameters)}) <= set(inspect.signature({node.name}).parameters)"
        elif isinstance(node, ast.ClassDef):
            methods = [part.name for part in node.body if isinstance(part, _Function)]
            found[node.name] = f"set({json.dumps(methods)}) <= set(vars({node.name}))"
    if not found:
        raise ValueError("nothing that can be imported")
    written = [f"def test_{name.lower()}_has_its_parts():\n    assert {claim}\n" for name, claim in found.items()]
    return f"import inspect\n\nfrom {module} import {', '.join(found)}\n\n\n" + "\n\n".join(written)


def _line_starts(source: str) -> list[int]:
    """Where each line begins, in bytes: the syntax tree counts columns in them."""
    starts = [0]
    for line in split_lines(source):
        starts.append(starts[-1] + len(line.encode()))
    return starts


def _apply(source: str, edits: Sequence[_Edit]) -> str:
    """The source with the edits that do not overlap an earlier one."""
    data = source.encode()
    pieces, at = [], 0
    for edit in sorted(edits):
        if edit.start >= at:
            pieces += [data[at : edit.start], edit.text.encode()]
            at = edit.end
    return b"".join([*pieces, data[at:]]).decode()


def _span(starts: Sequence[int], first: ast.stmt | ast.expr, last: ast.stmt | ast.expr) -> tuple[int, int]:
    end_line, end_column = last.end_lineno or last.lineno, last.end_col_offset or last.col_offset
    return starts[first.lineno - 1] + first.col_offset, starts[end_line - 1] + end_column


def _comprehensions(source: str, tree: ast.Module) -> Iterator[_Edit]:
    starts = _line_starts(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for empty, loop in pairwise(body) if isinstance(body, list) else ():
            start, end = _span(starts, empty, loop)
            comprehension = _comprehension(source, empty, loop)
            if comprehension and b"#" not in source.encode()[start:end]:
                yield _Edit(start, end, comprehension)


def _comprehension(source: str, empty: ast.stmt, loop: ast.stmt) -> str | None:
    """One assignment for `xs = []` and a loop that does nothing but append to it, or None."""
    match empty:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[])):
            assigned = name
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.List(elts=[])):
            assigned = f"{name}: {_written(source, annotation)}"
        case _:
            return None
    if not isinstance(loop, ast.For) or loop.orelse:
        return None
    conditions: list[ast.expr] = []
    body = loop.body
    while len(body) == 1 and isinstance(body[0], ast.If) and not body[0].orelse:
        conditions.append(_plain_test(body[0].test))
        body = body[0].body
    match body:
        case [ast.Expr(ast.Call(ast.Attribute(ast.Name(owner), "append"), [item], []))] if owner == name:
            inside = [node for part in (item, loop.iter, *conditions) for node in ast.walk(part)]
        case _:
            return None
    # A comprehension can't see the list it makes, and has rules of its own for these expressions.
    if any(
        isinstance(node, _NOT_IN_COMPREHENSIONS) or (isinstance(node, ast.Name) and node.id == name) for node in inside
    ):
        return None
    made = ast.ListComp(item, [ast.comprehension(loop.target, loop.iter, conditions, 0)])
    written = f"[{_written(source, item)} for {_written(source, loop.target)} in {_written(source, loop.iter)}"
    written += "".join(f" if {_written(source, condition)}" for condition in conditions) + "]"
    return f"{assigned} = {_faithful(written, made)}"


def _plain_test(test: ast.expr) -> ast.expr:
    """`x == True` as `x`, `x == None` as `x is None`; anything else as it is."""
    match test:
        case ast.Compare(left, [ast.Eq()], [ast.Constant(True)]):
            return left
        case ast.Compare(left, [ast.Eq()], [ast.Constant(False)]):
            return ast.UnaryOp(ast.Not(), left)
        case ast.Compare(left, [ast.Eq()], [ast.Constant(None)]):
            return ast.Compare(left, [ast.Is()], [ast.Constant(None)])
        case ast.Compare(left, [ast.NotEq()], [ast.Constant(None)]):
            return ast.Compare(left, [ast.IsNot()], [ast.Constant(None)])
        case _:
            return test


def _comparisons(source: str, tree: ast.Module) -> Iterator[_Edit]:
    starts = _line_starts(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.While | ast.IfExp) and (plain := _plain_test(node.test)) is not node.test:
            yield _Edit(*_span(starts, node.test, node.test), _faithful(_written(source, plain), plain))


def _written(source: str, node: ast.expr) -> str:
    """The expression as the person wrote it, also inside one that was made here."""
    match node:
        case ast.UnaryOp(ast.Not(), operand) if not hasattr(node, "lineno"):
            return f"not {_written(source, operand)}"
        case ast.Compare(left, [operator], [ast.Constant(None)]) if not hasattr(node, "lineno"):
            return f"{_written(source, left)} is {'not ' if isinstance(operator, ast.IsNot) else ''}None"
        case _:
            return ast.get_source_segment(source, node) or ast.unparse(node)


def _faithful(written: str, meant: ast.expr) -> str:
    """The text where it means the expression; where brackets are missing in it, the expression printed afresh."""
    printed = ast.unparse(meant)
    try:
        same = ast.unparse(ast.parse(written, mode="eval")) == printed
    except SyntaxError:
        same = False
    return written if same else printed


def _every_argument(function: _Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _arguments(function: _Function) -> list[str]:
    return [argument.arg for argument in _every_argument(function) if argument.arg not in {"self", "cls"}]


def _words(name: str) -> str:
    return name.strip("_").replace("_", " ").capitalize() or name


def _summary(node: _Function | ast.ClassDef) -> str:
    arguments = [] if isinstance(node, ast.ClassDef) else _arguments(node)
    return f"{_words(node.name)}{' from ' if arguments else ''}{_listed(arguments)}."


def _listed(items: Sequence[str]) -> str:
    quoted = [f"`{item}`" for item in items]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _in_order(tree: ast.AST) -> list[ast.expr | ast.stmt]:
    """The tree's statements and expressions as one reads them."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)]
    return sorted(nodes, key=lambda node: (node.lineno, node.col_offset))


def _describe_function(function: _Function) -> str:
    arguments = _arguments(function)
    inside = _in_order(function)
    sentences = [f"`{function.name}` takes {_listed(arguments) or 'no arguments'}."]
    sentences += [
        f"Line {node.lineno} goes through `{ast.unparse(node.iter)}`."
        for node in inside
        if isinstance(node, ast.For | ast.AsyncFor)
    ]
    sentences += [
        f"Line {node.lineno} asks whether `{ast.unparse(node.test)}`." for node in inside if isinstance(node, ast.If)
    ]
    sentences += [
        f"It can raise `{ast.unparse(node.exc)}`." for node in inside if isinstance(node, ast.Raise) and node.exc
    ]
    returned = [f"`{ast.unparse(node.value)}`" for node in inside if isinstance(node, ast.Return) and node.value]
    sentences.append(f"It returns {' or '.join(dict.fromkeys(returned))}." if returned else "It returns nothing.")
    return " ".join([*sentences, _calls(function)]).strip()


def _calls(tree: ast.AST) -> str:
    called = dict.fromkeys(ast.unparse(node.func) for node in _in_order(tree) if isinstance(node, ast.Call))
    return f"It calls {_listed(list(called))}." if called else ""
