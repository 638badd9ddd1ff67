"""Comments: do what all comments of the document say that end in `AI!`, in one edit, which takes them away."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.instructions import instructions, subject, union, without
from dragoman.actions.prompting import edit_messages
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent
from dragoman.core.syntax import parse
from dragoman.core.text import Range, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax

KIND = "refactor.rewrite"


def _offer(scene: Scene) -> Sequence[Offer]:
    if sum("AI!" in line for line in scene.snapshot.lines) < 2:
        return ()
    count = len(instructions(scene.snapshot, "!"))
    return (Offer(f"Do all {count} AI! comments", KIND),) if count > 1 else ()


def _target(scene: Scene, syntax: Syntax) -> Range:
    """From the first comment's subject to the last one's."""
    found = instructions(scene.snapshot, "!", syntax)
    if not found:
        raise BadInput("There is no comment here that ends in AI!: write one where something is to be done.")
    start = scene.snapshot.whole.start
    anywhere = replace(scene, selection=Range(start, start))  # what is selected has nothing to say about the others
    return reduce(union, (subject(anywhere, syntax, own) for own in found))


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    texts = [own.text for own in instructions(scene.snapshot, "!", parse(scene.snapshot))]
    listed = "".join(f"\n{number}. {text}" for number, text in enumerate(texts, start=1))
    task = (
        "In the target stand comments that end in AI!. Do what each of them says, at the place where it stands, and "
        f"take these comments away. They say:{listed}"
    )
    if scene.instruction:
        task += f"\nIn particular: {scene.instruction}"
    return edit_messages(scene, context, task)


def _tidied(scene: Scene, text: str) -> str:
    """The new text without comments that the model has left there, unless it has left all: then nothing was done."""
    snapshot = Snapshot.of(text, language=scene.snapshot.language)
    left = instructions(snapshot, "!", parse(snapshot))
    if len(left) == len(instructions(scene.snapshot, "!", parse(scene.snapshot))):
        return text
    for own in reversed(left):
        snapshot = Snapshot.of(without(snapshot, snapshot.whole, own.range), language=snapshot.language)
    return snapshot.text


COMMENTS = Action(
    "comments", "Do all AI! comments", ResultKind.EDIT, Intent.CODE, _offer, _target, _prompt, tidied=_tidied
)
