"""What the VS Code extension does beyond the scenarios of all editors, in the real window.

With PICTURES=docs/pictures the documentation's pictures are made on the way.
"""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from dragoman.simulator import Reply, Simulator, in_order
from editors.desk import REPOSITORY, SOURCE
from editors.test_scenarios import ENDLESS, EXPLAINING, REFACTORED, REFACTORING, SLOW_REFACTORING
from editors.workbench import VSCODE

pytestmark = [pytest.mark.editors, pytest.mark.vscode]

SPEECH = """\
## What it does

`names` gathers **every order's name** in a list, in the order in which the orders come.

It can be said in one line:

```python
return [order.name for order in orders]
```

The result is the same list; nothing else in the file needs to change.
"""
TESTS = """\
from orders import names


def test_names():
    assert names([]) == []
"""
HOSTILE = """\
Look: <script>document.body.innerHTML = "taken"</script><img src="http://evil.example/pixel">

![pixel](http://evil.example/pixel) [run](command:workbench.action.closeWindow) [say](javascript:alert(1))

The end.
"""


def picture(window, name):
    """Keeps what is seen, where pictures are asked for."""
    if folder := os.environ.get("PICTURES"):
        window.page.ask("picture", path=str(REPOSITORY / folder / f"vscode-{name}.png"))


def pieces(text):
    """A text in the small pieces in which a model writes."""
    return tuple(text[at : at + 8] for at in range(0, len(text), 8))


