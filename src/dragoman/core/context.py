"""What is shown to a model, in order of worth, under a token budget: each piece with its source and reason.

Pure: texts of other files are handed in. Token counts are estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.encodings import estimate_tokens
from dragoman.core.errors import BadInput
from dragoman.core.syntax import whole_lines
from dragoman.core.text import Position, Range, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.gitdiff import FileDiff
    from dragoman.core.syntax import Symbol, Syntax
    from dragoman.core.text import Snapshot

TARGET_MARK = "⟪ the target ⟫"
"""Stands in the enclosing definition where the target was cut out."""

_OTHERS_SHARE = 4
"""Pieces from other files take at most this part of the budget, so that the text around the target has its place."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of what is sent. `source` is `path:first-last` (one-based lines) or a name; `reason` a few words.

    kind: target, symbol, imports, diagnostics, before, after, or what the caller named a piece from elsewhere
    (instructions, tests, …). A piece that was left out has no text.
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
    others: Sequence[Piece] = (),
) -> Context:
    """The context for a target. `shown` is the target's text where the document's own is not what the model is shown.

    problems: one line for each diagnostic. others: pieces from elsewhere, most worthy first. Raises `BadInput` where
    the target alone is more than the budget.
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
    share = _Budget(min(budget.left, max_tokens // _OTHERS_SHARE), [], [])
    for other in others:
        share.take(other)
    budget.left -= sum(other.tokens for other in share.taken)
    _take_around(budget, snapshot, core, imports, name)
    left_out = (*budget.left_out, *share.left_out)
    return Context((*budget.taken, *share.taken), tuple(replace(left, text="") for left in left_out))


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

    def take(self, candidate: Piece) -> bool:
        """Whether the piece fits; it is kept, or named as left out."""
        if candidate.tokens > self.left:
            self.left_out.append(candidate)
            return False
        self.taken.append(candidate)
        self.left -= candidate.tokens
        return True


def _take_around(budget: _Budget, snapshot: Snapshot, core: Range, shown: Sequence[Range], name: str) -> None:
    """Take the text on both sides of `core`, nearest first, but for the lines that were shown already."""
    skipped = {line for range_ in shown for line in range(range_.start.line, range_.end.line + 1)}
    before, after = _Side(snapshot, core.start, -1, skipped), _Side(snapshot, core.end, +1, skipped)
    left = budget.left
    while before.open or after.open:
        for side in (before, after):
            left -= side.step(left)
    for kind, side in (("before", before), ("after", after)):
        if side.text.strip():
            budget.take(
                replace(piece(kind, _lines_of(name, side.taken), f"the text {kind} it", side.text), tokens=side.tokens)
            )
        if side.rest is not None and snapshot.slice(side.rest).strip():
            reason = f"the rest of the text {kind} it"
            budget.left_out.append(piece(kind, _lines_of(name, side.rest), reason, snapshot.slice(side.rest)))


class _Side:
    """The lines taken so far on one side of a place, and where the next one is."""

    def __init__(self, snapshot: Snapshot, edge: Position, direction: int, skipped: set[int]) -> None:
        self._snapshot, self._edge, self._direction, self._skipped = snapshot, edge, direction, skipped
        self._next = edge.line
        self._lines: list[str] = []
        self.tokens = 0
        self.open = True

    def step(self, left: int) -> int:
        """Take the next line if it costs no more than `left`; its cost, or 0."""
        if not self.open or not 0 <= self._next < len(self._snapshot.lines):
            self.open = False
            return 0
        line = self._snapshot.lines[self._next]
        if self._next == self._edge.line:
            line = line[: self._edge.character] if self._direction < 0 else line[self._edge.character :]
        elif self._next in self._skipped:
            line = ""
        cost = estimate_tokens(line)
        if cost > left:
            self.open = False
            return 0
        self._lines.append(line)
        self._next += self._direction
        self.tokens += cost
        return cost

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
