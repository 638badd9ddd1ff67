"""How one gets there with the VS Code extension, in the real window: the server, trust, documents, settings."""

from __future__ import annotations

import json

import pytest

from dragoman.simulator import Simulator
from editors.test_scenarios import REFACTORED, REFACTORING

pytestmark = [pytest.mark.editors, pytest.mark.vscode]


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


def click(window, selector, has):
    """Clicks on the first such element that holds the text."""
    window.page.ask("click", selector=selector, has=has)


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
        prepare=lambda desk: project_settings(desk, project),
    )
    window.attached()
    [begin] = window.recording.sent("initialize")
    assert begin["initializationOptions"] == {"edits": {"check_syntax": False}, "trusted": False}
    window.go_to("def names")
    window.command("refactor")
    window.wait("the function changed", lambda: window.text() == REFACTORED)
    assert simulator.completions
    window.ask("command", name="workbench.trust.manage")
    click(window, ".workspace-trust-editor .monaco-button", "Trust")
    window.wait("the server started again", lambda: len(window.recording.sent("initialize")) == 2)
    again = window.recording.sent("initialize")[1]["initializationOptions"]
    assert again == {"edits": {"check_syntax": False}, "providers": theirs["providers"], "trusted": True}
    assert not ran.exists()
