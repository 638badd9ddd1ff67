"""The one way from an action to its result, shared by the editor and the command line. It asks through ports alone:
no socket, no disk, no clock of its own.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dragoman.actions.base import AnswerResult, Changes, EditResult, FileResult, FindingsResult, ResultKind
from dragoman.actions.findings import findings
from dragoman.actions.fix import problem_line
from dragoman.actions.places import document_name, posix
from dragoman.actions.prompting import fenced
from dragoman.actions.testfiles import plan_tests
from dragoman.actions.testmerge import merged
from dragoman.core.chat import Request, Stop, TextDelta, ThinkingDelta, assistant, user
from dragoman.core.classifier import classify
from dragoman.core.context import gather, gather_changes, piece
from dragoman.core.errors import AllCandidatesFailed, BadInput, ContextLength, ProviderError, UnusableReply
from dragoman.core.events import Done, Notice, Reset
from dragoman.core.fitting import fitted
from dragoman.core.gitdiff import parse_diff
from dragoman.core.hints import Hints
from dragoman.core.intent import LabelledIntent
from dragoman.core.languages import language_of
from dragoman.core.ports import Job
from dragoman.core.reply import answer, new_code, replacement
from dragoman.core.syntax import new_errors, parse
from dragoman.core.text import Snapshot, TextEdit, apply
from dragoman.core.thinking import ThinkSplitter, without_thinking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dragoman.actions.base import Action, Result, Scene
    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.chat import Message
    from dragoman.core.context import Context, Piece
    from dragoman.core.events import Event
    from dragoman.core.ports import Completer, Files, Repository, Workers
    from dragoman.core.settings import Settings
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range


@dataclass(frozen=True, slots=True)
class Tools:
    """What a performance needs of the world."""

    completer: Completer
    files: Files
    workers: Workers
    repository: Repository


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the settings say. `instructions` are the paths of the project's own ones, inside its folder."""

    max_context_tokens: int = 6000
    check_syntax: bool = True
    instructions: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Preferences:
        """Those of the settings."""
        return cls(settings.context.max_tokens, settings.edits.check_syntax, settings.context.instructions)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is known before a model is asked.

    subject: what is asked about. target: what in the document will be replaced; None where the document stays as it is.
    messages: exactly what will be sent. reviewed: the texts that findings are about, by path.
    """

    action: Action
    scene: Scene
    subject: Range
    target: Range | None
    original: str
    syntax: Syntax
    context: Context
    messages: tuple[Message, ...]
    intent: LabelledIntent
    preferences: Preferences
    plan: TestPlan | None = None
    reviewed: Mapping[str, Snapshot] = field(default_factory=dict)

    def job(self, job_id: str, hints: Hints, *, can_reset: bool = True) -> Job:
        """The job that asks for it: for `Completer.decide`, or to be streamed."""
        return Job(job_id, Request(self.messages), self.intent, hints, can_reset)


async def prepare(action: Action, scene: Scene, tools: Tools, preferences: Preferences, hints: Hints) -> Prepared:
    """Everything up to the question, without asking. Raises `BadInput` where there is nothing to work on."""
    if action.needs_instruction and not scene.instruction.strip():
        raise BadInput(f"Say what to do: {action.command} takes an instruction as its argument.")
    selection = scene.snapshot.clamp(scene.selection)
    scene = replace(scene, selection=selection, instruction=scene.instruction.strip())
    if action.variant is not None:
        action = action.variant(scene)
    instructions = await _instructions(scene, tools.files, preferences)
    if action.changes is not None:
        return await _prepare_changes(action, scene, tools, preferences, hints, instructions)
    plan: TestPlan | None = None
    if action.result is ResultKind.TEST_FILE:
        syntax, subject = await tools.workers.run(lambda: _parsed(action, scene))
        plan = await plan_tests(scene, syntax, tools.files)
        others = (*plan.pieces(), *instructions)
        original, context = await tools.workers.run(
            lambda: _gathered(action, scene, syntax, subject, preferences, others)
        )
    else:

        def look() -> tuple[Syntax, Range, str, Context]:  # in one go: each hop to a worker costs the person time
            syntax, subject = _parsed(action, scene)
            return syntax, subject, *_gathered(action, scene, syntax, subject, preferences, instructions)

        syntax, subject, original, context = await tools.workers.run(look)
    target = subject if action.result is ResultKind.EDIT else plan.inside if plan is not None else None
    messages = action.prompt(scene, context)
    return Prepared(
        action,
        scene,
        subject,
        target,
        original,
        syntax,
        context,
        messages,
        _intent(action, scene, hints),
        preferences,
        plan,
        {"": scene.snapshot} if action.result is ResultKind.FINDINGS else {},
    )


async def _prepare_changes(
    action: Action, scene: Scene, tools: Tools, preferences: Preferences, hints: Hints, instructions: Sequence[Piece]
) -> Prepared:
    """The same for an action about what has changed in the folder."""
    folder = scene.root or posix(scene.path).rpartition("/")[0]
    if not folder:
        raise BadInput("This document is in no folder: save it inside a git repository first.")
    if in_git_folder := f"{folder}/".find("/.git/") + 1:  # the message that git waits for lies in there
        folder = folder[: in_git_folder - 1] or "/"
    diff = await tools.repository.changes(folder, staged=action.changes is Changes.STAGED)
    files = await tools.workers.run(lambda: parse_diff(diff))
    if not files:
        raise BadInput(f"Nothing has changed in {folder} since the last commit.")
    scene = replace(scene, changes=files)
    context = gather_changes(files, max_tokens=preferences.max_context_tokens, others=instructions)
    syntax, subject = await tools.workers.run(lambda: _parsed(action, scene))
    target = subject if action.result is ResultKind.EDIT else None
    shown = {piece.source for piece in context.of_kind("changes")}
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
        action.prompt(scene, context),
        _intent(action, scene, hints),
        preferences,
        reviewed=reviewed,
    )


async def perform(
    action: Action,
    scene: Scene,
    tools: Tools,
    preferences: Preferences,
    on_event: Callable[[Event], Awaitable[None]],
    *,
    job_id: str,
    hints: Hints = Hints(),  # noqa: B008 - immutable
    can_reset: bool = True,
) -> Result:
    """Prepare, ask, and make the result of the answer. Events are told in the engine's order.

    Raises a `DragomanError` where there is no usable answer.
    """
    prepared = await prepare(action, scene, tools, preferences, hints)
    return await complete(prepared, tools, on_event, job_id=job_id, hints=hints, can_reset=can_reset)


async def complete(
    prepared: Prepared,
    tools: Tools,
    on_event: Callable[[Event], Awaitable[None]],
    *,
    job_id: str,
    hints: Hints = Hints(),  # noqa: B008 - immutable
    can_reset: bool = True,
) -> Result:
    """Ask, and make the result of the answer. An answer that can't be used, or has a syntax error that was not there
    before, is sent back once with the reason; `on_event` is told by a `Reset`, and `Done` comes once. A request that
    is too long for everybody is asked again with less around the target.
    """
    prepared, reply = await _ask_shorter(prepared, tools, on_event, job_id, hints, can_reset=can_reset)
    job = prepared.job(job_id, hints, can_reset=can_reset)
    outcome = await tools.workers.run(lambda: _outcome(prepared, reply))
    if outcome.follow_up and can_reset:
        await on_event(Reset(outcome.reason))
        messages = (*prepared.messages, assistant(without_thinking(reply.text)), user(outcome.follow_up))
        try:
            second = await _ask(
                replace(job, request=replace(job.request, messages=messages)), tools.completer, on_event
            )
        except (ProviderError, AllCandidatesFailed):
            pass  # the first answer is what there is
        else:
            again = await tools.workers.run(lambda: _outcome(prepared, second))
            # A second answer that can't be used at all is worth less than a first one with an error.
            outcome = again if again.result is not None or outcome.result is None else outcome
            reply = second
    if reply.done is not None:
        await on_event(reply.done)
    if outcome.result is None:
        assert outcome.error is not None
        raise outcome.error
    return outcome.result


@dataclass(frozen=True, slots=True)
class _Reply:
    """A model's whole answer, and the event that ended it."""

    text: str
    done: Done | None

    @property
    def cut(self) -> str | None:
        """Why the answer is not whole, and what to do; None where it is whole."""
        if self.done is None or self.done.stop not in {Stop.LENGTH, Stop.CONTENT_FILTER}:
            return None
        if self.done.stop is Stop.LENGTH:
            setting = f"providers.{self.done.provider}.max_tokens"
            return f"The answer was cut off at its length limit. Raise {setting}, or select less."
        return f"{self.done.provider} cut the answer off for its content. Ask otherwise, or choose another model."


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a reply. `follow_up` is what to tell the model if it is asked again; `reason` tells the person."""

    result: Result | None
    error: UnusableReply | None = None
    follow_up: str = ""
    reason: str = ""


async def _ask_shorter(
    prepared: Prepared,
    tools: Tools,
    on_event: Callable[[Event], Awaitable[None]],
    job_id: str,
    hints: Hints,
    *,
    can_reset: bool,
) -> tuple[Prepared, _Reply]:
    """The answer, and what was asked: half of the context, then the target alone, where more is too long for all."""
    for share in (2, 0):
        try:
            return prepared, await _ask(prepared.job(job_id, hints, can_reset=can_reset), tools.completer, on_event)
        except (ContextLength, AllCandidatesFailed) as error:
            shorter = await _shorter(prepared, tools, hints, share) if _is_too_long(error) else None
            if shorter is None:
                raise
            prepared = shorter
            await on_event(Notice(f"Too long for every model: asking again with less of what is around. ({error})"))
    return prepared, await _ask(prepared.job(job_id, hints, can_reset=can_reset), tools.completer, on_event)


def _is_too_long(error: ContextLength | AllCandidatesFailed) -> bool:
    failures = error.failures if isinstance(error, AllCandidatesFailed) else (("", error),)
    return any(isinstance(failure, ContextLength) for _, failure in failures)


async def _shorter(prepared: Prepared, tools: Tools, hints: Hints, share: int) -> Prepared | None:
    """The same with that fraction of what is around the target, 0 being nothing; None where nothing can be left out."""
    target = prepared.context.pieces[0].tokens
    around = prepared.context.tokens - target
    preferences = replace(prepared.preferences, max_context_tokens=target + (around // share if share else 0))
    shorter = await prepare(prepared.action, prepared.scene, tools, preferences, hints)
    return shorter if shorter.context.tokens < prepared.context.tokens else None


async def _ask(job: Job, completer: Completer, on_event: Callable[[Event], Awaitable[None]]) -> _Reply:
    """Stream one answer. `Done` is kept for the one who knows whether it is the last."""
    splitter, text, done = ThinkSplitter(), [], None
    async with aclosing(completer.stream(job)) as events:
        async for event in events:
            if isinstance(event, TextDelta) and splitter.answering:
                text.append(event.text)
                await on_event(event)
            elif isinstance(event, TextDelta):
                visible, thinking = splitter.feed(event.text)
                await _tell(visible, thinking, on_event)
                text.append(visible)
            elif isinstance(event, Done):
                done = event
            else:
                if isinstance(event, Reset):
                    splitter, text = ThinkSplitter(), []
                await on_event(event)
    visible, thinking = splitter.close()
    await _tell(visible, thinking, on_event)
    text.append(visible)
    return _Reply("".join(text), done)


async def _tell(visible: str, thinking: str, on_event: Callable[[Event], Awaitable[None]]) -> None:
    if thinking:
        await on_event(ThinkingDelta(thinking))
    if visible:
        await on_event(TextDelta(visible))


def _outcome(prepared: Prepared, reply: _Reply) -> _Outcome:
    """The result that the reply makes. Costs milliseconds: run off the loop."""
    try:
        result = _result(prepared, reply)
    except UnusableReply as error:
        if reply.cut is not None:
            return _Outcome(None, UnusableReply(reply.cut))
        return _Outcome(None, error, error.follow_up, "The answer can't be used as it is; asking once more.")
    if reply.cut is not None:
        return _Outcome(_cut(result, reply.cut))
    problem = _syntax_problem(prepared, result) if prepared.preferences.check_syntax else None
    if problem is None or isinstance(result, AnswerResult | FindingsResult):
        return _Outcome(result)
    return _Outcome(
        replace(result, problem=f"The new text has a syntax error: {problem}."),
        follow_up=f"Put in its place, your text has a syntax error: {problem}. "
        "Answer again with only the whole corrected text in one fenced code block.",
        reason=f"The answer has a syntax error ({problem}); asking once more.",
    )


def _result(prepared: Prepared, reply: _Reply) -> Result:
    snapshot, read = prepared.scene.snapshot, prepared.action.read
    if prepared.action.result is ResultKind.FINDINGS:
        return _findings(prepared, reply)
    if prepared.action.result is ResultKind.ANSWER:
        return AnswerResult(answer(reply.text) if read is None else f"{fenced(read(without_thinking(reply.text)))}\n")
    if read is not None:
        assert prepared.target is not None
        text = read(without_thinking(reply.text)).rstrip("\n")
        return EditResult(prepared.target, fitted(text, prepared.original, snapshot, prepared.target))
    if prepared.plan is None:
        assert prepared.target is not None
        found = replacement(reply.text, snapshot, prepared.target, prepared.original)
        return EditResult(prepared.target, found.text, notes=found.notes)
    plan = prepared.plan
    text = merged(plan, new_code(reply.text, snapshot.language))
    if plan.inside is not None:
        return EditResult(plan.inside, text)
    return FileResult(plan.path, plan.existing, text)


def _findings(prepared: Prepared, reply: _Reply) -> FindingsResult:
    within = {path: snapshot.whole for path, snapshot in prepared.reviewed.items()}
    if prepared.action.changes is None:
        within[""] = prepared.subject
    return FindingsResult(findings(reply.text, prepared.reviewed, within), prepared.reviewed)


def _cut(result: Result, why: str) -> Result:
    if isinstance(result, FindingsResult):
        return replace(result, problem=why)
    if isinstance(result, AnswerResult):
        return AnswerResult(f"{result.markdown}\n*{why}*\n")
    return replace(result, problem=why)


def _syntax_problem(prepared: Prepared, result: Result) -> str | None:
    """The first syntax error that was not there before, with its one-based line; None where there is none."""
    if isinstance(result, EditResult):
        before = prepared.syntax
        after = apply(before.snapshot.lines, [TextEdit(result.target, result.text)])
    elif isinstance(result, FileResult):
        before = parse(Snapshot.of(result.before or "", language=prepared.scene.snapshot.language))
        after = result.text
    else:
        return None
    found = new_errors(before, parse(Snapshot.of(after, language=before.snapshot.language)))
    return f"line {found[0].line + 1}: {found[0].message}" if found else None


def _parsed(action: Action, scene: Scene) -> tuple[Syntax, Range]:
    """The scene's syntax, and what the action is about. Run off the loop."""
    syntax = parse(scene.snapshot)
    return syntax, action.target(scene, syntax)


