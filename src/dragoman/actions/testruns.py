"""What a run of new tests has come to: for the person in a line and in Markdown, for a model as what to mend. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.actions.base import Tried
from dragoman.actions.prompting import fenced
from dragoman.core.printable import in_one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.testrun import TestCall, TestReport

MOST_CHARACTERS = 4000
"""Of a failed run's output, so much goes to the model: a quarter from its beginning, the rest from its end."""

_PASSED: Mapping[str, str] = MappingProxyType(
    {
        "pytest": r"\b(\d+) passed",
        "unittest": r"^Ran (\d+) test",
        "go test": r"^(--- PASS:)",
        "cargo test": r"\b(\d+) passed;",
        "vitest": r"^\s*Tests\s+(?:.*?(\d+) passed)?",
        "jest": r"^Tests:\s+(?:.*?(\d+) passed)?",
        "mocha": r"^\s*(\d+) passing",
        "node:test": r"^\S+ pass (\d+)",
        "bun:test": r"^\s*(\d+) pass\b",
        **dict.fromkeys(
            ("JUnit 4", "JUnit 5", "TestNG"), r"^\[INFO\] Tests run: (\d+), Failures: 0, Errors: 0, Skipped: \d+$"
        ),
    }
)
"""How many have passed, as each runner says it; several of them are added up."""

_NOT_READY = (
    (r"No module named '?(?P<what>pytest|unittest)\b", "{what} is not in the project's environment: install it there"),
    (r"error: unrecognized arguments", "pytest does not know what the project's settings ask of it"),
    (
        r"npx canceled|could not determine executable to run|missing packages|Couldn't find a script named",
        "{framework} is not in the project's packages: install them",
    ),
    (
        r"Could not (?:resolve (?:dependencies|all )|transfer artifact)|failed to (?:download|get `)|missing go.sum",
        "the project's packages are not there: build it once yourself",
    ),
)
"""What runners say where it is not the tests that have failed."""


def trouble(report: TestReport, framework: str) -> str:
    """Why there is no verdict on the tests, with what to do; "" where there is one."""
    if report.trouble:
        return report.trouble
    if report.passed:
        return "the runner has found none of them" if _passed(report.output, framework) == 0 else ""
    for sign, words in _NOT_READY:
        if (match := re.search(sign, report.output)) is not None:
            return words.format(framework=framework, what=match.groupdict().get("what", ""))
    return ""


def tried(call: TestCall, report: TestReport, framework: str, *, mended: bool) -> Tried:
    """How it went, for the person."""
    why = trouble(report, framework)
    took = f"{framework}, {report.seconds:.1f} s"
    if why:
        line = f"The new tests were not run to an end: {why}."
    elif report.passed:
        count = _passed(report.output, framework)
        line = f"The new tests pass ({f'{count} passed, ' if count else ''}{took})."
    else:
        line = f"New tests fail ({took}): they are wrong, or the code is."
    if mended:
        line = f"{line} They were mended once."
    passed = report.passed and not why
    output = fenced(report.output.strip() or "(nothing)", "text")
    markdown = (
        f"# {'Passed' if passed else 'Not passed'}\n\n{line}\n\n```sh\n{in_one_line(str(call))}\n```\n\n{output}\n"
    )
    return Tried(passed, in_one_line(line), markdown)


def what_to_mend(output: str) -> str:
    """What a model is told of tests that have failed, given what was printed as it may be sent."""
    output = output.strip()
    if len(output) > MOST_CHARACTERS:
        head = MOST_CHARACTERS // 4
        output = f"{output[:head]}\n[…]\n{output[head - MOST_CHARACTERS :]}"
    return (
        f"Your tests were run, and some fail. This is what was printed:\n\n{fenced(output, 'text')}\n\n"
        "Find out what is wrong with your tests and answer with all of them again, corrected, in one fenced code block "
        "with the imports they need, and nothing else. Where the code under test is wrong and not a test, leave that "
        "test as it is: never bend a test to a fault."
    )


def _passed(output: str, framework: str) -> int | None:
    """How many tests have passed; None where the runner does not say."""
    found = re.findall(_PASSED.get(framework, r"(?!)"), output, re.MULTILINE)
    if framework == "go test" and not found:
        return 0 if "no tests to run" in output or "no test files" in output else None
    return sum(int(number) if number.isdigit() else bool(number) for number in found) if found else None
