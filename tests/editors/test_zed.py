"""What the compiled Zed extension tells a Zed that has loaded it. scripts/check-zed compiles it first."""

from __future__ import annotations

import json
import struct
import tomllib

import pytest

from editors.desk import REPOSITORY
from editors.zed import Extension

FOLDER = REPOSITORY / "editors" / "zed"
COMPILED = FOLDER / "target" / "wasm32-wasip2" / "release" / "zed_dragoman.wasm"
PATH = {"dragoman": "/usr/bin/dragoman"}

pytestmark = pytest.mark.zed


def _extension(settings=None, programs=PATH):
    return Extension(COMPILED, {"lsp": {"dragoman": settings or {}}}, programs)


def test_says_which_edition_of_the_api_it_needs():
    """Zed reads the edition of its API from a section of the file, and it is the one that Cargo.toml names."""
    named = tomllib.loads((FOLDER / "Cargo.toml").read_text(encoding="utf-8"))["dependencies"]["zed_extension_api"]
    _, section, rest = COMPILED.read_bytes().partition(b"zed:api-version")
    assert section
    assert "{}.{}".format(*struct.unpack_from(">HH", rest)) == named


def test_starts_what_is_on_the_path():
    """With no settings the program on the PATH is started as a language server, in the shell's environment."""
    command = _extension().ask("language-server-command")
    assert (command.command, command.args, command.env) == ("/usr/bin/dragoman", ["lsp"], [("FROM", "shell")])


def test_starts_what_the_settings_name():
    """Program, arguments and environment of the settings come before what is on the PATH."""
    binary = {"path": "/opt/dragoman", "arguments": ["lsp", "--verbose"], "env": {"OPENAI_API_KEY": "of-the-settings"}}
    command = _extension({"binary": binary}).ask("language-server-command")
    assert (command.command, command.args) == ("/opt/dragoman", ["lsp", "--verbose"])
    assert command.env == [("FROM", "shell"), ("OPENAI_API_KEY", "of-the-settings")]


def test_without_a_server():
    """Where there is no server, Zed gets one line that says how to install it and where to name it."""
    message = _extension(programs={}).ask("language-server-command")
    assert "uv tool install" in message
    assert '"binary"' in message
    assert "\n" not in message


def test_passes_the_page_s_settings_on():
    """The settings that the page shows reach the server under the section that it asks for, word by word."""
    shown = json.loads((FOLDER / "extension-settings.json").read_text(encoding="utf-8"))
    extension = Extension(COMPILED, shown, {})
    assert extension.ask("language-server-command").command == shown["lsp"]["dragoman"]["binary"]["path"]
    answer = extension.ask("language-server-workspace-configuration")
    assert json.loads(answer.payload) == {"dragoman": shown["lsp"]["dragoman"]["settings"]}


def test_passes_initialization_options_on():
    """What is under initialization_options reaches the server as it is."""
    options = {"routing": {"fallback_order": ["ollama"]}}
    answer = _extension({"initialization_options": options}).ask("language-server-initialization-options")
    assert json.loads(answer.payload) == options


@pytest.mark.parametrize("kind", ["initialization-options", "workspace-configuration"])
def test_no_settings_are_none(kind):
    """Without settings none are passed on, so that those of config.toml count."""
    answer = _extension().ask(f"language-server-{kind}")
    assert (answer.tag, answer.payload) == ("ok", None)
