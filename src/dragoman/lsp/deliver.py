"""From a result to what the person sees: an edit that lands, an answer that opens, a test file that grows.

Never loses a result that was paid for: what can't be applied is kept and offered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.actions.base import AnswerResult, EditResult, FileResult, FindingsResult, ResultKind, Severity
from dragoman.actions.findings import counted
from dragoman.core.hunks import MARK, marked
from dragoman.core.languages import language_of
from dragoman.core.printable import printable_name
from dragoman.core.text import Snapshot, diff, split_lines, without_line_end
from dragoman.lsp.answers import SHOW_SECONDS, present
from dragoman.lsp.convert import edits_to, path_of, range_to, uri_of
from dragoman.lsp.edits import APPLY_SECONDS, Landing, land
from dragoman.lsp.files import files_around
from dragoman.lsp.findings import Shown
from dragoman.lsp.hunks import line_end, proposal
from dragoman.lsp.kept import KeptResult
from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Action, Result
    from dragoman.lsp.documents import Document
    from dragoman.lsp.messages import EditValue, FindingValue, RunResult
    from dragoman.lsp.server import Server
    from dragoman.lsp.work import Subject

APPLY, SHOW, DISCARD = "Apply anyway", "Show", "Discard"
CLOSED = "the document was closed meanwhile"
CHANGED = "the file has changed meanwhile"
OUTSIDE = "the file would lie outside the workspace"
OUT_OF_STEP = "the editor's changes came out of order: close the file and open it again"
UNCONFIRMED = "the editor says that it was applied, but the text does not show it"


async def deliver(
    server: Server, action: Action, subject: Subject, result: Result, run_id: str, *, apply: bool
) -> RunResult:
    """Bring the result to the person. `apply: false` hands edits to the client instead."""
    match result:
        case AnswerResult(markdown):
            if not apply:
                return {"kind": "answer", "applied": False, "markdown": markdown}
            answer: RunResult = {"kind": "answer", "applied": False, "markdown": markdown}
            uri = await present(server, action.title, markdown)
            return {**answer, "uri": uri} if uri else answer
        case EditResult():
            return await _edit(server, action, subject, result, run_id, apply=apply)
        case FileResult():
            return await _file(server, action, subject, _for_review(server, action, result, run_id), apply=apply)
        case FindingsResult():
            return _findings(server, action, subject, result, apply=apply)


# Findings


def _findings(server: Server, action: Action, subject: Subject, result: FindingsResult, *, apply: bool) -> RunResult:
    """Show them as diagnostics; `apply: false` only hands them over."""
    scene = subject.scene
    uri = subject.document.uri if subject.document is not None else scene.snapshot.uri
    root = scene.root or scene.path.rpartition("/")[0]
    if apply:
        shown = server.findings.show(result, uri, root)
    else:
        shown = [
            (uri_of(f"{root.rstrip('/')}/{finding.path}") if finding.path else uri, Shown(str(number), finding))
            for number, finding in enumerate(result.findings, start=1)
        ]
    message = f"{action.title}: {counted(result.findings)}"
    if result.problem:
        message = f"{message} {result.problem}"
    if apply:
        server.message(types.MessageType.Warning if result.problem else types.MessageType.Info, message)
    values = [_finding_value(server, each, result.seen[each.finding.path], where) for where, each in shown]
    return {"kind": "findings", "applied": apply, "message": message, "findings": values}


def _finding_value(server: Server, shown: Shown, seen: Snapshot, uri: str) -> FindingValue:
    finding, encoding = shown.finding, server.facts.encoding
    value: FindingValue = {
        "id": shown.id,
        "uri": uri,
        "range": _range_value(range_to(seen.lines, finding.range, encoding)),
        "severity": list(Severity).index(finding.severity) + 1,
        "message": finding.message,
    }
    if finding.code:
        value["code"] = finding.code
    if finding.fix is not None:
        value["edits"] = _edit_values(edits_to(seen.lines, [finding.fix], server.facts))
    return value


# Edits


async def _edit(
    server: Server, action: Action, subject: Subject, result: EditResult, run_id: str, *, apply: bool
) -> RunResult:
    document, journal, snapshot = subject.document, subject.journal, subject.scene.snapshot
    problem = _clause(result.problem)
    if not apply:
        edits = diff(snapshot.slice(result.target), result.text, result.target.start)
        proposed: RunResult = {
            "kind": "edit",
            "applied": False,
            "edits": _edit_values(edits_to(snapshot.lines, edits, server.facts)),
            "version": snapshot.version,
        }
        if result.problem is not None:
            proposed["message"] = result.problem
        return proposed
    if document is None or journal is None:
        changes = diff(snapshot.slice(result.target), result.text, result.target.start)
        if not changes:
            return _no_change(server, action)
        client_edits = edits_to(snapshot.lines, changes, server.facts)
        refusal = problem or await _into_unopened(server, action, subject, snapshot, client_edits)
        if refusal:
            return await _shown_instead(server, action, snapshot.language, result.text, refusal)
        return {"kind": "edit", "applied": True, "uri": snapshot.uri}
    if document.is_closed():
        return await _shown_instead(server, action, snapshot.language, result.text, CLOSED)
    if problem is not None:
        return _kept(server, action, subject, result, run_id, problem)
    target, text, waiting = result.target, result.text, 0
    if server.services.settings.edits.review and action.result is not ResultKind.TURN:
        target, text = proposal(snapshot, target, text, run_id, action.title)
        waiting = text.count(f"{MARK}{run_id}-")
    landing, reason = await land(server, document, journal, target, text, action.title)
    match landing:
        case Landing.APPLIED if waiting:
            return _waiting(server, action, waiting)
        case Landing.APPLIED:
            return _applied(server, action, result.notes)
        case Landing.NOTHING:
            return _no_change(server, action)
        case Landing.CLOSED:
            return await _shown_instead(server, action, snapshot.language, result.text, CLOSED)
        case Landing.OUT_OF_STEP:
            return await _out_of_step(server, action.title, snapshot.language, result.text)
        case Landing.TOUCHED:
            why = "you have changed this text meanwhile"
        case Landing.REFUSED:
            why = _refused(reason)
        case Landing.UNCONFIRMED:
            why = UNCONFIRMED
    return _kept(server, action, subject, result, run_id, why)


def _clause(problem: str | None) -> str | None:
    """A sentence as it stands inside another."""
    return problem.rstrip(".") if problem is not None else None


def _applied(server: Server, action: Action, notes: Sequence[str]) -> RunResult:
    """What of the reply was not used is told in the editor's log, and to a plugin: it is no reason to interrupt."""
    if not notes:
        return {"kind": "edit", "applied": True}
    message = f"{action.title}: {' '.join(notes)}"
    server.log_message(types.MessageType.Info, message)
    return {"kind": "edit", "applied": True, "message": message}


