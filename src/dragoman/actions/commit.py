"""Commit: a message for what is staged, or for all changes where nothing is; into the message's own file where that is
open, else as an answer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Changes, Offer, ResultKind
from dragoman.actions.prompting import change_messages
from dragoman.core.intent import Intent
from dragoman.core.text import Position, Range, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax

KIND = "source.dragoman.commit"
MESSAGE_FILES = ("gitcommit", "git-commit")
"""What editors call the language of COMMIT_EDITMSG."""


def in_message_file(scene: Scene) -> bool:
    """Whether the document is a commit message that git waits for."""
    return scene.snapshot.language in MESSAGE_FILES or scene.path.endswith("/COMMIT_EDITMSG")


def _offer(scene: Scene) -> Sequence[Offer]:
    return [Offer("Write commit message", KIND)] if scene.in_repository or in_message_file(scene) else []


def _target(scene: Scene, _syntax: Syntax) -> Range:
    start = scene.selection.start
    return Range(start, start)


def _message_target(scene: Scene, _syntax: Syntax) -> Range:
    """What stands above git's own comments: an empty line, or a message that is to be written anew."""
    lines = scene.snapshot.lines
    comments = next((number for number, line in enumerate(lines) if line.startswith("#")), len(lines))
    last = max(0, comments - 1)
    while last > 0 and not lines[last].strip():
        last -= 1
    return Range(Position(0, 0), Position(last, content_length(lines[last])))


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    task = "Write the commit message for these changes."
    if scene.instruction:
        task += f" {scene.instruction}"
    rules = (
        "You write git commit messages: a subject of at most 72 characters in the imperative, without a full stop; "
        "then, where there is more to say than the subject does, an empty line and why the change is made, wrapped at "
        "72 characters. Never list files. Answer with the message alone in one fenced code block."
    )
    return change_messages(context, task, rules)


def message_of(reply: str) -> str:
    """The message in a reply: without fence, quotes or comment lines of git's, with a line end at its end."""
    fence = re.search(r"(?:```|~~~)[^\n]*\n(.*?)(?:```|~~~|\Z)", reply, re.DOTALL)
    text = (
        fence[1] if fence else re.sub(r"\A\s*(?:here[^\n]*:|commit message:)\s*\n", "", reply, flags=re.IGNORECASE)
    ).strip()
    lines = [line.rstrip() for line in text.replace("\r", "").split("\n") if not line.startswith("#")]
    if lines and len(lines[0]) > 1 and lines[0][0] in "\"'`" and lines[0][-1] == lines[0][0]:
        lines[0] = lines[0][1:-1]
    return "\n".join(lines).strip() + "\n"


def _variant(scene: Scene) -> Action:
    """In the message's own file it is an edit."""
    return _INTO_FILE if in_message_file(scene) else COMMIT


COMMIT = Action(
    "commit",
    "Write commit message",
    ResultKind.ANSWER,
    Intent.GENERAL,
    _offer,
    _target,
    _prompt,
    read=message_of,
    changes=Changes.STAGED,
    variant=_variant,
)
_INTO_FILE = replace(COMMIT, result=ResultKind.EDIT, target=_message_target, variant=None)
