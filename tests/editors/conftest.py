"""Real editors for the scenarios, with a scripted provider each, and the table of what works where."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from editors.desk import REPOSITORY, SETTINGS, SOURCE, Desk
from editors.emacs import Emacs
from editors.helix import Helix, OldHelix
from editors.neovim import Neovim, OldNeovim
from editors.table import scenario_of, write
from editors.terminal import names
from editors.vscode import VSCode
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dragoman.simulator import Simulator
    from editors.driver import Editor

EDITORS: tuple[type[Editor], ...] = (Neovim, OldNeovim, Helix, OldHelix, VSCode, Emacs)
PROGRAMS = Path(os.environ.get("EDITORS") or REPOSITORY / ".editors" / "bin")
OUTCOMES = pytest.StashKey[dict[tuple[str, str], str]]()


@pytest.fixture(scope="session")
def sockets() -> Iterator[str]:
    """Names for terminals."""
    return names()


MARKS = {
    VSCode: pytest.mark.vscode,
    OldNeovim: pytest.mark.widely,
    OldHelix: pytest.mark.widely,
    Emacs: pytest.mark.widely,
}
"""What is not run each time, for it takes many minutes."""


@pytest.fixture(
    params=[pytest.param(editor, marks=MARKS.get(editor, ())) for editor in EDITORS], ids=lambda editor: editor.__name__
)
def open_editor(request, tmp_path, sockets) -> Iterator[Callable[..., Editor]]:
    """Opens the editor on a desk of its own, with that provider, which is asked at `{url}` in the settings.
    A source of its own has a language server beside Dragoman, which finds its problem.
    """
    missing = request.param.missing(PROGRAMS)
    assert missing is None, missing
    if lack := request.param.lacks.get(scenario_of(request.node.originalname)):
        pytest.skip(lack)
    with ExitStack() as stack:

        def open_(simulator: Simulator, settings: str = SETTINGS, *, source: str = SOURCE) -> Editor:
            desk = Desk(tmp_path / "desk")
            stack.enter_context(in_thread(simulator))
            desk.lay(settings.format(url=simulator.url), source)
            if source != SOURCE:
                desk.set_beside()
            editor = request.param(desk, PROGRAMS, next(sockets))
            stack.callback(editor.close)
            editor.attached()
            return editor

        yield open_


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Keeps each scenario's outcome for the table."""
    report: pytest.TestReport = yield
    if (editor := _editor_of(item)) and (report.when == "call" or not report.passed):
        outcome = f"ok {report.duration:4.1f} s" if report.passed else report.outcome.upper()
        item.config.stash.setdefault(OUTCOMES, {})[scenario_of(item.originalname), editor.__name__] = outcome
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the table: scenarios down, editors across."""
    outcomes = config.stash.get(OUTCOMES, {})
    if not outcomes:
        return
    editors = [editor for editor in EDITORS if any(name == editor.__name__ for _, name in outcomes)]
    scenarios = list(dict.fromkeys(scenario for scenario, _ in outcomes))
    width = max(map(len, scenarios)) + 2
    terminalreporter.section("what works where")
    terminalreporter.write_line(" " * width + "".join(f"{_version(editor):<20}" for editor in editors))
    for scenario in scenarios:
        cells = (outcomes.get((scenario, editor.__name__), "-") for editor in editors)
        terminalreporter.write_line(f"{scenario:<{width}}" + "".join(f"{cell:<20}" for cell in cells))
    if os.environ.get("TABLE"):
        passed = [place for place, outcome in outcomes.items() if outcome.startswith("ok")]
        write({editor: _version(editor) for editor in EDITORS}, passed)


def _editor_of(item: pytest.Item) -> type[Editor] | None:
    return item.callspec.params.get("open_editor") if hasattr(item, "callspec") else None


def _version(editor: type[Editor]) -> str:
    return f"{editor.name} {editor.version(PROGRAMS)}"
