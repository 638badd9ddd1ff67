"""What a text's grammar says of it: symbols, imports, errors. Pure: grammars are loaded when first needed.

A parse holds the interpreter for milliseconds to a tenth of a second: callers run it off the event loop.
Languages without a grammar get their symbols from a line pattern and the indentation.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.grammars import definitions, grammar, import_nodes
from dragoman.core.languages import defined_name, language
from dragoman.core.text import Position, Range, content_length

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import tree_sitter

    from dragoman.core.languages import Language
    from dragoman.core.text import Snapshot

LARGEST = 1_000_000
"""Texts of more code points than this are not parsed."""

_MOST_ERRORS = 50
_HEADS = ("#", "@", "/", "*", "--", "export", "template")
"""How lines begin that may belong to a definition below: comments, decorators, attributes, type parameters."""
_LONGEST_HEAD = 60
"""Lines of comments and decorators above a definition that count as its own."""
_FURTHEST = 2000
"""Lines on each side that are looked at where a whole text would take too long."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition. `range` begins with its comment, decorators, attributes or `export`; `core` without the comment.

    `container` is the name of the definition that it stands in, or "".
    """

    kind: str
    name: str
    name_range: Range
    range: Range
    core: Range
    body: Range | None
    container: str = ""


class SyntaxProblem(NamedTuple):
    """Something that the grammar does not allow, at a zero-based line."""

    line: int
    message: str


@dataclass(frozen=True)
class Syntax:
    """A snapshot and what its grammar says. `tree` is None where there is no grammar, or the text is too large."""

    snapshot: Snapshot
    language: Language
    tree: tree_sitter.Tree | None
    too_large: bool = False

    def _position(self, point: tuple[int, int]) -> Position:
        """The position of a row and a column in UTF-8 bytes. Rows are our lines: `parse` gave the grammar no line ends
        but line feeds.
        """
        row, column = point
        line = self.snapshot.lines[row]
        if not line.isascii():
            column = len(_utf8(line)[:column].decode("utf-8", "surrogatepass"))
        return Position(row, min(column, content_length(line)))

    def _range(self, first: tree_sitter.Node, last: tree_sitter.Node | None = None) -> Range:
        start, end = self._position(first.start_point), self._position(_ending(last or first).end_point)
        if end.character == 0 and end.line > start.line:  # Rust's doc comments hold their line end
            end = Position(end.line - 1, content_length(self.snapshot.lines[end.line - 1]))
        return Range(start, end)

    def _text(self, node: tree_sitter.Node) -> str:
        return self.snapshot.slice(self._range(node))

    @cached_property
    def _errors(self) -> tuple[SyntaxProblem, ...]:
        if self.tree is None:
            return ()
        return tuple(
            problem for problem, _ in zip(self._problems(self.tree.root_node), range(_MOST_ERRORS), strict=False)
        )

    def _problems(self, root: tree_sitter.Node) -> Iterator[SyntaxProblem]:
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if not node.has_error:
                continue
            line = node.start_point[0]
            if node.is_missing:
                yield SyntaxProblem(line, f"missing `{node.type}`")
            elif node.is_error:
                text = " ".join(self._text(node).split())
                yield SyntaxProblem(line, f"unexpected `{text[:40]}`" if text else "something is missing")
            else:
                waiting.extend(reversed(node.children))

    def errors(self) -> tuple[SyntaxProblem, ...]:
        """The syntax errors in their order, at most a few dozen; none where there is no grammar."""
        return self._errors

    @cached_property
    def _symbols(self) -> tuple[Symbol, ...]:
        if self.tree is None:
            return tuple(self._symbols_by_indentation())
        return tuple(self._symbols_by_grammar(self.tree.root_node, 0, len(self.snapshot.lines)))

    def symbols(self) -> tuple[Symbol, ...]:
        """All definitions, outer ones before those inside them."""
        return self._symbols

    def symbols_near(self, line: int) -> tuple[Symbol, ...]:
        """The definitions within some hundred lines of that one; all where there is no grammar, or no need."""
        if self.tree is None or len(self.snapshot.lines) <= _FURTHEST:
            return self._symbols
        first = max(0, line - _FURTHEST // 2)
        return tuple(self._symbols_by_grammar(self.tree.root_node, first, line + _FURTHEST // 2))

    def symbols_in(self, range_: Range) -> tuple[Symbol, ...]:
        """The definitions that begin and end inside the range, but for the comments above them, and the smallest one
        around it where there is one.
        """
        around = self.symbol_at(range_)
        if self.tree is None:
            near: Iterable[Symbol] = self._symbols
        else:
            near = self._symbols_by_grammar(self.tree.root_node, range_.start.line, range_.end.line)
        inside = [
            symbol for symbol in near if range_.start <= symbol.core.start and symbol.core.end <= self._line_end(range_)
        ]
        return (*inside, *([around] if around is not None and around not in inside else ()))

    def symbol_at(self, where: Position | Range) -> Symbol | None:
        """The smallest definition that holds the whole position or range, or None."""
        start, end = where if isinstance(where, Range) else (where, where)
        if self.tree is None:
            return self._smallest(self._symbols, start, end)
        # Only what stands here, and what may begin with a comment that stands here, is looked at.
        head = self.snapshot.lines[start.line].lstrip().startswith(_HEADS)
        near = self._symbols_by_grammar(self.tree.root_node, start.line, end.line + (_LONGEST_HEAD if head else 0))
        found = self._smallest(near, start, end)
        if found is None and self.tree.root_node.has_error:
            # An error elsewhere, such as a line that is being typed, can hide a sound definition from the grammar.
            found = self._smallest(self._symbols_by_indentation(), start, end)
        return found

    def _smallest(self, symbols: Iterable[Symbol], start: Position, end: Position) -> Symbol | None:
        holding = [
            symbol for symbol in symbols if _line_start(symbol.range) <= start and end <= self._line_end(symbol.range)
        ]
        return holding[-1] if holding else None

    def _line_end(self, range_: Range) -> Position:
        line = range_.end.line
        return Position(line, content_length(self.snapshot.lines[line]))

    def in_string(self, where: Position) -> bool:
        """Whether the character there is part of a string, and of no comment in it; False where no grammar can tell."""
        if self.tree is None:
            return False
        line, column = self._point(where)
        node = self.tree.root_node.descendant_for_point_range((line, column), (line, column + 1))
        while node is not None and not _TEXT_NODE.search(node.type):
            node = node.parent
        return node is not None and "comment" not in node.type

    def enclosing(self, place: Range, types: Collection[str]) -> Range | None:
        """Where the smallest node of one of these grammar's types stands that holds the whole place, or None."""
        if self.tree is None:
            return None
        (line, column), end = self._point(place.start), self._point(place.end)
        for first in ((line, column), (line, max(0, column - 1))):  # a place right behind a node is at its end
            node = self.tree.root_node.named_descendant_for_point_range(first, max(first, end))
            while node is not None and node.type not in types:
                node = node.parent
            if node is not None:
                return self._range(node)
        return None

    def _point(self, position: Position) -> tuple[int, int]:
        """Row, and column in UTF-8 bytes."""
        return position.line, len(_utf8(self.snapshot.lines[position.line][: position.character]))

    def imports(self) -> tuple[Range, ...]:
        """The top-level imports, in their order."""
        if self.tree is not None:
            return tuple(self._range(node) for node in import_nodes(self.tree.root_node, self.language.id))
        return tuple(
            Range(Position(number, 0), Position(number, content_length(line)))
            for number, line in enumerate(self.snapshot.lines[:300])
            if _IMPORT_LINE.match(line)
        )

    def statements(self) -> tuple[Range, ...]:
        """The top-level statements and definitions without comments; none where there is no grammar."""
        if self.tree is None:
            return ()
        return tuple(self._range(node) for node in self.tree.root_node.named_children if node.type not in _COMMENTS)

    def _symbols_by_grammar(self, root: tree_sitter.Node, first_line: int, last_line: int) -> Iterator[Symbol]:
        """The definitions that stand on any of these lines, outer ones first."""
        import tree_sitter  # noqa: PLC0415 - loaded with the first parse

        assert self.language.grammar is not None
        query, kinds = definitions(self.language.grammar)
        cursor = tree_sitter.QueryCursor(query)
        cursor.set_point_range((first_line, 0), (last_line + 1, 0))
        found = [(kinds[index], captures) for index, captures in cursor.matches(root)]
        found.sort(key=lambda match: (match[1]["symbol"][0].start_byte, -match[1]["symbol"][0].end_byte))
        outer: list[tuple[int, str, str]] = []
        last: tuple[int, int] | None = None
        for kind, captures in found:
            node = captures["symbol"][0]
            if (node.start_byte, node.end_byte) == last:
                continue  # one declaration of several names
            last = (node.start_byte, node.end_byte)
            while outer and outer[-1][0] <= node.start_byte:
                outer.pop()
            within = outer[-1] if outer else (0, "", "")
            body = captures.get("body")
            name_range = self._range(captures["name"][0])
            name = self.snapshot.slice(name_range)
            first, last_node = _first(_outermost(node)), _last(node)
            core, above = self._range(first, last_node), _commented(first)
            yield Symbol(
                kind="method" if kind == "function" and within[2] in _CLASSES else kind,
                name=name,
                name_range=name_range,
                range=core if above is first else self._range(above, last_node),
                core=core,
                body=self._range(body[0]) if body else None,
                container=within[1],
            )
            outer.append((node.end_byte, name, kind))

    def _symbols_by_indentation(self) -> Iterator[Symbol]:
        if self.too_large:
            return
        lines = self.snapshot.lines
        outer: list[tuple[int, str]] = []
        for number, line in enumerate(lines):
            name = defined_name(line, self.language)
            if name is None:
                continue
            end = _block_end(lines, number)
            while outer and outer[-1][0] < number:
                outer.pop()
            column = line.find(name) if name else indentation(line)
            core = Range(Position(number, indentation(line)), Position(end, content_length(lines[end])))
            first = number
            while first > 0 and (_is_comment(lines[first - 1], self.language) or _ATTRIBUTE.match(lines[first - 1])):
                first -= 1
            yield Symbol(
                kind="definition",
                name=name,
                name_range=Range(Position(number, column), Position(number, column + len(name))),
                range=Range(Position(first, indentation(lines[first])), core.end),
                core=core,
                body=None,
                container=outer[-1][1] if outer else "",
            )
            outer.append((end, name))


