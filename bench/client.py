"""A language client that costs next to nothing: blocking pipes, plain JSON, one thread. It stands in for the editor."""

from __future__ import annotations

import json
import os
import select
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

WAIT_SECONDS = 60.0

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}, "workspaceFolders": True},
    "textDocument": {
        "synchronization": {"didSave": True},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]}}
        },
    },
}
"""An editor that takes everything, without the requests back to it that would make runs differ."""


class ServerGone(Exception):  # noqa: N818 - errors are nouns of the condition
    """The server has closed its end, or does not answer."""


class Client:
    """One client at one server process. `on_notification(method, params)` hears everything that the server tells."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self.on_notification: Callable[[str, Any], None] = _ignore
        self._stdin = process.stdin.fileno()
        self._stdout = process.stdout.fileno()
        self._buffer = bytearray()
        self._answers: dict[int, dict[str, Any]] = {}
        self._last_id = 0

    def initialize(self, root_uri: str) -> None:
        """Send `initialize`, wait for its answer, send `initialized`."""
        folder = {"uri": root_uri, "name": "bench"}
        self.call(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "Visual Studio Code"},  # one that lets a command run to its result
                "rootUri": root_uri,
                "workspaceFolders": [folder],
                "capabilities": CAPABILITIES,
            },
        )
        self.notify("initialized", {})

    def open(self, uri: str, text: str) -> None:
        """didOpen of a Python file, version 1."""
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def type(self, uri: str, version: int, line: int) -> None:
        """didChange: a letter put in at a line's start."""
        self._change(uri, version, line, 0, "x")

    def erase(self, uri: str, version: int, line: int) -> None:
        """didChange: a line's first letter taken away."""
        self._change(uri, version, line, 1, "")

    def _change(self, uri: str, version: int, line: int, length: int, text: str) -> None:
        range_ = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": length}}
        document = {"uri": uri, "version": version}
        changes = [{"range": range_, "text": text}]
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, method: str, params: Any) -> int:
        """Send a request; returns its id."""
        self._last_id += 1
        self._send({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        return self._last_id

    def call(self, method: str, params: Any) -> Any:
        """Send a request and wait for its result. Raises `ServerGone` where none comes."""
        return self.result(self.send(method, params))

    def result(self, message_id: int) -> Any:
        """The result of a request. Raises `ServerGone` where none comes, or an error."""
        end = time.monotonic() + WAIT_SECONDS
        while message_id not in self._answers:
            if not self._read(end - time.monotonic()):
                raise ServerGone("no answer in time")
        answer = self._answers.pop(message_id)
        if "error" in answer:
            raise ServerGone(f"answered with an error: {answer['error']}")
        return answer["result"]

    def listen(self, seconds: float) -> None:
        """Take what the server tells for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message, separators=(",", ":")).encode()
        frame = memoryview(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        while frame:
            frame = frame[os.write(self._stdin, frame) :]

    def _read(self, seconds: float) -> bool:
        """Take what has come, waiting at most so long; whether anything came."""
        if not select.select([self._stdout], [], [], max(0.0, seconds))[0]:
            return False
        data = os.read(self._stdout, 1 << 16)
        if not data:
            raise ServerGone("closed its end")
        self._buffer += data
        while (body := self._frame()) is not None:
            self._take(json.loads(body))
        return True

    def _frame(self) -> bytes | None:
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return None
        start = head + 4
        length = next(
            int(line[15:]) for line in self._buffer[:head].split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        if len(self._buffer) < start + length:
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return body

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._answers[message["id"]] = message
        elif "id" in message:
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        else:
            self.on_notification(message["method"], message["params"])


def _ignore(method: str, params: Any) -> None:
    pass