def _waiting(server: Server, action: Action, count: int) -> RunResult:
    changes = "1 change waits" if count == 1 else f"{count} changes wait"
    message = f"{action.title}: {changes} in the text: accept or reject by code action."
    server.message(types.MessageType.Info, message)
    return {"kind": "edit", "applied": True, "hunks": count, "message": message}


def _no_change(server: Server, action: Action) -> RunResult:
    message = "the model proposes no change"
    server.message(types.MessageType.Info, f"{action.title}: {message}.")
    return {"kind": "edit", "applied": False, "message": message}


def _kept(server: Server, action: Action, subject: Subject, result: EditResult, run_id: str, why: str) -> RunResult:
    assert subject.document is not None
    assert subject.journal is not None
    kept = KeptResult(run_id, action.title, why, subject.document, subject.journal, result.target, result.text)
    server.kept.keep(kept)
    message = f"{action.title} was not applied: {why}. The result is kept"
    if server.facts.ask_message:
        server.spawn(_offer(server, kept, message))
    else:
        server.message(types.MessageType.Warning, f"{message}; see the code actions.")
    return {"kind": "edit", "applied": False, "kept": run_id, "message": f"{message}."}


async def _offer(server: Server, kept: KeptResult, message: str) -> None:
    text = f"{message}, in the code actions too."
    chosen = await server.question(types.MessageType.Warning, text, APPLY, SHOW, DISCARD)
    if server.kept.get(kept.id) is None:
        return
    if chosen == APPLY:
        await apply_kept(server, kept)
    elif chosen == SHOW:
        await show_kept(server, kept)
    elif chosen == DISCARD:
        server.kept.discard(kept.id)