def parse(snapshot: Snapshot, before: Syntax | None = None) -> Syntax:
    """The snapshot's syntax. A language without a grammar, or a text that is too large, gets one without a tree.

    `before` is that of an earlier text: where neither has an error, only what differs is parsed, and the tree is the
    same as without it. What a grammar makes of an error depends on how it came to it, so that is parsed from the start.
    """
    of = language(snapshot.language)
    if len(snapshot.text) > LARGEST:
        return Syntax(snapshot, of, None, too_large=True)
    if of.grammar is None:
        return Syntax(snapshot, of, None)
    import tree_sitter  # noqa: PLC0415 - loaded with the first parse

    # A lone carriage return is a line end for an editor, but not for a grammar.
    text = re.sub(r"\r(?!\n)", "\n", snapshot.text) if "\r" in snapshot.text else snapshot.text
    source, parser = _utf8(text), tree_sitter.Parser(grammar(of.grammar))
    known = before.tree if before is not None and before.language.id == of.id else None
    if before is not None and known is not None and not known.root_node.has_error:
        tree = parser.parse(source, _edited(known, before.snapshot.lines, snapshot.lines))
        if not tree.root_node.has_error:
            return Syntax(snapshot, of, tree)
    return Syntax(snapshot, of, parser.parse(source))


