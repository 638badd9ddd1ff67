"""textDocument/codeAction: what can be done here. No model, no network, no disk, no parse: milliseconds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.actions.base import Scene
from dragoman.actions.prompting import short
from dragoman.lsp import messages
from dragoman.lsp.capabilities import COMMANDS
from dragoman.lsp.convert import diagnostic_from, range_from, range_to
from dragoman.lsp.whereabouts import changes_document, is_editable, whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.actions.base import Action, Diagnostic, Offer
    from dragoman.core.text import Range
    from dragoman.lsp.documents import Document
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_CODE_ACTION
log = logging.getLogger(__name__)

DISABLED_KIND = "refactor.rewrite"
"""Of the entry that says why there is no other: editors show it where a person asks for a refactoring."""

WAITING_KIND = types.CodeActionKind.QuickFix.value
"""Of what waits for the person's word: changes in review, kept results, runs. Helix's menu shows ten entries and puts
this kind first; VS Code shows it where it leaves `source` out.
"""

Entry = types.CodeAction | types.Command


def handle(server: Server, params: types.CodeActionParams) -> list[Entry]:
    """What waits for the person's word, then every action's offers. An action that raises hides only itself."""
    document = server.documents.get(params.text_document.uri)
    if document is None:
        return []
    snapshot, encoding = document.snapshot(), server.facts.encoding
    selection = range_from(snapshot.lines, params.range, encoding)
    document.selection = selection
    server.documents.last_touched = document.uri
    diagnostics = {
        diagnostic_from(snapshot.lines, diagnostic, encoding): diagnostic for diagnostic in params.context.diagnostics
    }
    at = whereabouts(server, document.uri)
    if reason := server.withheld.reason(at.file):
        return _withheld(server, document.uri, reason, params.context.only)
    scene = Scene(
        snapshot,
        selection,
        tuple(diagnostics),
        path=at.path,
        root=at.root,
        in_repository=at.root in server.repositories,
        origin=at.origin,
        cell=at.cell,
        runs_tests=server.testing.offered,
    )
    entries: list[types.CodeAction] = []
    if _wanted(WAITING_KIND, params.context.only):
        if is_editable(snapshot):
            entries.extend(_hunks(server, document, selection))
            entries.extend(_fixes(server, document.uri, selection))
        entries.extend(_housekeeping(server, document.uri))
    taken = {entry.title for entry in entries}  # where a review gave its fix, the model is not asked for another
    entries.extend(
        entry
        for action in server.catalog.actions
        for offer in _offers(action, scene)
        if _wanted(offer.kind, params.context.only) and offer.title not in taken
        for entry in [_entry(server, action, offer, scene, diagnostics)]
    )
    return _shown(server, entries)


def _withheld(server: Server, uri: str, reason: str, only: Any) -> list[Entry]:
    """What there is to do in a document of which nothing may go to a model: nothing new, and why."""
    entries: list[types.CodeAction] = []
    if server.facts.disabled_actions and _wanted(DISABLED_KIND, only):
        disabled = types.CodeActionDisabled(reason)
        entries.append(types.CodeAction(title="Dragoman: not for this file", kind=DISABLED_KIND, disabled=disabled))
    if _wanted(WAITING_KIND, only):
        entries.extend(_housekeeping(server, uri))
    return _shown(server, entries)


def _shown(server: Server, entries: list[types.CodeAction]) -> list[Entry]:
    if server.facts.code_action_literals:
        return list(entries)
    return [entry.command for entry in entries if entry.command is not None]


def _offers(action: Action, scene: Scene) -> tuple[Offer, ...]:
    try:
        if changes_document(action, scene) and not is_editable(scene.snapshot):
            return ()
        return tuple(action.offer(scene))
    except Exception:
        log.exception("dragoman.%s can't be offered", action.name)
        return ()


def _wanted(kind: str, only: Any) -> bool:
    """Kinds are hierarchical: `refactor` asks for `refactor.rewrite` too (LSP 3.17, "CodeActionKind")."""
    if not only:
        return True
    wanted = [str(getattr(item, "value", item)) for item in only]
    return any(item in {"", kind} or kind.startswith(item + ".") for item in wanted)


def _entry(
    server: Server, action: Action, offer: Offer, scene: Scene, diagnostics: dict[Diagnostic, types.Diagnostic]
) -> types.CodeAction:
    lines, encoding = scene.snapshot.lines, server.facts.encoding
    concerned = [diagnostics[diagnostic] for diagnostic in offer.diagnostics if diagnostic in diagnostics]
    argument: dict[str, Any] = {
        "textDocument": {"uri": scene.snapshot.uri},
        "range": range_to(lines, offer.selection or scene.selection, encoding),
        **offer.arguments,
    }
    if concerned:
        argument["diagnostics"] = concerned
    return types.CodeAction(
        title=offer.title,
        kind=offer.kind,
        command=_command_of(action, offer.title, argument),
        diagnostics=concerned or None,
    )


def _command_of(action: Action, title: str, argument: dict[str, Any]) -> types.Command:
    """The person's own actions have no command in the answer to `initialize`, and some editors run no other."""
    if action.command in COMMANDS:
        return types.Command(title, action.command, arguments=[argument])
    return types.Command(title, messages.ACTION, arguments=[action.name, argument])


