"""Helix, with the configuration that `docs/editors/helix.md` tells people to make."""

from __future__ import annotations

import json
import shutil
from types import MappingProxyType
from typing import TYPE_CHECKING

from editors.driver import TerminalEditor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from editors.desk import Desk


class Helix(TerminalEditor):
    """Keys as in Helix's defaults: Space a opens the code actions, Down and Enter choose."""

    name = "Helix"
    program = "hx"
    menu_rows = 10
    holds_messages = False
    has_panel = False

    def configure(self, desk: Desk) -> None:
        """Copies `editors/helix` to where a person would put it, with what is off there on."""
        shutil.copytree(desk.pieces / "helix", desk.configuration / "helix")
        languages = desk.configuration / "helix" / "languages.toml"
        languages.write_text(languages.read_text(encoding="utf-8").replace("# config =", "config ="), encoding="utf-8")

    def arguments(self) -> Sequence[str]:
        """Helix says why in its log, under the cache folder."""
        return ["-v"]

    def open_actions(self) -> None:
        """The default mapping."""
        self.terminal.type(" a")

    def choose(self, titles: Sequence[str], title: str) -> None:
        """The first one is chosen to begin with."""
        self.terminal.keys(*["Down"] * titles.index(title), "Enter")

    def stand_on(self, problem: str) -> None:
        """Selects the line: Helix tells of the problems in what is selected."""
        self.terminal.type("x")

    def command(self, name: str, words: str = "") -> None:
        """By Helix's typed command, whose arguments are JSON."""
        self.enter(f"lsp-workspace-command dragoman.{name} {json.dumps(words) if words else ''}".rstrip())

    def take_proposal(self, text: str) -> None:
        """An entry of the menu of completions, which is chosen as in Helix's defaults."""
        self.sees(text)
        self.terminal.keys("C-n", "Enter")

    def hover(self) -> None:
        """The default mapping."""
        self.terminal.type(" k")

    def cancel(self) -> None:
        """By the key of `editors/helix/config.toml`."""
        self.normal()
        self.terminal.type(" x")


class OldHelix(Helix):
    """The oldest one that Dragoman is for."""

    program = "hx-25.01"
    opens_documents = False
    lacks = MappingProxyType(
        {
            "watch in the browser": "it opens nothing for a server; a message says where the page is",
            "ask by command": "its typed command takes no words; a comment that ends in AI? does",
        }
    )
