"""What a person can ask for: one file and one line in the table for each. Nothing here does I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.ask import ASK
from dragoman.actions.chat import CHAT
from dragoman.actions.comments import COMMENTS
from dragoman.actions.commit import COMMIT
from dragoman.actions.document import DOCUMENT
from dragoman.actions.edit import EDIT
from dragoman.actions.explain import EXPLAIN
from dragoman.actions.fix import FIX
from dragoman.actions.refactor import REFACTOR
from dragoman.actions.regex import REGEX
from dragoman.actions.review import REVIEW
from dragoman.actions.review_changes import REVIEW_CHANGES
from dragoman.actions.tests import TESTS
from dragoman.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Action

ACTIONS: tuple[Action, ...] = (
    FIX,
    EDIT,
    COMMENTS,
    ASK,
    CHAT,
    EXPLAIN,
    REFACTOR,
    DOCUMENT,
    REGEX,
    TESTS,
    REVIEW,
    REVIEW_CHANGES,
    COMMIT,
)
"""In the order of the menu."""


def action(name: str, actions: Sequence[Action] = ACTIONS) -> Action:
    """The action of that name, with or without `dragoman.` before it. Raises `BadInput` that names those there are."""
    plain = name.removeprefix("dragoman.")
    for candidate in actions:
        if candidate.name == plain:
            return candidate
    from dragoman.core.settings_checks import nearest  # noqa: PLC0415 - the menu needs none of it

    names = [candidate.name for candidate in actions]
    near = nearest(plain, names)
    meant = f"did you mean {near}?" if near else f"there are {', '.join(names)}."
    raise BadInput(f"There is no action {plain[:40]!r}: {meant}")
