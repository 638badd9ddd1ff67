"""VS Code's server and a browser's page before it, with the extension as it is packaged for people.

They are started once, for that takes long, and each desk is opened in them afresh, with settings, home and extension
host of its own. What the page keeps in the browser, and every process of the desk before, is gone by then.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from editors.desk import REPOSITORY, Desk
from editors.terminal import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
    "files.hotExit": "off",
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


def missing() -> str | None:
    """What is missing, and how it is got."""
    for path, script in ((VSCODE, "get-vscode"), (Path(BROWSER), "get-browser"), (PACKAGE, "package-vscode")):
        if not path.exists():
            return f"{path} is missing: scripts/{script} gets it"
    return None


def version() -> str:
    """VS Code's own, of the one that code-server holds."""
    product = SERVER / "lib" / "vscode" / "package.json"
    return str(json.loads(product.read_text(encoding="utf-8"))["version"])


class Workbench:
    """`page` is what is seen of it, `home` what the programs in it believe to be the person's home: a link to the desk
    of the moment. `extensions` are folders of further ones.
    """

    def __init__(self, home: Path, extensions: Sequence[Path] = ()) -> None:
        self._home = home
        self.home = home / "desk"
        self._lead_to(home)
        self._host: int | None = None
        self._closing = contextlib.ExitStack()
        try:
            self._install(extensions)
            self._url = self._serve()
            self.page = self._browse()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the window, its browser and the server, however they stand."""
        self._closing.close()

    @contextlib.contextmanager
    def opened(self, desk: Desk, settings: Mapping[str, Any]) -> Iterator[Lines]:
        """Shows the desk's project, with these settings of VS Code's; what goes to the agent in its extension host."""
        user = self._home / "data" / "User" / "settings.json"
        user.write_text(json.dumps({**SETTINGS, **settings}), encoding="utf-8")
        # Settings of a machine's, such as a program's path, lie apart: a test before may have set some.
        (self._home / "data" / "Machine" / "settings.json").unlink(missing_ok=True)
        self._lead_to(desk.home)
        with contextlib.ExitStack() as stack:
            listening = stack.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(str(desk.home / "agent"))
            listening.listen()
            listening.settimeout(START_SECONDS)
            stack.callback(self._leave)
            self.page.ask("open", url=f"{self._url}/?folder={desk.folder}")
            connection = stack.enter_context(listening.accept()[0])
            agent = Lines(*(stack.enter_context(connection.makefile(mode, encoding="utf-8")) for mode in "wr"))
            self._host = agent.ask("process")
            yield agent

    def journal(self) -> list[str]:
        """The last lines of what the extension host and the extensions have written down."""
        written = (self._home / "data" / "logs").glob("*/exthost*/**/*.log")
        lines = (
            f"{path.name}: {line}" for path in written for line in path.read_text(encoding="utf-8").splitlines()[-8:]
        )
        return list(lines)

    def _lead_to(self, folder: Path) -> None:
        self.home.unlink(missing_ok=True)
        self.home.symlink_to(folder)

    def _leave(self) -> None:
        """Closes the window, and sees to it that nothing goes on that belongs to it."""
        self.page.ask("leave")
        if self._host is not None:
            end_process(self._host)
        self._host = None

    def _install(self, extensions: Sequence[Path]) -> None:
        folder = self._home / "extensions"
        with zipfile.ZipFile(PACKAGE) as package:
            package.extractall(self._home / "package")
        folder.mkdir()
        (self._home / "package" / "extension").rename(folder / "dragoman.dragoman")
        for extension in (HERE / "agent", HERE / "python", *extensions):
            shutil.copytree(extension, folder / f"tests.{extension.name}")

    def _serve(self) -> str:
        """Starts VS Code's server; its URL."""
        (self._home / "data" / "User").mkdir(parents=True)
        configuration, written = self._home / "code-server.yaml", self._home / "code-server.log"
        configuration.touch()
        command = [
            *(str(VSCODE / "bin" / "node"), str(SERVER / "out" / "node" / "entry.js")),
            *("--config", str(configuration), "--auth", "none", "--bind-addr", "127.0.0.1:0"),
            *("--user-data-dir", str(self._home / "data"), "--extensions-dir", str(self._home / "extensions")),
            *("--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"),
        ]
        environment = {
            **Desk(self.home).environment(),
            "EDITOR_AGENT": str(self.home / "agent"),
            "EXTENSIONS_GALLERY": json.dumps({"serviceUrl": "", "itemUrl": "", "resourceUrlTemplate": ""}),
        }
        with written.open("wb") as log:
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        self._closing.callback(end_group, server)
        found = eventually(
            lambda: re.search(r"listening on (http://\S+?)/?\s", written.read_text(encoding="utf-8")),
            lambda: f"VS Code's server did not start: {written.read_text(encoding='utf-8')}",
            START_SECONDS,
        )
        return found[1]

    def _browse(self) -> Lines:
        command = [str(VSCODE / "bin" / "node"), str(HERE / "page.mjs"), str(VSCODE / "driver"), BROWSER]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        home = {**Desk(self.home).environment(), "HOME": str(self._home)}
        browser = subprocess.Popen(command, env=home, start_new_session=True, **pipes)
        self._closing.callback(end_group, browser)
        self._closing.enter_context(browser.stdin)
        self._closing.enter_context(browser.stdout)
        return Lines(browser.stdin, browser.stdout)


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


def end_process(number: int, patience: float = 3) -> None:
    """Waits a little for the end of a process that is somebody else's child, then ends it."""
    end = time.monotonic() + patience
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.kill(number, 0)
            time.sleep(0.02)
        os.kill(number, signal.SIGKILL)
