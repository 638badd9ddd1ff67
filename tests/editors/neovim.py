"""Neovim, with the configuration that `docs/editors/neovim.md` tells people to make."""

from __future__ import annotations

import shutil
from types import MappingProxyType
from typing import TYPE_CHECKING

from editors.driver import TerminalEditor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from editors.desk import Desk

RUFF = """\
if vim.fn.executable("ruff") == 1 then
  vim.api.nvim_create_autocmd("FileType", {
    pattern = "python",
    callback = function(event)
      vim.lsp.start({ name = "ruff", cmd = { "ruff", "server" }, root_dir = vim.fs.root(event.buf, ".git") })
    end,
  })
end
"""
"""A language server beside Dragoman, where the desk has one."""


class Neovim(TerminalEditor):
    """Keys as in Neovim's defaults: `gra` opens the code actions, a number chooses."""

    name = "Neovim"
    program = "nvim"
    menu_rows = 30
    holds_messages = True
    has_panel = False

    def configure(self, desk: Desk) -> None:
        """Copies `editors/neovim` to where a person would put it."""
        shutil.copytree(desk.pieces / "neovim", desk.configuration / "nvim")
        beside = desk.configuration / "nvim" / "after" / "plugin" / "ruff.lua"
        beside.parent.mkdir(parents=True)
        beside.write_text(RUFF, encoding="utf-8")

    def arguments(self) -> Sequence[str]:
        """No swap file: a killed editor's would be asked about."""
        return ["-n"]

    def open_actions(self) -> None:
        """The default mapping."""
        self.terminal.type("gra")

    def choose(self, titles: Sequence[str], title: str) -> None:
        """By its number."""
        self.terminal.type(str(1 + titles.index(title)))
        self.terminal.keys("Enter")

    def command(self, name: str, words: str = "") -> None:
        """By the plugin's command."""
        self.enter(f"Dragoman {name} {words}".rstrip())

    def take_proposal(self, text: str) -> None:
        """Grey text, and the key of `editors/neovim/init.lua`."""
        self.sees(text)
        self.terminal.keys("Tab")

    def hover(self) -> None:
        """The default mapping."""
        self.terminal.type("K")

    def cancel(self) -> None:
        """The same."""
        self.command("cancel")


class OldNeovim(Neovim):
    """The oldest that the plugin is for: `init.lua` gives it the key for code actions; proposals are completions."""

    program = "nvim-0.10"
    lacks = MappingProxyType(
        {
            "hover": "it would show each server's hover by itself, and a message for each that has none",
        }
    )

    def configure(self, desk: Desk) -> None:
        """The same, with what shows proposals where there is no grey text."""
        super().configure(desk)
        init = desk.configuration / "nvim" / "init.lua"
        option = "vim.g.dragoman = { settings = { inline = { as_completion = true } } }\n"
        init.write_text(option + init.read_text(encoding="utf-8"), encoding="utf-8")

    def take_proposal(self, text: str) -> None:
        """Neovim's own completion, which puts in the only entry."""
        self.terminal.keys("C-x", "C-o")
        self.sees(text)
        self.terminal.keys("C-y")
