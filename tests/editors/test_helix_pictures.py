"""The pictures of `docs/editors/helix.md`, taken from the real editor. `PICTURES=docs/pictures` keeps them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from dragoman.simulator import Reply, Simulator
from editors.capture import svg_of
from editors.conftest import PROGRAMS
from editors.desk import SETTINGS, Desk
from editors.helix import Helix
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.editors

EXPLAINED = Reply(
    text=(
        "## What it does\n\n",
        "It gathers every order's **name**, in the order in which the orders come.\n\n",
        "1. It begins with an empty list.\n",
        "2. Each order's `name` is put behind the ones before.\n",
    )
)


class Small(Helix):
    """As large as a picture should be."""

    size = (96, 27)


@pytest.fixture
def helix(tmp_path, sockets) -> Iterator[Helix]:
    """Helix at a function, with a provider that explains it."""
    desk = Desk(tmp_path / "desk")
    simulator = Simulator(EXPLAINED)
    with in_thread(simulator):
        desk.lay(SETTINGS.format(url=simulator.url))
        editor = Small(desk, PROGRAMS, next(sockets))
        try:
            editor.attached()
            editor.go_to("def names")
            yield editor
        finally:
            editor.close()


def test_menu(helix, tmp_path):
    """A picture of the menu shows what can be asked for at a function."""
    helix.actions()
    keep(helix, tmp_path, "helix-menu", "The menu of code actions, at a function", "Refactor")


def test_explanation(helix, tmp_path):
    """A picture of an explanation shows it as the Markdown that it is."""
    helix.run_action("Explain")
    helix.sees("is put behind")
    keep(helix, tmp_path, "helix-explain", "An explanation in a buffer of its own", "gathers")


def keep(helix: Helix, folder: Path, name: str, title: str, wanted: str) -> None:
    """Takes the screen as it is, and looks whether it can be read out."""
    picture = svg_of(helix.terminal.coloured(), Small.size[0], title=title)
    (Path(os.environ.get("PICTURES") or folder) / f"{name}.svg").write_text(picture, encoding="utf-8")
    texts = [element.text or "" for element in ET.fromstring(picture).iter()]
    assert title in texts
    assert wanted in "".join(texts)
