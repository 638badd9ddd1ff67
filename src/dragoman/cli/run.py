"""dragoman run: an action on a file without an editor, through the same pipeline."""

import logging
import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman import CONTENT_LOGGER
from dragoman.cli import hint_options
from dragoman.cli.options import AsJson, ModelName, ProviderName
from dragoman.cli.output import console, fail, note, out, print_json, write
from dragoman.cli.session import check_provider, finish, opened, project_root, refuse_way_out
from dragoman.cli.testing import allowed_runner, show_tests, tests_outcome
from dragoman.core.errors import BadInput
from dragoman.core.intent import Intent
from dragoman.core.printable import printable_name

if TYPE_CHECKING:
    from dragoman.actions.base import Action, Result, Scene
    from dragoman.actions.prepared import Prepared, Tools
    from dragoman.app import App
    from dragoman.cli.textfiles import TextFile
    from dragoman.core.context import Piece
    from dragoman.core.events import Done
    from dragoman.core.hints import Hints

NAME = "run"
EXAMPLE = 'dragoman run refactor src/shop.py:12-30 -i "use a dataclass" --apply'


def command(
    context: typer.Context,
    action: Annotated[
        str,
        typer.Argument(
            metavar="ACTION",
            help="explain, refactor, document, tests, fix, review, edit, ask, chat, …, or one of your own",
        ),
    ],
    place: Annotated[
        str,
        typer.Argument(
            metavar="FILE[:LINE[-LINE]]",
            help="Without lines all of the file, with one the definition around it, with two exactly these. "
            "For review.changes and commit the folder, if not this one.",
        ),
    ] = ".",
    instruction: Annotated[
        str, typer.Option("--instruction", "-i", metavar="TEXT", help="What to do, or the question.")
    ] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Write the change into the file.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the change as a patch (the default).")] = False,
    run_tests: Annotated[
        bool, typer.Option("--run", help="For tests: run the new ones first, and let them be mended once.")
    ] = False,
    show_context: Annotated[
        bool, typer.Option("--show-context", help="Print exactly what would be sent, and ask nobody.")
    ] = False,
    provider: ProviderName = None,
    model: ModelName = None,
    intent: Annotated[Intent | None, typer.Option(help="Take it for this kind of work.")] = None,
    strategy: hint_options.Strategy = None,
    k: hint_options.K = None,
    providers: hint_options.Providers = None,
    budget_usd: hint_options.BudgetUsd = None,
    max_latency_ms: hint_options.MaxLatencyMs = None,
    stickiness: hint_options.Stickiness = None,
    priority_weights: hint_options.PriorityWeights = None,
    min_useful_tokens: hint_options.MinUsefulTokens = None,
    no_cache: hint_options.NoCache = False,
    stream: Annotated[bool, typer.Option("--stream", help="Show the model's text as it comes.")] = False,
    as_json: AsJson = False,
) -> int:
    """Run an action on a file, without an editor.

    Prints the answer in Markdown, or the change as a patch, or applies it.
    """
    if apply + diff + show_context > 1:
        raise typer.BadParameter("--apply, --diff and --show-context exclude each other")
    if run_tests and action.removeprefix("dragoman.") != "tests":
        raise typer.BadParameter("--run is for tests alone")
    hints = hint_options.hints_of(
        provider=provider,
        model=model,
        intent=intent,
        strategy=strategy,
        k=k,
        providers=providers,
        budget_usd=budget_usd,
        max_latency_ms=max_latency_ms,
        stickiness=stickiness,
        priority_weights=priority_weights,
        min_useful_tokens=min_useful_tokens,
        no_cache=no_cache,
    )
    return finish(_run(context, action, place, instruction, hints, apply, run_tests, show_context, stream, as_json))


