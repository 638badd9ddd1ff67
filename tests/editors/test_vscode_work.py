"""What a person does in VS Code all day, in the real window: proposals, answers, changes, commits, notebooks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman.simulator import Reply, Simulator, in_order
from editors.desk import SETTINGS, SOURCE
from editors.test_scenarios import ENDLESS, EXPLAINING, NEW_NAMES, REFACTORED, REFACTORING

pytestmark = [pytest.mark.editors, pytest.mark.vscode]

ENDLESS_WORDS = Reply(text=("## At length\n\n```python\nfirst = 1\n```\n\n", *("word ",) * 10_000), between=0.05)
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def committed(desk):
    """The project in a repository of git's, with a change since the last commit."""
    (desk.folder / ".git").rmdir()
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*GIT, *words], cwd=desk.folder, check=True, timeout=30)
    desk.file.write_text(REFACTORED, encoding="utf-8")


def test_proposal_at_the_cursor(open_window):
    """A proposal is taken a word at a time, typed into without another question, and taken whole."""
    simulator = Simulator(Reply(text=("um(order.price for order in orders)\n",)))
    window = open_window(simulator, config=SETTINGS.replace("enabled = false", "enabled = true"))
    window.attached()
    window.go_to("result = 0")
    window.type_line("whole = s")
    window.proposes("whole = sum(order.price for order in orders)")
    asked = len(simulator.completions)
    window.page.ask("press", keys="Control+ArrowRight")
    window.wait("a word taken", lambda: "    whole = sum\n" in window.text())
    window.sees("whole = sum(order.price for order in orders)")
    window.page.ask("type", text="(order.")
    window.wait("the typing", lambda: "    whole = sum(order." in window.text())
    window.sees("whole = sum(order.price for order in orders)")
    assert len(simulator.completions) == asked
    window.page.ask("press", keys="Tab")
    whole = "result = 0\n    whole = sum(order.price for order in orders)\n"
    window.wait("it in the text", lambda: window.text() == SOURCE.replace("result = 0\n", whole, 1))


def test_several_answers(open_window):
    """A second answer comes while the first is written, and the first is a step back; what has the focus keeps it while
    the text grows; who closes the panel ends what is written there.
    """
    simulator = Simulator(in_order(ENDLESS_WORDS, EXPLAINING))
    window = open_window(simulator)
    window.attached()
    window.go_to("def names")
    window.command("explain")
    window.sees("word word")
    window.go_to("def total")
    window.command("explain")
    window.sees("every order's name")
    window.sees("2 of 2")
    assert not any("word word" in row for row in window.screen())
    window.click("button[data-act=earlier]")
    window.sees("word word")
    window.click("button[data-act=copy]")
    window.wait("the code copied", lambda: window.ask("clipboard") == "first = 1\n")
    sent = simulator.completions[0].pieces_sent
    window.wait("more of the answer", lambda: simulator.completions[0].pieces_sent > sent + 20)
    assert window.shows("button[data-act=copy][aria-label='Copy block 1']:focus")
    window.ask("command", name="workbench.action.closeActiveEditor")
    window.wait("the provider's connection closed", simulator.completions[0].hung_up.is_set)


def test_insert_into_what_has_changed(open_window):
    """Code goes where the cursor is by now."""
    window = open_window(Simulator(Reply(text=("```python\nfirst = 1\n```\n",))))
    window.attached()
    window.go_to("def names")
    window.command("explain")
    window.sees("first = 1")
    window.go_to("def total")
    window.open_line("    second = 2")
    window.click("button[data-act=insert]")
    window.wait("the code inserted", lambda: "second = 2first = 1\n" in window.text())


def test_message_for_a_commit(open_window):
    """The message stands in Source Control's own box, made with the words that stood there, which can be put back."""
    simulator = Simulator(Reply(text=("```\nGather names in one line\n\nFixes #7.\n```",)))
    window = open_window(simulator, settings={"git.enabled": True}, lay=committed)
    window.ask("command", name="workbench.view.scm")
    window.wait("the box", lambda: window.shows(".scm-input .monaco-editor"))
    window.click(".scm-input .monaco-editor")
    window.page.ask("type", text="fixes #7")
    window.sees("fixes #7")
    window.wait("the button", lambda: window.shows(".action-label[aria-label*='Write commit message']"))
    window.click(".action-label[aria-label*='Write commit message']")
    window.sees("Gather names in one line")
    assert "fixes #7" in simulator.completions[0].prompt
    assert "return [order.name for order in orders]" in simulator.completions[0].prompt
    window.sees("the commit message is in Source Control's box")
    window.click(".notification-list-item .monaco-button", "Put Back")
    window.sees("fixes #7")
    assert window.recording.told("window/showDocument") == []


