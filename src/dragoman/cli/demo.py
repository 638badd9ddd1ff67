"""dragoman demo: the real server as a child process, driven as an editor would, on a real file. Checks every step."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.cli.options import AsJson
from dragoman.cli.output import note, print_json
from dragoman.cli.session import finish
from dragoman.core.errors import DragomanError

if TYPE_CHECKING:
    from dragoman.cli.demo_editor import DemoEditor
    from dragoman.cli.demo_stage import Stage, Watch
    from dragoman.cli.driver import LspClient
    from dragoman.cli.survey import Standing
    from dragoman.core.text import Range
    from dragoman.simulator import Simulator

NAME = "demo"
EXAMPLE = "dragoman demo src/shop.py"

REQUEST_CANCELLED = -32800
_HANG_UP_SECONDS = 2
_PIECES_BEFORE_CANCEL = 2
_LOG_LINES = 5


class StepMissing(DragomanError):  # noqa: N818 - errors are nouns of the condition
    """A step of the demo did not happen as it should."""

    kind = "demo"


def command(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Work on a copy of this file.")] = None,
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Use the scripted provider only, even where a real one is at hand.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show what an editor gets, on a real file.

    Actions, routing, streaming, failover, cancel, an edit. Changes none of your files. Exit code 0 only where every
    step really happened.
    """
    from dragoman.cli.demo_stage import Stage

    result = finish(_demo(file, scripted, Stage(quiet=as_json)))
    if as_json:
        print_json(result)
    return 0


async def _demo(given: Path | None, scripted: bool, stage: "Stage") -> dict[str, Any]:
    from dragoman.cli import demo_setup
    from dragoman.simulator import Simulator

    with tempfile.TemporaryDirectory(prefix="dragoman-demo-") as name:
        folder = demo_setup.resolved(name)
        source = demo_setup.copied_source(given, folder / "project")
        real = [] if scripted else await demo_setup.real_providers(folder)
        _introduce(stage, given, real)
        async with Simulator(demo_setup.script()) as simulator:
            demo_setup.write_settings(folder, simulator.url, real)
            result = await _with_server(folder, source, simulator, stage)
    stage.heading("Every step really happened. Next: README.md sets up your editor, `dragoman doctor` checks it.")
    return {"ok": True, "realProviders": [standing.provider for standing in real], **result}


async def _with_server(folder: Path, source: Path, simulator: "Simulator", stage: "Stage") -> dict[str, Any]:
    """Start the server, play, end it. Where that fails, the server's last words come first."""
    from dragoman.cli.demo_editor import DemoEditor
    from dragoman.cli.demo_setup import environment
    from dragoman.cli.driver import LspClient
    from dragoman.core.languages import language_of

    log = folder / "stderr"
    with log.open("wb") as stderr:
        client = await LspClient.start(
            [sys.executable, "-m", "dragoman.cli.main", "lsp"],
            environment=environment(folder),
            folder=str(source.parent),
            stderr=stderr,
        )
        try:
            editor = DemoEditor(client, source, language_of(source.name))
            result = await _play(client, editor, simulator, stage)
        except DragomanError:
            _show_log(log)
            raise
        finally:
            code = await client.close()
    _require(code == 0, f"the server ended with exit code {code}")
    return result


def _introduce(stage: "Stage", given: Path | None, real: "list[Standing]") -> None:
    stage.heading(f"Dragoman works on a copy of {given or 'a small sample'}")
    if real:
        names = ", ".join(dict.fromkeys(standing.provider for standing in real))
        stage.line(f"At hand: {names}. The code is sent there. A scripted provider that breaks off is put in front.")
    else:
        stage.line(
            "No Ollama and no key is at hand: scripted providers answer by rules, on a real socket. No model does."
        )


async def _play(client: "LspClient", editor: "DemoEditor", simulator: "Simulator", stage: "Stage") -> dict[str, Any]:
    """Every step in turn. Raises `StepMissing` for the first one that does not happen."""
    from dragoman.cli.demo_setup import cursor
    from dragoman.core.languages import language_of

    began = time.monotonic()
    answer = await editor.open()
    started = time.monotonic() - began
    version = answer["serverInfo"]["version"]
    stage.heading("An editor starts the server and opens the file")
    stage.line(f"dragoman {version} answers `initialize` after {started * 1000:.0f} ms")
    where = cursor(editor.lines, language_of(editor.uri))
    titles = await _actions(editor, where, stage)
    await _route(editor, where, stage)
    edit = await _edit(editor, where, simulator, stage)
    cancel = await _cancel(client, editor, where, simulator, stage)
    return {
        "version": version,
        "initializeSeconds": round(started, 3),
        "actions": titles,
        "edit": edit,
        "cancel": cancel,
    }


async def _actions(editor: "DemoEditor", where: "Range", stage: "Stage") -> list[str]:
    began = time.monotonic()
    actions = await editor.code_actions(where)
    took = time.monotonic() - began
    titles = [action["title"] for action in actions]
    stage.heading(f"Code actions at line {where.start.line + 1}, after {took * 1000:.0f} ms")
    for action in actions:
        stage.line(f"{action['title']:<24} {action['command']['command']}")
    _require(bool(titles), "no code action was offered")
    return titles


