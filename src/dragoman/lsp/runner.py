"""Runs what a person asks for: from an order, over the one pipeline of `actions`, to a text that has changed.

Everything that runs can be cancelled, tells its progress, ends with one result or one error, and is forgotten then.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman import CONTENT_LOGGER
from dragoman.actions import action as action_named
from dragoman.actions.base import Scene
from dragoman.actions.perform import Preferences, Tools, complete, prepare
from dragoman.core.errors import BadInput, DragomanError
from dragoman.core.route import Hints
from dragoman.core.text import Range, Snapshot
from dragoman.lsp.convert import diagnostic_from, path_of, range_from
from dragoman.lsp.deliver import deliver
from dragoman.lsp.files import OpenFirst
from dragoman.lsp.progress import PartialResults, Progress, WorkDone

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dragoman.actions.base import Action
    from dragoman.actions.perform import Prepared
    from dragoman.core.events import Done, Event
    from dragoman.lsp.documents import Document, Journal
    from dragoman.lsp.messages import Order, ProgressToken, RunResult
    from dragoman.lsp.server import Server

log = logging.getLogger(__name__)
content = logging.getLogger(CONTENT_LOGGER)


@dataclass(frozen=True, slots=True)
class Run:
    """One that is under way."""

    id: str
    title: str
    uri: str
    tokens: tuple[ProgressToken, ...]
    task: asyncio.Task[Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run is about: the scene of the moment it was asked for, and the document's changes since.

    `document` and `journal` are None for a file that the editor does not hold open.
    """

    scene: Scene
    document: Document | None
    journal: Journal | None