def _hunks(server: Server, document: Document, selection: Range) -> Iterator[types.CodeAction]:
    """A word on the proposed change here, and on all of them."""
    found = server.hunks.of(document)
    here = server.hunks.at(document, selection.start.line) if found else None
    choices: list[tuple[str, str, list[str]]] = []
    if here is not None:
        choices.append(("Accept this change", messages.HUNK_ACCEPT, [document.uri, here.id]))
        choices.append(("Reject this change", messages.HUNK_REJECT, [document.uri, here.id]))
    if len(found) > 1 or (found and here is None):
        choices.append((f"Accept all {len(found)} changes", messages.HUNKS_ACCEPT, [document.uri]))
        choices.append((f"Reject all {len(found)} changes", messages.HUNKS_REJECT, [document.uri]))
    for title, command, arguments in choices:
        yield types.CodeAction(
            title=title, kind=WAITING_KIND, command=types.Command(title, command, arguments=arguments)
        )


def _fixes(server: Server, uri: str, selection: Range) -> Iterator[types.CodeAction]:
    """The fixes that a review gave for the lines here."""
    for shown in server.findings.at(uri, selection):
        title = f"Fix: {short(shown.finding.message)}"
        command = types.Command(title, messages.FINDING_FIX, arguments=[shown.id])
        yield types.CodeAction(title=title, kind=WAITING_KIND, command=command)


def _housekeeping(server: Server, uri: str) -> Iterator[types.CodeAction]:
    for run in server.runner.of(uri):
        yield _command(f"Cancel: {run.title}", messages.CANCEL, run.id)
        if run.on_page:
            yield _command(f"Watch in the browser: {run.title}", messages.PAGE)
    for wanted in server.downloads.offered:
        yield _command(f"Download {wanted.model} ({wanted.provider})", messages.DOWNLOAD, wanted.model)
    if server.findings.has(uri):
        yield _command("Clear findings", messages.FINDINGS_CLEAR, uri)
    for kept in server.kept.of(uri):
        yield _command(f"Apply anyway: {kept.title}", messages.KEPT_APPLY, kept.id)
        yield _command(f"Show kept result: {kept.title}", messages.KEPT_SHOW, kept.id)
        yield _command(f"Discard kept result: {kept.title}", messages.KEPT_DISCARD, kept.id)


def _command(title: str, command: str, *arguments: str) -> types.CodeAction:
    done = types.Command(title, command, arguments=list(arguments))
    return types.CodeAction(title=title, kind=WAITING_KIND, command=done)