def _edited(tree: tree_sitter.Tree, old_lines: tuple[str, ...], new_lines: tuple[str, ...]) -> tree_sitter.Tree:
    """A copy of the old lines' tree that knows which of them are others now."""
    head, tail = _shared(old_lines, new_lines)
    start_byte, start_point = _place(old_lines, head)
    old_end_byte, old_end_point = _place(old_lines, len(old_lines) - tail)
    new_end_byte, new_end_point = _place(new_lines, len(new_lines) - tail)
    edited = tree.copy()
    edited.edit(start_byte, old_end_byte, new_end_byte, start_point, old_end_point, new_end_point)
    return edited


def _place(lines: tuple[str, ...], count: int) -> tuple[int, tuple[int, int]]:
    """How many bytes so many lines have, and the grammar's point behind them."""
    point = (count, 0) if count < len(lines) else (count - 1, len(_utf8(lines[-1])))
    return len(_utf8("".join(lines[:count]))), point


def _shared(old_lines: tuple[str, ...], new_lines: tuple[str, ...]) -> tuple[int, int]:
    """How many lines are the same from the start on, and how many of the others at the end."""
    shortest = min(len(old_lines), len(new_lines))
    head = next((n for n in range(shortest) if old_lines[n] != new_lines[n]), shortest)
    tail = next((n for n in range(shortest - head) if old_lines[-1 - n] != new_lines[-1 - n]), shortest - head)
    return head, tail


