"""Edit: do what an instruction says to the selection, the definition or the place at the cursor.

The instruction comes with the command, or from a comment that ends in `AI!`, which the edit then removes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.instructions import instruction_at, subject, without
from dragoman.actions.places import definition, paragraph, selected
from dragoman.actions.prompting import edit_messages, short
from dragoman.core.text import Position, Range

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
        return subject(scene, syntax, comment)
    found = selected(scene)
    if found is not None:
        return found
    line = scene.selection.start.line
    if not scene.snapshot.lines[line].strip():
        return scene.snapshot.full_lines(Range(Position(line, 0), Position(line, 0)))
    return definition(scene, syntax) or paragraph(scene, line) or scene.snapshot.whole


def _original(scene: Scene, target: Range) -> str:
    """The target without the comment that gave the instruction."""
    comment = _comment(scene)
    return scene.snapshot.slice(target) if comment is None else without(scene.snapshot, target, comment.range)


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    return edit_messages(scene, context, scene.instruction)


EDIT = Action(
    "edit", "Edit", ResultKind.EDIT, None, _offer, _target, _prompt, needs_instruction=True, original=_original
)
