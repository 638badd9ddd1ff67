"""A small LSP client over a child process's stdio, with plain JSON messages: for the demo, the doctor, tests and bench.

Strict on purpose: whatever is no frame on the server's stdout ends the connection. It shares no code with the server.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Self

from dragoman.core.errors import DragomanError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

    Notified = Callable[[Any], None]
    Asked = Callable[[Any], Awaitable[Any]]

METHOD_NOT_FOUND = -32601
_LIMIT_BYTES = 1 << 26


class ResponseError(DragomanError):
    """The server answered a request with an error: JSON-RPC's `code`, its message and its data."""

    kind = "response"

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class ServerGone(DragomanError):  # noqa: N818 - errors are nouns of the condition
    """The server has ended, is silent, or writes what is no message."""

    kind = "server"


@dataclass(frozen=True, slots=True)
class Pending:
    """A request on its way. Awaiting `response` gives the result, or raises `ResponseError` or `ServerGone`."""

    id: int
    response: asyncio.Future[Any]


class LspClient:
    """One server process. Made by `start`; as a context manager, it ends the server properly."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._input = process.stdin
        self._output = process.stdout
        self._last_id = 0
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._notified: dict[str, list[Notified]] = {}
        self._asked: dict[str, Asked] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._fault: ServerGone | None = None
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
        stderr: int | IO[Any] | None = None,
    ) -> Self:
        """A client of a new process. `stderr` as `subprocess` has it: None is this process's own."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=environment,
            cwd=folder,
            limit=_LIMIT_BYTES,
        )
        return cls(process)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def on_notification(self, method: str, callback: Notified) -> None:
        """Call it with the params of every such notification, in their order."""
        self._notified.setdefault(method, []).append(callback)

    def on_request(self, method: str, handler: Asked) -> None:
        """Answer the server's requests of this method with what the handler returns. Others get -32601."""
        self._asked[method] = handler

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self._send({"method": method, **({} if params is None else {"params": params})})

    def send(self, method: str, params: Any = None) -> Pending:
        """Send a request without waiting for its response."""
        self._last_id += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._reading.done():
            future.set_exception(self._gone())
        else:
            self._pending[self._last_id] = future
            self._send({"id": self._last_id, "method": method, **({} if params is None else {"params": params})})
        return Pending(self._last_id, future)

    async def request(self, method: str, params: Any = None, *, seconds: float | None = 60) -> Any:
        """The result of a request. Raises `ResponseError`, or `ServerGone` also for a server that is silent so long."""
        try:
            async with asyncio.timeout(seconds):
                return await self.send(method, params).response
        except TimeoutError:
            raise ServerGone(f"the server has not answered {method} within {seconds:g} s") from None

    def cancel(self, pending: Pending) -> None:
        """Tell the server that nobody wants the response any more (`$/cancelRequest`); it answers all the same."""
        self.notify("$/cancelRequest", {"id": pending.id})

    async def close(self, *, seconds: float = 5) -> int:
        """End the server as the protocol wants it, or by force when it does not listen; returns its exit code."""
        with suppress(DragomanError, ConnectionError):
            await self.request("shutdown", seconds=seconds)
            self.notify("exit")
        self._input.close()
        try:
            async with asyncio.timeout(seconds):
                code = await self.process.wait()
        except TimeoutError:
            self.process.kill()
            code = await self.process.wait()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(self._reading, *self._answering, return_exceptions=True)
        return code

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
        if not self._input.is_closing():
            self._input.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read(self) -> None:
        try:
            while (message := await _read_message(self._output)) is not None:
                self._receive(message)
        except ServerGone as fault:
            self._fault = fault
        finally:
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(self._gone())
                    future.exception()  # whoever sent it may no longer wait
            self._pending.clear()

    def _gone(self) -> ServerGone:
        if self._fault is not None:
            return self._fault
        code = self.process.returncode
        return ServerGone("the server has ended" + ("" if code is None else f" with exit code {code}"))

    def _receive(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            self._respond(message)
        elif "id" in message:
            task = asyncio.create_task(self._answer(message["id"], method, message.get("params")))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        else:
            for callback in self._notified.get(method, ()):
                callback(message.get("params"))

    def _respond(self, message: dict[str, Any]) -> None:
        future = self._pending.pop(message["id"], None) if message.get("id") is not None else None
        if future is None or future.done():
            return
        error = message.get("error")
        if error is None:
            future.set_result(message.get("result"))
        else:
            future.set_exception(ResponseError(error["code"], error["message"], error.get("data")))

    async def _answer(self, message_id: int | str, method: str, params: Any) -> None:
        handler = self._asked.get(method)
        if handler is None:
            self._send({"id": message_id, "error": {"code": METHOD_NOT_FOUND, "message": f"no {method} here"}})
        else:
            self._send({"id": message_id, "result": await handler(params)})


async def _read_message(stream: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message (LSP 3.17, "Base Protocol"), None at the stream's end. Raises `ServerGone` for anything else."""
    length: int | None = None
    while (line := await stream.readline()) != b"\r\n":
        if not line:
            return None
        name, colon, value = line.decode("ascii", "replace").partition(":")
        if not colon or not line.endswith(b"\r\n"):
            raise ServerGone(f"the server writes what is no message: {line[:80]!r}")
        if name.lower() == "content-length":
            length = int(value)
    if length is None:
        raise ServerGone("the server sends a message without Content-Length")
    try:
        message = json.loads(await stream.readexactly(length))
    except asyncio.IncompleteReadError:
        return None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ServerGone("the server sends what is no JSON-RPC message")
    return message
