"""How one gets there with the VS Code extension, in the real window: the server, trust, documents, settings."""

from __future__ import annotations

import contextlib
import json
import os

import pytest

from dragoman.simulator import Simulator, in_order
from editors.desk import SETTINGS, SOURCE
from editors.test_scenarios import ENDLESS, EXPLAINING, REFACTORED, REFACTORING

pytestmark = [pytest.mark.editors, pytest.mark.vscode]

PRICED = SETTINGS + '\n[prices."scripted-coder"]\ninput_per_million = 1000\noutput_per_million = 1000\n'
OLDER = {"name": "dragoman", "version": "0.0.1"}


def project_settings(desk, settings):
    """What a project's own folder says to VS Code."""
    file = desk.folder / ".vscode" / "settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(settings), encoding="utf-8")


def program(path, script):
    """A shell script at that path; the path, as a setting says it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def select_python(window, path, environment, minor):
    """As the Python extension would say it."""
    selected = {"program": str(path), "version": {"major": 3, "minor": minor}, "environment": environment}
    (window.desk.home / "selected-python.json").write_text(json.dumps(selected), encoding="utf-8")


def alive(process):
    """Whether that process is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def is_told(window, message):
    """Waits until the message is shown; what is read out to whoever can't see stays for longer."""
    shown = f".notification-list-item:has-text({json.dumps(message)})"
    window.wait(f"the message {message!r}", lambda: window.page.ask("count", selector=shown))


def test_project_that_nobody_has_trusted(open_window, tmp_path):
    """In Restricted Mode a project's settings.json chooses neither program nor provider, the person's own does; once
    the folder is trusted, the server starts again and is told of the trust and of the folder's settings.
    """
    theirs = {"providers": {"ollama": {"base_url": "http://127.0.0.1:9"}}, "trusted": True}
    ran = tmp_path / "ran"
    evil = program(tmp_path / "evil", f"touch {ran}")
    project = {f"dragoman.{name}": value for name, value in {**theirs, "path": evil}.items()}
    simulator = Simulator(REFACTORING)
    window = open_window(
        simulator,
        trusted=False,
        settings={"dragoman.edits.check_syntax": False},
        lay=lambda desk: project_settings(desk, project),
    )
    window.attached()
    [begin] = window.recording.sent("initialize")
    assert begin["initializationOptions"] == {"edits": {"check_syntax": False}, "trusted": False}
    window.go_to("def names")
    window.command("refactor")
    window.wait("the function changed", lambda: window.text() == REFACTORED)
    assert simulator.completions
    window.ask("command", name="workbench.trust.manage")
    window.click(".workspace-trust-editor .monaco-button", "Trust")
    window.wait("the server started again", lambda: len(window.recording.sent("initialize")) == 2)
    again = window.recording.sent("initialize")[1]["initializationOptions"]
    assert again == {"edits": {"check_syntax": False}, "providers": theirs["providers"], "trusted": True}
    assert not ran.exists()


def test_program_that_is_no_server(open_window, tmp_path):
    """Of a program that is a folder, ends, is older, or says nothing that is LSP, one message says what is wrong and
    what can be done; once the right one is named, it starts by itself.
    """
    window = open_window(Simulator(REFACTORING), found=False)
    window.sees("its server is not on this machine yet")
    window.command("log")
    window.sees("No server was found")
    window.ask("command", name="workbench.action.closePanel")

    def named(path, message):
        window.ask("set", name="dragoman.path", value=path)
        window.sees(message)

    named(str(tmp_path), f"dragoman.path names {tmp_path}, which is no program that can be run")
    named(program(tmp_path / "ends", "exit 1"), "ends did not start as a server")
    window.sees("Dragoman: no server")
    older = json.dumps({"jsonrpc": "2.0", "id": 0, "result": {"capabilities": {}, "serverInfo": OLDER}})
    answer = f"printf 'Content-Length: {len(older)}\\r\\n\\r\\n%s' '{older}'; cat >/dev/null"
    named(program(tmp_path / "older", answer), "older is version 0.0.1, and this extension is made for")
    named(program(tmp_path / "babbles", "while echo hello; do sleep 1; done"), "babbles says nothing")
    window.ask("set", name="dragoman.path", value=str(window.desk.home / "bin" / "dragoman"))
    window.wait("the server started", lambda: window.recording.answers("initialize"))
    assert len(window.recording.servers()) == 1


