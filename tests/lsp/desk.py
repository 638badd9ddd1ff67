"""A server in this process and a client made of plain JSON: what goes over the wire, without the wire."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Stop, TextDelta, Usage
from dragoman.core.errors import BadInput
from dragoman.core.events import Done, Downloading, Routed
from dragoman.core.ports import Disclosure, Filled
from dragoman.core.settings import Settings
from dragoman.lsp.protocol import make_converter
from dragoman.lsp.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

shared_converter = cache(make_converter)
"""One for all desks, as one process's connections share it: building it takes longer than most tests."""

PLAIN: dict[str, Any] = {}
"""The capabilities of a client that says nothing."""

FULL: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {
        "workDoneProgress": True,
        "showDocument": {"support": True},
        "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}},
    },
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
        "configuration": True,
    },
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix"]}}}},
}
"""The capabilities of a client that can do everything we ask for."""


class Inline:
    """Workers that work at once."""

    async def run(self, function):
        return function()


class NoFiles:
    """A project without a file."""

    async def read_text(self, path):
        return None

    async def existing(self, paths):
        return frozenset()

    async def inside(self, paths):
        return frozenset(paths)

    async def listed(self, folder):
        return ()

    async def disclosures(self, paths):
        return {path: Disclosure() for path in paths}

    def last_disclosure(self, path):
        return Disclosure()


class NoRepository:
    """Git follows nothing, unless the test says what has changed."""

    def __init__(self):
        self.diff = None

    async def holds(self, folder):
        return self.diff is not None

    async def changes(self, folder, *, staged=False):
        if self.diff is None:
            raise BadInput(f"{folder} is in no git repository.")
        return self.diff


@dataclass
class Shelf:
    """Answers, kept in memory."""

    kept: dict[str, str] = field(default_factory=dict)

    async def keep(self, title, markdown):
        path = f"/answers/{len(self.kept)}.md"
        self.kept[path] = markdown
        return path


@dataclass
class Leaf:
    """One answer on the live page: what it was told, and how it ended."""

    title: str
    told: list[Any] = field(default_factory=list)
    end: tuple[str | None, str] | None = None

    def tell(self, event):
        self.told.append(event)

    def finish(self, markdown, message):
        self.end = (markdown, message)


@dataclass
class Board:
    """The live page, in memory."""

    watched: bool = False
    leaves: list[Leaf] = field(default_factory=list)
    problem: OSError | None = None

    def begin(self, title):
        self.leaves.append(Leaf(title))
        return self.leaves[-1]

    async def address(self):
        if self.problem is not None:
            raise self.problem
        return "http://127.0.0.1:1/ticket"