def reviewed(desk):
    """A conversation and a test file beside the project's file, and an action of its own, which is trusted."""
    (desk.folder / "talk.md").write_text("# Lists\n\n## You\n\nWhy a list?\n", encoding="utf-8")
    (desk.folder / "test_orders.py").write_text(EARLIER_TESTS, encoding="utf-8")
    own = '[actions.sum-up]\ntitle = "Sum it up"\nprompt = "Sum it up."\nresult = "answer"\nprovider = "ollama"\n'
    (desk.folder / ".dragoman.toml").write_text(own, encoding="utf-8")
    program = str(Path(sys.executable).with_name("dragoman"))
    trusting = [program, "trust", "--yes", str(desk.folder)]
    subprocess.run(trusting, cwd=desk.folder, env=desk.environment(), check=True, capture_output=True, timeout=60)


EARLIER_TESTS = """\
from orders import total


def test_total():
    assert total([]) == 0
"""
FINDING = {
    "line": 15,
    "text": "        result.append(order.name)",
    "severity": "warning",
    "message": "Slower than a comprehension.",
    "fix": {"from": 15, "to": 15, "code": "        result += [order.name]"},
}


def test_work_on_a_project(open_window):
    """Answers of all kinds stand in the panel and leave the focus alone, a conversation goes on in its document, new
    tests join those that are there, and a review's finding is in Problems until it is fixed.
    """
    replies = (
        "It is **summed up**.",
        "Because **they come in order**.",
        "```python\nfrom orders import names\n\n\ndef test_names():\n    assert names([]) == []\n```",
        "As lists are **easy to read**.",
        f"```json\n{json.dumps([FINDING])}\n```",
    )
    simulator = Simulator(in_order(*(Reply(text=(reply,)) for reply in replies)))
    window = open_window(simulator, lay=reviewed)
    window.attached()
    window.go_to("def names")
    window.wait("the action", lambda: "Sum it up" in window.actions())
    window.run_action("Sum it up")
    window.sees("It is summed up.")
    window.type("# typed on")
    assert "# typed on" in window.text()
    window.ask("command", name="workbench.action.files.revert")
    window.wait("the file as it was", lambda: window.text() == SOURCE)
    window.go_to("def names")
    window.open_line("# why a list AI?")
    [title] = window.wait("the question", lambda: [title for title in window.actions() if "why a list" in title])
    window.run_action(title)
    window.sees("Because they come in order.")
    window.ask("command", name="workbench.action.files.revert")
    window.wait("the file as it was", lambda: window.text() == SOURCE)
    window.go_to("def names")
    window.run_action("Write tests")
    window.wait("the tests", lambda: "def test_names" in window.text())
    assert "def test_total" in window.text()
    window.ask("open", path=str(window.desk.folder / "talk.md"))
    window.wait("the conversation", lambda: "Why a list?" in window.text())
    window.run_action("Continue the conversation")
    window.wait("the answer", lambda: "## Dragoman\n\nAs lists are **easy to read**.\n\n## You" in window.text())
    window.ask("open", path=str(window.file))
    window.go_to("def names")
    window.run_action("Review")
    window.ask("command", name="workbench.actions.view.problems")
    window.sees("Slower than a comprehension.")
    window.ask("open", path=str(window.file))
    window.go_to("result.append(")
    [title] = window.wait("a fix", lambda: [title for title in window.actions() if "Slower" in title][:1])
    window.run_action(title)
    window.wait("the fix in the text", lambda: "result += [order.name]" in window.text())
    window.wait("no finding", lambda: not any("Slower than" in row for row in window.screen()))