def _gathered(
    action: Action, scene: Scene, syntax: Syntax, subject: Range, preferences: Preferences, others: Sequence[Piece]
) -> tuple[str, Context]:
    """The target's text as the model is shown it, and what is shown around it. Run off the loop."""
    original = action.original(scene, subject) if action.original is not None else scene.snapshot.slice(subject)
    context = gather(
        syntax,
        subject,
        max_tokens=preferences.max_context_tokens,
        path=document_name(scene),
        shown=original,
        problems=[problem_line(diagnostic) for diagnostic in scene.diagnostics],
        others=others,
    )
    return original, context


def _intent(action: Action, scene: Scene, hints: Hints) -> LabelledIntent:
    if hints.intent is not None:
        return LabelledIntent(hints.intent, "hint", "asked for")
    if action.intent is not None:
        return LabelledIntent(action.intent, "action", f"the action {action.name}")
    return classify(scene.instruction)


async def _instructions(scene: Scene, files: Files, preferences: Preferences) -> list[Piece]:
    """The project's own instructions, each in a piece."""
    root = posix(scene.root).rstrip("/")
    if not root:
        return []
    found = []
    there = await files.existing(f"{root}/{path}" for path in preferences.instructions)
    for path in preferences.instructions:
        text = await files.read_text(f"{root}/{path}") if f"{root}/{path}" in there else None
        if text and text.strip():
            found.append(piece("instructions", path, "the project's own instructions", text))
    return found