def test_selected_python(open_window):
    """A selected Python is offered to install with only where packages may be put: not the system's, and none too old.
    What fails says so; once the server is there, it starts by itself.
    """
    window = open_window(Simulator(REFACTORING), found=False)
    ran = window.desk.home / "ran"
    python = window.desk.home / "venv" / "bin" / "python"
    program(
        python, f'echo "$@" >>{ran}\n[ -e {ran}.ready ] || exit 1\ncp {window.desk.home}/bin/dragoman {python.parent}/'
    )
    window.sees("its server is not on this machine yet")
    for environment, minor in ((None, 13), ({"type": "VirtualEnvironment"}, 9)):
        select_python(window, python, environment, minor)
        window.command("install")
        is_told(window, "nothing is here to install with")
        window.ask("command", name="notifications.clearAll")
        window.wait("no message", lambda: not window.page.ask("count", selector=".notification-list-item"))
    select_python(window, python, {"type": "VirtualEnvironment"}, 11)
    window.command("install")
    for _ in range(2):
        window.sees("where is it to be installed from?")
        window.fill("/src/dragoman")
        window.sees(f"{python} -m pip install --upgrade /src/dragoman")
        window.page.ask("press", keys="Enter")
        window.click(".monaco-dialog-box .monaco-button", "Run It")
        if not (ready := ran.with_suffix(".ready")).exists():
            window.sees("the server could not be installed; the terminal says why")
            ready.touch()
            window.click(".notification-list-item .monaco-button", "Try Again")
    window.wait("the server installed and started", lambda: window.recording.answers("initialize"))
    assert ran.read_text() == "-m pip install --upgrade /src/dragoman\n" * 2


def test_window_closed_while_something_runs(open_window):
    """With the window the server ends, and the provider's connection is closed."""
    simulator = Simulator(ENDLESS)
    window = open_window(simulator)
    window.attached()
    window.go_to("def names")
    window.command("refactor")
    window.wait("the answer begun", lambda: simulator.completions and simulator.completions[0].pieces_sent > 3)
    [server] = window.recording.servers()
    window.place.page.ask("leave")
    window.wait("the provider's connection closed", simulator.completions[0].hung_up.is_set)
    window.wait("the server's end", lambda: not alive(server))


def test_documents_of_all_kinds(open_window):
    """A file with Windows' line ends keeps them, and one that was never saved can be asked about."""

    def windows_lines(desk):
        desk.file.write_bytes(SOURCE.replace("\n", "\r\n").encode())

    simulator = Simulator(in_order(REFACTORING, EXPLAINING))
    window = open_window(simulator, lay=windows_lines)
    window.attached()
    window.go_to("def names")
    window.command("refactor")
    window.wait("the function changed", lambda: window.text() == REFACTORED.replace("\n", "\r\n"))
    window.ask("command", name="workbench.action.files.newUntitledFile")
    window.wait("the new file", lambda: window.text() == "")
    window.type("print(6 * 7)")
    window.command("explain")
    window.sees("every order's name")
    assert "print(6 * 7)" in simulator.completions[1].prompt


def test_settings_that_are_wrong(open_window):
    """A typo and a wrong type are marked where they are written, and told with what is right; meanwhile all works, and
    the status bar shows what was spent. The extension leaves no error in the window's console.
    """
    window = open_window(Simulator(REFACTORING), config=PRICED, settings={"dragoman.timeots.connect": 3})
    window.attached()
    is_told(window, "timeots")
    window.ask("set", name="dragoman.timeouts.connect", value="soon")
    is_told(window, 'timeouts.connect = "soon": wants a number of seconds')
    window.go_to("def names")
    window.command("refactor")
    window.wait("the function changed", lambda: window.text() == REFACTORED)
    window.sees("ollama · $0.")
    window.ask("command", name="workbench.action.openSettingsJson")
    for problem in ("Unknown Configuration Setting", "Incorrect type"):
        window.wait(problem, lambda problem=problem: any(problem in found for found in window.ask("problems")))
    assert not [told for told in window.page.ask("complaints") if "dragoman" in told.lower()]


def test_steps_of_the_walkthrough(open_window):
    """The walkthrough's steps lead to a file, and are done when what they are about is done, however it was begun."""
    window = open_window(Simulator(REFACTORING))
    window.attached()
    start = {"name": "workbench.action.openWalkthrough", "words": ["dragoman.dragoman#start", False]}
    window.ask("command", **start)
    window.click(".step-title", "Refactor a function")
    window.sees("Open a File")
    window.ask("open", path=str(window.file))
    window.sees("def names(orders):")
    window.go_to("def names")
    window.run_action("Refactor")
    window.wait("the function changed", lambda: window.text() == REFACTORED)
    window.ask("command", **start)
    done = ".getting-started-step:has-text('Refactor a function') .codicon-getting-started-step-checked"
    window.wait("the step done", lambda: window.page.ask("count", selector=done))
