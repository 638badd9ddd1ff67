"""What an editor and its language servers said to each other, read from what `tee.py` wrote down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Message:
    """One JSON-RPC message. `at` is in seconds of the machine's monotonic clock, `server` the server's process id."""

    at: float
    sender: Literal["editor", "server"]
    server: int
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that may still grow."""

    path: Path

    def messages(self) -> list[Message]:
        """All of them so far, in the order in which they passed."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").split("\n")[:-1]
        return [Message(**json.loads(line)) for line in lines]

    def sent(self, method: str) -> list[dict[str, Any]]:
        """The params of the editor's requests and notifications of that method."""
        return self._params("editor", method)

    def told(self, method: str) -> list[dict[str, Any]]:
        """The params of the servers' requests and notifications of that method."""
        return self._params("server", method)

    def answers(self, method: str) -> list[dict[str, Any]]:
        """The responses, in the order of their coming, to requests of that method from either side."""
        asked: set[tuple[int, str, object]] = set()
        answers: list[dict[str, Any]] = []
        for entry in self.messages():
            message, other = entry.message, "server" if entry.sender == "editor" else "editor"
            if message.get("method") == method and "id" in message:
                asked.add((entry.server, entry.sender, message["id"]))
            elif "method" not in message and (entry.server, other, message.get("id")) in asked:
                answers.append(message)
        return answers

    def progress(self) -> list[dict[str, Any]]:
        """The values of the servers' work-done progress, in order."""
        return [params["value"] for params in self.told("$/progress") if "kind" in params["value"]]

    def order(self, *methods: str) -> list[str]:
        """The methods, of either side, in the order in which their messages passed."""
        told = (entry.message.get("method") for entry in self.messages())
        return [method for method in told if method in methods]

    def servers(self) -> list[int]:
        """The process ids of the servers that were started, first one first."""
        return list(dict.fromkeys(entry.server for entry in self.messages()))

    def _params(self, sender: str, method: str) -> list[dict[str, Any]]:
        return [
            entry.message.get("params", {})
            for entry in self.messages()
            if entry.sender == sender and entry.message.get("method") == method
        ]
