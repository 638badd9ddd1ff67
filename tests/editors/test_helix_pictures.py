"""The pictures of `docs/editors/helix.md`, taken from the real editor. `PICTURES=docs/pictures` keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.simulator import Reply, Simulator
from editors.conftest import PROGRAMS
from editors.desk import SETTINGS, Desk
from editors.helix import Helix
from editors.pictures import keep
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
