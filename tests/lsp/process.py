"""The real server as a child process, with folders of its own, and a scripted provider for it to ask."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from dragoman.cli.driver import LspClient
from lsp.desk import FULL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

COMMAND = (sys.executable, "-m", "dragoman.cli.main", "lsp")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A person's environment whose every folder is in that one."""
    folders = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return {**kept, **folders, **backend, "HOME": str(folder), "TMPDIR": str(folder), **more}


def asking(url: str) -> dict[str, Any]:
    """Settings under which everything goes to one scripted provider."""
    return {
        "routing": {"fallback_order": ["ollama"], "intents": {"analysis": ["ollama"], "explanation": ["ollama"]}},
        "providers": {"ollama": {"base_url": url, "model": "scripted-coder"}},
        "retry": {"max_retries": 0},
    }


class Session:
    """A client that has shaken hands with a server process, and every byte that the server has sent."""

    def __init__(self, client: LspClient, stderr: Path, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.received: list[bytes] = []
        self.text: dict[str, str] = {}
        self.progress: list[Any] = []
        self.messages: list[str] = []
        self._stderr = stderr
        feed = client._output.feed_data
        client._output.feed_data = lambda data: (self.received.append(data), feed(data))
        client.on_notification("$/progress", self.progress.append)
        client.on_notification("window/showMessage", lambda params: self.messages.append(params["message"]))
        client.on_request("workspace/applyEdit", self._apply)
        client.on_request("workspace/configuration", self._configuration)
        client.on_request("window/workDoneProgress/create", self._nothing)

    async def initialize(self, options: Any = None, capabilities: Any = FULL, process_id: int | None = None) -> Any:
        """The handshake; returns the answer to `initialize`."""
        params = {
            "processId": os.getpid() if process_id is None else process_id,
            "rootUri": self.folder.as_uri(),
            "capabilities": capabilities,
            "clientInfo": {"name": "Visual Studio Code"},
            "initializationOptions": options or {},
        }
        answer = await self.client.request("initialize", params)
        self.client.notify("initialized", {})
        return answer

    def open(self, text: str, name: str = "a.py", language: str = "python") -> str:
        """didOpen; returns the URI."""
        uri = (self.folder / name).as_uri()
        self.text[uri] = text
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.client.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    @property
    def stderr(self) -> str:
        """What the server has written there."""
        return self._stderr.read_text(encoding="utf-8", errors="replace")

    async def _apply(self, params: Any) -> Any:
        """One edit of whole lines is all that these tests make: the lines are taken as they are."""
        for change in params["edit"]["documentChanges"]:
            uri = change["textDocument"]["uri"]
            lines = self.text[uri].split("\n")
            for edit in reversed(change["edits"]):
                start, end = edit["range"]["start"], edit["range"]["end"]
                head, tail = lines[start["line"]][: start["character"]], lines[end["line"]][end["character"] :]
                lines[start["line"] : end["line"] + 1] = (head + edit["newText"] + tail).split("\n")
            self.text[uri] = "\n".join(lines)
            document = {"uri": uri, "version": 2}
            changes = [{"text": self.text[uri]}]
            self.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        return {"applied": True}

    async def _configuration(self, params: Any) -> Any:
        return [{} for _ in params["items"]]

    async def _nothing(self, params: Any) -> None:
        return None


@asynccontextmanager
async def running(folder: Path, *arguments: str, extra: Mapping[str, str] | None = None) -> AsyncIterator[Session]:
    """A server process with its client; ended by force if the test does not end it."""
    stderr = folder / "stderr.txt"
    with stderr.open("wb") as file:
        client = await LspClient.start(
            [*COMMAND, *arguments], environment=environment(folder, **(extra or {})), folder=str(folder), stderr=file
        )
    try:
        yield Session(client, stderr, folder)
    finally:
        await client.close()
