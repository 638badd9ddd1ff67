"""Edit: do what an instruction says to the selection, the definition or the place at the cursor.

The instruction comes with the command, or from a comment that ends in `AI!`, which the edit then removes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.instructions import instruction_at, next_line, without
from dragoman.actions.places import definition, paragraph, selected
from dragoman.actions.prompting import edit_messages, short
from dragoman.core.syntax import whole_lines
from dragoman.core.text import Position, Range, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.actions.instructions import Instruction
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax

KIND = "refactor.rewrite"


def _offer(scene: Scene) -> Sequence[Offer]:
    found = instruction_at(scene, "!")
    return (Offer(f"Edit: {short(found.text)}", KIND, {"instruction": found.text}),) if found is not None else ()


def _comment(scene: Scene) -> Instruction | None:
    """The comment that gave the instruction, or None where it came with the command."""
    found = instruction_at(scene, "!")
    return found if found is not None and found.text == scene.instruction else None


def _target(scene: Scene, syntax: Syntax) -> Range:
    comment = _comment(scene)
    if comment is not None:
        return _around_comment(scene, syntax, comment)
    found = selected(scene)
    if found is not None:
        return found
    line = scene.selection.start.line
    if not scene.snapshot.lines[line].strip():
        return scene.snapshot.full_lines(Range(Position(line, 0), Position(line, 0)))
    return definition(scene, syntax) or paragraph(scene, line) or scene.snapshot.whole


def _around_comment(scene: Scene, syntax: Syntax, comment: Instruction) -> Range:
    """With the comment: the selection where it holds more, else the definition around, else what follows."""
    snapshot = scene.snapshot
    own = whole_lines(snapshot, comment.range)
    chosen = selected(scene)
    if chosen is not None and without(snapshot, _union(chosen, own), comment.range).strip():
        return _union(chosen, own)
    symbol = syntax.symbol_at(own)
    if symbol is not None:
        return _union(whole_lines(snapshot, symbol.range), own)
    beside = paragraph(scene, own.start.line)
    if beside is not None and (beside.start.line < own.start.line or own.start.character > 0):
        return _union(beside, own)
    following = next_line(snapshot, own)
    if following is None:
        return own
    symbol = syntax.symbol_at(Position(following, content_length(snapshot.lines[following])))
    after = whole_lines(snapshot, symbol.range) if symbol is not None else paragraph(scene, following)
    return own if after is None else _union(own, after)


def _union(one: Range, other: Range) -> Range:
    return Range(min(one.start, other.start), max(one.end, other.end))


def _original(scene: Scene, target: Range) -> str:
    """The target without the comment that gave the instruction."""
    comment = _comment(scene)
    return scene.snapshot.slice(target) if comment is None else without(scene.snapshot, target, comment.range)


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    return edit_messages(scene, context, scene.instruction)


EDIT = Action(
    "edit", "Edit", ResultKind.EDIT, None, _offer, _target, _prompt, needs_instruction=True, original=_original
)