def test_parts_that_need_no_window():
    """The extension's pure parts hold their own tests."""
    node = str(VSCODE / "bin" / "node")
    folder = REPOSITORY / "editors" / "vscode"
    names = sorted(str(path) for path in folder.glob("test/*.test.ts"))
    told = subprocess.run(
        [node, "--test", *names], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert told.returncode == 0, told.stdout
    assert names


def test_action_from_the_lightbulbs_menu(open_window):
    """What is chosen in the menu behind Ctrl+. is done, and the status bar then says who did it."""
    window = open_window(Simulator(REFACTORING))
    window.attached()
    window.go_to("def names")
    window.actions()  # the window asks the server by now
    row = ".action-widget .monaco-list-row"
    window.menu("Control+Period", row)
    picture(window, "menu")
    window.click(row, "Refactor")
    window.wait("the function changed", lambda: window.text() == REFACTORED)
    window.sees("ollama")


def test_answer_streams_into_the_panel(open_window):
    """An answer is readable while it is written; its code is inserted in place of the selection, or copied."""
    window = open_window(Simulator(Reply(text=pieces(SPEECH), between=0.25)))
    window.attached()
    window.go_to("def names")
    window.command("explain")
    window.sees("every order's name")
    assert window.page.ask("count", selector="#stop:not([hidden])") == 1
    window.sees("The result is")
    picture(window, "panel")
    window.sees("nothing else in the file")
    window.sees("ollama · scripted-coder · ")
    window.wait("no Stop any more", lambda: window.page.ask("count", selector="#stop:not([hidden])") == 0)
    line = SOURCE.split("\n").index("    result = []")
    window.ask("select", line=line, character=4, to=[line + 3, 17])
    window.click("button[data-act=insert]")
    window.wait("the code inserted", lambda: "return [order.name for order in orders]\n" in window.text())
    window.wait("the focus there", lambda: window.shows(".monaco-editor.focused"))
    window.undo()
    window.wait("the code taken back", lambda: window.text() == SOURCE)
    window.click("button[data-act=copy]")
    window.wait("the code copied", lambda: window.ask("clipboard") == "return [order.name for order in orders]\n")


def test_stop_in_the_panel(open_window):
    """The panel's own Stop closes the provider's connection at once."""
    simulator = Simulator(Reply(text=("word ",) * 10_000, between=0.05))
    window = open_window(simulator)
    window.attached()
    window.go_to("def names")
    window.command("explain")
    window.sees("word word")
    window.click("#stop")
    window.wait("the provider's connection closed", simulator.completions[0].hung_up.is_set)
    window.sees("Cancelled")


def test_hostile_answer(open_window):
    """An answer's own HTML is shown as text; it runs nothing and loads nothing from anywhere."""
    window = open_window(Simulator(Reply(text=(HOSTILE,))))
    window.attached()
    window.go_to("def names")
    window.command("explain")
    window.sees("The end.")
    window.sees("<script>document.body.innerHTML")
    assert window.page.ask("count", selector="#answer img, #answer script, #answer a") == 0
    assert "evil.example" not in window.page.ask("elsewhere")


def test_question_is_asked_for(open_window):
    """Ask without words opens a prompt, and sends what is typed there with the selection."""
    simulator = Simulator(EXPLAINING)
    window = open_window(simulator)
    window.attached()
    window.go_to("def names")
    window.command("ask")
    window.sees("What do you want to know about this code?")
    window.fill("why a list?")
    window.sees("every order's name")
    assert "why a list?" in simulator.completions[0].prompt
    assert "def names(orders):" in simulator.completions[0].prompt


def test_change_is_shown_before_it_lands(open_window):
    """With `dragoman.preview` a change is a diff first, which follows what is typed elsewhere; Apply puts it into the
    text in one step.
    """
    window = open_window(Simulator(REFACTORING), settings={"dragoman.preview": True})
    window.attached()
    window.go_to("def names")
    window.command("refactor")
    window.sees("Refactor: orders.py (not applied yet)")
    window.sees("return [order.name for order in orders]")
    picture(window, "diff")
    window.ask("open", path=str(window.file))
    assert window.text() == SOURCE
    window.go_to("What a day's")
    window.open_line("import math")
    window.click(".tab", "not applied yet")
    window.click(".editor-actions .action-label[aria-label*='Apply Change']")
    typed = 'come to."""\nimport math\n'
    window.wait("the change applied", lambda: window.text() == REFACTORED.replace('come to."""\n', typed))
    window.wait("the diff closed", lambda: not any("not applied" in tab for tab in window.ask("tabs")))
    window.undo()
    window.wait("the change taken back", lambda: window.text() == SOURCE.replace('come to."""\n', typed))
    assert window.recording.told("workspace/applyEdit") == []


def test_typing_into_a_shown_change(open_window):
    """Where the person types into what a shown change is for, it can't be applied any more, and the typing stays."""
    window = open_window(Simulator(REFACTORING), settings={"dragoman.preview": True})
    window.attached()
    window.go_to("def names")
    window.command("refactor")
    window.sees("Refactor: orders.py (not applied yet)")
    window.ask("open", path=str(window.file))
    window.go_to("result.append(")
    window.open_line("print(order)")
    window.sees("you have changed meanwhile")
    window.click(".tab", "not applied yet")
    window.click(".editor-actions .action-label[aria-label*='Apply Change']")
    window.ask("open", path=str(window.file))
    assert window.text() == SOURCE.replace("(order.name)\n", "(order.name)\n        print(order)\n")


def test_typing_goes_on_when_a_change_is_shown(open_window):
    """A diff that opens while the person types takes no key from them."""
    simulator = Simulator(SLOW_REFACTORING)
    window = open_window(simulator, settings={"dragoman.preview": True})
    window.attached()
    window.go_to("def names")
    window.command("refactor")
    window.wait("the provider asked", lambda: simulator.completions)
    window.go_to("What a day's")
    window.type_line("import math")
    window.sees("Refactor: orders.py (not applied yet)")
    window.page.ask("type", text=" # typed on")
    window.wait("the typing", lambda: "\nimport math # typed on\n" in window.text())


def test_settings_that_somebody_has_set(open_window):
    """The server is told what is set in VS Code, and no default: that would win over the person's own file. A change is
    told at once.
    """
    settings = {"dragoman.edits.check_syntax": False, "dragoman.routing.intents": {"code": ["ollama"]}}
    window = open_window(Simulator(REFACTORING), settings=settings)
    window.attached()
    sent = {"edits": {"check_syntax": False}, "routing": {"intents": {"code": ["ollama"]}}}
    [begin] = window.recording.sent("initialize")
    assert begin["initializationOptions"] == {**sent, "trusted": True}
    window.wait("the settings asked for", lambda: window.recording.answers("workspace/configuration"))
    assert window.recording.answers("workspace/configuration")[-1]["result"] == [sent]
    window.ask("set", name="dragoman.timeouts.connect", value=3)
    now = {**sent, "timeouts": {"connect": 3}}
    window.wait("the change told", lambda: window.recording.answers("workspace/configuration")[-1]["result"] == [now])
    window.ask("set", name="dragoman.timeouts.connect", value="soon")
    window.sees("timeouts.connect")


def test_restricted_mode(open_window):
    """In a folder that nobody has trusted the server is told so, and all actions are there."""
    window = open_window(Simulator(REFACTORING), trusted=False)
    window.attached()
    [begin] = window.recording.sent("initialize")
    assert begin["initializationOptions"]["trusted"] is False
    window.go_to("def names")
    assert "Refactor" in window.actions()


def test_no_server_on_this_machine(open_window):
    """Without a server one message says so and offers to install it; once it is named, it starts by itself."""
    window = open_window(Simulator(REFACTORING), found=False)
    window.sees("its server is not on this machine yet")
    window.sees("Dragoman: no server")
    assert not window.recording.messages()
    window.ask("command", name="workbench.action.closeSidebar")
    window.ask("command", name="workbench.action.openWalkthrough", words=["dragoman.dragoman#start", False])
    window.sees("Have the server")
    window.sees("shows the one command")
    picture(window, "first-run")
    window.ask("set", name="dragoman.path", value=str(window.desk.home / "bin" / "dragoman"))
    window.wait("the server started", lambda: window.recording.answers("initialize"))


def test_installing_is_asked_for(open_window):
    """Installing names the source, shows the one command word for word, and runs it only after consent."""
    window = open_window(Simulator(REFACTORING), found=False)
    ran = window.desk.home / "ran"
    tool = window.place.home / ".local" / "bin" / "uv"
    tool.parent.mkdir(parents=True)
    server = window.desk.home / "bin" / "dragoman"
    tool.write_text(f'#!/bin/sh\necho "$@" >{ran}\ncp {server} {tool.with_name("dragoman")}\n')
    tool.chmod(0o755)
    window.command("install")
    window.sees("where is it to be installed from?")
    window.fill("/src/my dragoman")
    window.sees(f'{tool} tool install --force "/src/my dragoman"')
    window.page.ask("press", keys="Enter")
    window.sees("Run this to install Dragoman's server?")
    assert not ran.exists()
    window.click(".monaco-dialog-box .monaco-button", "Run It")
    window.wait("the server installed and started", lambda: window.recording.answers("initialize"))
    assert ran.read_text() == "tool install --force /src/my dragoman\n"


def test_killed_server_is_started_again(open_window):
    """Of a server that is killed in mid-answer one line says so; another is started, and works."""
    simulator = Simulator(in_order(ENDLESS, REFACTORING))
    window = open_window(simulator)
    window.attached()
    window.go_to("def names")
    window.command("refactor")
    window.wait("the answer begun", lambda: simulator.completions and simulator.completions[0].pieces_sent > 3)
    [server] = window.recording.servers()
    os.kill(server, signal.SIGKILL)
    window.sees("the server ended while it worked")
    window.wait("another server", lambda: len(window.recording.servers()) == 2)
    window.wait("the file opened there", lambda: len(window.recording.sent("textDocument/didOpen")) == 2)
    window.command("refactor")
    window.wait("the function changed", lambda: window.text() == REFACTORED)


def test_another_proposal(open_window):
    """Try Again asks for another change, for the same function, wherever it is by now."""
    simulator = Simulator(REFACTORING)
    window = open_window(simulator, settings={"dragoman.preview": True})
    window.attached()
    window.go_to("def names")
    window.command("refactor")
    window.sees("Refactor: orders.py (not applied yet)")
    window.ask("open", path=str(window.file))
    window.go_to("What a day's")
    window.type_line("import math\nimport sys")
    window.click(".tab", "not applied yet")
    window.click(".editor-actions .action-label[aria-label*='Try Again']")
    window.wait("another question", lambda: len(window.recording.answers("dragoman/run")) == 2)
    first, second = (params["range"]["start"]["line"] for params in window.recording.sent("dragoman/run"))
    assert second == first + 2
    window.sees("Refactor: orders.py (not applied yet)")


def test_fix_of_a_problem(open_window):
    """A problem that something else has found is fixed from its own quick fix, and the model is told what it is."""
    simulator = Simulator(REFACTORING)
    window = open_window(simulator)
    window.attached()
    window.go_to("result.append(")
    window.ask(
        "diagnose", line=SOURCE.split("\n").index("        result.append(order.name)"), message="too slow a loop"
    )
    [title] = window.wait("a fix offered", lambda: [title for title in window.actions() if title.startswith("Fix")])
    window.run_action(title)
    window.wait("the function changed", lambda: window.text() == REFACTORED)
    assert "too slow a loop" in simulator.completions[0].prompt


def test_tests_are_written(open_window):
    """Tests come as a new file, opened and not saved yet; the file itself stays as it is."""
    window = open_window(Simulator(Reply(text=(f"```python\n{TESTS}```",))))
    window.attached()
    window.go_to("def names")
    window.run_action("Write tests")
    window.wait("the test file open", lambda: "test_orders.py" in window.ask("tabs"))
    window.wait("its text", lambda: "def test_names" in window.text())
    window.ask("open", path=str(window.file))
    assert window.text() == SOURCE


def test_lens_above_a_function(open_window):
    """Where the person wants lenses, a click on one runs its action for its function."""
    simulator = Simulator(EXPLAINING)
    window = open_window(simulator, settings={"dragoman.lenses.enabled": True})
    window.sees("Write tests")
    window.click(".codelens-decoration a", "Explain")
    window.sees("every order's name")
    assert "def total(orders):" in simulator.completions[0].prompt


def test_context_menu(open_window):
    """The editor's context menu has all actions under Dragoman, for the place that was clicked on."""
    simulator = Simulator(EXPLAINING)
    window = open_window(simulator)
    window.attached()
    window.go_to("def names")
    window.actions()  # the window knows of the server by now
    entry = ".monaco-menu .action-item"
    window.menu("Shift+F10", entry)
    window.click(entry, "Dragoman")
    window.wait("the submenu", lambda: window.page.ask("count", selector=".monaco-submenu .action-menu-item"))
    entries = window.ask("package", id="dragoman.dragoman")["contributes"]["menus"]["dragoman.actions"]
    for _ in range([entry["command"] for entry in entries].index("dragoman.explain")):
        window.page.ask("press", keys="ArrowDown")
    window.page.ask("press", keys="Enter")
    window.sees("every order's name")
    assert "def names(orders):" in simulator.completions[0].prompt


def test_commands_of_the_package(open_window):
    """Every command that the package lists is there once the server runs."""
    window = open_window(Simulator(REFACTORING))
    window.attached()
    package = window.ask("package", id="dragoman.dragoman")
    listed = {row["command"] for row in package["contributes"]["commands"]}
    assert listed <= set(window.ask("commands"))
