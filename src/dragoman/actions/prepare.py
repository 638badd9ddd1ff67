"""From an action in its scene to the messages that would be sent. Reads through ports alone, and asks no model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dragoman.actions.base import Changes, ResultKind
from dragoman.actions.cells import cell_pieces
from dragoman.actions.fix import problem_line
from dragoman.actions.hiding import Hidden, around, hide
from dragoman.actions.places import document_name, posix
from dragoman.actions.prepared import Preferences, Prepared, Tools
from dragoman.actions.surroundings import pieces as pieces_of
from dragoman.actions.surroundings import read, wanted
from dragoman.actions.testfiles import plan_tests
from dragoman.core.classifier import classify
from dragoman.core.context import gather, gather_changes, piece
from dragoman.core.errors import BadInput
from dragoman.core.gitdiff import parse_diff
from dragoman.core.intent import LabelledIntent
from dragoman.core.languages import language_of
from dragoman.core.related import paths_of_tests
from dragoman.core.text import Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dragoman.actions.base import Action, Scene
    from dragoman.actions.surroundings import Wanted
    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.chat import Message
    from dragoman.core.context import Context, Piece
    from dragoman.core.hints import Hints
    from dragoman.core.parsed import Parsed
    from dragoman.core.ports import Files
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range


async def prepare(action: Action, scene: Scene, tools: Tools, preferences: Preferences, hints: Hints) -> Prepared:
    """Everything up to the question, without asking. Raises `BadInput` where there is nothing to work on, or where the
    document's text may go to no model.
    """
    if action.needs_instruction and not scene.instruction.strip():
        raise BadInput(f"Say what to do: {action.command} takes an instruction as its argument.")
    selection = scene.snapshot.clamp(scene.selection)
    scene = replace(scene, selection=selection, instruction=scene.instruction.strip())
    if action.variant is not None:
        action = action.variant(scene)
    guides = _instruction_paths(scene, preferences)
    own = scene.path or scene.origin
    tests = () if action.changes is not None else _tests_of(action, scene)
    asked = [*guides, *tests]
    there = await tools.files.existing(asked) if asked else frozenset()
    guides = {path: name for path, name in guides.items() if path in there}
    may = await tools.files.disclosures([own, *guides])
    if action.changes is None and may[own].withheld:
        raise BadInput(may[own].withheld)
    instructions = await _instructions(guides, tools.files)
    local_only = any(may[path].local_only for path in instructions)
    pieces = list(instructions.values())
    if action.changes is not None:
        return await _prepare_changes(action, scene, tools, preferences, hints, pieces, local_only=local_only)
    local_only |= may[own].local_only
    plan: TestPlan | None = None
    if action.result is ResultKind.TEST_FILE:
        syntax, _ = await tools.workers.run(lambda: _parsed(action, scene, tools.parsed))
        plan = await plan_tests(scene, syntax, tools.files)
        if plan.existing:
            local_only |= (await tools.files.disclosures([plan.path]))[plan.path].local_only
        pieces = [*plan.pieces(), *pieces]
    recent = tools.files.recent() if action.gather is None else ()

    def look() -> _Look:  # in one go where nothing is to be read: each hop to a worker costs time
        syntax, subject = _parsed(action, scene, tools.parsed)
        looked_for = wanted(scene, syntax, subject, [path for path in tests if path in there], recent)
        return _Look(syntax, subject, looked_for, None if looked_for else gathered(syntax, subject, ()))

    def gathered(syntax: Syntax, subject: Range, found: Sequence[Piece]) -> _Gathered:
        return _gathered(action, scene, syntax, subject, preferences, found, pieces, tools.known_secrets)

    syntax, subject, looked_for, all_there = await tools.workers.run(look)
    if all_there is None:
        sources = await read(looked_for, scene.root, tools.files, tools.workers, tools.now, local=local_only)
        all_there = await tools.workers.run(
            lambda: gathered(syntax, subject, pieces_of(looked_for, sources, syntax, scene.root, tools.parsed))
        )
    original, context, hidden = all_there
    target = subject if action.result.is_edit else plan.inside if plan is not None else None
    return Prepared(
        action,
        scene,
        subject,
        target,
        original,
        syntax,
        context,
        hidden,
        _intent(action, scene, hints),
        preferences,
        plan,
        local_only,
        {"": scene.snapshot} if action.result is ResultKind.FINDINGS else {},
    )


async def _prepare_changes(
    action: Action,
    scene: Scene,
    tools: Tools,
    preferences: Preferences,
    hints: Hints,
    instructions: Sequence[Piece],
    *,
    local_only: bool,
) -> Prepared:
    """The same for an action about what has changed in the folder. Files that may go to no model are left out."""
    folder = scene.root or posix(scene.path).rpartition("/")[0]
    if not folder:
        raise BadInput("This document is in no folder: save it inside a git repository first.")
    if in_git_folder := f"{folder}/".find("/.git/") + 1:  # the message that git waits for lies in there
        folder = folder[: in_git_folder - 1] or "/"
    diff = await tools.repository.changes(folder, staged=action.changes is Changes.STAGED)
    files = await tools.workers.run(lambda: parse_diff(diff))
    if not files:
        raise BadInput(f"Nothing has changed in {folder} since the last commit.")
    may = await tools.files.disclosures([f"{posix(folder)}/{file.path}" for file in files])
    withheld = [rule.withheld for rule in may.values() if rule.withheld]
    files = tuple(file for file in files if not may[f"{posix(folder)}/{file.path}"].withheld)
    if not files:
        raise BadInput(f"Of what has changed, nothing may be sent: {withheld[0]}")
    scene = replace(scene, changes=files)
    context = gather_changes(files, max_tokens=preferences.max_context_tokens, others=instructions)
    syntax, subject = await tools.workers.run(lambda: _parsed(action, scene, tools.parsed))
    target = subject if action.result is ResultKind.EDIT else None
    shown = {piece.source for piece in context.of_kind("changes")}
    local_only |= any(may[f"{posix(folder)}/{path}"].local_only for path in shown)
    changed = "\n".join(line.text for file in files for line in file.lines)
    hidden = await tools.workers.run(
        lambda: _hidden(action.prompt(scene, context), changed, preferences, tools.known_secrets)
    )
    reviewed = {}
    if action.result is ResultKind.FINDINGS:
        for file in files:
            text = await tools.files.read_text(f"{posix(folder)}/{file.path}") if file.path in shown else None
            if text is not None:
                reviewed[file.path] = Snapshot.of(text, language=language_of(file.path))
        if not reviewed:
            raise BadInput(f"The changed files can't be read: open {folder} as a folder in the editor first.")
    return Prepared(
        action,
        scene,
        subject,
        target,
        scene.snapshot.slice(subject),
        syntax,
        context,
        hidden,
        _intent(action, scene, hints),
        preferences,
        local_only=local_only,
        reviewed=reviewed,
    )


class _Gathered(NamedTuple):
    """The target's text, what is shown around it, and the messages made of them."""

    original: str
    context: Context
    hidden: Hidden


