"""VS Code in a browser without windows, with the extension as it is packaged for people."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import zipfile
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, TypeVar

from editors.desk import REPOSITORY
from editors.driver import Editor
from editors.terminal import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from editors.desk import Desk

T = TypeVar("T")

HERE = Path(__file__).parent / "in_vscode"
VSCODE = REPOSITORY / ".editors" / "vscode"
SERVER = VSCODE / "server" / "node_modules" / "code-server"
PACKAGE = REPOSITORY / "editors" / "vscode" / "dist" / "dragoman.vsix"
BROWSER = os.environ.get("BROWSER") or str(REPOSITORY / ".editors" / "browser" / "bin" / "chromium-headless-shell")
START_SECONDS = 60
"""A window that opens for the first time, on a machine that does much else."""

SETTINGS = {
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "files.autoSave": "off",
    "git.enabled": False,
    "remote.autoForwardPorts": False,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "security.workspace.trust.banner": "never",
    "security.workspace.trust.startupPrompt": "never",
    "workbench.enableExperiments": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
}


class VSCode(Editor):
    """What a scenario does goes through the API in the extension host; what it sees is read from the window."""

    name = "VS Code"
    holds_messages = False
    has_panel = True
    lacks = MappingProxyType({"watch in the browser": "its own panel shows the answer while it is written"})

    def __init__(
        self,
        desk: Desk,
        programs: Path,
        socket_name: str,
        *,
        settings: Mapping[str, Any] | None = None,
        trusted: bool = True,
        found: bool = True,
    ) -> None:
        """`settings` are VS Code's; `trusted` says whether the folder is, `found` whether the server lies where it is
        looked for.
        """
        self.file, self.recording, self.opened, self.desk = desk.file, desk.recording, desk.opened, desk
        self._log = desk.home / "code-server.log"
        self._closing = contextlib.ExitStack()
        settings_file = desk.home / ".vscode" / "User" / "settings.json"
        settings_file.parent.mkdir(parents=True)
        settings_file.write_text(json.dumps({**SETTINGS, **(settings or {})}), encoding="utf-8")
        try:
            self._install(found=found)
            self._open(str(desk.home / socket_name), trusted=trusted)
        except BaseException:
            self.close()
            raise

    @classmethod
    def missing(cls, programs: Path) -> str | None:
        """What is missing, and how it is got."""
        for path, script in (
            (VSCODE, "get-vscode"),
            (Path(BROWSER), "get-browser"),
            (PACKAGE, "package-vscode"),
        ):
            if not path.exists():
                return f"{path} is missing: scripts/{script} gets it"
        return None

    @classmethod
    def version(cls, programs: Path) -> str:
        """VS Code's own, of the one that code-server holds."""
        product = SERVER / "lib" / "vscode" / "package.json"
        return str(json.loads(product.read_text(encoding="utf-8"))["version"])

    def _open(self, address: str, *, trusted: bool) -> None:
        listening = self._closing.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(address)
        listening.listen()
        listening.settimeout(START_SECONDS)
        self.page = self._browser(f"{self._serve(address, trusted=trusted)}/?folder={self.file.parent}")
        self.page.ask("open")
        connection = self._closing.enter_context(listening.accept()[0])
        sides = (self._closing.enter_context(connection.makefile(mode, encoding="utf-8")) for mode in "wr")
        self._agent = Lines(*sides)
        self.ask("open", path=str(self.file))

    def _install(self, *, found: bool) -> None:
        """The package, and the agent beside it; and the server, where it is to be found."""
        with zipfile.ZipFile(PACKAGE) as package:
            package.extractall(self.desk.home / "package")
        (self.desk.home / "package" / "extension").rename(self._extensions() / "dragoman.dragoman")
        shutil.copytree(HERE / "agent", self._extensions() / "tests.agent")
        if not found:
            return
        # VS Code asks a login shell for the PATH, which knows nothing of the desk's.
        tools = self.desk.home / ".local" / "bin"
        tools.mkdir(parents=True)
        (tools / "dragoman").symlink_to(self.desk.home / "bin" / "dragoman")

    def _extensions(self) -> Path:
        folder = self.desk.home / "extensions"
        folder.mkdir(exist_ok=True)
        return folder

    def _serve(self, address: str, *, trusted: bool) -> str:
        """Starts VS Code's server; the URL of its window."""
        command = [
            *(str(VSCODE / "bin" / "node"), str(SERVER / "out" / "node" / "entry.js")),
            *("--config", str(self.desk.home / "code-server.yaml"), "--auth", "none", "--bind-addr", "127.0.0.1:0"),
            *("--user-data-dir", str(self.desk.home / ".vscode"), "--extensions-dir", str(self._extensions())),
            *("--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"),
            *(("--disable-workspace-trust",) if trusted else ()),
        ]
        (self.desk.home / "code-server.yaml").touch()
        gallery = json.dumps({"serviceUrl": "", "itemUrl": "", "resourceUrlTemplate": ""})
        environment = {**self.desk.environment(), "EDITOR_AGENT": address, "EXTENSIONS_GALLERY": gallery}
        with self._log.open("wb") as log:
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self._closing.callback(end_group, server)
        found = eventually(
            lambda: re.search(r"listening on (http://\S+?)/?\s", self._log.read_text(encoding="utf-8")),
            lambda: f"VS Code's server did not start: {self._log.read_text(encoding='utf-8')}",
            START_SECONDS,
        )
        return found[1]

    def _browser(self, url: str) -> Lines:
        command = [
            str(VSCODE / "bin" / "node"),
            str(HERE / "page.mjs"),
            str(VSCODE / "driver"),
            BROWSER,
            url,
        ]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        page = subprocess.Popen(command, env=self.desk.environment(), start_new_session=True, **pipes)
        self._closing.callback(end_group, page)
        self._closing.enter_context(page.stdin)
        self._closing.enter_context(page.stdout)
        return Lines(page.stdin, page.stdout)

    # What a scenario asks for

    def ask(self, ability: str, **wish: Any) -> Any:
        """Something that the agent can do in the extension host."""
        return self._agent.ask(ability, **wish)

    def close(self) -> None:
        """Ends the window, its browser and the server, however they stand."""
        self._closing.close()

    def screen(self) -> list[str]:
        """The lines of text in the window and its panels."""
        return str(self.page.ask("text")).split("\n")

    def wait(self, what: str, condition: Callable[[], T], seconds: float = START_SECONDS) -> T:
        """With more patience: so large a program is slow where others work too."""
        return super().wait(what, condition, seconds)

    def normal(self) -> None:
        """There are no modes."""

    def go_to(self, text: str) -> None:
        """Puts the cursor at the beginning of the first line that holds the text."""
        lines = self.text().split("\n")
        self.ask("select", line=next(number for number, line in enumerate(lines) if text in line))

    def type_line(self, text: str) -> None:
        """By the command behind Ctrl+Enter, and the one behind every key."""
        self.ask("typeLine", text=text)

    open_line = type_line

    def type(self, text: str) -> None:
        """By the command behind every key."""
        self.ask("type", text=text)

    def undo(self) -> None:
        """By the command behind Ctrl+Z."""
        self.ask("undo")

    def text(self) -> str:
        """The document's text."""
        return str(self.ask("text"))

    def actions(self) -> list[str]:
        """Every code action here, of whatever kind."""
        return self.wait("code actions", lambda: self.ask("actions"))

    def run_action(self, title: str) -> None:
        """As the lightbulb's menu runs it: by a command without arguments, which VS Code may have dropped by then."""
        titles = self.actions()
        assert title in titles, f"{title!r} is not among {titles}"
        assert self.ask("run", title=title) == 0, "the action's command has arguments"

    def stand_on(self, problem: str) -> None:
        """Reports it, as an extension of the language would."""
        lines = self.text().split("\n")
        self.ask("diagnose", line=next(n for n, line in enumerate(lines) if "import math" in line), message=problem)

    def command(self, name: str, words: str = "") -> None:
        """By its name, as a key binding runs it; it is there once the server has started."""
        command = f"dragoman.{name}"
        self.wait(f"the command {command}", lambda: command in self.ask("commands"))
        self.ask("command", name=command, words=[words] if words else [])

    def take_proposal(self, text: str) -> None:
        """Grey text, and Tab."""
        self.sees(text)
        self.page.ask("press", keys="Tab")

    def hover(self) -> None:
        """By the command behind Ctrl+K Ctrl+I."""
        self.ask("command", name="editor.action.showHover")

    def back(self) -> None:
        """As if it was chosen in the explorer."""
        self.ask("open", path=str(self.file))

    def cancel(self) -> None:
        """By the button of the notification that shows the progress."""
        self.page.ask("click", selector=".notification-list-item .monaco-button", has="Cancel")


class Lines:
    """Asks by a line of JSON, and waits for the line that answers."""

    def __init__(self, out: IO[str], back: IO[str]) -> None:
        self._out, self._back = out, back

    def ask(self, ability: str, **wish: Any) -> Any:
        """The answer's value."""
        self._out.write(json.dumps({"ability": ability, **wish}) + "\n")
        self._out.flush()
        answer = json.loads(self._back.readline() or '{"error": "it has ended"}')
        assert "error" not in answer, f"{ability} {wish}: {answer['error']}"
        return answer.get("value")


def end_group(process: subprocess.Popen[Any]) -> None:
    """Ends a process and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
