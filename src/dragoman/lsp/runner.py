"""What runs for one connection: started, cancelled, told of, ended with one result or one error, and forgotten then.

How an order becomes a result is in `work`, which is loaded later: an editor waits for the server to start.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.core.errors import BadInput, DragomanError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from dragoman.actions.prepared import Prepared
    from dragoman.core.events import Done, Event
    from dragoman.lsp.documents import Seen
    from dragoman.lsp.messages import Order, ProgressToken, RunResult
    from dragoman.lsp.progress import Progress
    from dragoman.lsp.server import Server

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """One that is under way. `on_page`: the live page shows it."""

    id: str
    title: str
    uri: str
    tokens: tuple[ProgressToken, ...]
    task: asyncio.Task[Any]
    on_page: bool = False


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
            self._server.protocol.cancel_task(run.task)
        return len(runs)

    def cancel_token(self, token: ProgressToken) -> None:
        """Cancel the run that reports on this work-done token."""
        for run in list(self._runs.values()):
            if token in run.tokens:
                self._server.protocol.cancel_task(run.task)

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
            self._server.protocol.cancel_task(task)
        await asyncio.gather(*tasks, return_exceptions=True)

    # Running

    async def command(self, order: Order, seen: Seen | None) -> RunResult | None:
        """Run for `workspace/executeCommand`: with the result, or at once where the client can't wait for it."""
        if self._server.facts.answers_at_once:
            self.spawn(self.told(order.action, self.run(order, seen)))
            return None
        return await self.run(order, seen)

    async def told(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Do work whose caller no longer waits: what goes wrong goes out as a message."""
        try:
            await work
        except DragomanError as error:
            self._server.message(types.MessageType.Error, str(error))
        except Exception as error:
            log.exception("dragoman.%s failed", name)
            text = f"{name} failed inside Dragoman ({type(error).__name__}); its log tells where."
            self._server.message(types.MessageType.Error, text)

    @contextmanager
    def running(self, title: str, tokens: tuple[ProgressToken, ...]) -> Iterator[None]:
        """The task that runs inside can be cancelled like a run, though it is about no document."""
        task = asyncio.current_task()
        assert task is not None
        run_id = f"{self._prefix}-{next(self._numbers)}"
        self._runs[run_id] = Run(run_id, title, "", tokens, task)
        try:
            yield
        finally:
            del self._runs[run_id]

    async def run(self, order: Order, seen: Seen | None) -> RunResult:
        """Run to the end, about the document as it was seen when the order came. Raises a `DragomanError` with one line
        for the person.
        """
        from dragoman.lsp import work  # noqa: PLC0415 - see the module's docstring

        services = await self._server.ready()
        self._server.take_up(services, await services.refresh())
        action = self._server.catalog.action(order.action)
        subject = await work.subject_of(self._server, order, seen)
        run_id = f"{self._prefix}-{next(self._numbers)}"
        task = asyncio.current_task()
        assert task is not None
        sheet = work.sheet_for(self._server, order, action)
        progress, tokens = work.progress_for(self._server, order, action, run_id, sheet)
        uri = subject.scene.snapshot.uri
        self._runs[run_id] = Run(run_id, action.title, uri, tokens, task, on_page=sheet is not None)
        try:
            delivered = await work.carry_out(self._server, action, subject, order, run_id, self._telling(progress))
            if progress.done is not None:
                self.last_answer, self.last_problem = progress.done, None
                delivered["provider"], delivered["model"] = progress.done.provider, progress.done.model
            progress.finish(answer=delivered.get("markdown"))
        except asyncio.CancelledError:
            progress.finish("cancelled")
            raise
        except DragomanError as error:
            if not isinstance(error, BadInput):
                self.last_problem = str(error)
            self._server.downloads.lacked_by(error)
            progress.finish(str(error))
            await progress.shown()
            raise
        except Exception:
            progress.finish("failed")
            raise
        else:
            return delivered
        finally:
            del self._runs[run_id]

    async def prepare(self, order: Order) -> Prepared:
        """What `run` would send, without sending it."""
        from dragoman.lsp import work  # noqa: PLC0415 - see the module's docstring

        await self._server.ready()
        return await work.prepared_for(self._server, self._server.catalog.action(order.action), order)

    def _telling(self, progress: Progress) -> Any:
        async def tell(event: Event) -> None:
            name = type(event).__name__  # their module is loaded later
            if name in {"TextDelta", "ThinkingDelta"}:
                await progress.tell(event)
                return
            if self._server.trace != types.TraceValue.Off:
                self._server.log_trace(str(event))
            if name == "Notice":
                self._noticed(event)
            await progress.tell(event)

        return tell

    def _noticed(self, notice: Any) -> None:
        asked = notice.download is not None and self._server.downloads.offer(notice.download)
        if not asked:
            self._server.message(types.MessageType.Warning, notice.text)
