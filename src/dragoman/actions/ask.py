"""Ask: a question about the selection, or about the text around the cursor; also from a comment that ends in `AI?`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.instructions import instruction_at
from dragoman.actions.places import selected
from dragoman.actions.prompting import answer_messages, short
from dragoman.core.text import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax

KIND = "source.dragoman.ask"


def _offer(scene: Scene) -> Sequence[Offer]:
    found = instruction_at(scene, "?")
    return (Offer(f"Ask: {short(found.text)}", KIND, {"instruction": found.text}),) if found is not None else ()


def _target(scene: Scene, _syntax: Syntax) -> Range:
    return selected(scene) or Range(scene.selection.start, scene.selection.start)


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    return answer_messages(scene, context, scene.instruction)


ASK = Action("ask", "Ask", ResultKind.ANSWER, None, _offer, _target, _prompt, needs_instruction=True, cacheable=True)
