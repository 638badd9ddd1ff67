"""The command line as a person calls it, in this process, with scripted providers at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from dragoman.cli import commands
from dragoman.cli.main import main
from dragoman.simulator import Simulator
from dragoman.simulator.demo_script import demo_script
from simulator_thread import in_thread

COMMAND = (sys.executable, "-m", "dragoman.cli.main")
SAMPLE = """\
def evens(numbers):
    found = []
    for number in numbers:
        if number % 2 == 0:
            found.append(number)
    return found


def greet(name):
    print("hello " + name)
"""


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def dragoman(monkeypatch, capsys):
    """Runs a command in this process; its logging set-up is left out, for it is the whole process's."""
    monkeypatch.setattr(commands, "configure_logging", lambda *_args, **_named: None)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["dragoman", *map(str, arguments)])
        code = main()
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def process():
    """Runs a command in a process of its own."""

    def run(*arguments: object, **named: Any) -> Ran:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, **named
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Writes the person's config.toml; without a call there is none. Ollama's usual address is never asked."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(path))

    def write(text: str):
        path.write_text(text, encoding="utf-8")
        return path

    write("providers.ollama.enabled = false\n")
    return write


class Player:
    """Starts a scripted Ollama and makes it the one provider. Called with what the simulator is to answer."""

    def __init__(self, settings: Any, stack: ExitStack) -> None:
        self._settings = settings
        self._stack = stack

    def __call__(self, script: Any = None, extra: str = "", **named: Any) -> Simulator:
        simulator = Simulator(script if script is not None else demo_script(between=0), **named)
        self.run = self._stack.enter_context(in_thread(simulator))
        ollama = f'base_url = "{simulator.url}"\nmodel = "scripted-coder"\n'
        self._settings(f"retry.max_retries = 0\n[providers.ollama]\n{ollama}{extra}")
        return simulator


@pytest.fixture
def play(settings):
    """A `Player`. Its `run` runs a coroutine on the last simulator's loop."""
    with ExitStack() as stack:
        yield Player(settings, stack)


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """A project with one Python file, which is the current folder."""
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    file = project / "sample.py"
    file.write_text(SAMPLE, encoding="utf-8")
    return file