async def apply_kept(server: Server, kept: KeptResult) -> RunResult:
    """Apply a kept result where its target is now, over what the person has typed there: they have said so."""
    here = kept.journal.carry(kept.target).range
    journal = kept.document.start_journal()
    try:
        landing, reason = await land(server, kept.document, journal, here, kept.text, kept.title)
    finally:
        kept.document.stop_journal(journal)
    if landing in {Landing.APPLIED, Landing.NOTHING}:
        server.kept.discard(kept.id)
        return {"kind": "edit", "applied": True}
    if landing is Landing.CLOSED:  # which has discarded it
        return await _shown_instead(server, None, kept.document.language, kept.text, CLOSED, title=kept.title)
    if landing is Landing.OUT_OF_STEP:
        return await _out_of_step(server, kept.title, kept.document.language, kept.text)
    message = f"{kept.title} could not be applied ({reason or landing.value}); it is still kept."
    server.message(types.MessageType.Warning, message)
    return {"kind": "edit", "applied": False, "kept": kept.id, "message": message}


async def show_kept(server: Server, kept: KeptResult) -> RunResult:
    """Show a kept result beside the text."""
    return await _shown_instead(server, None, kept.document.language, kept.text, kept.reason, title=kept.title)


async def _shown_instead(
    server: Server, action: Action | None, language: str, text: str, why: str, *, title: str = ""
) -> RunResult:
    title = title or (action.title if action is not None else "Result")
    markdown = _not_applied(title, why, language, text)
    shown: RunResult = {"kind": "edit", "applied": False, "message": f"Not applied: {why}.", "markdown": markdown}
    uri = await present(server, title, markdown)
    return {**shown, "uri": uri} if uri else shown


async def _out_of_step(server: Server, title: str, language: str, text: str) -> RunResult:
    """What would be kept goes when the file is closed, which it has to be: so it is shown."""
    shown = await _shown_instead(server, None, language, text, OUT_OF_STEP, title=title)
    where = f". The result is in {path_of(shown['uri'])}" if "uri" in shown else ""
    server.message(types.MessageType.Warning, f"{title} was not applied: {OUT_OF_STEP}{where}.")
    return shown


def _not_applied(title: str, why: str, language: str, text: str) -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"# {title}\n\nNot applied: {why}.\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _longest_run(text: str) -> int:
    longest = current = 0
    for character in text:
        current = current + 1 if character == "`" else 0
        longest = max(longest, current)
    return longest


# Files


def _for_review(server: Server, action: Action, result: FileResult, run_id: str) -> FileResult:
    """The same with what changes in an existing file as hunks, where the person wants to see it first."""
    if result.before is None or not server.services.settings.edits.review or result.problem is not None:
        return result
    end = line_end(split_lines(result.before))
    return replace(result, text=marked(result.before, result.text, run_id, action.title, end))


async def _file(server: Server, action: Action, subject: Subject, result: FileResult, *, apply: bool) -> RunResult:
    document = server.documents.get(uri_of(result.path))
    uri = document.uri if document is not None else uri_of(result.path)
    name = printable_name(result.path.rpartition("/")[2])
    if not await files_around(server, subject.scene.path).inside((result.path,)):
        return await _file_instead(server, action, result, uri, OUTSIDE, show=apply)
    before = document.snapshot() if document is not None else Snapshot.of(result.before or "", uri=uri)
    if before.text != (result.before or ""):
        return await _file_instead(server, action, result, uri, CHANGED, show=apply)
    new = result.before is None and server.facts.ends_texts
    text = without_line_end(result.text) if new else result.text
    edits = edits_to(before.lines, diff(before.text, text), server.facts)
    if not apply:
        values = _edit_values(edits)
        proposed: RunResult = {"kind": "file", "applied": False, "uri": uri, "edits": values, "version": before.version}
        return proposed if result.problem is None else {**proposed, "message": result.problem}
    if result.problem is not None:
        return await _file_instead(server, action, result, uri, f"{name}: {_clause(result.problem)}")
    if not edits:
        return {**_no_change(server, action), "kind": "file", "uri": uri}
    if document is not None:
        refusal = await _into_open(server, action, document, result)
    elif result.before is not None:
        refusal = await _into_unopened(server, action, subject, before, edits)
    else:
        refusal = await _create(server, action, subject, result.path, edits)
    if refusal:
        return await _file_instead(server, action, result, uri, refusal)
    done = f"added to {name}" if result.before is not None else f"{name} is new"
    how = "." if await _open_in_editor(server, uri) else f": {_look(server)}."
    server.message(types.MessageType.Info, f"{action.title}: {done}, not saved yet{how}")
    return {"kind": "file", "applied": True, "uri": uri}


