"""The dialects as a client sees them, read here by a third hand: neither the simulator's nor the providers'."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest


@dataclass(frozen=True)
class Wire:
    """How one dialect is asked, and what its bytes say."""

    name: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    def request(self, *, stream: bool = True, **more: Any) -> dict[str, Any]:
        """The arguments of `httpx`'s request, for a streamed answer or a whole one."""
        url = self.path
        if self.name == "gemini":  # the path says so, and holds the model
            body = self.body | more
            url = url if stream else "/v1beta/models/scripted-chat:generateContent"
        else:
            body = {"model": "scripted-chat", **self.says("Say something."), "stream": stream, **self.body, **more}
        return {"method": "POST", "url": url, "headers": self.headers, "json": body}

    def says(self, prompt: str) -> dict[str, Any]:
        """The fields of a body in which the user says this."""
        if self.name == "gemini":
            return {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
        return {"input" if self.name == "responses" else "messages": [{"role": "user", "content": prompt}]}

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
        if self.name == "responses":
            return document["delta"] if document["type"] == "response.output_text.delta" else ""
        if self.name == "gemini":
            parts = [part for row in document.get("candidates", []) for part in row["content"]["parts"]]
            return "".join(part.get("text", "") for part in parts if not part.get("thought"))
        return "".join(choice["delta"].get("content", "") for choice in document.get("choices", []))

    def _stop_of(self, document: dict[str, Any]) -> str | None:
        if self.name == "ollama":
            return document.get("done_reason")
        if self.name == "anthropic":
            return document.get("delta", {}).get("stop_reason")
        if self.name == "responses":
            ended = document["type"] in {"response.completed", "response.incomplete"}
            return (document["response"]["incomplete_details"] or {}).get("reason", "completed") if ended else None
        if self.name == "gemini":
            return next((row.get("finishReason") for row in document.get("candidates", [])), None)
        return next((choice["finish_reason"] for choice in document.get("choices", [])), None)


WIRES = (
    Wire("ollama", "/api/chat"),
    Wire("anthropic", "/v1/messages", {"anthropic-version": "2023-06-01", "x-api-key": "no-key"}, {"max_tokens": 100}),
    Wire("openai", "/v1/chat/completions", {"authorization": "Bearer no-key"}),
    Wire("responses", "/v1/responses", {"authorization": "Bearer no-key"}),
    Wire("azure", "/openai/deployments/scripted-chat/chat/completions?api-version=1", {"api-key": "no-key"}),
    Wire(
        "gemini",
        "/v1beta/models/scripted-chat:streamGenerateContent?alt=sse",
        {"x-goog-api-key": "no-key"},
        {"contents": [{"role": "user", "parts": [{"text": "Say something."}]}]},
    ),
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
