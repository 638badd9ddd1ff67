"""A person's desk for one scenario: a project, an empty home, settings, and `dragoman` on the path, tapped."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from editors.recording import Recording

REPOSITORY = Path(__file__).resolve().parents[2]

SOURCE = '''\
"""What a day's orders come to."""


def total(orders):
    result = 0
    for order in orders:
        result = result + order.price
    return result


def names(orders):
    result = []
    for order in orders:
        result.append(order.name)
    return result
'''


SETTINGS = """\
[retry]
max_retries = 0

[providers.ollama]
endpoints = ["{url}"]
model = "scripted-coder"

[inline]
enabled = false
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything lies under one temporary folder; nothing of the machine's own person comes in."""

    home: Path

    @property
    def folder(self) -> Path:
        """The project."""
        return self.home / "shop"

    @property
    def file(self) -> Path:
        """The file that the editor opens."""
        return self.folder / "orders.py"

    @property
    def configuration(self) -> Path:
        """XDG_CONFIG_HOME."""
        return self.home / ".config"

    @property
    def pieces(self) -> Path:
        """The repository's own pieces of configuration for editors."""
        return REPOSITORY / "editors"

    @property
    def recording(self) -> Recording:
        """What is said between the editor and the servers."""
        return Recording(self.home / "recording")

    @property
    def neighbour(self) -> Recording:
        """The same, with the language server beside Dragoman, where there is one."""
        return Recording(self.home / "recording-of-ruff")

    @property
    def opened(self) -> Path:
        """What was opened in the browser, which is not there."""
        return self.home / "opened"

    def lay(self, settings: str, source: str = SOURCE) -> None:
        """Makes the project, the settings, and a `dragoman` that writes down what passes."""
        (self.folder / ".git").mkdir(parents=True)
        self.file.write_text(source, encoding="utf-8")
        (self.home / "config.toml").write_text(settings, encoding="utf-8")
        (self.home / "bin").mkdir()
        self._tap("dragoman", self.recording)
        opener = self.home / "bin" / "xdg-open"
        opener.write_text(f'#!/bin/sh\necho "$1" >{shlex.quote(str(self.opened))}\n', encoding="utf-8")
        opener.chmod(0o755)

    def set_beside(self) -> None:
        """Puts a language server for the project's language on the path, tapped too: Ruff's."""
        self._tap("ruff", self.neighbour)

    def _tap(self, program: str, recording: Recording) -> None:
        """A program of this environment, with what passes written down."""
        real = str(Path(sys.executable).with_name(program))
        tapped = [sys.executable, str(Path(__file__).with_name("tee.py")), str(recording.path), real]
        script = self.home / "bin" / program
        script.write_text(f'#!/bin/sh\nexec {shlex.join(tapped)} "$@"\n', encoding="utf-8")
        script.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """What the editor and its servers see."""
        return {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(self.home / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]),
            "XDG_CONFIG_HOME": str(self.configuration),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "XDG_STATE_HOME": str(self.home / ".local" / "state"),
            "DRAGOMAN_CONFIG": str(self.home / "config.toml"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "SHELL": "/bin/sh",
        }
