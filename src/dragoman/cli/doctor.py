"""dragoman doctor: settings, providers, the editor's side; what is wrong in one line each, with the cure."""

import asyncio
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dragoman import __version__
from dragoman.cli.log_file import log_path
from dragoman.cli.options import AsJson
from dragoman.cli.output import out, print_json
from dragoman.cli.session import finish, opened, project_root
from dragoman.core.printable import printable_name

if TYPE_CHECKING:
    from dragoman.app import App
    from dragoman.cli.survey import Standing

NAME = "doctor"
EXAMPLE = "dragoman doctor --json"

_START_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong, in one line with its cure. `stops`: no request can be answered because of it."""

    text: str
    stops: bool = False


@dataclass(frozen=True, slots=True)
class ServerCheck:
    """The server that an editor would start, and what came of starting it. `seconds` is to `initialize`'s answer."""

    command: str
    on_path: bool
    python: str
    version: str = ""
    seconds: float | None = None
    problem: str = ""


def command(context: typer.Context, as_json: AsJson = False) -> int:
    """Find out what is wrong, and how to cure it.

    Looks at settings, providers and the server that editors start. Exit code 1 where no request can be answered.
    """
    return finish(_doctor(context, as_json=as_json))


async def _doctor(context: typer.Context, *, as_json: bool) -> int:
    from dragoman.cli.survey import survey

    root = project_root(Path.cwd())
    async with opened(context, root, warn=False) as app:
        standings = await survey(app)
        server = await check_server()
        wrong = list(_wrong(app, standings, server))
        report = {
            "version": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "executable": sys.executable,
            "logFile": str(log_path()),
            **_settings(app, root),
            "providers": [standing.json() for standing in standings],
            "server": _server_json(server),
            "wrong": [{"text": item.text, "stopsRequests": item.stops} for item in wrong],
            "ok": not any(item.stops for item in wrong),
        }
    if as_json:
        print_json(report)
    else:
        _show(report, standings, wrong)
    return 0 if report["ok"] else 1


async def check_server() -> ServerCheck:
    """Start the server as an editor would, ask it for its capabilities, and end it."""
    from dragoman.cli.driver import LspClient
    from dragoman.core.errors import DragomanError

    found = shutil.which("dragoman")
    command = [found] if found else [sys.executable, "-m", "dragoman.cli.main"]
    shown, python = " ".join([*command, "lsp"]), _interpreter(Path(found)) if found else sys.executable
    began = time.monotonic()
    try:
        async with (
            asyncio.timeout(_START_SECONDS),
            await LspClient.start([*command, "lsp"], stderr=asyncio.subprocess.DEVNULL) as client,
        ):
            params: dict[str, Any] = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
            answer = await client.request("initialize", params)
            seconds = time.monotonic() - began
            client.notify("initialized", {})
    except (DragomanError, OSError, TimeoutError) as error:
        problem = str(error) or f"no answer within {_START_SECONDS} s"
        return ServerCheck(shown, found is not None, python, problem=problem)
    return ServerCheck(shown, found is not None, python, answer["serverInfo"]["version"], seconds)


def _interpreter(script: Path) -> str:
    """The Python of an installed console script, as its first line names it; "" where that can't be told."""
    try:
        with script.open("rb") as file:
            first = file.readline(512)
    except OSError:
        return ""
    return first[2:].decode("utf-8", "replace").strip() if first.startswith(b"#!") else ""


def _settings(app: "App", root: Path) -> dict[str, Any]:
    from dragoman.cli.config import settings_with_sources
    from dragoman.engine.settings_files import config_path, settings_paths

    rows = settings_with_sources(app.effective)
    return {
        "configFile": str(config_path(app.environment)),
        "settingsFiles": [str(path) for path in settings_paths(app.environment, (str(root),)) if path.exists()],
        "settings": [{"key": key, "value": value, "source": source} for key, value, source in rows],
        "problems": [{"severity": problem.severity.value, "text": str(problem)} for problem in app.effective.problems],
    }


def _wrong(app: "App", standings: "list[Standing]", server: ServerCheck) -> Iterator[Wrong]:
    from dragoman.cli.survey import State
    from dragoman.core.failover import SMALL_CODE_MODEL
    from dragoman.core.settings_layers import Severity

    if not any(standing.state is State.READY for standing in standings):
        yield Wrong(
            f"nobody can be asked: start Ollama and run `dragoman providers pull {SMALL_CODE_MODEL}`, "
            "or set a key such as ANTHROPIC_API_KEY",
            stops=True,
        )
    if server.problem:
        yield Wrong(f"`{server.command}` does not start: {server.problem}. Install Dragoman again", stops=True)
    elif not server.on_path:
        folder = Path(sys.executable).parent
        yield Wrong(f"editors can't find `dragoman`: add {folder} to PATH, or name {folder / 'dragoman'} in the editor")
    elif server.version != __version__:
        yield Wrong(f"editors start version {server.version}, this is {__version__}: remove the one or the other")
    for problem in app.effective.problems:
        if problem.severity is not Severity.NOTE:
            yield Wrong(str(problem))
    for file in app.foreign:
        yield Wrong(f"{file}: `dragoman trust` shows what, and asks you")
    for standing in standings:
        # Ollama counts as configured without a word about it: that it is not there is no news.
        named = standing.provider in app.settings.providers or standing.has_key
        if standing.state is State.FAILS and named:
            yield Wrong(f"{standing.provider} ({standing.endpoint}): {standing.problem}")
        elif standing.state is State.NO_KEY and standing.provider in app.settings.providers:
            yield Wrong(f"{standing.provider} has no key: {standing.problem}")


def _server_json(server: ServerCheck) -> dict[str, Any]:
    return {
        "command": server.command,
        "onPath": server.on_path,
        "python": server.python,
        "version": server.version,
        "initializeSeconds": None if server.seconds is None else round(server.seconds, 3),
        "problem": server.problem,
    }


def _show(report: dict[str, Any], standings: "list[Standing]", wrong: list[Wrong]) -> None:
    from dragoman.cli.providers import STYLES, describe

    out(f"Dragoman {report['version']}, Python {report['python']}, {report['platform']}", style="bold")
    there = ", ".join(map(printable_name, report["settingsFiles"]))
    out(f"  settings   {there or report['configFile'] + ' (not written yet)'}")
    out(f"  log        {report['logFile']}")
    out("Settings that differ from the defaults", style="bold")
    changed = [row for row in report["settings"] if row["source"] != "default"]
    for row in changed:
        out(f"  {row['key']} = {row['value']!r}  ({row['source']})")
    if not changed:
        out("  none (`dragoman config show` prints all)", style="dim")
    out("Providers", style="bold")
    for standing in standings:
        out(f"  {describe(standing)}", style=STYLES[standing.state.value])
    server = report["server"]
    out("The server that editors start", style="bold")
    if server["initializeSeconds"] is None:
        out(f"  {server['command']}: {server['problem']}", style="red")
    else:
        took = f"answers after {server['initializeSeconds'] * 1000:.0f} ms"
        out(f"  {server['command']}: version {server['version']}, {took}, Python {server['python'] or 'unknown'}")
    out("What is wrong", style="bold")
    for item in wrong:
        out(f"  {item.text}", style="red" if item.stops else "yellow")
    if not wrong:
        out("  nothing", style="green")