def test_two_changes_wait(open_window):
    """Two proposals for a file wait side by side: closing discards the one, the other lands where it belongs."""
    new_total = "def total(orders):\n    return sum(order.price for order in orders)\n"
    simulator = Simulator(in_order(REFACTORING, Reply(text=(f"```python\n{new_total}```",))))
    window = open_window(simulator, settings={"dragoman.preview": True})
    window.attached()
    for name, line in (("names", "return [order.name for"), ("total", "return sum(order.price for")):
        window.ask("open", path=str(window.file))
        window.go_to(f"def {name}")
        window.command("refactor")
        window.sees(line)
    waiting = "Refactor: orders.py (not applied yet)"
    assert window.ask("tabs").count(waiting) == 2
    window.ask("command", name="workbench.action.closeActiveEditor")
    window.wait("one closed", lambda: window.ask("tabs").count(waiting) == 1)
    window.click(".tab", "not applied yet")
    window.sees("return [order.name for")
    window.press("Control+Enter", ".monaco-diff-editor .monaco-editor.focused")
    window.wait("none left", lambda: waiting not in window.ask("tabs"))
    window.ask("open", path=str(window.file))
    window.wait("the change applied", lambda: window.text() == REFACTORED)


def test_two_requests_and_a_cancel_from_the_status_bar(open_window):
    """Two requests run side by side, each with progress of its own; the menu of the status bar ends them all."""
    simulator = Simulator(ENDLESS)
    window = open_window(simulator)
    window.attached()
    for number, name in enumerate(("names", "total"), start=1):
        window.go_to(f"def {name}")
        window.command("refactor")
        window.wait(
            "the answer begun", lambda n=number: sum(call.pieces_sent > 3 for call in simulator.completions) == n
        )
    window.wait(
        "two progresses", lambda: window.page.ask("count", selector=".notification-list-item .monaco-button") == 2
    )
    window.click("#dragoman\\.dragoman\\.dragoman\\.status")
    window.sees("Cancel Everything That Runs")
    window.fill("Cancel Everything")
    window.wait("both connections closed", lambda: all(call.hung_up.is_set() for call in simulator.completions))
    assert window.text() == SOURCE


OLD_NAMES = SOURCE[SOURCE.index("def names") :]
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": ["prices = [1, 2]\n"],
        },
        {"cell_type": "code", "id": "b", "execution_count": None, "metadata": {}, "outputs": [], "source": OLD_NAMES},
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def with_notebook(desk):
    """A notebook beside the project's file."""
    (desk.folder / "sums.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")


def test_notebook(open_window):
    """In a notebook's cell a refactoring, a question and a proposal work like in a file, with the other cells shown."""
    asked = Reply(text=("It gathers **every order's name**.\n\n```python\nfirst = 1\n```\n",))
    simulator = Simulator(in_order(REFACTORING, asked, Reply(text=("um(prices)\n",))))
    window = open_window(simulator, lay=with_notebook, settings={"dragoman.inline.enabled": True})
    window.attached()
    window.ask("notebook", path=str(window.desk.folder / "sums.ipynb"))
    window.sees("prices = [1, 2]")
    window.click(".cell-editor-container .view-lines", "names")
    window.wait("the cell", lambda: window.text() == OLD_NAMES)
    window.command("refactor")
    window.wait("the cell changed", lambda: window.text().strip() == NEW_NAMES.strip())
    assert "prices = [1, 2]" in simulator.completions[0].prompt
    window.command("ask", "why a list?")
    window.sees("every order's name")
    assert "prices = [1, 2]" in simulator.completions[1].prompt
    assert "return [order.name for" in simulator.completions[1].prompt
    window.click("button[data-act=insert]")
    window.wait("the code in the cell", lambda: "first = 1\n" in window.text())
    window.click(".cell-editor-container .view-lines", "first = 1")
    window.press("Control+End", ".cell-editor-container .monaco-editor.focused")
    window.page.ask("type", text="\nwhole = s")
    window.proposes("whole = sum(prices)")
    window.page.ask("press", keys="Tab")
    window.wait("the proposal in the cell", lambda: "whole = sum(prices)" in window.text())


def test_hunks_by_lens(open_window):
    """Changes that wait in the text are rejected or accepted by a click above them."""
    simulator = Simulator(REFACTORING)
    window = open_window(simulator, settings={"dragoman.edits.review": True})
    window.attached()
    for word, text in (("Reject", SOURCE), ("Accept", REFACTORED)):
        window.go_to("def names")
        window.command("refactor")
        window.wait("the change marked", lambda: "<<<<<<<" in window.text())
        window.wait("lenses", lambda: window.shows(".codelens-decoration a"))
        window.click(".codelens-decoration a", word)
        window.wait("the word taken", lambda text=text: window.text() == text)
        window.wait("no lenses of before", lambda: not window.shows(".codelens-decoration a"))
