"""The three dialects as a client sees them, read here by a third hand: neither the simulator's nor the providers'."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

PROMPT = [{"role": "user", "content": "Say something."}]


@dataclass(frozen=True)
class Wire:
    """How one dialect is asked, and what its bytes say."""

    name: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def request(self, **more: Any) -> dict[str, Any]:
        """The arguments of `httpx`'s request for a streamed answer."""
        body = {"model": "scripted-chat", "messages": PROMPT, "stream": True, **self.body, **more}
        return {"method": "POST", "url": self.path, "headers": self.headers, "json": body}

    def documents(self, data: bytes) -> list[dict[str, Any]]:
        """The stream's JSON documents; those that are none are left out."""
        lines = data.decode().splitlines()
        if self.name != "ollama":
            lines = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        documents = []
        for line in lines:
            try:
                documents.append(json.loads(line))
            except ValueError:
                continue
        return documents

    def text(self, data: bytes) -> str:
        """The answer's text as far as it goes."""
        return "".join(self._text_of(document) for document in self.documents(data))

    def finished(self, data: bytes) -> bool:
        """Whether the stream says why the model stopped."""
        return any(self._stop_of(document) for document in self.documents(data))

    def _text_of(self, document: dict[str, Any]) -> str:
        if self.name == "ollama":
            return document.get("message", {}).get("content", "")
        if self.name == "anthropic":
            return document.get("delta", {}).get("text", "")
        return "".join(choice["delta"].get("content", "") for choice in document.get("choices", []))

    def _stop_of(self, document: dict[str, Any]) -> str | None:
        if self.name == "ollama":
            return document.get("done_reason")
        if self.name == "anthropic":
            return document.get("delta", {}).get("stop_reason")
        return next((choice["finish_reason"] for choice in document.get("choices", [])), None)


WIRES = (
    Wire("ollama", "/api/chat"),
    Wire("anthropic", "/v1/messages", {"anthropic-version": "2023-06-01", "x-api-key": "no-key"}, {"max_tokens": 100}),
    Wire("openai", "/v1/chat/completions", {"authorization": "Bearer no-key"}),
)


@pytest.fixture(params=WIRES, ids=lambda wire: wire.name)
def wire(request):
    """Each dialect in turn."""
    return request.param


@pytest.fixture
def wires():
    """The dialects by name."""
    return {wire.name: wire for wire in WIRES}


@pytest.fixture
def client():
    """Makes a client for a simulator's URL that takes nothing from the environment and loads no certificates."""
    return lambda simulator: httpx.AsyncClient(base_url=simulator.url, trust_env=False, verify=False, timeout=5)


@pytest.fixture
def read():
    """Asks, and gives the bytes that came with the error that ended them, if one did."""

    async def read(client, request):
        pieces = []
        try:
            async with client.stream(**request) as response:
                async for piece in response.aiter_bytes():
                    pieces.append(piece)  # noqa: PERF401 - what came before an error counts, too
        except httpx.HTTPError as error:
            return b"".join(pieces), error
        return b"".join(pieces), None

    return read
