"""What a person can ask for: one file and one line in the table for each. Nothing here does I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.ask import ASK
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
    from dragoman.actions.base import Action

ACTIONS: tuple[Action, ...] = (
    FIX,
    EDIT,
    ASK,
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


def action(name: str) -> Action:
    """The action of that name. Raises `BadInput` that names those there are."""
    for candidate in ACTIONS:
        if candidate.name == name:
            return candidate
    names = ", ".join(candidate.name for candidate in ACTIONS)
    raise BadInput(f"There is no action {name[:40]!r}. There are: {names}.")
