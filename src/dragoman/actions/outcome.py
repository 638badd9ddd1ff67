"""What becomes of a model's answer: a result, or what to tell the model and the person. Asks nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.actions.base import AnswerResult, EditResult, FileResult, FindingsResult, ResultKind
from dragoman.actions.findings import findings
from dragoman.actions.prompting import fenced
from dragoman.actions.testmerge import merged
from dragoman.core.chat import Stop
from dragoman.core.conversation import TURNS, continued
from dragoman.core.errors import UnusableReply
from dragoman.core.fitting import fitted
from dragoman.core.reply import answer, new_code, replacement
from dragoman.core.syntax import new_errors, parse
from dragoman.core.text import Snapshot, TextEdit, apply
from dragoman.core.thinking import without_thinking

if TYPE_CHECKING:
    from dragoman.actions.base import Proposal, Result
    from dragoman.actions.prepared import Prepared, Tools
    from dragoman.core.events import Done
    from dragoman.core.ports import Experiment, Observed


@dataclass(frozen=True, slots=True)
class Reply:
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
class Outcome:
    """What became of a reply. `follow_up` is what to tell the model if it is asked again; `reason` tells the person."""

    result: Result | None
    error: UnusableReply | None = None
    follow_up: str = ""
    reason: str = ""


async def judged(prepared: Prepared, reply: Reply, tools: Tools) -> Outcome:
    """What becomes of the reply, once what can be tried of it was tried."""
    observed: Observed | None = None
    if prepared.action.proposal is not None and tools.patterns is not None:
        experiment = await tools.workers.run(lambda: _experiment(prepared, reply))
        observed = await tools.patterns.tried(experiment) if experiment is not None else None
    return await tools.workers.run(lambda: _outcome(prepared, reply, observed))


def _experiment(prepared: Prepared, reply: Reply) -> Experiment | None:
    try:
        return _proposal(prepared, prepared.hidden.revealed(reply.text)).experiment
    except UnusableReply:
        return None  # which `_outcome` tells


def _proposal(prepared: Prepared, written: str) -> Proposal:
    assert prepared.action.proposal is not None
    return prepared.action.proposal(prepared.scene, prepared.subject, without_thinking(written))


def _outcome(prepared: Prepared, reply: Reply, observed: Observed | None) -> Outcome:
    """The result that the reply makes. Costs milliseconds: run off the loop."""
    try:
        result = _result(prepared, prepared.hidden.revealed(reply.text), observed, reply.cut)
    except UnusableReply as revealing:
        error = _told_why(prepared, reply, revealing)
        if reply.cut is not None:
            return Outcome(None, UnusableReply(reply.cut))
        return Outcome(None, error, error.follow_up, "The answer can't be used as it is; asking once more.")
    if prepared.action.result is ResultKind.TURN:
        return Outcome(result)
    if reply.cut is not None:
        return Outcome(_cut(result, reply.cut))
    wrong = prepared.hidden.mangled(reply.text)
    if wrong and not isinstance(result, AnswerResult | FindingsResult):
        return _mangled(prepared, result, wrong)
    problem = _syntax_problem(prepared, result) if prepared.preferences.check_syntax else None
    if problem is None and prepared.action.proposal is not None:
        failure = _proposal(prepared, prepared.hidden.revealed(reply.text)).failure(observed)
        reason = "The answer failed when it was tried; asking once more." if failure else ""
        return Outcome(result, follow_up=prepared.hidden.concealed(failure), reason=reason)
    if problem is None or isinstance(result, AnswerResult | FindingsResult):
        return Outcome(result)
    # What the error quotes may be a part of a secret that was put back.
    told = problem.partition(":")[0] if prepared.hidden.sent.entries else problem
    return Outcome(
        replace(result, problem=f"The new text has a syntax error: {problem}."),
        follow_up=f"Put in its place, your text has a syntax error: {told}. "
        "Answer again with only the whole corrected text in one fenced code block.",
        reason=f"The answer has a syntax error ({problem}); asking once more.",
    )


def _mangled(prepared: Prepared, result: EditResult | FileResult, wrong: tuple[str, ...]) -> Outcome:
    """The result has words where secrets belong that stand for none of them."""
    return Outcome(
        replace(result, problem=f"The model garbled what stands for a secret: put the secret in for {wrong[0]}."),
        follow_up="You changed or invented a word that stands for a secret. Answer again with the whole text in one "
        f"fenced code block, and copy these words exactly: {', '.join(prepared.hidden.sent.placeholders)}.",
        reason="The answer garbled what stands for a secret; asking once more.",
    )


def _told_why(prepared: Prepared, reply: Reply, otherwise: UnusableReply) -> UnusableReply:
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
