"""Chat: the conversation that a Markdown document holds goes on below, in any editor; the file is the history."""

from __future__ import annotations

from itertools import dropwhile, groupby
from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.places import document_name
from dragoman.actions.prompting import DATA, fenced
from dragoman.core.conversation import TURNS, gather, read
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent
from dragoman.core.printable import printable_name
from dragoman.core.text import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context, Piece
    from dragoman.core.syntax import Syntax

KIND = "source.dragoman.chat"
LANGUAGES = ("markdown", "mdx", "quarto", "rmd")
"""What editors call documents that conversations live in."""

_FURTHEST = 400
"""Lines from the document's end that are looked at for an offer."""


def _offer(scene: Scene) -> Sequence[Offer]:
    if scene.snapshot.language not in LANGUAGES:
        return ()
    lines = scene.snapshot.lines
    talk = read(lines[-_FURTHEST:])  # a guess for the menu alone: what matters stands at the end
    begun = any(turn.name for turn in talk.turns)
    if not talk.question or not (begun or len(lines) <= _FURTHEST):
        return ()
    return (Offer("Continue the conversation" if begun else "Start a conversation", KIND),)


def _target(scene: Scene, _syntax: Syntax) -> Range:
    """The document's end, where the answer goes."""
    if scene.snapshot.language not in LANGUAGES:
        raise BadInput("A conversation lives in a Markdown document: open one, or make a new one, and ask there.")
    if not scene.instruction and not read(scene.snapshot.lines).question:
        raise BadInput("Nothing is asked yet: write it below a heading `## You` at the document's end.")
    return Range(scene.snapshot.end, scene.snapshot.end)


def _gather(scene: Scene, max_tokens: int, others: Sequence[Piece]) -> Context:
    talk = read(scene.snapshot.lines)
    return gather(talk, scene.instruction, max_tokens=max_tokens, path=document_name(scene), others=others)


def _prompt(_scene: Scene, context: Context) -> tuple[Message, ...]:
    from dragoman.core.chat import assistant, system, user  # noqa: PLC0415 - the menu needs none of it

    task = (
        "You talk with a person who writes code in their editor. The conversation stands in a Markdown document.\n"
        "Answer in Markdown, in the language of the last question. Begin with what matters most; be brief and exact; "
        f"say so where you don't know. Write no heading over your answer.\n{DATA}"
    )
    rules = [task, *(own.text for own in context.of_kind("system"))]
    rules += [f"The document begins with these notes:\n{fenced(own.text)}" for own in context.of_kind("notes")]
    rules += [
        f"The project's conventions ({printable_name(own.source)}); they apply to the code you write:\n"
        f"{fenced(own.text)}"
        for own in context.of_kind("instructions")
    ]
    if any(own.kind in TURNS for own in context.left_out):
        rules.append("Earlier turns of the conversation are left out.")
    turns = [own for own in reversed(context.pieces) if own.kind in TURNS]
    asked = dropwhile(lambda own: own.kind == "assistant", turns)  # providers want the person to begin
    said = [(role, "\n\n".join(own.text for own in group)) for role, group in groupby(asked, lambda own: own.kind)]
    return system("\n\n".join(rules)), *(user(text) if role == "user" else assistant(text) for role, text in said)


CHAT = Action(
    "chat", "Continue the conversation", ResultKind.TURN, Intent.GENERAL, _offer, _target, _prompt, gather=_gather
)
