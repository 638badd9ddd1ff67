"""Review the changes: faults in what git says has changed since the last commit, as findings in all those files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Changes, Offer, ResultKind
from dragoman.actions.findings import RULES
from dragoman.actions.prompting import change_messages
from dragoman.core.intent import Intent
from dragoman.core.text import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax

KIND = "source.dragoman.review.changes"


def _offer(scene: Scene) -> Sequence[Offer]:
    return [Offer("Review changes", KIND)] if scene.in_repository else []


def _target(scene: Scene, _syntax: Syntax) -> Range:
    start = scene.selection.start
    return Range(start, start)


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    task = "Review these changes: what do they break, what did they forget, what is wrong in the new lines?"
    if scene.instruction:
        task += f" Above all: {scene.instruction}"
    rules = (
        "You review changes before they are committed. Lines are numbered as in the new file; + marks new lines, "
        f'- removed ones. Report faults of new lines only, and name their "file" in each finding too.\n{RULES}'
    )
    return change_messages(context, task, rules)


REVIEW_CHANGES = Action(
    "review.changes",
    "Review changes",
    ResultKind.FINDINGS,
    Intent.ANALYSIS,
    _offer,
    _target,
    _prompt,
    changes=Changes.WORKING_TREE,
)
