"""Explain: what the selected code does, what a definition is for, what a diagnostic means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.places import definition, has_selection, near_definition, selected, whole_file
from dragoman.actions.prompting import answer_messages, short
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range

KIND = "source.dragoman.explain"


def _offer(scene: Scene) -> Sequence[Offer]:
    offers = []
    if has_selection(scene) or near_definition(scene) or whole_file(scene) is not None:
        offers.append(Offer("Explain", KIND))
    offers.extend(
        Offer(
            f"Explain: {short(diagnostic.message)}",
            KIND,
            {"instruction": f"Explain this problem, why it is reported and how to solve it: {diagnostic.message}"},
            diagnostics=(diagnostic,),
        )
        for diagnostic in scene.diagnostics[:1]
    )
    return offers


def _target(scene: Scene, syntax: Syntax) -> Range:
    found = selected(scene) or definition(scene, syntax) or whole_file(scene)
    if found is None:
        raise BadInput(
            "There is nothing here to explain. Select some code, or put the cursor inside a function or class."
        )
    return found


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    task = scene.instruction or "Explain what the target does and why, then what is easy to overlook in it."
    if scene.diagnostics and not scene.instruction:
        task += " Say also what the reported problems mean."
    return answer_messages(scene, context, task)


EXPLAIN = Action("explain", "Explain", ResultKind.ANSWER, Intent.EXPLANATION, _offer, _target, _prompt, cacheable=True)
