"""The way into the command line: which command runs, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from dragoman import __version__
from dragoman.cli.driver import LspClient
from dragoman.cli.main import split_options

COMMANDS = ("run", "providers", "route", "doctor", "trust", "demo", "simulate", "config", "lsp")


@pytest.mark.parametrize(
    ("arguments", "options", "rest"),
    [
        ([], [], []),
        (["lsp", "--set", "a.b=1"], ["--set", "a.b=1"], ["lsp"]),
        (["--set=a=1", "run", "x", "--log-level", "debug"], ["--set=a=1", "--log-level", "debug"], ["run", "x"]),
        (["run", "--log-content", "ask"], ["--log-content"], ["run", "ask"]),
        (["run", "--", "--set", "x"], [], ["run", "--", "--set", "x"]),
        (["run", "--set"], ["--set"], ["run"]),
    ],
)
def test_the_options_of_every_command_stand_anywhere(arguments, options, rest):
    """`--set` and the log's options are found wherever they are written, but not behind `--`."""
    assert split_options(arguments) == (options, rest)


def test_version(dragoman):
    """`--version` prints the version and nothing else."""
    ran = dragoman("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"dragoman {__version__}\n", "")


def test_alone_it_shows_its_help(dragoman):
    """Without a command the help lists every command."""
    ran = dragoman()
    assert ran.code == 0
    assert all(f"\n  {command} " in ran.out for command in COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "lsp"])
def test_help_has_an_example(dragoman, command):
    """Every command's help ends with an example that begins as it is typed."""
    ran = dragoman(command, "--help")
    assert ran.code == 0
    assert f"dragoman {command}" in ran.out.split("Example: ")[1]


def test_no_such_command_is_one_line_with_the_nearest(dragoman):
    """A mistyped command is answered on stderr, in one line that names the right one, with exit code 2."""
    ran = dragoman("rout", "x")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "route" in ran.err


def test_no_such_option_is_one_line(dragoman):
    """A mistyped option is answered in one line, with exit code 2."""
    ran = dragoman("route", "--intnet", "code")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "--intnet" in ran.err


def test_a_wrong_assignment_is_refused(dragoman, settings):
    """A `--set` that names no setting ends the command: the person has just typed it."""
    ran = dragoman("route", "--intent", "code", "--set", "routing.falback_order=ollama")
    assert ran.code == 2
    assert "routing.fallback_order" in ran.err


async def test_the_language_server_imports_nothing_for_terminals():
    """`dragoman lsp` answers and ends without typer, rich or any command but its own."""
    command = [sys.executable, "-X", "importtime", "-m", "dragoman.cli.main", "lsp"]
    client = await LspClient.start(command, stderr=subprocess.PIPE)
    assert client.process.stderr is not None
    await client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    client.notify("initialized", {})
    code = await client.close()
    imported = {line.rpartition("|")[2].strip() for line in (await client.process.stderr.read()).decode().splitlines()}
    assert code == 0
    assert "dragoman.cli.lsp" in imported
    assert not {"typer", "rich", "rich.console", "dragoman.cli.commands"} & imported


def test_a_reader_that_leaves_is_no_error():
    """When whoever reads stdout closes it, the command ends with 130 and says nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dragoman.cli.main", "config", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")


def test_ctrl_c_is_quiet():
    """Ctrl-C ends a running command with 130, without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dragoman.cli.main", "simulate"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert b"Scripted providers listen at" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_honoured(process, settings, environment, coloured):
    """What would be coloured on a terminal is not where NO_COLOR is set."""
    on_terminal = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm", **environment}
    ran = process("providers", "list", env=on_terminal)
    assert ("\x1b[3" in ran.out) is coloured
