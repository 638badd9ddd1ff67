"""What a person does with Dragoman in a real editor: every scenario in every editor, against a scripted provider."""

from __future__ import annotations

import os
import signal
from urllib.request import urlopen

import pytest

from dragoman.simulator import Fault, Reply, Simulator, by_prefix, closed_url, in_order
from editors.desk import SETTINGS, SOURCE

pytestmark = pytest.mark.editors

NEW_NAMES = "def names(orders):\n    return [order.name for order in orders]\n"
REFACTORED = SOURCE[: SOURCE.index("def names")] + NEW_NAMES
REFACTORING = Reply(text=tuple(f"```python\n{NEW_NAMES}```".splitlines(keepends=True)))
SLOW_REFACTORING = Reply(text=tuple(REFACTORING.text[0] + "".join(REFACTORING.text[1:])), between=0.03)
ENDLESS = Reply(text=("```python\n", *("# and so on\n",) * 10_000), between=0.05)
EXPLAINING = Reply(text=("## What it does\n\n", "It gathers **every order's name**", " in a list.\n"))
WRITING_TESTS = Reply(
    text=("```python\n", "from orders import names\n\n\n", "def test_names():\n    assert names([]) == []\n", "```\n")
)


def taken(answer):
    """Whether the editor says that it has applied the edit."""
    return answer["result"]["applied"]


def test_starts_and_attaches(open_editor):
    """The server starts beside the file, and has nothing to complain about."""
    editor = open_editor(Simulator(REFACTORING))
    assert editor.recording.answers("initialize")[0]["result"]["serverInfo"]["name"] == "dragoman"
    assert editor.recording.told("window/showMessage") == []


def test_lists_actions(open_editor):
    """The code actions at a function stand in the editor's own menu."""
    editor = open_editor(Simulator(REFACTORING))
    editor.go_to("def names")
    titles = set(editor.actions())
    assert {"Explain", "Refactor", "Document"} <= titles
    assert ("Write tests" in titles) == ("writes tests" not in editor.lacks)


def test_refactor_and_undo(open_editor):
    """A refactoring changes its function and nothing else, and one undo takes it back."""
    simulator = Simulator(REFACTORING)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.wait("an edit", lambda: editor.recording.answers("workspace/applyEdit"))
    assert editor.text() == REFACTORED
    editor.undo()
    assert editor.text() == SOURCE
    assert "def names(orders):" in simulator.completions[0].prompt
    [change] = editor.recording.told("workspace/applyEdit")[0]["edit"]["documentChanges"]
    assert change["textDocument"]["version"] is not None


def test_explain(open_editor):
    """An explanation is shown, by the server that is running already, and the file stays as it was."""
    editor = open_editor(Simulator(EXPLAINING))
    editor.go_to("def names")
    editor.run_action("Explain")
    editor.sees("every order's name")
    shown = editor.recording.told("window/showDocument")
    if editor.has_panel or not editor.opens_documents:
        assert shown == []
    else:
        assert [params["uri"].endswith(".md") for params in shown] == [True]
        editor.wait("the document shown", lambda: editor.recording.answers("window/showDocument"))
        assert editor.recording.answers("window/showDocument")[0]["result"]["success"]
    assert editor.file.read_text(encoding="utf-8") == SOURCE
    assert len(editor.recording.servers()) == 1


def test_writes_tests(open_editor):
    """Tests come as a file of their own, which is shown; the file itself stays as it was."""
    simulator = Simulator(WRITING_TESTS)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.run_action("Write tests")
    if not editor.opens_documents:
        editor.sees("test_orders.py is new, not saved yet: Space b shows it.")
        editor.terminal.type(" b")
        editor.sees("+     test_orders.py")
        editor.terminal.type("test_orders\r")
    editor.sees("def test_names():")
    assert "def names(orders):" in simulator.completions[0].prompt
    assert editor.file.read_text(encoding="utf-8") == SOURCE


def test_fix_beside_another_server(open_editor):
    """What the language's own server (in VS Code an extension, in Emacs a checker) has found is fixed from the menu
    that both fill.
    """
    simulator = Simulator(REFACTORING)
    editor = open_editor(simulator, source=SOURCE.replace("    result = []\n", "    import math\n    result = []\n"))
    editor.go_to("import math")
    editor.stand_on("`math` imported but unused")

    def fixes():
        return [title for title in editor.actions() if title.startswith("Fix: ") and "`math` imported" in title]

    [fix] = editor.wait("the fix", fixes)
    editor.normal()
    editor.run_action(fix)
    editor.wait("an edit", lambda: editor.recording.answers("workspace/applyEdit"))
    assert editor.text() == REFACTORED
    assert "`math` imported but unused" in simulator.completions[0].prompt


