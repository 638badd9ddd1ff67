"""Each way to install the Neovim plugin, in an empty home, with the words of the page that names it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from dragoman.simulator import Simulator
from editors.conftest import PROGRAMS
from editors.desk import REPOSITORY, SETTINGS, Desk
from editors.test_neovim import COMPREHENSION, HERE, REFACTORED, rewriting
from simulator_thread import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.editors

PAGE = REPOSITORY / "docs" / "editors" / "neovim.md"
LAZY = """\
local spec = {spec}
vim.go.loadplugins = false
vim.opt.runtimepath:prepend(vim.fs.normalize(spec.dir))
vim.cmd.runtime("plugin/dragoman.lua")
require(spec.name).setup(spec.opts)
vim.cmd.helptags(vim.fs.normalize(spec.dir) .. "/doc")
"""
"""What lazy.nvim does with such a plugin: it loads it instead of Neovim, calls its `setup`, makes its help known."""


def piece(before: str) -> str:
    """The page's first block of code after those words."""
    found = re.search(r"```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8").partition(before)[2], re.DOTALL)
    assert found, before
    return found[1]


class Home:
    """An empty home with a clone in `src/dragoman`, and the editor as `nvim` on the path."""

    def __init__(self, desk: Desk, program: Path) -> None:
        self.desk = desk
        self.clone = desk.home / "src" / "dragoman"
        ignored = shutil.ignore_patterns("tags")
        shutil.copytree(REPOSITORY / "editors" / "neovim", self.clone / "editors" / "neovim", ignore=ignored)
        (desk.home / "bin" / "nvim").symlink_to(program)

    @property
    def configuration(self) -> Path:
        """Neovim's own."""
        return self.desk.configuration / "nvim"

    def configure(self, init: str) -> None:
        """Writes `init.lua`."""
        self.configuration.mkdir(parents=True)
        (self.configuration / "init.lua").write_text(init, encoding="utf-8")

    def say(self, words: str) -> None:
        """Runs a shell's words in the clone."""
        environment = {**self.desk.environment(), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["sh", "-ec", words], cwd=self.clone, env=environment, check=True, timeout=60)

    def opens(self, test: str, wanted: str) -> None:
        """Starts Neovim as the person does, and goes through the Lua file; fails where that fails."""
        run = f"lua package.path = {str(HERE)!r} .. '/?.lua;' .. package.path; require('harness')"
        environment = {**self.desk.environment(), "TEST_FILE": str(HERE / f"{test}.lua"), "WANTED": wanted}
        done = subprocess.run(
            ["nvim", "--headless", "-c", run],
            cwd=self.desk.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            executable=self.desk.home / "bin" / "nvim",
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")


@pytest.fixture
def home(tmp_path) -> Iterator[Callable[[str], Home]]:
    """A home for the Neovim of that name, while a provider is there that rewrites functions."""
    simulator = Simulator(rewriting(COMPREHENSION))

    def made(program: str) -> Home:
        desk = Desk(tmp_path / "desk")
        desk.lay(SETTINGS.format(url=simulator.url))
        assert (PROGRAMS / program).exists(), "scripts/get-editors fetches it"
        return Home(desk, (PROGRAMS / program).resolve())

    with in_thread(simulator):
        yield made


BOTH = pytest.mark.parametrize("program", ["nvim", "nvim-0.10"])


@BOTH
def test_by_hand(home, program):
    """Linked into a package folder, it is there at the next start, with its help."""
    here = home(program)
    here.say(piece("By hand:"))
    here.opens("installed", REFACTORED)


@BOTH
def test_lazy(home, program):
    """As lazy.nvim loads it, options and all."""
    here = home(program)
    here.configure(LAZY.format(spec=piece("With lazy.nvim")))
    here.opens("installed", REFACTORED)


def test_pack(home):
    """Neovim's own package manager clones it from where the person says."""
    here = home("nvim")
    here.say("git init -q && git add . && git -c user.name=me -c user.email=me@example.com commit -q -m All")
    source = piece("With `vim.pack`").replace("file:///home/me/src/dragoman", here.clone.as_uri())
    here.configure(source.replace("  load = ", "  confirm = false,\n  load = "))
    here.opens("installed", REFACTORED)
    assert (here.desk.home / ".local/share/nvim/site/pack/core/opt/dragoman").is_dir()


def test_without_the_plugin(home):
    """The server's configuration alone gives the menu of code actions, and answers as Markdown files."""
    here = home("nvim")
    here.configure('vim.lsp.enable("dragoman")\n')
    shutil.copytree(here.clone / "editors" / "neovim" / "lsp", here.configuration / "lsp")
    here.opens("without_plugin", REFACTORED)
