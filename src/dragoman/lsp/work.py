"""How an order becomes a result: the scene it speaks of, over the one pipeline of `actions`, to its delivery."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman import CONTENT_LOGGER
from dragoman.actions.base import AnswerResult, EditResult, FileResult, ResultKind, Scene
from dragoman.actions.complete import question_at
from dragoman.actions.perform import complete
from dragoman.actions.places import folder_of
from dragoman.actions.prepare import prepare
from dragoman.actions.prepared import Preferences, Tools
from dragoman.core.errors import BadInput
from dragoman.core.languages import language_of
from dragoman.core.text import Range, Snapshot
from dragoman.lsp.answers import open_page
from dragoman.lsp.convert import diagnostic_from, path_of, range_from
from dragoman.lsp.deliver import deliver
from dragoman.lsp.files import files_around
from dragoman.lsp.progress import PartialResults, Progress, WorkDone
from dragoman.lsp.whereabouts import refuse_edit, whereabouts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.actions.base import Action
    from dragoman.actions.prepared import Prepared
    from dragoman.core.completion import Question
    from dragoman.core.events import Event
    from dragoman.core.ports import Sheet
    from dragoman.core.text import Position
    from dragoman.lsp.documents import Document, Journal, Seen
    from dragoman.lsp.messages import Order, ProgressToken, RunResult
    from dragoman.lsp.server import Server

content = logging.getLogger(CONTENT_LOGGER)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run is about: the scene of the moment it was asked for, and the document's changes since.

    `document` and `journal` are None for a file that the editor does not hold open.
    """

    scene: Scene
    document: Document | None
    journal: Journal | None

    def let_go(self) -> None:
        """The document's changes need to be followed no longer."""
        if self.document is not None and self.journal is not None:
            self.document.stop_journal(self.journal)


async def subject_of(server: Server, order: Order, seen: Seen | None) -> Subject:
    """The order's subject as it was seen, or else is now; its changes are followed. Raises `BadInput`."""
    uri = order.uri or (seen.document.uri if seen is not None else server.documents.last_touched)
    if uri is None:
        raise BadInput("No document: open a file first, or name one in textDocument.uri.")
    if uri in server.notebooks:
        raise BadInput("That is a whole notebook: name one of its cells, or put the cursor into one.")
    document = server.documents.get(uri)
    if document is None:
        return Subject(_scene(server, order, await _unopened(server, uri), None), None, None)
    if seen is None or seen.document is not document:
        seen = server.documents.seen(uri)
        assert seen is not None
    return Subject(_scene(server, order, seen.snapshot, seen.selection), document, seen.journal)


def sheet_for(server: Server, order: Order, action: Action) -> Sheet | None:
    """The live page's, for an answer that no plugin shows while it is written; opens the page where it is wanted."""
    shows_itself = order.partial_result_token is not None or not order.apply
    if action.result is not ResultKind.ANSWER or shows_itself or not server.facts.show_external:
        return None
    page = server.services.page
    if server.services.settings.answers.page and not page.watched:
        server.spawn(open_page(server))
    return page.begin(action.title)


def progress_for(
    server: Server, order: Order, action: Action, run_id: str, sheet: Sheet | None
) -> tuple[Progress, tuple[ProgressToken, ...]]:
    """What tells the client of the order's progress, and the work-done tokens by which it may be cancelled."""
    protocol, partial = server.protocol, None
    if order.partial_result_token is not None:
        partial = PartialResults(protocol, order.partial_result_token)
    work_done = None
    if order.work_done_token is not None:
        work_done = WorkDone(protocol, action.title, order.work_done_token, ours=False)
    elif server.facts.work_done_progress:
        work_done = WorkDone(protocol, action.title, f"dragoman-{run_id}", ours=True)
    return Progress(protocol, partial, work_done, sheet), (work_done.token,) if work_done else ()


async def prepared_for(server: Server, action: Action, order: Order) -> Prepared:
    """What would be sent for the order."""
    subject = await subject_of(server, order, None)
    subject.let_go()
    tools, preferences = tools_for(server, subject.scene.path), Preferences.of(server.services.settings)
    return await prepare(action, subject.scene, tools, preferences, order.hints)


async def question_for(server: Server, document: Document, position: Position) -> Question | None:
    """What a model would be asked at the cursor; None for nothing. Raises `BadInput` where it may see nothing there."""
    at, preferences = whereabouts(server, document.uri), Preferences.of(server.services.settings)
    return await question_at(document.snapshot(), position, at.file, tools_for(server, at.path), preferences)


async def carry_out(
    server: Server,
    action: Action,
    subject: Subject,
    order: Order,
    run_id: str,
    tell: Callable[[Event], Awaitable[None]],
) -> RunResult:
    """Ask, and bring the result to the person. A result that is kept goes on following the document's changes."""
    kept = False
    try:
        tools, preferences = tools_for(server, subject.scene.path), Preferences.of(server.services.settings)
        if order.apply:
            refuse_edit(action, subject.scene)
        if order.run:
            root = subject.scene.root or folder_of(subject.scene.path)
            tools = replace(tools, test_runner=await server.testing.runner(root))
        prepared = await prepare(action, subject.scene, tools, preferences, order.hints)
        if content.isEnabledFor(logging.DEBUG):
            content.debug("asked: %s", prepared.asked())
        result = await complete(prepared, tools, tell, job_id=run_id, hints=order.hints)
        if content.isEnabledFor(logging.DEBUG):
            content.debug("result: %s", prepared.told(result))
        delivered = await deliver(server, action, subject, result, run_id, apply=order.apply)
        kept = "kept" in delivered
        if isinstance(result, EditResult | FileResult) and result.tried is not None:
            delivered["tests"] = await server.testing.tell(result.tried, show=order.apply)
        if isinstance(result, AnswerResult):
            server.hovers.keep(prepared, subject.document, subject.journal, result.markdown)
        return delivered
    finally:
        if not kept:
            subject.let_go()


def tools_for(server: Server, path: str) -> Tools:
    """What a performance about the document at this path, or "", needs of the world."""
    services = server.services
    files = files_around(server, path)
    return Tools(
        services.completer,
        files,
        services.workers,
        services.repository,
        services.known_secrets,
        services.patterns,
        server.parsed,
        asyncio.get_running_loop().time,
    )


async def _unopened(server: Server, uri: str) -> Snapshot:
    path = path_of(uri)
    files = server.services.files(server.editor_settings.roots)
    text = await files.read_text(path) if path else None
    if text is None:
        if withheld := files.last_disclosure(path).withheld:
            raise BadInput(withheld)
        raise BadInput(f"{uri} is not open and can't be read; open it in the editor first.")
    return Snapshot.of(text, uri=uri, language=language_of(path))


def _scene(server: Server, order: Order, snapshot: Snapshot, last_selection: Range | None) -> Scene:
    encoding = server.facts.encoding
    if order.range is not None:
        selection = range_from(snapshot.lines, order.range, encoding)
    else:
        selection = snapshot.clamp(last_selection or Range(snapshot.whole.start, snapshot.whole.start))
    at = whereabouts(server, snapshot.uri)
    return Scene(
        snapshot=snapshot,
        selection=selection,
        diagnostics=tuple(diagnostic_from(snapshot.lines, item, encoding) for item in order.diagnostics),
        instruction=order.instruction,
        path=at.path,
        root=at.root,
        origin=at.origin,
        cell=at.cell,
        cells=server.notebooks.others(snapshot.uri),
    )
