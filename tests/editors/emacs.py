"""Emacs in a terminal, with the configuration that `docs/editors/emacs.md` tells people to make."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from editors.driver import TerminalEditor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from editors.desk import Desk

PERSON = """
;; What these tests need besides: no help that comes by itself, the desk's browser, and a sign when something is
;; done that no message overwrites.
(setq inhibit-startup-screen t eldoc-idle-delay 3600)
(setq browse-url-browser-function #'browse-url-xdg-open)
(setq dragoman-options '(:inline (:as_completion t)))
(defun test-done (number) (write-region "" nil (format "~/done-%d" number) nil 'quietly))
(defun test-save (number)
  (set-buffer-modified-p t)
  (save-buffer)
  (test-done number))
(defun test-line (text number)
  (goto-char (point-min))
  (search-forward text)
  (back-to-indentation)
  (test-done number))
"""

CHECKER = (str(Path(sys.executable).with_name("ruff")), "check", "--quiet", "--output-format=concise")
CHECKER += ("--stdin-filename=stdin", "-")
"""The checker of the language beside Dragoman, which Emacs's own Python mode runs: no server, but Flymake's."""


class Emacs(TerminalEditor):
    """Keys as in Emacs's defaults, commands by `M-x`, and `M-:` to go places."""

    name = "Emacs"
    program = "emacs"
    holds_messages = False
    has_panel = False

    def __init__(self, desk: Desk, programs: Path, place: str) -> None:
        self._numbers, self._home = itertools.count(1), desk.home
        super().__init__(desk, programs, place)

    @classmethod
    def version(cls, programs: Path) -> str:
        """The third word of what it says of itself."""
        told = subprocess.run([programs / cls.program, "--version"], capture_output=True, text=True, check=True).stdout
        return told.split()[2]

    def configure(self, desk: Desk) -> None:
        """Copies `editors/emacs` to where a person would put it."""
        shutil.copytree(desk.pieces / "emacs", desk.home / ".emacs.d")
        # Emacs would compile what it loads, each time anew, with processes that go on for long.
        early = desk.home / ".emacs.d" / "early-init.el"
        early.write_text(
            "(setq native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil)\n", encoding="utf-8"
        )
        with (desk.home / ".emacs.d" / "init.el").open("a", encoding="utf-8") as init:
            init.write(PERSON)
            init.write(f"(setq python-flymake-command '({' '.join(map(json.dumps, CHECKER))}))\n")

    def arguments(self) -> Sequence[str]:
        """Nothing of the machine's own."""
        return ["--no-site-file"]

    def normal(self) -> None:
        """Leaves every prompt. C-g would also drop the keys that come right after it."""
        self.terminal.type("\x1b\x1b\x1b")

    def _command(self, name: str) -> None:
        self.terminal.type(f"\x1bx{name}\r")

    def _do(self, call: str) -> None:
        """One of the functions above."""
        number = next(self._numbers)
        self.enter(f"({call} {number})")
        self.wait(f"{call} done", (self._home / f"done-{number}").exists)

    def enter(self, command: str) -> None:
        """Evaluates it."""
        self.normal()
        self.terminal.type(f"\x1b:{command}\r")

    def go_to(self, text: str) -> None:
        """By searching for it."""
        self._do(f"test-line {json.dumps(text)}")

    def type_line(self, text: str) -> None:
        """At the line's end, Enter."""
        self.normal()
        self.terminal.type(f"\x05\r{text}")
        self.sees(text)

    def back(self) -> None:
        """By its name."""
        self.enter(f'(switch-to-buffer "{self.file.name}")')
        self.sees(self.file.read_text(encoding="utf-8").split("\n")[0])

    def undo(self) -> None:
        """The default key."""
        self.normal()
        self.terminal.keys("C-_")

    def text(self) -> str:
        """The buffer's content, by saving it."""
        self._do("test-save")
        return self.file.read_bytes().decode()

    def open_actions(self) -> None:
        """By the key of `editors/emacs/init.el`."""
        self.terminal.type("\x03da")

    def actions(self) -> list[str]:
        """Those that the prompt lets choose from."""
        earlier = len(self.recording.answers("textDocument/codeAction"))
        self.normal()
        self.open_actions()
        self.sees("Dragoman (default")
        answers = self.recording.answers("textDocument/codeAction")[earlier:]
        return [action["title"] for action in answers[-1]["result"]]

    def choose(self, titles: Sequence[str], title: str) -> None:
        """By its title, with blanks that complete nothing."""
        self.terminal.type(title.replace(" ", "\x11 ") + "\r")

    def command(self, name: str, words: str = "") -> None:
        """By the commands of `editors/emacs/dragoman.el`."""
        self.normal()
        self._command(f"dragoman-{name}")
        if words:
            self.terminal.type(f"{words}\r")

    def take_proposal(self, text: str) -> None:
        """The only completion that there is. Eglot waits for it no longer than its own limit, which the server's start
        may take up.
        """
        self.wait("the server ready", lambda: self.recording.answers("workspace/configuration"))
        self._command("completion-at-point")
        self.sees(text)

    def hover(self) -> None:
        """Eldoc's own command."""
        self._command("eldoc")

    def cancel(self) -> None:
        """By the key of `editors/emacs/init.el`."""
        self.normal()
        self.terminal.type("\x03dx")
