"""The one way from an action to its result, shared by the editor and the command line. It asks through ports alone:
no socket, no disk, no clock of its own.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from dragoman.actions.base import AnswerResult, Changes, EditResult, FileResult, FindingsResult, ResultKind
from dragoman.actions.cells import cell_pieces
from dragoman.actions.findings import findings
from dragoman.actions.fix import problem_line
from dragoman.actions.hiding import Hidden, around, hide
from dragoman.actions.places import document_name, posix
from dragoman.actions.prompting import fenced
from dragoman.actions.surroundings import pieces as pieces_of
from dragoman.actions.surroundings import read, wanted
from dragoman.actions.testfiles import plan_tests
from dragoman.actions.testmerge import merged
from dragoman.actions.testruns import what_to_mend
from dragoman.actions.trial import Trial, is_sound
from dragoman.core.chat import Request, Stop, TextDelta, ThinkingDelta, assistant, user
from dragoman.core.classifier import classify
from dragoman.core.context import gather, gather_changes, piece
from dragoman.core.conversation import TURNS, continued
from dragoman.core.errors import AllCandidatesFailed, BadInput, ContextLength, ProviderError, UnusableReply
from dragoman.core.events import Done, Notice, Reset
from dragoman.core.fitting import fitted
from dragoman.core.gitdiff import parse_diff
from dragoman.core.hints import Hints
from dragoman.core.intent import LabelledIntent
from dragoman.core.languages import language_of
from dragoman.core.parsed import Parsed
from dragoman.core.ports import Job
from dragoman.core.redact import Restorer
from dragoman.core.related import paths_of_tests
from dragoman.core.reply import answer, new_code, replacement
from dragoman.core.syntax import new_errors, parse
from dragoman.core.text import Snapshot, TextEdit, apply
from dragoman.core.thinking import ThinkSplitter, without_thinking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from dragoman.actions.base import Action, Proposal, Result, Scene
    from dragoman.actions.surroundings import Wanted
    from dragoman.actions.testfiles import TestPlan
    from dragoman.core.chat import Message
    from dragoman.core.context import Context, Piece
    from dragoman.core.events import Event
    from dragoman.core.ports import Completer, Experiment, Files, Observed, Patterns, Repository, TestRunner, Workers
    from dragoman.core.settings import Settings
    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Range


def time_stands_still() -> float:
    """The clock of those who mind no time."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What a performance needs of the world. `known_secrets` are hidden wherever they stand; `patterns` is None where
    none can be tried. `parsed` is what earlier ones have parsed; `now` gives the seconds of any clock. `test_runner` is
    there where new tests are to be run, and the person has allowed it.
    """

    completer: Completer
    files: Files
    workers: Workers
    repository: Repository
    known_secrets: Collection[str] = field(default=(), repr=False)
    patterns: Patterns | None = None
    parsed: Parsed = field(default_factory=Parsed, repr=False)
    now: Callable[[], float] = time_stands_still
    test_runner: TestRunner | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the settings say. `instructions` are the paths of the project's own ones, inside its folder."""

    max_context_tokens: int = 6000
    check_syntax: bool = True
    instructions: tuple[str, ...] = ()
    redact: bool = True

    @classmethod
    def of(cls, settings: Settings) -> Preferences:
        """Those of the settings."""
        return cls(
            settings.context.max_tokens,
            settings.edits.check_syntax,
            settings.context.instructions,
            settings.privacy.redact,
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is known before a model is asked.

    subject: what is asked about. target: what in the document will be replaced; None where the document stays as it is.
    hidden: what will be sent, and what was hidden in it. local_only: a part of it may go to local providers alone.
    reviewed: the texts that findings are about, by path.
    """

    action: Action
    scene: Scene
    subject: Range
    target: Range | None
    original: str
    syntax: Syntax
    context: Context
    hidden: Hidden
    intent: LabelledIntent
    preferences: Preferences
    plan: TestPlan | None = None
    local_only: bool = False
    reviewed: Mapping[str, Snapshot] = field(default_factory=dict)

    def job(self, job_id: str, hints: Hints, *, can_reset: bool = True) -> Job:
        """The job that asks for it: for `Completer.decide`, or to be streamed. A document's chat is one session."""
        answers = self.action.result is ResultKind.ANSWER
        return Job(
            job_id,
            Request(self.messages),
            self.intent,
            _wishes(self.action, hints),
            can_reset,
            session=self.scene.snapshot.uri if self.action.result is ResultKind.TURN else "",
            action=self.action.name,
            local_only=self.local_only,
            sources=self.sources,
            cacheable=self.action.cacheable and not self.local_only,
            question=self.hidden.concealed(self.scene.instruction) if answers else "",
        )

    @property
    def messages(self) -> tuple[Message, ...]:
        """Exactly what will be sent."""
        return self.hidden.messages

    def asked(self) -> tuple[Message, ...]:
        """The messages for a log: without secrets, even where they are sent."""
        return self.messages if self.preferences.redact else hide(self.messages).messages

    def told(self, result: Result) -> str:
        """The result's text for a log: without the secrets that were put back."""
        if isinstance(result, FindingsResult):
            return self.hidden.concealed("\n".join(map(str, result.findings)))
        return self.hidden.concealed(result.markdown if isinstance(result, AnswerResult) else result.text)

    def concealed(self, text: str, known_secrets: Collection[str]) -> str:
        """A text that is to be sent after the messages, as it may be."""
        return self.hidden.concealed(text, known_secrets) if self.preferences.redact else text

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are quoted, with their lines where they are known."""
        pieces = (piece.source for piece in self.context.pieces if piece.kind != "framework")
        return tuple(dict.fromkeys(pieces))


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
    may = await tools.files.disclosures([own, *guides])
    if action.changes is None and may[own].withheld:
        raise BadInput(may[own].withheld)
    tests = () if action.changes is not None else _tests_of(action, scene)
    asked = [*guides, *tests]
    there = await tools.files.existing(asked) if asked else frozenset()
    instructions = await _instructions({path: name for path, name in guides.items() if path in there}, tools.files)
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
    is too long for everybody is asked again with less around the target. New tests are run where there is a runner,
    and sent back once where they fail.
    """
    prepared, reply = await _ask_shorter(prepared, tools, on_event, job_id, hints, can_reset=can_reset)
    job = prepared.job(job_id, hints, can_reset=can_reset)
    outcome = await _judged(prepared, reply, tools)

    async def again(first: _Reply, follow_up: str, reason: str) -> tuple[_Reply, _Outcome] | None:
        """The answer to what is sent back; None where there is none: the first one is what there is."""
        await on_event(Reset(reason))
        messages = (*prepared.messages, assistant(without_thinking(first.text)), user(follow_up))
        asked = replace(job, request=replace(job.request, messages=messages), cacheable=False)
        try:
            second = await _ask(asked, prepared.hidden, tools.completer, on_event)
        except (ProviderError, AllCandidatesFailed):
            return None
        return second, await _judged(prepared, second, tools)

    if outcome.follow_up and can_reset and (second := await again(reply, outcome.follow_up, outcome.reason)):
        reply = second[0]
        # A second answer that can't be used at all is worth less than a first one with an error.
        outcome = second[1] if second[1].result is not None or outcome.result is None else outcome
    if tools.test_runner is not None and prepared.plan is not None and is_sound(outcome.result):
        trial = Trial(prepared.scene, prepared.plan, tools.files, tools.workers, tools.test_runner, on_event)
        result, failed = await trial.run(outcome.result)
        if failed is not None and can_reset:
            told = await tools.workers.run(lambda: prepared.concealed(failed.output, tools.known_secrets))
            second = await again(reply, what_to_mend(told), "The new tests fail; asking once more.")
            reply = second[0] if second is not None else reply
            if second is not None and is_sound(second[1].result):
                result, _ = await trial.run(second[1].result, mended=True)
        outcome = replace(outcome, result=result)
    if reply.done is not None:
        await on_event(reply.done)
    if outcome.result is None:
        assert outcome.error is not None
        raise outcome.error
    return outcome.result


@dataclass(frozen=True, slots=True)
class _Reply:
    """A model's whole answer as it wrote it, and the event that ended it."""

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
            job = prepared.job(job_id, hints, can_reset=can_reset)
            return prepared, await _ask(job, prepared.hidden, tools.completer, on_event)
        except (ContextLength, AllCandidatesFailed) as error:
            shorter = await _shorter(prepared, tools, hints, share) if _is_too_long(error) else None
            if shorter is None:
                raise
            prepared = shorter
            await on_event(Notice(f"Too long for every model: asking again with less of what is around. ({error})"))
    job = prepared.job(job_id, hints, can_reset=can_reset)
    return prepared, await _ask(job, prepared.hidden, tools.completer, on_event)


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


async def _ask(job: Job, hidden: Hidden, completer: Completer, on_event: Callable[[Event], Awaitable[None]]) -> _Reply:
    """Stream one answer, its secrets put back. `Done` is kept for the one who knows whether it is the last."""
    splitter, text, done = ThinkSplitter(), [], None
    restorer = Restorer(hidden.sent)
    async with aclosing(completer.stream(job)) as events:
        async for event in events:
            if isinstance(event, TextDelta) and splitter.answering:
                text.append(event.text)
                await _tell(restorer.feed(event.text), "", on_event)
            elif isinstance(event, TextDelta):
                visible, thinking = splitter.feed(event.text)
                await _tell(restorer.feed(visible), thinking, on_event)
                text.append(visible)
            elif isinstance(event, Done):
                done = event
            else:
                if isinstance(event, Reset):
                    splitter, text, restorer = ThinkSplitter(), [], Restorer(hidden.sent)
                await on_event(event)
    visible, thinking = splitter.close()
    await _tell(restorer.feed(visible) + restorer.close(), thinking, on_event)
    text.append(visible)
    return _Reply("".join(text), done)


async def _tell(visible: str, thinking: str, on_event: Callable[[Event], Awaitable[None]]) -> None:
    if thinking:
        await on_event(ThinkingDelta(thinking))
    if visible:
        await on_event(TextDelta(visible))


async def _judged(prepared: Prepared, reply: _Reply, tools: Tools) -> _Outcome:
    """What becomes of the reply, once what can be tried of it was tried."""
    observed: Observed | None = None
    if prepared.action.proposal is not None and tools.patterns is not None:
        experiment = await tools.workers.run(lambda: _experiment(prepared, reply))
        observed = await tools.patterns.tried(experiment) if experiment is not None else None
    return await tools.workers.run(lambda: _outcome(prepared, reply, observed))


def _experiment(prepared: Prepared, reply: _Reply) -> Experiment | None:
    try:
        return _proposal(prepared, prepared.hidden.revealed(reply.text)).experiment
    except UnusableReply:
        return None  # which `_outcome` tells


def _proposal(prepared: Prepared, written: str) -> Proposal:
    assert prepared.action.proposal is not None
    return prepared.action.proposal(prepared.scene, prepared.subject, without_thinking(written))


def _outcome(prepared: Prepared, reply: _Reply, observed: Observed | None) -> _Outcome:
    """The result that the reply makes. Costs milliseconds: run off the loop."""
    try:
        result = _result(prepared, prepared.hidden.revealed(reply.text), observed, reply.cut)
    except UnusableReply as revealing:
        error = _told_why(prepared, reply, revealing)
        if reply.cut is not None:
            return _Outcome(None, UnusableReply(reply.cut))
        return _Outcome(None, error, error.follow_up, "The answer can't be used as it is; asking once more.")
    if prepared.action.result is ResultKind.TURN:
        return _Outcome(result)
    if reply.cut is not None:
        return _Outcome(_cut(result, reply.cut))
    wrong = prepared.hidden.mangled(reply.text)
    if wrong and not isinstance(result, AnswerResult | FindingsResult):
        return _mangled(prepared, result, wrong)
    problem = _syntax_problem(prepared, result) if prepared.preferences.check_syntax else None
    if problem is None and prepared.action.proposal is not None:
        failure = _proposal(prepared, prepared.hidden.revealed(reply.text)).failure(observed)
        reason = "The answer failed when it was tried; asking once more." if failure else ""
        return _Outcome(result, follow_up=prepared.hidden.concealed(failure), reason=reason)
    if problem is None or isinstance(result, AnswerResult | FindingsResult):
        return _Outcome(result)
    # What the error quotes may be a part of a secret that was put back.
    told = problem.partition(":")[0] if prepared.hidden.sent.entries else problem
    return _Outcome(
        replace(result, problem=f"The new text has a syntax error: {problem}."),
        follow_up=f"Put in its place, your text has a syntax error: {told}. "
        "Answer again with only the whole corrected text in one fenced code block.",
        reason=f"The answer has a syntax error ({problem}); asking once more.",
    )


def _mangled(prepared: Prepared, result: EditResult | FileResult, wrong: tuple[str, ...]) -> _Outcome:
    """The result has words where secrets belong that stand for none of them."""
    return _Outcome(
        replace(result, problem=f"The model garbled what stands for a secret: put the secret in for {wrong[0]}."),
        follow_up="You changed or invented a word that stands for a secret. Answer again with the whole text in one "
        f"fenced code block, and copy these words exactly: {', '.join(prepared.hidden.sent.placeholders)}.",
        reason="The answer garbled what stands for a secret; asking once more.",
    )


def _told_why(prepared: Prepared, reply: _Reply, otherwise: UnusableReply) -> UnusableReply:
    """Why it can't be used, as it reads without the secrets: an error may quote what the model wrote."""
    try:
        _result(prepared, reply.text)
    except UnusableReply as error:
        return error
    return otherwise


def _result(prepared: Prepared, written: str, observed: Observed | None = None, cut: str | None = None) -> Result:
    snapshot, read = prepared.scene.snapshot, prepared.action.read
    if prepared.action.proposal is not None:
        return _proposal(prepared, written).result(observed)
    if prepared.action.result is ResultKind.FINDINGS:
        return _findings(prepared, written)
    if prepared.action.result is ResultKind.TURN:
        return _turn(prepared, written, cut)
    if prepared.action.result is ResultKind.ANSWER:
        return AnswerResult(answer(written) if read is None else f"{fenced(read(without_thinking(written)))}\n")
    if read is not None:
        assert prepared.target is not None
        text = read(without_thinking(written)).rstrip("\n")
        return EditResult(prepared.target, fitted(text, prepared.original, snapshot, prepared.target))
    if prepared.plan is None:
        assert prepared.target is not None
        found = replacement(written, snapshot, prepared.target, prepared.original)
        tidied = prepared.action.tidied
        text = found.text if tidied is None else tidied(prepared.scene, found.text)
        return EditResult(prepared.target, text, notes=found.notes)
    plan = prepared.plan
    text = merged(plan, new_code(written, snapshot.language))
    if plan.inside is not None:
        return EditResult(plan.inside, text)
    return FileResult(plan.path, plan.existing, text)


def _findings(prepared: Prepared, written: str) -> FindingsResult:
    within = {path: snapshot.whole for path, snapshot in prepared.reviewed.items()}
    if prepared.action.changes is None:
        within[""] = prepared.subject
    return FindingsResult(findings(written, prepared.reviewed, within), prepared.reviewed)


def _turn(prepared: Prepared, written: str, cut: str | None) -> EditResult:
    """The answer below what was asked in the document; one that was cut off says so there."""
    assert prepared.target is not None
    scene, left_out = prepared.scene, prepared.context.left_out
    gone = sum(piece.kind in TURNS for piece in left_out)
    turns = "The oldest turn was" if gone == 1 else f"The {gone} oldest turns were"
    notes = (f"{turns} left out: context.max_tokens allows no more.",) if gone else ()
    text = continued(scene.snapshot, answer(written), scene.instruction, cut or "")
    return EditResult(prepared.target, text, notes=notes)


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


def _wishes(action: Action, hints: Hints) -> Hints:
    """The request's wishes, else whom the action names."""
    if hints.provider or hints.model or hints.providers:
        return hints
    return replace(hints, provider=action.provider, model=action.model)


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
