"""JSON-RPC between one client and one server: every request is answered exactly once, and everything can be cancelled.

pygls and lsprotocol give the message types and their conversion; the dispatch is ours, for these faults of pygls 2.1:
a cancelled `executeCommand` goes on running, requests with invalid params or after `shutdown` are never answered,
results of commands and notifications are kept for ever, custom params arrive with renamed keys, a failed write
recurses through the error reporter, and the exit code is always 0. Knows nothing of documents or models.
"""

from __future__ import annotations

import asyncio
import json
import logging
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound
from pygls.protocol import JsonRPCProtocol, default_converter

from dragoman.core.errors import BadInput, Cancelled, DragomanError
from dragoman.core.printable import in_one_line
from dragoman.lsp.capabilities import plainest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cattrs import Converter
    from pygls.server import JsonRPCServer

    from dragoman.lsp.transport import Writer

log = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800
REQUEST_FAILED = -32803

MessageId = int | str


class ClientError(DragomanError):
    """The client answered a request of ours with an error, or not in time."""

    kind = "client"


def make_converter() -> Converter:
    """A converter that one process's connections share: building it costs tens of milliseconds."""
    converter: Converter = default_converter()  # type: ignore[no-untyped-call]
    return converter


class Protocol(JsonRPCProtocol):
    """One connection's dispatch. Everything runs on the event loop; no thread ever writes."""

    writer: Writer | None

    def __init__(self, server: JsonRPCServer, converter: Converter) -> None:
        super().__init__(server, converter)
        self.initialized = False
        self.exit_code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._running: dict[MessageId, asyncio.Task[Any]] = {}
        self._notified: set[asyncio.Task[Any]] = set()
        self._cancelled: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._asked: dict[MessageId, tuple[asyncio.Future[Any], str]] = {}
        self._last_id = 0
        self.answered_early: MessageId | None = None
        """The id of a first request that has its answer already: what is answered to it here is kept back."""
        self.on_invalid_notification: Callable[[str, object, str], None] = _pass_over
        """Called with method, raw params and reason for a notification that can't be understood."""

    # Types

    def get_message_type(self, method: str) -> type[Any] | None:
        """The lsprotocol class of a message, or None for methods of our own, whose params stay plain JSON."""
        found = types.METHOD_TO_TYPES.get(method)
        return found[0] if found else None

    def get_result_type(self, method: str) -> type[Any] | None:
        """The lsprotocol class of the response to a request."""
        found = types.METHOD_TO_TYPES.get(method)
        return found[1] if found else None

    # What comes in

    def receive(self, body: bytes) -> None:
        """Handle one message. Whatever it holds, a request in it gets its one response."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            self.respond_error(None, PARSE_ERROR, f"Not JSON: {str(error)[:200]}")
            return
        if not isinstance(data, dict):
            self.respond_error(None, INVALID_REQUEST, "Not a JSON-RPC 2.0 message: it is no object.")
            return
        method, message_id = data.get("method"), data.get("id")
        if not isinstance(message_id, int | str) or isinstance(message_id, bool):
            message_id = None
        if data.get("jsonrpc") != "2.0":
            self.respond_error(message_id, INVALID_REQUEST, 'Not a JSON-RPC 2.0 message: "jsonrpc": "2.0" is missing.')
        elif isinstance(method, str):
            if "id" not in data:
                self._notification(method, data)
            elif message_id is not None:
                self._request(message_id, method, data)
            else:
                self.respond_error(None, INVALID_REQUEST, "The id of a request is a whole number or a text.")
        elif "result" in data or "error" in data:
            self._response(message_id, data)  # answered by nothing, whatever it holds
        else:
            self.respond_error(message_id, INVALID_REQUEST, "Neither a request, a notification nor a response.")

    def _request(self, message_id: MessageId, method: str, data: dict[str, Any]) -> None:
        if self._shutdown:
            self.respond_error(message_id, INVALID_REQUEST, "The server is shutting down.")
            return
        if not self.initialized and method != types.INITIALIZE:
            self.respond_error(message_id, SERVER_NOT_INITIALIZED, f"{method} came before initialize.")
            return
        try:
            handler: Callable[[Any], Any] = self._get_handler(method)
        except JsonRpcMethodNotFound:
            self.respond_error(message_id, METHOD_NOT_FOUND, f"This server has no method {method}.")
            return
        try:
            params = self._params_of_request(message_id, method, data)
        except BadInput as error:
            self.respond_error(message_id, INVALID_PARAMS, str(error))
            return
        try:
            result = handler(params)
        except Exception as error:  # noqa: BLE001 - the edge: whatever a handler raises is answered
            self._answer_failure(message_id, method, error)
            return
        if not iscoroutine(result):
            self.respond(message_id, method, result)
            return
        task = asyncio.ensure_future(result)
        self._running[message_id] = task
        task.add_done_callback(lambda done: self._finished(message_id, method, done))

    def _finished(self, message_id: MessageId, method: str, task: asyncio.Task[Any]) -> None:
        if self._running.get(message_id) is task:
            del self._running[message_id]
        if task.cancelled():
            self.respond_error(message_id, REQUEST_CANCELLED, "Cancelled.")
        elif (error := task.exception()) is not None:
            self._answer_failure(message_id, method, error)
        else:
            self.respond(message_id, method, task.result())

    def _answer_failure(self, message_id: MessageId, method: str, error: BaseException) -> None:
        match error:
            case Cancelled():
                self.respond_error(message_id, REQUEST_CANCELLED, str(error) or "Cancelled.")
            case BadInput():
                self.respond_error(message_id, INVALID_PARAMS, str(error))
            case DragomanError():
                self.respond_error(message_id, REQUEST_FAILED, str(error), {"kind": error.kind})
            case JsonRpcException():
                self.respond_error(message_id, error.code, error.message)
            case _:
                log.error("%s failed", method, exc_info=error)
                self.respond_error(
                    message_id,
                    INTERNAL_ERROR,
                    f"{method} failed inside Dragoman ({type(error).__name__}); its log tells where.",
                )

    def _notification(self, method: str, data: dict[str, Any]) -> None:
        if method == types.EXIT:
            self.stop(0 if self._shutdown else 1)
            return
        if self._shutdown or not (self.initialized or method == types.CANCEL_REQUEST):
            return
        if method == types.CANCEL_REQUEST:
            params = data.get("params")
            self.cancel(params.get("id") if isinstance(params, dict) else None)
            return
        try:
            handler: Callable[[Any], Any] = self._get_handler(method)
        except JsonRpcMethodNotFound:
            return  # the protocol lets a server pass over notifications that it does not know
        try:
            params = self._params(method, data)
        except BadInput as error:
            self.on_invalid_notification(method, data.get("params"), str(error))
            return
        try:
            result = handler(params)
        except Exception:
            log.exception("%s failed", method)
            return
        if iscoroutine(result):
            task = asyncio.ensure_future(result)
            self._notified.add(task)
            task.add_done_callback(lambda done: self._notification_finished(method, done))

    def _notification_finished(self, method: str, task: asyncio.Task[Any]) -> None:
        self._notified.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", method, exc_info=error)

    def _params_of_request(self, message_id: MessageId, method: str, data: dict[str, Any]) -> Any:
        """The same, with what can be done without left out where it can't be understood. Raises `BadInput`."""
        try:
            return self._params(method, data)
        except BadInput as error:
            if message_id == self.answered_early:
                log.warning("The client's capabilities are passed over: %s", error)
                return self._params(method, {**data, "params": plainest(data.get("params"))})
            if method != types.TEXT_DOCUMENT_CODE_ACTION:
                raise
            # What other servers report is none of this client's making: it must not cost the person the menu.
            log.info("Diagnostics of other servers are cut down: %s", error)
            return self._params(method, {**data, "params": self._with_sound_diagnostics(data.get("params"))})

    def _with_sound_diagnostics(self, params: object) -> object:
        """A code action's params with each diagnostic that is none by the specification cut down to what is sound."""
        context = params.get("context") if isinstance(params, dict) else None
        diagnostics = context.get("diagnostics") if isinstance(context, dict) else None
        if not isinstance(params, dict) or not isinstance(context, dict) or not isinstance(diagnostics, list):
            return params
        cut = [each if self._is_sound(each) else _without_details(each) for each in diagnostics]
        return {**params, "context": {**context, "diagnostics": [each for each in cut if self._is_sound(each)]}}

    def _is_sound(self, diagnostic: object) -> bool:
        try:
            self._converter.structure(diagnostic, types.Diagnostic)
        except Exception:  # noqa: BLE001 - as in _params
            return False
        return True

    def _params(self, method: str, data: dict[str, Any]) -> Any:
        """The params as lsprotocol has them; plain JSON for methods of our own. Raises `BadInput`."""
        message_type = self.get_message_type(method)
        if message_type is None:
            return data.get("params")
        try:
            return self._converter.structure(data, message_type).params
        except Exception as error:
            # cattrs raises groups of whatever its hooks raise: this is the edge where outside data comes in.
            raise BadInput(f"Invalid params for {method}: {_first_reason(error)}") from error

    def _response(self, message_id: MessageId | None, data: dict[str, Any]) -> None:
        asked = self._asked.pop(message_id, None) if message_id is not None else None
        if asked is None or asked[0].done():
            return
        future, method = asked
        error = data.get("error")
        if isinstance(error, dict):
            future.set_exception(ClientError(f"The editor refused {method}: {str(error.get('message'))[:300]}"))
            return
        result_type = self.get_result_type(method)
        if result_type is None:
            future.set_result(data.get("result"))
            return
        try:
            future.set_result(self._converter.structure(data, result_type).result)
        except Exception as failure:  # noqa: BLE001 - as in _params
            future.set_exception(ClientError(f"The editor's answer to {method} is malformed: {_first_reason(failure)}"))

    # What goes out

    def respond(self, message_id: MessageId, method: str, result: Any) -> None:
        """Answer a request."""
        if method == types.INITIALIZE and message_id == self.answered_early:
            self.answered_early = None
            return
        try:
            body = self._encode({"jsonrpc": "2.0", "id": message_id, "result": result})
        except (TypeError, ValueError, AttributeError):
            log.exception("The result of %s can't be written as JSON", method)
            self.respond_error(message_id, INTERNAL_ERROR, f"The result of {method} can't be sent; see Dragoman's log.")
            return
        self._write(body)

    def respond_error(
        self, message_id: MessageId | None, code: int, message: str, data: Mapping[str, object] | None = None
    ) -> None:
        """Answer a request with an error of one line."""
        error: dict[str, object] = {"code": code, "message": in_one_line(message)}
        if data is not None:
            error["data"] = data
        self._write(self._encode({"jsonrpc": "2.0", "id": message_id, "error": error}))

    def notify(self, method: str, params: Any | None = None) -> None:
        """Tell the client something."""
        self._write(self._encode({"jsonrpc": "2.0", "method": method, "params": params}))

    async def ask(self, method: str, params: Any, *, seconds: float) -> Any:
        """Ask the client and wait for its answer. Raises `ClientError` for an error, or where none comes in time."""
        self._last_id += 1
        message_id = self._last_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[message_id] = (future, method)
        self._write(self._encode({"jsonrpc": "2.0", "id": message_id, "method": method, "params": params}))
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise ClientError(f"The editor did not answer {method} within {seconds:g} s.") from None
        finally:
            self._asked.pop(message_id, None)

    @property
    def congested(self) -> bool:
        """Whether the client reads more slowly than we write."""
        return self.writer is not None and self.writer.congested

    async def drained(self) -> None:
        """Wait while it does."""
        if self.writer is not None:
            await self.writer.drained()

    def _encode(self, message: dict[str, Any]) -> bytes:
        text = json.dumps(message, default=self._serialize_message, ensure_ascii=False, separators=(",", ":"))
        try:
            return text.encode()
        except UnicodeEncodeError:  # half a surrogate pair, as JSON allows it
            return json.dumps(message, default=self._serialize_message, separators=(",", ":")).encode()

    def _serialize_message(self, data: Any) -> Any:
        if hasattr(data, "__attrs_attrs__"):
            return self._converter.unstructure(data)
        raise TypeError(f"{type(data).__name__} is no JSON")

    def _write(self, body: bytes) -> None:
        if self.writer is not None:
            self.writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    # Endings

    def cancel(self, message_id: object) -> None:
        """The client no longer wants the answer; the request is still answered, as cancelled."""
        task = self._running.get(message_id) if isinstance(message_id, int | str) else None
        if task is not None:
            self.cancel_task(task)

    def cancel_task(self, task: asyncio.Task[Any]) -> None:
        """Cancel it, once: a second time would interrupt it while it closes its connection, which then stays open."""
        if task not in self._cancelled:
            self._cancelled.add(task)
            task.cancel()

    async def cancel_all(self, *, but: asyncio.Task[Any] | None = None) -> None:
        """Cancel whatever runs, and wait until it has let go of its connections."""
        tasks = [task for task in (*self._running.values(), *self._notified) if task is not but]
        for task in tasks:
            self.cancel_task(task)
        await asyncio.gather(*tasks, return_exceptions=True)

    def shut_down(self) -> None:
        """From now on only `exit` is heard."""
        self._shutdown = True

    def stop(self, exit_code: int) -> None:
        """End the connection."""
        if not self.exit_code.done():
            self.exit_code.set_result(exit_code)

    @property
    def asked_to_shut_down(self) -> bool:
        """Whether the client has sent `shutdown`."""
        return self._shutdown


def _pass_over(method: str, params: object, reason: str) -> None:  # noqa: ARG001 - a caller may want the params
    log.warning("Passing over %s: %s", method, reason)


def _without_details(diagnostic: object) -> object:
    """The place and the words of a diagnostic; its severity, code and source where they are of the right types."""
    if not isinstance(diagnostic, dict):
        return diagnostic
    severity, code, source = (diagnostic.get(key) for key in ("severity", "code", "source"))
    return {
        "range": diagnostic.get("range"),
        "message": diagnostic.get("message"),
        "severity": severity if severity in list(types.DiagnosticSeverity) else None,
        "code": code if isinstance(code, int | str) else None,
        "source": source if isinstance(source, str) else None,
    }


def _first_reason(error: BaseException) -> str:
    """The innermost first reason of a group of validation errors, in one line, without the data itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing" if error.args else "a key is missing"
    return " ".join(str(error).split())[:200] or type(error).__name__
