"""Real editors for the scenarios, with a scripted provider each, and the table of what works where."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadScopeScheduling

from editors.desk import REPOSITORY, SETTINGS, SOURCE, Desk
from editors.emacs import Emacs
from editors.helix import Helix, OldHelix
from editors.neovim import Neovim, OldNeovim
from editors.table import scenario_of, write
from editors.table import scenarios as all_scenarios
from editors.terminal import names
from editors.vscode import VSCode
from editors.workbench import Workbench
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from xdist.remote import Producer

    from dragoman.simulator import Simulator
    from editors.driver import Editor

EDITORS: tuple[type[Editor], ...] = (Neovim, OldNeovim, Helix, OldHelix, VSCode, Emacs)
PROGRAMS = Path(os.environ.get("EDITORS") or REPOSITORY / ".editors" / "bin")
EDITOR = "editor"
"""What a report says of the editor."""


@pytest.fixture(scope="session")
def sockets() -> Iterator[str]:
    """Names for terminals."""
    return names()


@pytest.fixture(scope="session")
def place_for(sockets, tmp_path_factory) -> Iterator[Callable[[type[Editor]], Any]]:
    """Where an editor is opened: a terminal of a name of its own, or the workbench that is there for all."""
    with ExitStack() as stack:

        @cache
        def workbench() -> Workbench:
            return stack.enter_context(closing(Workbench(tmp_path_factory.mktemp("workbench"))))

        yield lambda editor: workbench() if issubclass(editor, VSCode) else next(sockets)


@pytest.fixture(
    params=[pytest.param(editor, marks=pytest.mark.vscode if editor is VSCode else ()) for editor in EDITORS],
    ids=lambda editor: editor.__name__,
)
def open_editor(request, tmp_path, place_for) -> Iterator[Callable[..., Editor]]:
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
            editor = request.param(desk, PROGRAMS, place_for(request.param))
            stack.callback(editor.close)
            editor.attached()
            return editor

        yield open_


@pytest.fixture
def open_window(tmp_path, place_for):
    """Opens VS Code on a desk of its own, with that provider and those settings of VS Code's. `lay` puts more on it
    before.
    """
    missing = VSCode.missing(PROGRAMS)
    assert missing is None, missing
    with ExitStack() as stack:

        def open_(simulator, *, config=SETTINGS, lay=None, **options):
            desk = Desk(tmp_path / "desk")
            stack.enter_context(in_thread(simulator))
            desk.lay(config.format(url=simulator.url))
            if lay:
                lay(desk)
            window = VSCode(desk, PROGRAMS, place_for(VSCode), **options)
            stack.callback(window.close)
            return window

        yield open_


class Outcomes:
    """What came of each scenario in each editor, also where others ran it (pytest-xdist), and the table of them."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps a scenario's outcome."""
        editor = dict(report.user_properties).get(EDITOR)
        if isinstance(editor, str) and (report.when == "call" or not report.passed):
            scenario = scenario_of(report.location[2].partition("[")[0])
            self._of[scenario, editor] = f"ok {report.duration:4.1f} s" if report.passed else report.outcome.upper()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints the table: scenarios down, editors across."""
        if not self._of:
            return
        editors = [editor for editor in EDITORS if any(name == editor.__name__ for _, name in self._of)]
        scenarios = [scenario for scenario in all_scenarios() if any(scenario == name for name, _ in self._of)]
        width = max(map(len, scenarios)) + 2
        terminalreporter.section("what works where")
        terminalreporter.write_line(" " * width + "".join(f"{_version(editor):<20}" for editor in editors))
        for scenario in scenarios:
            cells = (self._of.get((scenario, editor.__name__), "-") for editor in editors)
            terminalreporter.write_line(f"{scenario:<{width}}" + "".join(f"{cell:<20}" for cell in cells))
        if os.environ.get("TABLE"):
            passed = [place for place, outcome in self._of.items() if outcome.startswith("ok")]
            write({editor: _version(editor) for editor in EDITORS}, passed)


def pytest_configure(config: pytest.Config) -> None:
    """Has the outcomes kept."""
    config.pluginmanager.register(Outcomes())


class OneWindow(LoadScopeScheduling):
    """One worker opens all windows of VS Code, as two at once would wait for each other. The rest is shared out."""

    def _split_scope(self, nodeid: str) -> str:
        return "windows" if "VSCode" in nodeid or "test_vscode" in nodeid else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneWindow:
    """The above, where several workers share the tests."""
    return OneWindow(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Says in the report which editor it is about."""
    report: pytest.TestReport = yield
    editor = item.callspec.params.get("open_editor") if hasattr(item, "callspec") else None
    if editor and report.when != "teardown":
        report.user_properties.append((EDITOR, editor.__name__))
    return report


def _version(editor: type[Editor]) -> str:
    return f"{editor.name} {editor.version(PROGRAMS)}"