async def _run(
    context: typer.Context,
    action_name: str,
    place: str,
    instruction: str,
    hints: "Hints",
    apply: bool,
    run_tests: bool,
    show_context: bool,
    stream: bool,
    as_json: bool,
) -> int:
    from dragoman.actions.base import FileResult
    from dragoman.actions.catalog import Catalog
    from dragoman.actions.perform import complete
    from dragoman.actions.prepare import prepare
    from dragoman.actions.prepared import Preferences
    from dragoman.cli.places import file_place
    from dragoman.cli.textfiles import TextFile, read_text_file
    from dragoman.cli.watching import Watcher
    from dragoman.engine.files import is_inside

    asked = file_place(place)
    refuse_way_out(asked.path)
    is_folder = asked.path.is_dir()
    file = TextFile(asked.path.resolve(), b"", "", "utf-8", b"") if is_folder else read_text_file(asked.path)
    root = project_root(file.path if is_folder else file.path.parent)
    scene = _scene(file, asked, root, instruction)
    async with opened(context, root) as app:
        action = Catalog.of(app.settings).action(action_name)
        if is_folder and action.changes is None:
            raise BadInput(f"{asked.path} is a folder, not a file: name one as FILE, FILE:LINE or FILE:LINE-LINE.")
        for name in (hints.provider, *hints.providers):
            check_provider(app, name)
        tools = _tools(app, root)
        prepared = await prepare(action, scene, tools, Preferences.of(app.settings), hints)
        content = logging.getLogger(CONTENT_LOGGER)
        if content.isEnabledFor(logging.DEBUG):
            content.debug("asked: %s", prepared.asked())
        if show_context:
            _show_context(prepared, as_json=as_json)
            return 0
        if run_tests:
            tools = replace(tools, test_runner=allowed_runner(app, root))
        # What is tried before it is shown is not shown before it was tried.
        answers = prepared.action.result == "answer" and prepared.action.proposal is None
        can_reset = not stream or as_json or not answers or console().is_terminal
        watcher = Watcher(stream=stream, as_json=as_json, to_stdout=answers)
        with watcher:
            result = await complete(
                prepared, tools, watcher.tell, job_id=secrets.token_hex(4), hints=hints, can_reset=can_reset
            )
    if content.isEnabledFor(logging.DEBUG):
        content.debug("result: %s", prepared.told(result))
    if isinstance(result, FileResult) and not is_inside(result.path, (str(root),)):
        raise BadInput(f"{result.path} would lie outside the project: nothing was written.")
    outcome = _outcome(action, file, root, result, apply=apply)
    if as_json:
        print_json({**outcome, **_answered(watcher.done)}, indent=None if stream else 2)
    else:
        _show(outcome, streamed=stream and answers)
    if outcome.get("problem"):
        fail(f"{outcome['problem']} Nothing was written.")
    return 1 if outcome.get("problem") or not outcome.get("tests", {}).get("passed", True) else 0


def _scene(file: "TextFile", asked: Any, root: Path, instruction: str) -> "Scene":
    from dragoman.actions.base import Scene
    from dragoman.core.languages import language_of
    from dragoman.core.text import Snapshot

    snapshot = Snapshot.of(file.text, uri=file.path.as_uri(), language=language_of(str(file.path)))
    return Scene(
        snapshot=snapshot,
        selection=asked.selection(snapshot),
        instruction=instruction,
        path=str(file.path),
        root=str(root),
    )


def _tools(app: "App", root: Path) -> "Tools":
    from time import monotonic

    from dragoman.actions.prepared import Tools

    files = app.files((str(root),))
    return Tools(app.completer, files, app.workers, app.repository, app.known_secrets, app.patterns, now=monotonic)


def _outcome(action: "Action", file: "TextFile", root: Path, result: "Result", *, apply: bool) -> dict[str, Any]:
    """What came of it, as `--json` prints it; written where that is wanted and nothing speaks against it."""
    from dragoman.actions.base import AnswerResult, EditResult, FindingsResult
    from dragoman.cli.findings import findings_outcome
    from dragoman.cli.textfiles import create_text_file, read_text_file, replace_text_file
    from dragoman.cli.unified import unified_diff
    from dragoman.core.text import Snapshot, TextEdit
    from dragoman.core.text import apply as applied

    if isinstance(result, AnswerResult):
        return {"kind": "answer", "action": action.name, "file": str(file.path), "markdown": result.markdown}
    if isinstance(result, FindingsResult):
        return findings_outcome(action.name, file.path, root, result)
    if isinstance(result, EditResult):
        path = file.path
        before: str | None = file.text
        after = applied(Snapshot.of(file.text).lines, [TextEdit(result.target, result.text)])
        kind = "edit"
    else:
        path, before, after = Path(result.path), result.before, result.text
        kind = "file"
    changed = before != after
    writes = apply and changed and not result.problem
    if writes and before is None:
        create_text_file(path, after)
    elif writes:
        present = file if kind == "edit" else read_text_file(path)
        if present.text != before:
            raise BadInput(f"{path} has changed meanwhile: nothing was written. Run the command again.")
        replace_text_file(present, after)
    return {
        "kind": kind,
        "action": action.name,
        "file": str(path),
        "changed": changed,
        "created": before is None,
        "applied": writes,
        "problem": result.problem,
        "diff": unified_diff(before, after, _shown(path)),
        **tests_outcome(result.tried),
    }


