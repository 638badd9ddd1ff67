"""Tests: write tests for the definition at the cursor, or the file, in the project's own framework and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.actions.base import Action, Offer, ResultKind
from dragoman.actions.places import definition, has_selection, near_definition, selected, whole_file
from dragoman.actions.prompting import code_messages
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.chat import Message
    from dragoman.core.context import Context
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range

LANGUAGES = frozenset(
    {"python", "javascript", "javascriptreact", "typescript", "typescriptreact", "go", "rust", "java"}
)
"""Languages whose test files Dragoman can place and extend."""

_RULES = (
    "Answer with the new tests in one fenced code block, with the imports they need, and nothing else.\n"
    "Write few tests that matter: the ordinary case, the edges, the errors. No placeholders. "
    "Never repeat existing tests or the code under test."
)


def _offer(scene: Scene) -> Sequence[Offer]:
    if scene.snapshot.language not in LANGUAGES or not scene.path:
        return ()
    if not (near_definition(scene) or has_selection(scene)):
        return ()
    offers = (Offer("Write tests", "source.dragoman.tests"),)
    if not scene.runs_tests:
        return offers
    return (*offers, Offer("Write and run tests", "source.dragoman.tests.run", arguments={"run": True}))


def _target(scene: Scene, syntax: Syntax) -> Range:
    if scene.snapshot.language not in LANGUAGES:
        raise BadInput(
            "Tests can be written for Python, JavaScript, TypeScript, Go, Rust and Java. "
            "For others, use dragoman.edit in a test file."
        )
    if not scene.path:
        raise BadInput("This document is no file on this machine, so its tests have no place. Save it first.")
    found = definition(scene, syntax) or selected(scene) or whole_file(scene)
    if found is None:
        raise BadInput("There is nothing here to test. Put the cursor inside a function or class, or select one.")
    return found


def _prompt(scene: Scene, context: Context) -> tuple[Message, ...]:
    task = "Write tests for the target."
    if scene.instruction:
        task += f" In particular: {scene.instruction}"
    return code_messages(scene, context, task, _RULES)


TESTS = Action("tests", "Write tests", ResultKind.TEST_FILE, Intent.TESTS, _offer, _target, _prompt, cacheable=True)
