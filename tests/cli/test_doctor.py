"""dragoman doctor: what is wrong, in one line each with the cure, and an exit code for scripts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dragoman import __version__
from dragoman.simulator import closed_url

SECRET = "sk-verysecret0123456789"


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """A `dragoman` on PATH, as an installer would write it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "dragoman"
    script.write_text(f"#!{sys.executable}\nimport sys\nfrom dragoman.cli.main import main\nsys.exit(main())\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return script


def test_nothing_wrong(dragoman, play, on_path):
    """Where a provider answers and the server starts, nothing is wrong and the exit code is 0."""
    play()
    ran = dragoman("doctor", "--json")
    report = ran.json
    assert (ran.code, report["ok"], report["wrong"], report["problems"]) == (0, True, [], [])
    server = report["server"]
    assert (server["command"], server["version"]) == (f"{on_path} lsp", __version__)
    assert (server["onPath"], server["python"], server["problem"]) == (True, sys.executable, "")
    assert 0 < server["initializeSeconds"] < 20
    assert {"key": "retry.max_retries", "value": 0, "source": report["settingsFiles"][0]} in report["settings"]
    assert next(row for row in report["providers"] if row["provider"] == "ollama")["state"] == "ready"


def test_nobody_to_ask(dragoman, settings, on_path):
    """Without a provider that answers, the exit code is 1 and the first line says how to get one."""
    ran = dragoman("doctor", "--json")
    assert (ran.code, ran.json["ok"]) == (1, False)
    assert ran.json["wrong"][0]["stopsRequests"] is True
    assert "dragoman providers pull" in ran.json["wrong"][0]["text"]


def test_every_fault_in_one_line(dragoman, play, on_path, monkeypatch):
    """A typo, a missing key and an unreachable server are each one line; none of them stops the provider that works."""
    monkeypatch.setenv("GROQ_API_KEY", SECRET)
    with closed_url() as nobody:
        play(
            extra='[providers.openai]\napi_key = "env:MY_KEY"\n[edits]\nchek_syntax = true\n'
            f'[providers.groq]\nbase_url = "{nobody}"\n'
        )
        ran = dragoman("doctor")
    wrong = ran.out.split("What is wrong\n")[1].splitlines()
    assert ran.code == 0
    assert len(wrong) == 3
    assert "edits.check_syntax" in wrong[0]
    assert any("openai has no key" in line and "MY_KEY" in line for line in wrong)
    assert any(f"groq ({nobody})" in line for line in wrong)
    assert SECRET not in ran.out + ran.err


def test_a_server_that_does_not_start(dragoman, play, on_path):
    """A broken installation is found by starting it: exit code 1, with what it wrote or how it ended."""
    play()
    on_path.write_text(f"#!{sys.executable}\nprint('Traceback, as it were')\n")
    ran = dragoman("doctor")
    assert ran.code == 1
    assert "does not start" in ran.out
    assert "Traceback, as it were" in ran.out


def test_not_on_path(dragoman, play, monkeypatch):
    """Where editors can't find the command, the line says which folder to add, and the server is tried all the same."""
    play()
    monkeypatch.setenv("PATH", "")
    ran = dragoman("doctor", "--json")
    assert ran.code == 0
    assert [str(Path(sys.executable).parent) in item["text"] for item in ran.json["wrong"]] == [True]
    assert ran.json["server"]["version"] == __version__
