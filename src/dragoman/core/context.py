"""What is shown to a model, in order of worth, under a token budget: each piece with its source and reason.

Pure: texts of other files are handed in. Token counts are estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.encodings import estimate_tokens
from dragoman.core.errors import BadInput
from dragoman.core.outline import at_a_glance, listed, outline
from dragoman.core.references import defined, names_in
from dragoman.core.syntax import whole_lines
from dragoman.core.text import Position, Range, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.gitdiff import FileDiff
    from dragoman.core.outline import Definition, Outline
    from dragoman.core.syntax import Symbol, Syntax
    from dragoman.core.text import Snapshot

TARGET_MARK = "⟪ the target ⟫"
"""Stands in the enclosing definition where the target was cut out."""

_OTHERS_SHARE = 4
"""What the caller brings takes at most this part of the budget, so that the text around the target has its place."""
_DEFINITIONS_SHARE = 4
"""So much at most for what the target names, wherever that is defined, and for its tests."""
_OUTLINE_SHARE = 8
_LEAST_OUTLINE = 2
"""Definitions that are worth an outline."""
_LONGEST_DEFINITION = 40
"""Lines up to which a definition that the target names is shown whole."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of what is sent. `source` is `path:first-last` (one-based lines) or a name; `reason` a few words.

    kind: target, symbol, imports, diagnostics, outline, before, after, definitions, tests, or what the caller named a
    piece of its own (instructions, …). A piece that was left out has no text.
    """

    kind: str
    source: str
    reason: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Context:
    """The pieces that fit, most worthy first, and those that did not."""

    pieces: tuple[Piece, ...]
    left_out: tuple[Piece, ...]

    def of_kind(self, kind: str) -> tuple[Piece, ...]:
        """The pieces of a kind that fit."""
        return tuple(piece for piece in self.pieces if piece.kind == kind)

    @property
    def tokens(self) -> int:
        """The estimate for all pieces together."""
        return sum(piece.tokens for piece in self.pieces)


def piece(kind: str, source: str, reason: str, text: str) -> Piece:
    """A piece with its estimate."""
    return Piece(kind, source, reason, text, estimate_tokens(text))


def gather(
    syntax: Syntax,
    target: Range,
    *,
    max_tokens: int,
    path: str = "",
    shown: str | None = None,
    problems: Sequence[str] = (),
    found: Sequence[Piece] = (),
    others: Sequence[Piece] = (),
) -> Context:
    """The context for a target. `shown` is the target's text where the document's own is not what the model is shown.

    problems: one line for each diagnostic. found: what the target names, and its tests, in other files; without a text
    where the caller has left it out already. others: the caller's own pieces. Both most worthy first. Raises `BadInput`
    where the target alone is more than the budget.
    """
    snapshot, name = syntax.snapshot, path or "the document"
    own = piece("target", _lines_of(name, target), "the target", snapshot.slice(target) if shown is None else shown)
    if own.tokens > max_tokens:
        raise BadInput(
            f"The selection is about {own.tokens} tokens; context.max_tokens allows {max_tokens}. "
            "Select less, or raise context.max_tokens."
        )
    budget = _Budget(max_tokens - own.tokens, [own], [])
    imports = [range_ for range_ in syntax.imports() if not _meet(range_, target)]
    symbol = syntax.symbol_at(target)
    core = target
    if symbol is not None and _holds(symbol.range, target) and budget.take(_enclosing(snapshot, symbol, target, name)):
        core = whole_lines(snapshot, symbol.range)
        imports = [range_ for range_ in imports if not _meet(range_, core)]
    if imports:
        text = "".join(_with_end(snapshot, range_) for range_ in imports)
        span = Range(imports[0].start, imports[-1].end)
        budget.take(piece("imports", _lines_of(name, span), "imports of the file", text))
    if problems:
        text = "".join(f"- {problem}\n" for problem in problems)
        budget.take(piece("diagnostics", name, "problems reported on the target", text))
    share = budget.part(max_tokens // _OTHERS_SHARE)
    for other in others:
        share.take(other)
    budget.left -= share.spent
    elsewhere = _take_rest(budget, syntax, core, imports, found, name, own.text, max_tokens)
    left_out = (*budget.left_out, *elsewhere.left_out, *share.left_out)
    pieces = (*budget.taken, *elsewhere.taken, *share.taken)
    return Context(pieces, tuple(replace(left, text="") for left in left_out))


def _take_rest(
    budget: _Budget,
    syntax: Syntax,
    core: Range,
    imports: Sequence[Range],
    found: Sequence[Piece],
    name: str,
    target: str,
    max_tokens: int,
) -> _Budget:
    """Take the rest of the file. Where it is too long for that: the outline, what the target names in it, and the
    nearest lines. Returns what was taken of that and of what was `found` elsewhere.
    """
    snapshot = syntax.snapshot
    lines = {line for range_ in imports for line in range(range_.start.line, range_.end.line + 1)}
    elsewhere = budget.part(max_tokens // _DEFINITIONS_SHARE)
    for each in found:
        elsewhere.take(each)
    sides = _sides(snapshot, core, lines, budget.left - elsewhere.spent)
    if not all(side.whole for side in sides):
        whole = outline(syntax, core.start.line)
        elsewhere = budget.part(max_tokens // _DEFINITIONS_SHARE)
        lines |= _take_own(elsewhere, whole, core, names_in(target, syntax.language.id).used, name)
        for each in found:
            elsewhere.take(each)
        budget.left -= elsewhere.spent
        _take_outline(budget, whole, core.start.line, name, max_tokens // _OUTLINE_SHARE)
        sides = _sides(snapshot, core, lines, budget.left)
    _take_sides(budget, snapshot, sides, name)
    return elsewhere


def _take_own(budget: _Budget, whole: Outline, core: Range, names: Sequence[str], name: str) -> set[int]:
    """Take what the target names in its own file; the lines that are then shown. What does not fit stays for the text
    around, which names what it leaves out.
    """
    apart = [each for each in whole.definitions if each.last < core.start.line or each.first > core.end.line]
    lines: set[int] = set()
    for definition in defined(apart, names, names):
        own = definition_piece(whole, definition, name)
        if own.tokens <= budget.left and budget.take(own) and is_shown_whole(definition):
            lines.update(range(definition.first, definition.last + 1))
    return lines


def _take_outline(budget: _Budget, whole: Outline, line: int, name: str, most: int) -> None:
    if len(whole.definitions) < _LEAST_OUTLINE:
        return
    shown = at_a_glance(whole, line, min(most, budget.left))
    if len(shown) < _LEAST_OUTLINE:
        shown = ()
    else:
        budget.take(_outline_piece(shown, name, "the file's outline"))
    left = set(whole.definitions).difference(shown)
    if left:
        rest = [definition for definition in whole.definitions if definition in left]
        budget.left_out.append(_outline_piece(rest, name, "the rest of the file's outline"))


def _outline_piece(definitions: Sequence[Definition], name: str, reason: str) -> Piece:
    last = max(definition.last for definition in definitions)
    return piece("outline", f"{name}:{definitions[0].first + 1}-{last + 1}", reason, listed(definitions))


def is_shown_whole(definition: Definition) -> bool:
    """Whether a definition that the target names is shown with its body, not by its signatures alone."""
    return definition.last - definition.first < _LONGEST_DEFINITION


def definition_piece(whole: Outline, definition: Definition, name: str) -> Piece:
    """A definition that the target names, in the file of that name."""
    source = f"{name}:{definition.first + 1}-{definition.last + 1}"
    what = f"the {definition.kind} {definition.name}, which the target names"
    if is_shown_whole(definition):
        return piece("definitions", source, what, whole.text(definition))
    return piece("definitions", source, f"{what}, in signatures", whole.brief(definition))


def gather_changes(files: Sequence[FileDiff], *, max_tokens: int, others: Sequence[Piece] = ()) -> Context:
    """The context of a request about changes: each file's, small ones first, then what the caller brings.

    Raises `BadInput` where not even the smallest fits.
    """
    pieces = [piece("changes", file.path, "changed since the last commit", file.numbered()) for file in files]
    budget = _Budget(max_tokens, [], [])
    for candidate in sorted(pieces, key=lambda each: each.tokens):
        budget.take(candidate)
    if not budget.taken:
        smallest = min(each.tokens for each in pieces)
        raise BadInput(
            f"The changes are at least {smallest} tokens; context.max_tokens allows {max_tokens}. "
            "Commit or stage fewer at a time, or raise context.max_tokens."
        )
    shown = sorted(budget.taken, key=pieces.index)
    budget.taken = []
    for other in others:
        budget.take(other)
    return Context((*shown, *budget.taken), tuple(replace(left, text="") for left in budget.left_out))


@dataclass(slots=True)
class _Budget:
    """The tokens that are left while one context is gathered."""

    left: int
    taken: list[Piece]
    left_out: list[Piece]

    @property
    def spent(self) -> int:
        return sum(piece.tokens for piece in self.taken)

    def part(self, most: int) -> _Budget:
        """A budget of at most so many of the tokens that are left here."""
        return _Budget(min(self.left, most), [], [])

    def take(self, candidate: Piece) -> bool:
        """Whether the piece has a text that fits; it is kept, or named as left out."""
        if candidate.tokens > self.left or not candidate.text:
            self.left_out.append(candidate)
            return False
        self.taken.append(candidate)
        self.left -= candidate.tokens
        return True


def _sides(snapshot: Snapshot, core: Range, skipped: set[int], left: int) -> tuple[_Side, _Side]:
    """The text before and after `core`, nearest lines first, but for those that are shown already."""
    before, after = _Side(snapshot, core.start, -1, skipped), _Side(snapshot, core.end, +1, skipped)
    while before.open or after.open:
        for side in (before, after):
            left -= side.step(left)
    return before, after


def _take_sides(budget: _Budget, snapshot: Snapshot, sides: tuple[_Side, _Side], name: str) -> None:
    for kind, side in zip(("before", "after"), sides, strict=True):
        if side.text.strip():
            budget.take(
                replace(piece(kind, _lines_of(name, side.taken), f"the text {kind} it", side.text), tokens=side.tokens)
            )
        if side.rest is not None and not side.whole:
            reason = f"the rest of the text {kind} it"
            budget.left_out.append(piece(kind, _lines_of(name, side.rest), reason, snapshot.slice(side.rest)))


_STRIDE = 16
"""Lines that are counted at once while the budget lasts: counting each by itself takes as long as parsing them."""


class _Side:
    """The lines taken so far on one side of a place, and where the next one is."""

    def __init__(self, snapshot: Snapshot, edge: Position, direction: int, skipped: set[int]) -> None:
        self._snapshot, self._edge, self._direction, self._skipped = snapshot, edge, direction, skipped
        self._next = edge.line
        self._lines: list[str] = []
        self._stride = _STRIDE
        self.tokens = 0
        self.open = True

    def step(self, left: int) -> int:
        """Take the next lines if they cost no more than `left`, or the next one alone; what they cost, or 0."""
        while self.open:
            lines = [self._line(self._next + self._direction * count) for count in range(self._stride)]
            there = [line for line in lines if line is not None]
            cost = estimate_tokens("".join(there))
            if there and cost <= left:
                self._lines += there
                self._next += self._direction * len(there)
                self.tokens += cost
                return cost
            self.open = bool(there) and self._stride > 1
            self._stride = 1
        return 0

    def _line(self, number: int) -> str | None:
        """What is to be shown of that line; None behind the last one."""
        if not 0 <= number < len(self._snapshot.lines):
            return None
        line = self._snapshot.lines[number]
        if number == self._edge.line:
            return line[: self._edge.character] if self._direction < 0 else line[self._edge.character :]
        return "" if number in self._skipped else line

    @property
    def text(self) -> str:
        return "".join(self._lines[:: self._direction])

    @property
    def taken(self) -> Range:
        if self._direction < 0:
            return Range(Position(self._next + 1, 0), self._edge)
        last = max(self._next - 1, self._edge.line)
        line = self._edge.line
        if last > line and self._edge.character == content_length(self._snapshot.lines[line]):
            return Range(Position(line + 1, 0), Position(last, len(self._snapshot.lines[last])))
        return Range(self._edge, Position(last, len(self._snapshot.lines[last])))

    @property
    def whole(self) -> bool:
        """Whether all that is not blank was reached."""
        return self.rest is None or not self._snapshot.slice(self.rest).strip()

    @property
    def rest(self) -> Range | None:
        """What was not reached, or None."""
        if not 0 <= self._next < len(self._snapshot.lines):
            return None
        if self._direction < 0:
            end = self._edge if self._next == self._edge.line else Position(self._next + 1, 0)
            return Range(Position(0, 0), end)
        start = self._edge if self._next == self._edge.line else Position(self._next, 0)
        return Range(start, self._snapshot.end)


def _enclosing(snapshot: Snapshot, symbol: Symbol, target: Range, name: str) -> Piece:
    head = snapshot.slice(Range(Position(symbol.range.start.line, 0), target.start))
    last = Position(symbol.range.end.line, content_length(snapshot.lines[symbol.range.end.line]))
    text = f"{head}{TARGET_MARK}{snapshot.slice(Range(target.end, max(last, target.end)))}"
    return piece("symbol", _lines_of(name, symbol.range), f"the {symbol.kind} around it", text)


def _with_end(snapshot: Snapshot, range_: Range) -> str:
    text = snapshot.slice(range_)
    return text if text.endswith(("\n", "\r")) else text + snapshot.line_end


def _lines_of(name: str, range_: Range) -> str:
    """`path:first-last`, one-based."""
    first, last = range_.start.line + 1, range_.end.line + 1
    if range_.end.character == 0 and last > first:
        last -= 1
    return f"{name}:{first}" if first == last else f"{name}:{first}-{last}"


def _holds(outer: Range, inner: Range) -> bool:
    """Whether the lines of `outer` hold `inner` and more."""
    lines = outer.start.line <= inner.start.line and inner.end.line <= outer.end.line
    return lines and not (inner.start.line == outer.start.line and inner.end >= outer.end)


def _meet(one: Range, other: Range) -> bool:
    return one.start.line <= other.end.line and other.start.line <= one.end.line
