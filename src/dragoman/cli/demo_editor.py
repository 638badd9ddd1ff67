"""The editor's part in the demo: a buffer that takes the server's edits for real, and says so as every editor does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dragoman.core.text import Encoding, Position, Range, Snapshot, TextEdit, apply, from_units, units

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dragoman.cli.driver import LspClient, Pending

_CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]},
        "executeCommand": {},
    },
    "textDocument": {
        "synchronization": {"didSave": True},
        "codeAction": {
            "codeActionLiteralSupport": {
                "codeActionKind": {"valueSet": ["", "quickfix", "refactor", "refactor.rewrite", "source"]}
            }
        },
    },
}


class DemoEditor:
    """One open document at a server. `text` is what a person would see; `landed` counts the edits it has taken."""

    def __init__(self, client: LspClient, path: Path, language: str) -> None:
        self.landed = 0
        self.server = ""
        self._client = client
        self._path = path
        self._version = 1
        self._lines = Snapshot.of(path.read_text(encoding="utf-8"), language=language).lines
        self._language = language
        self._runs = 0
        self._watching: dict[str, Callable[[dict[str, Any]], None]] = {}
        client.on_request("workspace/applyEdit", self._apply)
        client.on_request("window/workDoneProgress/create", _nothing)
        client.on_request("window/showDocument", _shown)
        client.on_notification("$/progress", self._progress)

    @property
    def uri(self) -> str:
        """The document's."""
        return self._path.as_uri()

    @property
    def text(self) -> str:
        """The buffer."""
        return "".join(self._lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The buffer's lines, with their ends."""
        return self._lines

    async def open(self) -> dict[str, Any]:
        """Introduce the editor, open the document; returns the server's answer to `initialize`."""
        params = {
            "processId": os.getpid(),
            "clientInfo": {"name": "dragoman demo"},
            "rootUri": self._path.parent.as_uri(),
            "workspaceFolders": [{"uri": self._path.parent.as_uri(), "name": "demo"}],
            "capabilities": _CAPABILITIES,
        }
        answer: dict[str, Any] = await self._client.request("initialize", params)
        self._client.notify("initialized", {})
        document = {"uri": self.uri, "languageId": self._language, "version": self._version, "text": self.text}
        self._client.notify("textDocument/didOpen", {"textDocument": document})
        return answer

    async def code_actions(self, selection: Range) -> list[dict[str, Any]]:
        """What the server offers there."""
        params = {
            "textDocument": {"uri": self.uri},
            "range": self._range(selection),
            "context": {"diagnostics": [], "triggerKind": 1},
        }
        actions: list[dict[str, Any]] = await self._client.request("textDocument/codeAction", params)
        return actions

    async def route(self, action: str, selection: Range) -> dict[str, Any]:
        """Who would be asked."""
        decision: dict[str, Any] = await self._client.request("dragoman/route", self._order(action, selection))
        return decision

    def run(
        self, action: str, selection: Range, watch: Callable[[dict[str, Any]], None], provider: str | None = None
    ) -> Pending:
        """Start an action; every partial result goes to `watch`."""
        self._runs += 1
        token = f"demo-{self._runs}"
        self._watching[token] = watch
        order = self._order(action, selection) | {"partialResultToken": token, "workDoneToken": f"{token}-bar"}
        return self._client.send("dragoman/run", order | ({"provider": provider} if provider else {}))

    def _order(self, action: str, selection: Range) -> dict[str, Any]:
        return {"action": action, "textDocument": {"uri": self.uri}, "range": self._range(selection)}

    def _range(self, selection: Range) -> dict[str, Any]:
        start, end = (
            {"line": position.line, "character": units(self._lines[position.line], position.character, Encoding.UTF16)}
            for position in selection
        )
        return {"start": start, "end": end}

    def _progress(self, params: dict[str, Any]) -> None:
        watch = self._watching.get(params["token"])
        if watch is not None:
            watch(params["value"])

    async def _apply(self, params: dict[str, Any]) -> dict[str, Any]:
        """Take an edit for the open document at its present version; refuse any other."""
        changes = params["edit"].get("documentChanges", [])
        meant = [change.get("textDocument", {}) for change in changes]
        if meant != [{"uri": self.uri, "version": self._version}]:
            return {"applied": False, "failureReason": "the demo takes edits for its open document's version only"}
        edits = sorted(changes[0]["edits"], key=lambda edit: _order_of(edit["range"]["start"]), reverse=True)
        self._lines = Snapshot.of(apply(self._lines, [self._edit(edit) for edit in edits])).lines
        self._version += 1
        self.landed += 1
        document = {"uri": self.uri, "version": self._version}
        # From the last to the first, so that each range still means what it meant when the server wrote it.
        changes = [{"range": edit["range"], "text": edit["newText"]} for edit in edits]
        self._client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        return {"applied": True}

    def _edit(self, edit: dict[str, Any]) -> TextEdit:
        start, end = (self._position(edit["range"][name]) for name in ("start", "end"))
        return TextEdit(Range(start, end), edit["newText"])

    def _position(self, position: dict[str, int]) -> Position:
        line = position["line"]
        return Position(line, from_units(self._lines[line], position["character"], Encoding.UTF16))


def _order_of(position: dict[str, int]) -> tuple[int, int]:
    return position["line"], position["character"]


async def _nothing(_params: Any) -> None:
    """The answer to a request that only wants one."""


async def _shown(_params: Any) -> dict[str, bool]:
    return {"success": True}