def new_errors(before: Syntax, after: Syntax) -> tuple[SyntaxProblem, ...]:
    """The errors of `after` that `before` did not have.

    One is known if it says the same, or stands in an unchanged line that had one before (counted from the text's
    start or its end).
    """
    old_lines, new_lines = before.snapshot.lines, after.snapshot.lines
    head, tail = _shared(old_lines, new_lines)
    messages = Counter(problem.message for problem in before.errors())
    broken = {problem.line for problem in before.errors()}
    fresh = []
    for problem in after.errors():
        if messages[problem.message] > 0:
            messages[problem.message] -= 1
        elif problem.line < head:
            if problem.line not in broken:
                fresh.append(problem)
        elif problem.line >= len(new_lines) - tail:
            if problem.line - len(new_lines) + len(old_lines) not in broken:
                fresh.append(problem)
        else:
            fresh.append(problem)
    return tuple(fresh)


def indentation(line: str) -> int:
    """How many blanks and tabs the line begins with."""
    return len(line) - len(line.lstrip(" \t"))


def whole_lines(snapshot: Snapshot, range_: Range) -> Range:
    """The range widened to its lines' starts and ends where nothing but blanks would be added."""
    start, end = range_
    if end.character == 0 and end.line > start.line:
        end = Position(end.line - 1, content_length(snapshot.lines[end.line - 1]))
    first, last = snapshot.lines[start.line], snapshot.lines[end.line]
    if not first[: start.character].strip():
        start = Position(start.line, 0)
    length = content_length(last)
    if not last[end.character : length].strip():
        end = Position(end.line, length)
    return Range(start, end)


def paragraph_at(snapshot: Snapshot, line: int) -> Range | None:
    """The lines around this one up to blank lines, or None where it is blank itself."""
    lines = snapshot.lines
    if not lines[line].strip():
        return None
    first = last = line
    while first > 0 and lines[first - 1].strip() and line - first < _FURTHEST:
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].strip() and last - line < _FURTHEST:
        last += 1
    return Range(Position(first, 0), Position(last, content_length(lines[last])))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _line_start(range_: Range) -> Position:
    return Position(range_.start.line, 0)


def _block_end(lines: tuple[str, ...], first: int) -> int:
    """The last line of the block that a definition on line `first` begins, by indentation."""
    own, last = indentation(lines[first]), first
    for number in range(first + 1, min(len(lines), first + _FURTHEST)):
        line = lines[number]
        if not line.strip():
            continue
        if indentation(line) > own or (indentation(line) == own and line.strip() == "{" and last == first):
            last = number
        elif indentation(line) == own and _CLOSING.match(line):
            return number
        else:
            break
    return last