def test_change_is_accepted_by_itself(open_editor):
    """Where changes wait in the text for a word, the menu accepts the one at the cursor."""
    editor = open_editor(Simulator(REFACTORING), f"[edits]\nreview = true\n{SETTINGS}")
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.wait("an edit", lambda: editor.recording.answers("workspace/applyEdit"))
    if not editor.has_panel:
        editor.sees("waits in the text")
    assert "<<<<<<<" in editor.text()
    editor.go_to("<<<<<<<")
    editor.run_action("Accept this change")
    editor.wait("a second edit", lambda: len(editor.recording.answers("workspace/applyEdit")) == 2)
    assert editor.text() == REFACTORED


def test_hover(open_editor):
    """What was explained shows the explanation when it is hovered over, and other lines show none."""
    editor = open_editor(Simulator(EXPLAINING))
    editor.go_to("def names")
    editor.run_action("Explain")
    editor.sees("every order's name")
    editor.back()
    editor.sees("def names(orders):")
    editor.go_to("result.append")
    editor.hover()
    editor.sees("Dragoman: Explain")
    editor.sees("every order's name")
    editor.wait("an answer", lambda: editor.recording.answers("textDocument/hover"))
    assert "every order's name" in str(editor.recording.answers("textDocument/hover")[-1]["result"])
    said = len(editor.recording.answers("textDocument/hover"))
    editor.go_to("def total")
    editor.hover()
    editor.wait("a second answer", lambda: len(editor.recording.answers("textDocument/hover")) > said)
    assert editor.recording.answers("textDocument/hover")[-1]["result"] is None
    assert editor.file.read_text(encoding="utf-8") == SOURCE


def test_watch_in_the_browser(open_editor):
    """While an explanation is written, the menu opens the live page, where it is seen so far."""
    editor = open_editor(Simulator(Reply(text=("It gathers ", *("names. ",) * 10_000), between=0.05)))
    editor.go_to("def names")
    editor.run_action("Explain")
    editor.wait("the answer begun", lambda: any(v["kind"] == "report" for v in editor.recording.progress()))
    editor.run_action("Watch in the browser: Explain")
    address = editor.wait("the browser opened", lambda: editor.opened.exists() and editor.opened.read_text().strip())
    with urlopen(address, timeout=15) as page:
        assert b"<title>Dragoman</title>" in page.read()
        place = page.url
    assert place.rpartition("/")[0] != address
    with urlopen(f"{place}events", timeout=15) as events:
        assert any(b"It gathers names." in line for line in events)  # which goes on as long as the answer does
    editor.normal()
    editor.cancel()
    editor.wait("the end of the progress", lambda: editor.recording.progress()[-1]["kind"] == "end")


def test_ask_by_command(open_editor):
    """A question in free text is sent as it was typed, and answered."""
    simulator = Simulator(EXPLAINING)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.command("ask", "why is this so slow?")
    editor.sees("every order's name")
    assert "why is this so slow?" in simulator.completions[0].prompt


def test_instruction_in_a_comment(open_editor):
    """A comment that ends in AI! is an instruction in the menu; the edit takes the comment away."""
    simulator = Simulator(REFACTORING)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.open_line("# use a comprehension AI!")
    [title] = [title for title in editor.actions() if "use a comprehension" in title]
    editor.normal()
    editor.run_action(title)
    editor.wait("an edit", lambda: editor.recording.answers("workspace/applyEdit"))
    assert editor.text() == REFACTORED
    assert "use a comprehension" in simulator.completions[0].prompt


def test_completes_at_the_cursor(open_editor):
    """What a model would write after a pause is shown at the cursor, and a key takes it."""
    simulator = Simulator(Reply(text=("um(order.price", " for order in orders)\n")))
    editor = open_editor(simulator, SETTINGS.replace("enabled = false", "enabled = true"))
    editor.go_to("result = 0")
    editor.type_line("whole = s")
    editor.take_proposal("sum(order.price for order in orders)")
    editor.sees("whole = sum(order.price for order in orders)")
    editor.normal()
    whole = SOURCE.replace("result = 0\n", "result = 0\n    whole = sum(order.price for order in orders)\n")
    editor.wait("the proposal in the text", lambda: editor.text() == whole)  # on the screen it stood before
    asked = simulator.completions[-1]
    assert asked.prompt.endswith("    result = 0\n    whole = s")
    assert asked.suffix.startswith("\n    for order in orders:\n")