class _Look(NamedTuple):
    """The document at a closer look. `gathered` is None where other files are to be read first."""

    syntax: Syntax
    subject: Range
    wanted: Wanted
    gathered: _Gathered | None


def _parsed(action: Action, scene: Scene, parsed: Parsed) -> tuple[Syntax, Range]:
    """The scene's syntax, and what the action is about. Run off the loop."""
    syntax = parsed.syntax(scene.snapshot)
    return syntax, action.target(scene, syntax)


def _gathered(
    action: Action,
    scene: Scene,
    syntax: Syntax,
    subject: Range,
    preferences: Preferences,
    found: Sequence[Piece],
    others: Sequence[Piece],
    known_secrets: Collection[str],
) -> _Gathered:
    """Run off the loop."""
    original = action.original(scene, subject) if action.original is not None else scene.snapshot.slice(subject)
    if action.gather is not None:
        context = action.gather(scene, preferences.max_context_tokens, others)
    else:
        context = gather(
            syntax,
            subject,
            max_tokens=preferences.max_context_tokens,
            path=document_name(scene),
            shown=original,
            problems=[problem_line(diagnostic) for diagnostic in scene.diagnostics],
            found=found,
            others=[*others, *cell_pieces(scene)],
        )
    document = around(scene.snapshot, subject)
    messages = action.prompt(scene, context)
    return _Gathered(original, context, _hidden(messages, document, preferences, known_secrets))


def _hidden(
    messages: tuple[Message, ...], document: str, preferences: Preferences, known_secrets: Collection[str]
) -> Hidden:
    """The messages as they may be sent. Run off the loop."""
    return hide(messages, document, known_secrets) if preferences.redact else Hidden(messages)


def _intent(action: Action, scene: Scene, hints: Hints) -> LabelledIntent:
    if hints.intent is not None:
        return LabelledIntent(hints.intent, "hint", "asked for")
    if action.intent is not None:
        return LabelledIntent(action.intent, "action", f"the action {action.name}")
    return classify(scene.instruction)


def _instruction_paths(scene: Scene, preferences: Preferences) -> dict[str, str]:
    """Where the project's own instructions may be: the setting's name by the absolute path."""
    root = posix(scene.root).rstrip("/")
    return {f"{root}/{path}": path for path in preferences.instructions} if root else {}


def _tests_of(action: Action, scene: Scene) -> tuple[str, ...]:
    """Where tests of the document may be; nowhere for an action that looks for them itself."""
    if action.result is ResultKind.TEST_FILE:
        return ()
    return paths_of_tests(posix(scene.path), posix(scene.root), scene.snapshot.language)


async def _instructions(there: Mapping[str, str], files: Files) -> dict[str, Piece]:
    """The project's own instructions, each in a piece, by their paths."""
    found = {}
    for path, name in there.items():
        text = await files.read_text(path)
        if text and text.strip():
            found[path] = piece("instructions", name, "the project's own instructions", text)
    return found