async def _file_instead(
    server: Server, action: Action, result: FileResult, uri: str, why: str, *, show: bool = True
) -> RunResult:
    if result.before is None:
        why = f"{why}; save this as {printable_name(result.path)}"
    language = language_of(result.path)
    if show:
        shown = await _shown_instead(server, action, language, result.text, why)
        return {**shown, "kind": "file"}
    markdown = _not_applied(action.title, why, language, result.text)
    return {"kind": "file", "applied": False, "uri": uri, "message": f"Not applied: {why}.", "markdown": markdown}


# Each of these returns why the text has not changed, or "".


async def _into_open(server: Server, action: Action, document: Document, result: FileResult) -> str:
    journal = document.start_journal()
    try:
        landed = await land(server, document, journal, document.snapshot().whole, result.text, action.title)
    finally:
        document.stop_journal(journal)
    match landed.landing:
        case Landing.APPLIED | Landing.NOTHING:
            return ""
        case Landing.TOUCHED:
            return CHANGED
        case Landing.CLOSED:
            return CLOSED
        case Landing.OUT_OF_STEP:
            return OUT_OF_STEP
        case Landing.REFUSED:
            return _refused(landed.reason)
        case Landing.UNCONFIRMED:
            return UNCONFIRMED


async def _create(server: Server, action: Action, subject: Subject, path: str, edits: list[types.TextEdit]) -> str:
    if not (server.facts.create_files or server.facts.edits_create):
        return "this editor can't create files for a language server"
    if await files_around(server, subject.scene.path).existing((path,)):
        return "there is such a file by now"
    uri = uri_of(path)
    create = types.CreateFile(uri=uri, options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False))
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None)
    text = types.TextDocumentEdit(identifier, list(edits))
    edit = types.WorkspaceEdit(document_changes=[create, text] if server.facts.create_files else [text])
    return await _refusal(server, action, edit)


async def _into_unopened(
    server: Server, action: Action, subject: Subject, before: Snapshot, edits: list[types.TextEdit]
) -> str:
    """A file that the editor does not hold open has no version: it must be read once more before it is changed."""
    if await files_around(server, subject.scene.path).read_text(path_of(before.uri)) != before.text:
        return CHANGED
    if server.facts.document_changes:
        identifier = types.OptionalVersionedTextDocumentIdentifier(uri=before.uri, version=None)
        edit = types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(identifier, list(edits))])
    else:
        edit = types.WorkspaceEdit(changes={before.uri: edits})
    return await _refusal(server, action, edit)


async def _refusal(server: Server, action: Action, edit: types.WorkspaceEdit) -> str:
    try:
        answer = await server.apply_edit(edit, action.title, APPLY_SECONDS)
    except ClientError as error:
        return str(error).rstrip(".")
    return "" if answer.applied else _refused(answer.failure_reason)


def _refused(reason: str | None) -> str:
    return f"the editor did not take the edit ({reason or 'no reason given'})"


async def _open_in_editor(server: Server, uri: str) -> bool:
    """Returns whether it is shown."""
    if not server.facts.show_document:
        return False
    try:
        params = types.ShowDocumentParams(uri=uri, external=False, take_focus=True)
        shown = await server.protocol.ask(types.WINDOW_SHOW_DOCUMENT, params, seconds=SHOW_SECONDS)
    except ClientError:
        return False  # the message says how
    return shown is not None and shown.success


def _look(server: Server) -> str:
    """What the person does to see a file that is not shown by itself."""
    keys = server.facts.list_keys
    return f"{keys} shows it" if keys else "open it to see it"


def _edit_values(edits: list[types.TextEdit]) -> list[EditValue]:
    return [{"range": _range_value(edit.range), "newText": edit.new_text} for edit in edits]


def _range_value(where: types.Range) -> dict[str, Any]:
    return {
        "start": {"line": where.start.line, "character": where.start.character},
        "end": {"line": where.end.line, "character": where.end.character},
    }
