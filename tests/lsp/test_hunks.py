"""Results that wait in the buffer as marked hunks: they land as such, and go the way the person says."""

from __future__ import annotations

import pytest

from dragoman.core.settings import Edits, Settings
from lsp.desk import FULL, Bench, Desk, span
from lsp.orders import CODE, NEW, URI, answered, open_code, order
from lsp.project import accepting
from virtual_time import run


async def waiting(text=CODE, **more):
    """A client in whose buffer the changes of a refactoring wait: desk, editor and the response."""
    desk = Desk(Bench(Settings(edits=Edits(review=True))))
    await desk.start(FULL)
    editor = await open_code(desk, text)
    response = await answered(desk, "dragoman/run", order("refactor", **more))
    await desk.settle()
    return desk, editor, response


async def menu(desk, line):
    """What the menu offers for changes on a line, by title."""
    params = {"textDocument": {"uri": URI}, "range": span(line, 0, line, 0), "context": {"diagnostics": []}}
    entries = await desk.request("textDocument/codeAction", params)
    return {each["title"]: each["command"] for each in entries if each["title"].startswith(("Accept", "Reject"))}


async def carry_out(desk, command):
    """Do what a menu entry, or a lens, does."""
    result = await desk.request("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")})
    await desk.settle()
    return result


def test_a_result_lands_as_hunks():
    """The buffer holds the old and the new lines between marks; the response and one line say that they wait."""

    async def story():
        desk, editor, response = await waiting()
        assert (response["result"]["applied"], response["result"]["hunks"]) == (True, 1)
        text = editor.text(URI)
        assert text.startswith("def total(items):\n<<<<<<< dragoman ")
        assert "    result = 0\n    for item in items:\n" in text
        assert "=======\n    return sum(items)\n>>>>>>> dragoman" in text
        assert len(editor.edits) == 1
        assert any("accept or reject by code action" in line for line in desk.messages())
        await desk.leave()

    run(story())


@pytest.mark.parametrize(("word", "left"), [("Accept", NEW), ("Reject", CODE)])
@pytest.mark.parametrize("restarted", [False, True])
def test_one_change(word, left, restarted):
    """Accepting leaves the new text, rejecting the old one, also by a server that has just been started."""

    async def story():
        desk, editor, _ = await waiting()
        text = editor.text(URI)
        if restarted:
            await desk.leave()
            desk = Desk(Bench())
            await desk.start(FULL)
            editor = accepting(desk)
            editor.open(text, URI, "python")
        commands = await menu(desk, 3)
        assert set(commands) == {"Accept this change", "Reject this change"}
        await carry_out(desk, commands[f"{word} this change"])
        assert editor.text(URI) == left
        assert await menu(desk, 1) == {}
        await desk.leave()

    run(story())


TWO = "a = 1\n\n\nb = 2\n"
BOTH = "```python\na = 10\n\n\nb = 20\n```"


async def two():
    """A client with two changes that wait."""
    desk = Desk(Bench(Settings(edits=Edits(review=True))))
    await desk.start(FULL)
    editor = await open_code(desk, TWO)
    params = {"action": "edit", "textDocument": {"uri": URI}, "range": span(0, 0, 3, 5), "instruction": "times ten"}
    response = await answered(desk, "dragoman/run", params, BOTH)
    assert response["result"]["hunks"] == 2
    return desk, editor


def test_one_of_several_changes():
    """A word on one change leaves the others as they are."""

    async def story():
        desk, editor = await two()
        commands = await menu(desk, 0)
        assert set(commands) == {
            "Accept this change",
            "Reject this change",
            "Accept all 2 changes",
            "Reject all 2 changes",
        }
        await carry_out(desk, commands["Accept this change"])
        assert editor.text(URI).startswith("a = 10\n\n\n<<<<<<< dragoman")
        await carry_out(desk, (await menu(desk, 4))["Reject this change"])
        assert editor.text(URI) == "a = 10\n\n\nb = 2\n"
        await desk.leave()

    run(story())


@pytest.mark.parametrize(("word", "left"), [("Accept", "a = 10\n\n\nb = 20\n"), ("Reject", TWO)])
def test_all_changes(word, left):
    """One word on all changes is one edit."""

    async def story():
        desk, editor = await two()
        count = len(editor.edits)
        await carry_out(desk, (await menu(desk, 0))[f"{word} all 2 changes"])
        assert editor.text(URI) == left
        assert len(editor.edits) == count + 1
        await desk.leave()

    run(story())


def test_typing_in_a_proposal_is_kept():
    """What the person writes into the proposed lines is what accepting leaves."""

    async def story():
        desk, editor, _ = await waiting()
        line = editor.text(URI).split("\n").index("    return sum(items)")
        editor.type(URI, span(line, 4, line, 4), "x = 1\n    ")
        await desk.settle()
        await carry_out(desk, (await menu(desk, line))["Accept this change"])
        assert editor.text(URI) == "def total(items):\n    x = 1\n    return sum(items)\n"
        await desk.leave()

    run(story())


def test_lenses():
    """Above each change stand Accept and Reject; where no change waits, nothing stands."""

    async def story():
        desk, _ = await two()
        lenses = await desk.request("textDocument/codeLens", {"textDocument": {"uri": URI}})
        assert [lens["command"]["title"] for lens in lenses] == ["Accept", "Reject"] * 2
        assert lenses[0]["range"]["start"]["line"] == 0
        await carry_out(desk, lenses[0]["command"])
        await carry_out(desk, lenses[3]["command"])
        assert await desk.request("textDocument/codeLens", {"textDocument": {"uri": URI}}) == []
        await desk.leave()

    run(story())


def test_a_change_that_is_gone():
    """A menu that was open too long is told so, and the text stays as it is."""

    async def story():
        desk, editor, _ = await waiting()
        command = (await menu(desk, 1))["Accept this change"]
        await carry_out(desk, command)
        before = editor.text(URI)
        refusal = await desk.refused("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")})
        assert "no proposed changes" in refusal["message"]
        assert editor.text(URI) == before
        await desk.leave()

    run(story())


def test_a_selection_inside_a_line():
    """Marks stand on lines of their own, though only a part of a line was asked about."""

    async def story():
        desk = Desk(Bench(Settings(edits=Edits(review=True))))
        await desk.start(FULL)
        editor = await open_code(desk, "x = old(1) + 2\n")
        params = {"action": "edit", "textDocument": {"uri": URI}, "range": span(0, 4, 0, 10), "instruction": "rename"}
        await answered(desk, "dragoman/run", params, "```python\nnew(1)\n```")
        lines = editor.text(URI).split("\n")
        assert (lines[1], lines[3]) == ("x = old(1) + 2", "x = new(1) + 2")
        await carry_out(desk, (await menu(desk, 0))["Reject this change"])
        assert editor.text(URI) == "x = old(1) + 2\n"
        await desk.leave()

    run(story())