async def _route(editor: "DemoEditor", where: "Range", stage: "Stage") -> None:
    from dragoman.cli.demo_setup import FIRST
    from dragoman.cli.watching import called

    decision = await editor.route("refactor", where)
    stage.heading(f"Who would be asked to refactor ({decision['intent']}: {decision['intentReason']})")
    for number, candidate in enumerate(decision["candidates"], 1):
        stage.line(f"{number}. {called(candidate['provider'], candidate['model'])}: {candidate['reason']}")
    names = [candidate["provider"] for candidate in decision["candidates"]]
    _require(names[:1] == [FIRST], "the provider that breaks off is not the first candidate")


async def _edit(editor: "DemoEditor", where: "Range", simulator: "Simulator", stage: "Stage") -> dict[str, Any]:
    """A refactoring: the first provider is cut off in mid-answer, the next one's text lands in the buffer."""
    from dragoman.cli.demo_setup import LAST
    from dragoman.cli.demo_stage import Watch
    from dragoman.cli.unified import unified_diff

    before = editor.text
    stage.heading("Refactor: the first provider is cut off in mid-answer")
    watch = Watch(stage)
    result = await editor.run("refactor", where, watch).response
    cut_off = simulator.completions[0]
    _require(cut_off.pieces_sent > 0 and not cut_off.sent_whole, "the first provider was not cut off")
    _require_failover(watch)
    if not result["applied"]:
        stage.line(f"not applied: {result.get('message', 'no reason given')}; {LAST} is asked instead", style="yellow")
        watch = Watch(stage)
        result = await editor.run("refactor", where, watch, LAST).response
    _require(result["applied"] and editor.landed == 1 and editor.text != before, "no edit landed in the buffer")
    patch = unified_diff(before, editor.text, Path(editor.uri).name)
    stage.heading("The edit that landed in the buffer, in one step")
    stage.patch(patch)
    [usage], [done] = watch.of_kind("usage")[-1:], watch.of_kind("done")
    return {
        "provider": done["provider"],
        "model": done["model"],
        "attempts": done["attempts"],
        "seconds": done["seconds"],
        "firstTokenSeconds": done["firstTokenSeconds"],
        "inputTokens": usage["inputTokens"],
        "outputTokens": usage["outputTokens"],
        "failedOver": True,
        "diff": patch,
    }


def _require_failover(watch: "Watch") -> None:
    """The first provider's text was shown and thrown away, and another one took over and finished."""
    from dragoman.cli.demo_setup import FIRST

    shown = watch.kinds
    _require(shown[:4] == ["route", "delta", "reset", "route"], f"no failover in mid-answer was seen, but {shown}")
    first, second = watch.of_kind("route")[:2]
    _require(first["provider"] == FIRST, f"{first['provider']} was asked first")
    _require(second["provider"] != FIRST and "after" in second, "no other provider took over")
    _require(len(watch.of_kind("done")) == 1, "the answer did not end")


async def _cancel(
    client: "LspClient", editor: "DemoEditor", where: "Range", simulator: "Simulator", stage: "Stage"
) -> dict[str, Any]:
    """An explanation that the person no longer wants: the provider sees the connection close."""
    from dragoman.cli.demo_setup import LAST
    from dragoman.cli.demo_stage import Watch
    from dragoman.cli.driver import ResponseError

    stage.heading("Explain, and a cancel in mid-answer")
    watch = Watch(stage)
    enough = asyncio.Event()

    def watch_until_enough(value: dict[str, Any]) -> None:
        watch(value)
        if len(watch.of_kind("delta")) >= _PIECES_BEFORE_CANCEL:
            enough.set()

    earlier = len(simulator.completions)
    pending = editor.run("explain", where, watch_until_enough, LAST)
    waiting = asyncio.ensure_future(enough.wait())
    await asyncio.wait({waiting, pending.response}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    _require(not pending.response.done(), "the answer was over before it could be cancelled")
    loop = asyncio.get_running_loop()
    cancelled_at = loop.time()
    client.cancel(pending)
    call = await simulator.completion(earlier)
    try:
        async with asyncio.timeout(_HANG_UP_SECONDS):
            await call.hung_up.wait()
            await pending.response
    except TimeoutError:
        raise StepMissing("the provider's connection stayed open after the cancel") from None
    except ResponseError as error:
        _require(error.code == REQUEST_CANCELLED, f"the cancelled request was answered with {error.code}")
    else:
        raise StepMissing("the cancelled request was answered as if nothing had happened")
    assert call.hung_up_at is not None
    milliseconds = (call.hung_up_at - cancelled_at) * 1000
    stage.line(f"cancelled: the provider saw the connection close after {milliseconds:.1f} ms", style="green")
    return {"hungUpMilliseconds": round(milliseconds, 1), "code": REQUEST_CANCELLED}


def _require(happened: bool, otherwise: str) -> None:
    if not happened:
        raise StepMissing(f"The demo failed: {otherwise}.")


def _show_log(path: Path) -> None:
    """The server's last words, where it has said any."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]:
        note(line, style="dim")