def test_typing_elsewhere_meanwhile(open_editor):
    """What is typed elsewhere while the model writes stays, and the edit still lands on its function."""
    simulator = Simulator(SLOW_REFACTORING)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.wait("the provider asked", lambda: simulator.completions)
    editor.go_to("What a day's")
    editor.open_line("import math")
    editor.wait(
        "an edit that was taken",
        lambda: any(taken(answer) for answer in editor.recording.answers("workspace/applyEdit")),
    )
    assert editor.text() == REFACTORED.replace('come to."""\n', 'come to."""\nimport math\n')
    assert taken(editor.recording.answers("workspace/applyEdit")[-1])
    order = editor.recording.order("textDocument/didChange", "workspace/applyEdit")
    assert order[0] == "textDocument/didChange", "the edit came before the typing: the provider was too quick"


def test_typing_inside_meanwhile(open_editor):
    """Where the person types inside the function meanwhile, nothing is applied, a message says what was kept, and the
    typing goes on: no question takes the keys.
    """
    simulator = Simulator(SLOW_REFACTORING)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.wait("the provider asked", lambda: simulator.completions)
    editor.go_to("result = []")
    editor.type_line("seen = set(")
    editor.wait("the end of the work", lambda: editor.recording.progress()[-1]["kind"] == "end")
    if not editor.holds_messages:
        editor.sees("kept")
    editor.type("orders)\rfound = 1")
    editor.sees("found = 1")
    editor.normal()
    if editor.holds_messages:
        editor.sees("kept")
    assert editor.text() == SOURCE.replace("result = []\n", "result = []\n    seen = set(orders)\n    found = 1\n")
    assert editor.recording.told("workspace/applyEdit") == []
    told = editor.recording.told("window/showMessage") + editor.recording.told("window/showMessageRequest")
    assert "changed this text meanwhile" in told[-1]["message"]
    assert "Apply anyway: Refactor" in editor.actions()


def test_cancel(open_editor):
    """A cancel closes the provider's connection at once, and nothing is applied."""
    simulator = Simulator(ENDLESS)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.wait("the answer begun", lambda: simulator.completions and simulator.completions[0].pieces_sent > 3)
    editor.cancel()
    editor.wait("the provider's connection closed", simulator.completions[0].hung_up.is_set, seconds=3)
    editor.wait("the end of the progress", lambda: editor.recording.progress()[-1]["kind"] == "end")
    assert editor.text() == SOURCE
    assert editor.recording.told("workspace/applyEdit") == []


def test_provider_down(open_editor):
    """With nobody there to ask, one line says so and what to do, and the file stays as it was."""
    with closed_url() as url:
        editor = open_editor(Simulator(REFACTORING), SETTINGS.format(url=url))
        editor.go_to("def names")
        editor.run_action("Refactor")
        editor.sees(url)
    editor.normal()
    assert editor.text() == SOURCE
    assert all("\n" not in params["message"] for params in editor.recording.told("window/showMessage"))


def test_failover_is_seen(open_editor):
    """Where the first provider breaks off in mid-answer, the next one takes over, and the editor shows it."""
    broken, slow = Reply(text=REFACTORING.text, fault=Fault.CUT), Reply(text=REFACTORING.text, before_first=1.5)
    simulator = Simulator(by_prefix({"/first": in_order(broken)}, otherwise=in_order(slow)))
    editor = open_editor(simulator, SETTINGS.replace('"{url}"', '"{url}/first", "{url}/second"'))
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.sees("→")
    editor.wait("an edit", lambda: editor.recording.answers("workspace/applyEdit"))
    assert editor.text() == REFACTORED
    assert [call.prefix for call in simulator.completions] == ["/first", "/second"]


def test_settings_typo(open_editor):
    """A typo in the settings is named with the right key, and stops nothing."""
    editor = open_editor(Simulator(REFACTORING), f"[routing]\nfallbak_order = ['ollama']\n{SETTINGS}")
    editor.sees("fallback_order")
    editor.normal()
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.wait("an edit", lambda: editor.recording.answers("workspace/applyEdit"))
    assert editor.text() == REFACTORED


def test_server_killed(open_editor):
    """A server that is killed in mid-answer takes neither the editor nor the person's text with it."""
    simulator = Simulator(ENDLESS)
    editor = open_editor(simulator)
    editor.go_to("def names")
    editor.run_action("Refactor")
    editor.wait("the answer begun", lambda: simulator.completions and simulator.completions[0].pieces_sent > 3)
    [server] = editor.recording.servers()
    os.kill(server, signal.SIGKILL)
    editor.wait("the provider's connection closed", simulator.completions[0].hung_up.is_set)
    editor.go_to("result = []")
    editor.open_line("seen = set()")
    assert editor.text() == SOURCE.replace("result = []\n", "result = []\n    seen = set()\n")
