"""What comes while a person types in Neovim, key by key in a terminal: nothing is lost, and nothing takes a key."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from dragoman.simulator import Simulator, closed_url
from editors.conftest import PROGRAMS
from editors.desk import SETTINGS, SOURCE, Desk
from editors.neovim import Neovim, OldNeovim
from editors.test_neovim import COMPREHENSION, REFACTORED, rewriting
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.editors


class Narrow(Neovim):
    """In a terminal of the usual size."""

    size = (80, 24)


class OldNarrow(OldNeovim):
    """The same."""

    size = (80, 24)


@pytest.fixture(params=[Narrow, OldNarrow], ids=lambda editor: editor.program)
def opened(request, tmp_path, sockets) -> Iterator[Callable[[str], Neovim]]:
    """Opens the desk's file in Neovim, with a provider at that URL."""
    missing = request.param.missing(PROGRAMS)
    assert missing is None, missing
    with ExitStack() as stack:

        def open_(url: str) -> Neovim:
            desk = Desk(tmp_path / "desk")
            desk.lay(SETTINGS.format(url=url))
            editor = request.param(desk, PROGRAMS, next(sockets))
            stack.callback(editor.close)
            editor.attached()
            return editor

        yield open_


def test_edit_amid_typing_is_undone_by_itself(opened):
    """An edit that lands while the person types is a step for undo of its own; what is typed before it and behind it,
    lines and all, are others.
    """
    simulator = Simulator(rewriting(COMPREHENSION, before_first=1.5))
    with in_thread(simulator):
        editor = opened(simulator.url)
        editor.go_to("def names")
        editor.enter("Dragoman! refactor")
        editor.wait("the provider asked", lambda: simulator.completions)
        editor.go_to("def total")
        editor.terminal.type("Oimport os")
        editor.wait("the edit", lambda: editor.recording.answers("workspace/applyEdit"))
        editor.terminal.type(", re\rimport sys")
        editor.sees("import sys")
        before, whole = SOURCE.replace("def total", "import os\ndef total"), "import os, re\nimport sys\ndef total"
        assert editor.text() == REFACTORED.replace("def total", whole)
        for wanted in (REFACTORED.replace("def total", "import os\ndef total"), before, SOURCE):
            editor.undo()
            assert editor.text() == wanted


def test_long_message_takes_no_key(opened):
    """A message that has no room in the last line stands in a corner, all of it; the keys go where they should, and the
    list of messages has it too.
    """
    with closed_url() as url:
        editor = opened(url)
        editor.go_to("def names")
        editor.command("refactor")
        editor.sees("start it with `ollama serve`")
        assert not any("Press ENTER" in row for row in editor.screen())
        editor.terminal.type("Gotyped")
        editor.sees("typed")
        assert editor.text() == f"{SOURCE}typed\n"
        editor.enter("messages")
        editor.sees("Press ENTER")
        editor.sees("Dragoman: Refactor: no provider could answer")