def _is_comment(line: str, of: Language) -> bool:
    stripped = line.strip()
    starts = (*of.line_comments, *(start for start, _ in of.block_comments), "*/", "* ")
    return stripped.startswith(starts) if stripped else False


_ATTRIBUTE = re.compile(r"\s*(?:@[\w.:]+(?:\(.*\))?|#?\[[A-Za-z].*\])\s*$")
"""A line that says something of the definition below: a decorator, an annotation, an attribute."""
_CLOSING = re.compile(r"\s*(?:[})\]]|end\b|fi\b|done\b|esac\b)")
_IMPORT_LINE = re.compile(
    r"(?:import|from|using|use|require|require_relative|#\s*include|@import|library|open|load|source|export\s+\*)\b.*\S"
)
_CLASSES = frozenset({"class", "interface", "impl", "struct", "trait"})
_WRAPPERS = frozenset({"decorated_definition", "export_statement", "template_declaration"})
_OPEN_ENDED = frozenset({"struct_specifier", "class_specifier", "enum_specifier", "union_specifier"})
"""What C ends with a semicolon that is not part of it."""
_BEFORE = frozenset({"attribute_item", "decorator"})
_TEXT_NODE = re.compile("comment|string|heredoc|scalar")
_COMMENTS = frozenset({"comment", "line_comment", "block_comment"})


def _ending(node: tree_sitter.Node) -> tree_sitter.Node:
    """What the node ends with: itself, or its closing brace where a comment follows that JavaScript's grammar takes
    for a part of it.
    """
    last = node
    while count := last.child_count:
        final = last.child(count - 1)
        assert final is not None
        if final.is_extra:
            closing = next((child for child in reversed(last.children) if not child.is_extra), node)
            return closing if closing.type == "}" else node
        last = final
    return node


def _outermost(node: tree_sitter.Node) -> tree_sitter.Node:
    """The node with the decorators or the `export` that wrap it."""
    parent = node.parent
    if parent is not None and parent.type in _WRAPPERS:
        return parent
    if parent is not None and node.type == "internal_module" and parent.type == "expression_statement":
        return _outermost(parent)
    return node


def _last(node: tree_sitter.Node) -> tree_sitter.Node:
    """What the definition ends with: its own end, or the semicolon behind it."""
    outermost = _outermost(node)
    following = outermost.next_sibling if node.type in _OPEN_ENDED else None
    return following if following is not None and following.type == ";" else outermost


def _first(node: tree_sitter.Node) -> tree_sitter.Node:
    """The node itself, or the first of the attributes and decorators that stand before it as its siblings."""
    previous = node.prev_sibling
    while previous is not None and (previous.type in _BEFORE or _is_amidst(previous, node)):
        node = previous
        previous = node.prev_sibling
    return node


def _is_amidst(comment: tree_sitter.Node, below: tree_sitter.Node) -> bool:
    """Whether it is a comment between an attribute and what is below."""
    above = comment.prev_sibling
    between = comment.type in _COMMENTS and above is not None and above.type in _BEFORE
    return between and _touches(comment, below)


def _commented(node: tree_sitter.Node) -> tree_sitter.Node:
    """The node, or the first of the comments that stand on the lines right above it."""
    previous = node.prev_sibling
    while previous is not None and previous.type in _COMMENTS and _touches(previous, node) and _alone(previous):
        node = previous
        previous = node.prev_sibling
    return node


def _touches(above: tree_sitter.Node, below: tree_sitter.Node) -> bool:
    return below.start_point[0] - above.end_point[0] <= (0 if above.end_point[1] == 0 else 1)


def _alone(comment: tree_sitter.Node) -> bool:
    """Whether no code stands before the comment on its line."""
    above, parent, row = comment.prev_sibling, comment.parent, comment.start_point[0]
    if above is None:
        return parent is None or parent.parent is None or parent.start_point[0] < row
    return above.end_point[0] < row or (above.end_point[0] == row and above.end_point[1] == 0)