class Runner:
    """What runs for one connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._numbers = itertools.count(1)
        self._prefix = secrets.token_hex(3)
        self.last_answer: Done | None = None
        self.last_problem: str | None = None
        """How the last run ended that came to a model: with an answer, or with one line for the person."""

    # What runs

    def of(self, uri: str) -> list[Run]:
        """The runs about a document."""
        return [run for run in self._runs.values() if run.uri == uri]

    def __len__(self) -> int:
        return len(self._runs)

    def cancel(self, run_id: str | None = None) -> int:
        """Cancel one run, or all; returns how many."""
        runs = [run for run in self._runs.values() if run_id is None or run.id == run_id]
        for run in runs:
            run.task.cancel()
        return len(runs)

    def cancel_token(self, token: ProgressToken) -> None:
        """Cancel the run that reports on this work-done token."""
        for run in list(self._runs.values()):
            if token in run.tokens:
                run.task.cancel()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine until it ends or the connection does."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned_finished)

    def _spawned_finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A task failed", exc_info=error)

    async def close(self) -> None:
        """Cancel everything and wait until it has let go of its connections."""
        running = {*self._tasks, *(run.task for run in self._runs.values())}
        tasks = [task for task in running if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Running

    async def command(self, order: Order) -> RunResult | None:
        """Run for `workspace/executeCommand`: with the result, or at once where the client can't wait for it."""
        if self._server.facts.answers_at_once:
            self.spawn(self._told(order))
            return None
        return await self.run(order)

    async def _told(self, order: Order) -> None:
        try:
            await self.run(order)
        except DragomanError as error:
            self._server.message(types.MessageType.Error, str(error))
        except Exception as error:
            log.exception("dragoman.%s failed", order.action)
            text = f"{order.action} failed inside Dragoman ({type(error).__name__}); its log tells where."
            self._server.message(types.MessageType.Error, text)

    async def run(self, order: Order) -> RunResult:
        """Run to the end. Raises a `DragomanError` with one line for the person."""
        action = action_named(order.action)
        services = await self._server.ready()
        self._server.tell_problems(await services.refresh())
        subject = await self._subject(order)
        run_id = f"{self._prefix}-{next(self._numbers)}"
        task = asyncio.current_task()
        assert task is not None
        progress, tokens = self._progress(order, action)
        self._runs[run_id] = Run(run_id, action.title, subject.scene.snapshot.uri, tokens, task)
        kept = False
        try:
            tell = self._telling(progress)
            tools, hints = self._tools(), hints_of(order)
            prepared = await prepare(
                action, subject.scene, tools, Preferences.of(self._server.services.settings), hints
            )
            content.debug("asked: %s", prepared.messages)
            result = await complete(prepared, tools, tell, job_id=run_id, hints=hints)
            content.debug("result: %s", result)
            delivered = await deliver(self._server, action, subject, result, run_id, apply=order.apply)
            kept = delivered.get("kept") is not None
            if progress.done is not None:
                self.last_answer, self.last_problem = progress.done, None
                delivered["provider"], delivered["model"] = progress.done.provider, progress.done.model
            progress.finish()
        except asyncio.CancelledError:
            progress.finish("cancelled")
            raise
        except DragomanError as error:
            if not isinstance(error, BadInput):
                self.last_problem = str(error)
            progress.finish(str(error))
            raise
        except Exception:
            progress.finish("failed")
            raise
        else:
            return delivered
        finally:
            del self._runs[run_id]
            if subject.document is not None and subject.journal is not None and not kept:
                subject.document.stop_journal(subject.journal)

    async def prepare(self, order: Order) -> Prepared:
        """What `run` would send, without sending it."""
        action = action_named(order.action)
        await self._server.ready()
        subject = await self._subject(order)
        if subject.document is not None and subject.journal is not None:
            subject.document.stop_journal(subject.journal)
        return await prepare(
            action, subject.scene, self._tools(), Preferences.of(self._server.services.settings), hints_of(order)
        )

    def _telling(self, progress: Progress) -> Any:
        if self._server.trace == types.TraceValue.Off:
            return progress.tell

        async def tell_and_trace(event: Event) -> None:
            if type(event).__name__ not in {"TextDelta", "ThinkingDelta"}:
                self._server.log_trace(str(event))
            await progress.tell(event)

        return tell_and_trace

    def _tools(self) -> Tools:
        services = self._server.services
        files = OpenFirst(self._server.documents, services.files(self._server.editor_settings.roots))
        return Tools(services.completer, files, services.workers)

    def _progress(self, order: Order, action: Action) -> tuple[Progress, tuple[ProgressToken, ...]]:
        protocol, facts = self._server.protocol, self._server.facts
        partial = None
        if order.partial_result_token is not None:
            partial = PartialResults(protocol, order.partial_result_token)
        work_done = None
        if order.work_done_token is not None:
            work_done = WorkDone(protocol, action.title, order.work_done_token, ours=False)
        elif facts.work_done_progress:
            token = f"dragoman-{self._prefix}-{next(self._numbers)}"
            work_done = WorkDone(protocol, action.title, token, ours=True)
        return Progress(protocol, partial, work_done), (work_done.token,) if work_done else ()

    async def _subject(self, order: Order) -> Subject:
        uri = order.uri or self._server.documents.last_touched
        if uri is None:
            raise BadInput("No document: open a file first, or name one in textDocument.uri.")
        document = self._server.documents.get(uri)
        if document is None:
            return Subject(self._scene(order, await self._unopened(uri), None), None, None)
        return Subject(self._scene(order, document.snapshot(), document.selection), document, document.start_journal())

    async def _unopened(self, uri: str) -> Snapshot:
        from dragoman.core.languages import language_of  # noqa: PLC0415 - only for files that no editor holds open

        path = path_of(uri)
        roots = self._server.editor_settings.roots
        text = await self._server.services.files(roots).read_text(path) if path else None
        if text is None:
            raise BadInput(f"{uri} is not open and can't be read; open it in the editor first.")
        return Snapshot.of(text, uri=uri, language=language_of(path))

    def _scene(self, order: Order, snapshot: Snapshot, last_selection: Range | None) -> Scene:
        encoding = self._server.facts.encoding
        if order.range is not None:
            selection = range_from(snapshot.lines, order.range, encoding)
        else:
            selection = snapshot.clamp(last_selection or Range(snapshot.whole.start, snapshot.whole.start))
        path = path_of(snapshot.uri)
        return Scene(
            snapshot=snapshot,
            selection=selection,
            diagnostics=tuple(diagnostic_from(snapshot.lines, item, encoding) for item in order.diagnostics),
            instruction=order.instruction,
            path=path,
            root=root_of(path, self._server.editor_settings.roots),
        )


def root_of(path: str, roots: tuple[str, ...]) -> str:
    """The innermost workspace folder that holds the path, or ""."""
    holding = [root for root in roots if path == root or path.startswith(root.rstrip("/") + "/")]
    return max(holding, key=len, default="")


def hints_of(order: Order) -> Hints:
    """What the order wants otherwise than the settings say."""
    return Hints(provider=order.provider, model=order.model, intent=order.intent)
