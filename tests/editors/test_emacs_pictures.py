"""The pictures of `docs/editors/emacs.md`, taken from the real editor. `PICTURES=docs/pictures` keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.simulator import Reply, Simulator
from editors.conftest import PROGRAMS
from editors.desk import SETTINGS, Desk
from editors.emacs import Emacs
from editors.pictures import keep
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.editors, pytest.mark.widely]

TESTED = Reply(
    text=(
        "```python\nfrom types import SimpleNamespace\n\nfrom orders import names\n\n\n",
        'def test_names_in_order():\n    orders = [SimpleNamespace(name="tea"), SimpleNamespace(name="rum")]\n',
        '    assert names(orders) == ["tea", "rum"]\n\n\ndef test_no_orders():\n    assert names([]) == []\n```\n',
    )
)


class Small(Emacs):
    """As large as a picture should be."""

    size = (120, 27)


@pytest.fixture
def emacs(tmp_path, sockets) -> Iterator[Emacs]:
    """Emacs at a function, with a provider that writes tests for it."""
    desk = Desk(tmp_path / "desk")
    simulator = Simulator(TESTED)
    with in_thread(simulator):
        desk.lay(SETTINGS.format(url=simulator.url))
        editor = Small(desk, PROGRAMS, next(sockets))
        try:
            editor.attached()
            editor.go_to("def names")
            yield editor
        finally:
            editor.close()


def test_menu(emacs, tmp_path):
    """A picture of the menu shows what can be asked for at a function."""
    emacs.actions()
    emacs.type("\t\t")
    emacs.sees("Refactor: simplify")
    keep(emacs, tmp_path, "emacs-menu", "What can be asked for at a function, after C-c d a and Tab", "Write tests")


def test_tests(emacs, tmp_path):
    """A picture of new tests shows them beside the code."""
    emacs.run_action("Write tests")
    emacs.sees("def test_no_orders")
    emacs.sees("is new, not saved yet")
    keep(emacs, tmp_path, "emacs-tests", "New tests in a buffer of their own, beside the code", "test_names_in_order")
