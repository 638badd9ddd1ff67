"""Refactor: rewrite the selection or the definition at the cursor without changing what it does."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.places import definition, has_selection, near_definition, selection_or_definition, whole_cell
from dragoman.actions.prompting import edit_messages, fenced
from dragoman.core.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range

KIND = "refactor.rewrite"

PRESETS = MappingProxyType(
    {
        "simplify": "Simplify the target: fewer branches, less nesting, nothing redundant. Keep its behaviour.",
        "optimise": "Make the target faster or use less memory where that clearly matters. Its results stay the same.",
        "add types": "Add precise type annotations to the target. Change nothing else.",
        "extract": "Extract the part below into a well-named function beside the target. Keep the behaviour.",
    }
)
"""Instructions that stand for a longer one: `dragoman.refactor simplify`."""

_TYPED = frozenset({"python", "typescript", "typescriptreact", "javascript", "javascriptreact", "php", "ruby", "lua"})


def _offer(scene: Scene) -> Sequence[Offer]:
    has = has_selection(scene)
    if not has and not near_definition(scene) and whole_cell(scene) is None:
        return ()
    names = ["simplify", "optimise"]
    if scene.snapshot.language in _TYPED:
        names.append("add types")
    if has and near_definition(scene):
        names.append("extract")
    presets = (Offer(f"Refactor: {name}", KIND, {"instruction": name}) for name in names)
    return (Offer("Refactor", KIND), *presets)


def _target(scene: Scene, syntax: Syntax) -> Range:
    if scene.instruction == "extract":  # the new function stands outside the selection
        return definition(scene, syntax) or selection_or_definition(scene, syntax)
    return selection_or_definition(scene, syntax)


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    task = PRESETS.get(scene.instruction)
    if task is None:
        task = "Refactor the target. Its behaviour stays the same."
        task += f" In particular: {scene.instruction}" if scene.instruction else " Make it simpler and clearer to read."
    elif scene.instruction == "extract" and has_selection(scene):
        task += f"\nThe part:\n{fenced(scene.snapshot.slice(scene.selection))}"
    return edit_messages(scene, context, task)


REFACTOR = Action("refactor", "Refactor", ResultKind.EDIT, Intent.CODE, _offer, _target, _prompt)