def _shown(path: Path) -> str:
    """The path as a patch has it: from where the command is run, where that is possible."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path.relative_to(path.anchor)).as_posix()


def _answered(done: "Done | None") -> dict[str, Any]:
    if done is None:
        return {}
    return {
        "provider": done.provider,
        "model": done.model,
        "attempts": done.attempts,
        "seconds": round(done.seconds, 3),
        "firstTokenSeconds": round(done.first_token_seconds, 3),
        "inputTokens": done.usage.input_tokens,
        "outputTokens": done.usage.output_tokens,
        "estimated": done.usage.estimated,
        "cached": done.cached,
    }


def _show(outcome: dict[str, Any], *, streamed: bool) -> None:
    from dragoman.cli.findings import show_findings
    from dragoman.cli.unified import counts

    if outcome["kind"] == "answer":
        if not streamed:
            write(outcome["markdown"] if outcome["markdown"].endswith("\n") else outcome["markdown"] + "\n")
    elif outcome["kind"] == "findings":
        show_findings(outcome)
    elif not outcome["changed"]:
        note(f"{outcome['action']}: the model proposes no change.")
    elif outcome["applied"]:
        added, removed = counts(outcome["diff"])
        note(
            f"{printable_name(outcome['file'])} {'created' if outcome['created'] else 'changed'}: +{added} −{removed}",
            style="green",
        )
    else:
        show_patch(outcome["diff"])
    show_tests(outcome)


def show_patch(patch: str) -> None:
    """The patch, coloured on a terminal, to the byte elsewhere."""
    if not console().is_terminal:
        write(patch)
        return
    for line in patch.split("\n")[:-1]:
        out(line, style=patch_style(line))


def patch_style(line: str) -> str | None:
    """How a line of a patch looks on a terminal."""
    if line.startswith(("--- ", "+++ ")):
        return "bold"
    return {"@": "cyan", "+": "green", "-": "red"}.get(line[:1])


def _show_context(prepared: "Prepared", *, as_json: bool) -> None:
    pieces, left_out = prepared.context.pieces, prepared.context.left_out
    tokens = _tokens(prepared)
    if as_json:
        print_json(
            {
                "estimatedTokens": tokens,
                "messages": [{"role": message.role, "text": message.text} for message in prepared.messages],
                "pieces": [_piece(piece) for piece in pieces],
                "leftOut": [_piece(piece) for piece in left_out],
                "hidden": [
                    {"kind": found.kind, "message": found.message, "line": found.line}
                    for found in prepared.hidden.found
                ],
                "localOnly": prepared.local_only,
            }
        )
        return
    out(f"about {tokens} tokens, made of", style="bold")
    for piece in pieces:
        out(f"  {printable_name(piece.source)}: {piece.reason}, about {piece.tokens} tokens")
    for piece in left_out:
        out(f"  left out: {printable_name(piece.source)}: {piece.reason}, about {piece.tokens} tokens", style="dim")
    for found in prepared.hidden.found:
        role = prepared.messages[found.message].role
        out(f"  hidden: {found.kind}, in line {found.line} of the {role} message", style="yellow")
    if prepared.local_only:
        out("  goes to local providers alone: privacy.local_only", style="yellow")
    for message in prepared.messages:
        out(f"\n[{message.role}]", style="bold")
        write(message.text if message.text.endswith("\n") else message.text + "\n")


def _tokens(prepared: "Prepared") -> int:
    from dragoman.core.encodings import estimate_tokens

    return sum(estimate_tokens(message.text) for message in prepared.messages)


def _piece(piece: "Piece") -> dict[str, Any]:
    return {"kind": piece.kind, "source": piece.source, "reason": piece.reason, "tokens": piece.tokens}
