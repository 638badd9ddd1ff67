"""`dragoman/context` in a project of several files: what is shown of each, and what is not."""

from __future__ import annotations

import pytest

from dragoman.core.ports import Disclosure
from lsp.desk import FULL, Bench, at, span
from lsp.orders import order
from lsp.project import Project, accepting

TILL = """from shop.cart import Cart


def bill(cart: Cart):
    return rounded(cart.total(), Purse())
"""
PROJECT = {
    "/project/shop/till.py": TILL,
    "/project/shop/cart.py": "class Cart:\n    def total(self):\n        return 1\n\n\nclass Other:\n    pass\n",
    "/project/shop/money.py": "def rounded(a, b):\n    return a\n",
    "/project/tests/test_till.py": "def test_bill():\n    assert bill(Cart()) == 1\n\n\ndef test_other():\n    pass\n",
    "/project/AGENTS.md": "Use type hints.\n",
}
URI = "file:///project/shop/till.py"


@pytest.fixture
async def desk(open_desk):
    """A person in a project of several files."""
    services = Bench()
    services.project = Project(dict(PROJECT))
    folders = [{"uri": "file:///project", "name": "project"}]
    desk = await open_desk(FULL, services=services, workspaceFolders=folders)
    accepting(desk).open(TILL, URI, "python")
    return desk


async def shown(desk, action="explain", **more):
    """The answer to `dragoman/context` for the function of the open file."""
    asked = {**order(action, **more), "textDocument": {"uri": URI}, "range": span(4, 4, 4, 4), "diagnostics": []}
    return await desk.request("dragoman/context", asked)


def sources(result, key="pieces"):
    """The kind and source of each piece."""
    return [(piece["kind"], piece["source"]) for piece in result[key]]


async def test_pieces_come_from_all_over_the_project(desk):
    """Imported definitions, those of other open files, tests and instructions, each with its place and reason."""
    desk.open(PROJECT["/project/shop/money.py"], "file:///project/shop/money.py", "python")
    result = await shown(desk)
    assert sources(result) == [
        ("target", "shop/till.py:4-5"),
        ("imports", "shop/till.py:1"),
        ("definitions", "shop/cart.py:1-3"),
        ("definitions", "shop/money.py:1-2"),
        ("tests", "tests/test_till.py:1-2"),
        ("instructions", "AGENTS.md"),
    ]
    assert [piece["reason"] for piece in result["pieces"][2:5]] == [
        "the class Cart, which the target names",
        "the function rounded, which the target names",
        "a test that speaks of it",
    ]
    text = result["messages"][-1]["text"]
    assert "def rounded(a, b)" in text
    assert "class Other" not in text
    assert result["leftOut"] == []
    assert desk.services.completer.jobs == []


async def test_an_open_files_text_comes_before_the_disks(desk):
    """What is typed into an imported file is what is shown, saved or not."""
    uri = desk.open(PROJECT["/project/shop/cart.py"], "file:///project/shop/cart.py", "python")
    change = {"range": {"start": at(0, 0), "end": at(0, 0)}, "text": "LIMIT = 1\n\n\n"}
    desk.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    assert ("definitions", "shop/cart.py:4-6") in sources(await shown(desk))


async def test_what_was_edited_and_closed_is_still_looked_into(desk):
    """A file that the person has just been in may define what the target names."""
    uri = desk.open(PROJECT["/project/shop/money.py"], "file:///project/shop/money.py", "python")
    change = {"range": {"start": at(0, 0), "end": at(0, 0)}, "text": "\n"}
    desk.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert ("definitions", "shop/money.py:1-2") in sources(await shown(desk))


async def test_open_files_from_elsewhere_stay_there(desk):
    """A file that is open but leads out of the workspace is not looked into."""
    desk.services.project.links = ("/elsewhere/",)
    desk.open(PROJECT["/project/shop/money.py"], "file:///elsewhere/money.py", "python")
    assert not any("money" in source for _, source in sources(await shown(desk)))


async def test_an_ignored_file_is_not_looked_into(desk):
    """It is in no piece, neither from the disk nor from the editor that has it open."""
    desk.services.project.rules["/project/shop/cart.py"] = Disclosure("cart.py is ignored by .gitignore.")
    for opened in (False, True):
        if opened:
            desk.open(PROJECT["/project/shop/cart.py"], "file:///project/shop/cart.py", "python")
        result = await shown(desk)
        assert not any("cart.py" in source for _, source in (*sources(result), *sources(result, "leftOut")))


async def test_a_small_budget_names_what_it_leaves_out(desk):
    """What does not fit is listed with its size."""
    desk.services.settings = desk.services.settings.model_copy(
        update={"context": desk.services.settings.context.model_copy(update={"max_tokens": 45})}
    )
    result = await shown(desk)
    assert sources(result)[0] == ("target", "shop/till.py:4-5")
    assert ("definitions", "shop/cart.py:1-3") in sources(result, "leftOut")
    assert all(piece["tokens"] > 0 for piece in result["leftOut"])
    assert sum(piece["tokens"] for piece in result["pieces"]) <= 45


async def test_what_is_sent_is_what_was_shown(desk):
    """The run that follows sends the same messages."""
    result = await shown(desk)
    asked = {**order("explain"), "textDocument": {"uri": URI}, "range": span(4, 4, 4, 4), "diagnostics": []}
    _, response = desk.ask("dragoman/run", asked)
    await desk.settle()
    desk.services.completer.say("It bills.")
    await response
    (job,) = desk.services.completer.jobs
    assert [message.text for message in job.request.messages] == [message["text"] for message in result["messages"]]
    assert "shop/cart.py:1-3" in job.sources
