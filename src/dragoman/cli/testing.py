"""New tests that are run from the command line: the person's leave, and what came of it. Runs nothing itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from dragoman.cli.output import console, note, printable
from dragoman.core.errors import BadInput
from dragoman.core.printable import printable_name

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.actions.base import Tried
    from dragoman.app import App
    from dragoman.core.ports import TestRunner


def allowed_runner(app: App, root: Path) -> TestRunner | None:
    """Who runs tests in that project; None where the person says no. Raises `BadInput` where they can't be asked, or
    the settings say never.
    """
    run = app.settings.tests.run
    if run == "never":
        raise BadInput('tests.run is "never" in the settings: leave out --run, or say --set tests.run=ask before it.')
    if run == "always":
        return app.test_runner
    if not sys.stdin.isatty():
        raise BadInput(
            "There is nobody to ask here: `dragoman --set tests.run=always run tests …` runs new tests unasked."
        )
    text = f"Run the new tests in {printable_name(root.name)}? A model writes them, and they run as you."
    return app.test_runner if typer.confirm(text, err=True) else None


def tests_outcome(tried: Tried | None) -> dict[str, Any]:
    """How the tests went, as `--json` prints it."""
    if tried is None:
        return {}
    return {"tests": {"passed": tried.passed, "message": tried.line, "markdown": tried.markdown}}


def show_tests(outcome: dict[str, Any]) -> None:
    """The same for a person: a line, and all of it where they have not passed."""
    tests = outcome.get("tests")
    if tests is None:
        return
    if tests["passed"]:
        note(tests["message"], style="green")
    else:
        note(tests["message"], style="yellow")
        for line in tests["markdown"].partition("```sh\n")[2].splitlines():  # the lines below the message
            console(stderr=True).out(printable(line), highlight=False)
