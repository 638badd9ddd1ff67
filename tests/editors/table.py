"""The table of what works where, as it stands in docs/editors/README.md. Knows nothing of pytest, and runs nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from editors.desk import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from editors.driver import Editor

PAGE = REPOSITORY / "docs" / "editors" / "README.md"
BEGIN, END = "<!-- made by TABLE=1 scripts/test-editors -->", "<!-- the end of what is made -->"


def scenario_of(test: str) -> str:
    """A scenario's name, of its test's."""
    return test.removeprefix("test_").replace("_", " ")


def scenarios() -> dict[str, str]:
    """All scenarios in their order, each with what it says of itself."""
    tree = ast.parse((REPOSITORY / "tests" / "editors" / "test_scenarios.py").read_text(encoding="utf-8"))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return {scenario_of(test.name): " ".join((ast.get_docstring(test) or "").split()) for test in tests}


def markdown(editors: Mapping[type[Editor], str], passed: set[tuple[str, str]]) -> str:
    """The table: scenarios down, editors with their versions across. `passed` are pairs of a scenario and an editor's
    class. Raises `AssertionError` where a scenario did not pass that the editor does not lack.
    """
    reasons: list[str] = []
    rows = ["| | " + " | ".join(editors.values()) + " |", "|---" * (1 + len(editors)) + "|"]
    for scenario in scenarios():
        cells = [_cell(scenario, editor, passed, reasons) for editor in editors]
        rows.append(f"| {scenario} | {' | '.join(cells)} |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    meanings = [f"- *{scenario}*: {meaning}" for scenario, meaning in scenarios().items()]
    return "\n".join([*rows, "", "Why not:", "", *notes, "", "What each line means:", "", *meanings])


def _cell(scenario: str, editor: type[Editor], passed: set[tuple[str, str]], reasons: list[str]) -> str:
    if lack := editor.lacks.get(scenario):
        reason = f"{editor.name}: {lack}."
        if reason not in reasons:
            reasons.append(reason)
        return f"no ({1 + reasons.index(reason)})"
    assert (scenario, editor.__name__) in passed, f"no table: {scenario!r} did not pass in {editor.name}"
    return "yes"


def write(editors: Mapping[type[Editor], str], passed: Sequence[tuple[str, str]]) -> None:
    """Puts the table into the page, between its marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    made = markdown(editors, set(passed))
    PAGE.write_text(f"{before}{BEGIN}\n\n{made}\n\n{END}{after}", encoding="utf-8")
