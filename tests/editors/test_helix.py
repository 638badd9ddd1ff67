"""What Helix has of its own: before 25.07 its changes overtake each other on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.simulator import Reply, Simulator
from editors.conftest import PROGRAMS
from editors.desk import SETTINGS, SOURCE, Desk
from editors.helix import OldHelix
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.editors

REFACTORED = "def names(orders):\n    return [order.name for order in orders]\n"
TIMES = 60


@pytest.fixture
def simulator():
    """A provider that refactors the function."""
    return Simulator(Reply(text=(f"```python\n{REFACTORED}```\n",)))


@pytest.fixture
def helix(tmp_path, sockets, simulator) -> Iterator[OldHelix]:
    """The old Helix, with the file open."""
    desk = Desk(tmp_path / "desk")
    with in_thread(simulator):
        desk.lay(SETTINGS.format(url=simulator.url))
        editor = OldHelix(desk, PROGRAMS, next(sockets))
        try:
            editor.attached()
            yield editor
        finally:
            editor.close()


def test_an_insertion_that_is_repeated(helix, simulator):
    """After hundreds of changes at once the server has Helix's text and version: the model is shown what was typed,
    and the edit is taken.
    """
    helix.go_to("result = []")
    helix.terminal.type("A  # abc")
    helix.normal()
    helix.terminal.type(f"{TIMES}.")
    line = f"result = []{'  # abc' * (TIMES + 1)}"
    helix.wait("all changes", lambda: len(helix.recording.sent("textDocument/didChange")) == 7 * (TIMES + 1))
    helix.go_to("def names")
    helix.run_action("Refactor")
    helix.wait("an edit", lambda: helix.recording.answers("workspace/applyEdit"))
    assert line in simulator.completions[0].prompt
    assert helix.text() == SOURCE[: SOURCE.index("def names")] + REFACTORED
