"""Review: faults in the selected code, a definition or a file, as findings on their lines, with fixes where given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.findings import RULES
from dragoman.actions.places import definition, has_selection, has_text, near_definition, selected
from dragoman.actions.prompting import code_messages
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range, Snapshot

KIND = "source.dragoman.review"


def numbered(snapshot: Snapshot, target: Range) -> str:
    """The target's lines with their numbers in the document: a model that must count lines counts wrong."""
    first = target.start.line
    last = target.end.line if target.end.character or target.end.line == first else target.end.line - 1
    width = len(str(last + 1))
    lines = ((number, snapshot.lines[number].rstrip("\r\n")) for number in range(first, last + 1))
    return "".join(f"{number + 1:>{width}} | {line}\n" for number, line in lines)


def _offer(scene: Scene) -> Sequence[Offer]:
    if has_selection(scene) or near_definition(scene):
        return [Offer("Review", KIND)]
    return [Offer("Review file", KIND)] if has_text(scene) else []


def _target(scene: Scene, syntax: Syntax) -> Range:
    found = selected(scene) or definition(scene, syntax) or (scene.snapshot.whole if has_text(scene) else None)
    if found is None:
        raise BadInput("There is nothing here to review. Select some code, or open a file that holds some.")
    return found


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    task = "Review the target: bugs, wrong edge cases, security holes, races, leaks, misleading names or comments."
    if scene.instruction:
        task += f" Above all: {scene.instruction}"
    return code_messages(scene, context, task, f"You review it. Its lines are numbered; cite those numbers.\n{RULES}")


def _original(scene: Scene, target: Range) -> str:
    return numbered(scene.snapshot, target)


REVIEW = Action("review", "Review", ResultKind.FINDINGS, Intent.ANALYSIS, _offer, _target, _prompt, original=_original)