class Model:
    """A completer whose words the test writes: one queue of text pieces a job; None ends the answer."""

    def __init__(self) -> None:
        self.jobs: list[Any] = []
        self.closed: list[str] = []
        self._queues: dict[str, asyncio.Queue[Any]] = {}

    def queue(self, number: int) -> asyncio.Queue[Any]:
        """The words of the job that came so many jobs after the first."""
        return self._queues[self.jobs[number].id]

    def say(self, text: str, number: int = -1) -> None:
        """Give a whole answer."""
        self.queue(number).put_nowait(text)
        self.queue(number).put_nowait(None)

    def fail(self, error: Exception, number: int = -1) -> None:
        """End with an error."""
        self.queue(number).put_nowait(error)

    async def stream(self, job):
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self.jobs.append(job)
        self._queues[job.id] = queue
        try:
            yield Routed("ollama", "scripted", "http://localhost:11434", True, job.intent.intent, "first", 1)
            while (piece := await queue.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield TextDelta(piece) if isinstance(piece, str) else piece
            yield Done("ollama", "scripted", Stop.STOP, Usage(1, 1), 1.0, 0.5, 1)
        finally:
            self.closed.append(job.id)

    async def decide(self, job):
        raise NotImplementedError


class Pen:
    """A filler whose proposals the test writes, in its own time. `asked` holds the time of each question too."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, Any, bool]] = []
        self.given_up = 0
        self._futures: list[asyncio.Future[str]] = []

    def propose(self, text: str) -> None:
        """Answer what was asked last."""
        self._futures[-1].set_result(text)

    def fail(self, error: Exception) -> None:
        """Answer it with an error."""
        self._futures[-1].set_exception(error)

    async def fill(self, question, *, invoked):
        loop = asyncio.get_running_loop()
        self.asked.append((loop.time(), question, invoked))
        future: asyncio.Future[str] = loop.create_future()
        self._futures.append(future)
        try:
            return Filled(await future, "ollama", "scripted")
        except asyncio.CancelledError:
            self.given_up += 1
            raise


class Bench:
    """The services of one connection, all in memory."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.completer = Model()
        self.filler = Pen()
        self.workers = Inline()
        self.answers = Shelf()
        self.page = Board()
        self.repository = NoRepository()
        self.patterns = None
        self.project: Any = NoFiles()
        self.test_runner: Any = None
        self.known_secrets: tuple[str, ...] = ()
        self.problems: list[Any] = []
        self.foreign: list[Any] = []
        self.trusted: list[Any] = []
        self.configured: list[Any] = []
        self.is_closed = False
        self.downloads: list[Any] = []
        self.download_steps: list[Any] = [Downloading("pulling", 0.5), Downloading("success", 1.0)]

    def files(self, roots):
        return self.project

    async def configure(self, editor):
        self.configured.append(editor)
        return self.problems

    async def refresh(self):
        return ()

    async def trust(self, seal, *, trusted):
        self.trusted.append((seal, trusted))

    async def download(self, wanted):
        self.downloads.append(wanted)
        for step in self.download_steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield step

    async def status(self):
        return {
            "store": "memory",
            "storeProblem": None,
            "places": [],
            "total": {},
            "metrics": {},
            "spentToday": {},
            "budgets": [],
            "ledgerProblem": None,
        }

    async def close(self):
        self.is_closed = True


class Desk:
    """One client at one server. `on[method]` answers the server's requests; everything said is in `said`."""

    def __init__(self, services: Bench | None = None) -> None:
        self.services = services or Bench()
        self.said: list[dict[str, Any]] = []
        self.on: dict[str, Callable[[Any], Any]] = {"workspace/configuration": lambda params: [{}]}
        self.congested = False
        self._answers: dict[Any, asyncio.Future[Any]] = {}
        self._answering: set[asyncio.Task[Any]] = set()
        self._last_id = 0
        self.server = Server(self._open, shared_converter())
        self.server.protocol.set_writer(self)

    async def _open(self, wanted):
        return self.services

    # The writer's side

    def write(self, frame: bytes) -> None:
        message = json.loads(frame.partition(b"\r\n\r\n")[2])
        self.said.append(message)
        if "method" in message and "id" in message:
            asyncio.get_running_loop().call_soon(self._answer, message)
        elif message.get("id") in self._answers:
            self._answers.pop(message["id"]).set_result(message)

    async def drained(self) -> None:
        return

    def close(self) -> None:
        return

    async def leave(self) -> None:
        """Close the server; nothing of the client goes on either."""
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        await self.server.close()

    def _answer(self, message) -> None:
        handler = self.on.get(message["method"])
        if handler is None:
            self.send({"id": message["id"], "error": {"code": -32601, "message": "no such method"}})
            return
        result = handler(message["params"])
        if asyncio.iscoroutine(result):
            task = asyncio.ensure_future(result)
            self._answering.add(task)
            task.add_done_callback(lambda done: self._answered(message["id"], done))
        else:
            self._reply(message["id"], result)

    def _answered(self, message_id, task) -> None:
        self._answering.discard(task)
        if not task.cancelled():
            self._reply(message_id, task.result())

    def _reply(self, message_id, result) -> None:
        if isinstance(result, Exception):
            self.send({"id": message_id, "error": {"code": -32603, "message": str(result)}})
        else:
            self.send({"id": message_id, "result": result})

    # The client's side

    def send(self, message: dict[str, Any]) -> None:
        """Send a message as it is, with the protocol's version."""
        self.raw(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def raw(self, body: bytes) -> None:
        """Send bytes."""
        self.server.protocol.receive(body)

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[Any]]:
        """Send a request: its id, and the whole response when it comes."""
        self._last_id += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[self._last_id] = future
        self.send({"id": self._last_id, "method": method, "params": params})
        return self._last_id, future

    async def request(self, method: str, params: Any = None) -> Any:
        """Send a request and return its result; an error fails the test."""
        message = await self.ask(method, params)[1]
        assert "error" not in message, message
        return message["result"]

    async def refused(self, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request and return its error."""
        message = await self.ask(method, params)[1]
        assert "error" in message, message
        error: dict[str, Any] = message["error"]
        return error

    async def start(self, capabilities: Any = None, *, name: str = "Visual Studio Code", **params: Any) -> Any:
        """Initialize and initialized."""
        result = await self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": "file:///project",
                "capabilities": FULL if capabilities is None else capabilities,
                "clientInfo": {"name": name},
                **params,
            },
        )
        self.notify("initialized", {})
        await self.settle()
        return result

    def open(self, text: str, uri: str = "file:///project/a.txt", language: str = "plaintext", version: int = 1):
        """DidOpen."""
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    async def settle(self) -> None:
        """Let everything run that can run now."""
        for _ in range(30):
            await asyncio.sleep(0)

    def notifications(self, method: str) -> list[Any]:
        """The params of all notifications of that method so far."""
        return [message["params"] for message in self.said if message.get("method") == method]

    def messages(self) -> list[str]:
        """The lines that the person was shown."""
        return [params["message"] for params in self.notifications("window/showMessage")]

    def progress(self, token: Any) -> list[Any]:
        """The values on a progress token."""
        return [params["value"] for params in self.notifications("$/progress") if params["token"] == token]

    def lines_of(self, uri: str) -> str:
        """The text that the server believes the document to hold."""
        document = self.server.documents.get(uri)
        assert document is not None
        return "".join(document.lines)


def at(line: int, character: int) -> dict[str, int]:
    """An LSP position."""
    return {"line": line, "character": character}


def span(start_line: int, start: int, end_line: int, end: int) -> dict[str, Any]:
    """An LSP range."""
    return {"start": at(start_line, start), "end": at(end_line, end)}
