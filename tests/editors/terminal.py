"""A program on a terminal of its own (tmux): keys go in, the screen is read. Knows nothing of editors."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")

COLUMNS, ROWS = 200, 40
ESCAPE = "\x1b[27u"
"""Escape in the unambiguous form, so that the key after it is never taken for one with Alt."""


def names() -> Iterator[str]:
    """A fresh socket name for each terminal: a tmux server may outlive the command that ends it for a moment."""
    return (f"dragoman-{os.getpid()}-{number}" for number in itertools.count())


class Terminal:
    """Started at once; `close` ends the program with its terminal."""

    def __init__(
        self,
        tmux: Path,
        socket: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        size: tuple[int, int] = (COLUMNS, ROWS),
    ) -> None:
        self._tmux = [str(tmux), "-L", socket, "-f", os.devnull, "-u"]
        columns, rows = map(str, size)
        start = [
            "new-session",
            "-d",
            "-x",
            columns,
            "-y",
            rows,
            "-c",
            str(folder),
            *command,
            ";",
            "set-option",
            "-g",
            "remain-on-exit",
            "on",
        ]
        subprocess.run([*self._tmux, *start], env=dict(environment), check=True, timeout=20)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True, timeout=20).stdout

    def keys(self, *keys: str) -> None:
        """Presses keys by tmux's names: `Enter`, `Space`, `C-c`, `a`."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Sends the text's own bytes."""
        self._run("send-keys", "-H", *(f"{byte:x}" for byte in text.encode()))

    def screen(self) -> list[str]:
        """The rows as they are seen, without the blanks at their ends."""
        return [row.rstrip() for row in self._run("capture-pane", "-p").split("\n")]

    def coloured(self) -> str:
        """The rows with the sequences that colour them, as `capture.svg_of` takes them."""
        return self._run("capture-pane", "-p", "-e")

    def running(self) -> bool:
        """Whether the program is still there."""
        return self._run("display-message", "-p", "#{pane_dead}").strip() != "1"

    def close(self) -> None:
        """Ends the program and its terminal."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=20)


def eventually(condition: Callable[[], T], explain: Callable[[], str], seconds: float = 15) -> T:
    """The condition's first true value; where none comes in time, an assertion that explains itself."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, explain()
        time.sleep(0.03)
    return value
