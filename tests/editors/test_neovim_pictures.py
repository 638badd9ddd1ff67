"""The pictures of `docs/editors/neovim.md`, taken from the real editor. `PICTURES=docs/pictures` keeps them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from dragoman.simulator import Reply, Simulator
from editors.capture import svg_of
from editors.conftest import PROGRAMS
from editors.desk import SETTINGS, Desk
from editors.terminal import Terminal, eventually
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.editors

COLUMNS, ROWS = 96, 27
RENAMED = Reply(text=("```python\ndef names(orders):\n    return [order.name for order in orders]\n```",))
EXPLAINED = Reply(
    text=(
        "## What it does\n\n",
        "It gathers every order's **name**, in the order in which the orders come.\n\n",
        "1. It begins with an empty list.\n",
        "2. Each order's `name` is put behind the ones before.\n\n",
        "A comprehension says the same in one line:\n\n",
        "```python\nreturn [order.name for order in orders]\n```\n",
    )
)
SHOWN = (
    ("neovim-preview", "An edit as a diff, before it lands", "refactor", RENAMED, "+    return"),
    ("neovim-explain", "An explanation in a window of its own", "explain", EXPLAINED, "A comprehension says"),
)


@pytest.fixture
def take_picture(tmp_path, sockets) -> Callable[..., str]:
    """Runs a command at `names` in Neovim, and takes the screen once it shows the text."""

    def take(simulator: Simulator, command: str, wanted: str, title: str) -> str:
        desk = Desk(tmp_path / "desk")
        with in_thread(simulator):
            desk.lay(SETTINGS.format(url=simulator.url))
            shutil.copytree(desk.pieces / "neovim", desk.configuration / "nvim")
            line = "+" + str(1 + desk.file.read_text(encoding="utf-8").split("\n").index("def names(orders):"))
            arguments = [str(PROGRAMS / "nvim"), "-n", line, str(desk.file)]
            place = desk.folder, desk.environment(), (COLUMNS, ROWS)
            terminal = Terminal(PROGRAMS / "tmux", next(sockets), arguments, *place)
            try:
                _see(terminal, "def names")
                eventually(lambda: desk.recording.answers("initialize"), lambda: "no server came")
                terminal.type(f":Dragoman {command}")
                terminal.keys("Enter")
                _see(terminal, wanted)
                eventually(
                    lambda: any(value["kind"] == "end" for value in desk.recording.progress()), lambda: "no end came"
                )
                return svg_of(terminal.coloured(), COLUMNS, title=title)
            finally:
                terminal.close()

    return take


def _see(terminal: Terminal, text: str) -> None:
    eventually(lambda: any(text in row for row in terminal.screen()), lambda: "\n".join(terminal.screen()), 30)


@pytest.mark.parametrize(("name", "title", "command", "reply", "wanted"), SHOWN, ids=[row[0] for row in SHOWN])
def test_picture(take_picture, tmp_path, name, title, command, reply, wanted):
    """A picture of the screen shows what the editor shows, as text that can be read out."""
    picture = take_picture(Simulator(reply), command, wanted, title)
    (Path(os.environ.get("PICTURES") or tmp_path) / f"{name}.svg").write_text(picture, encoding="utf-8")
    texts = [element.text or "" for element in ET.fromstring(picture).iter()]
    assert title in texts
    assert wanted in "".join(texts)
