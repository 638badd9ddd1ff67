"""A server that sends whatever bytes a test wants, and an engine that asks it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from dragoman.core.chat import Request, user
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.settings import Settings
from dragoman.engine.clock import LoopClock
from dragoman.engine.http import HttpTransport
from dragoman.engine.keys import Keys, key_specs
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers import PRESETS

EVENT = b'data: {"choices":[{"delta":{"content":"fine"}}]}\n\n'
END = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def response(status, body=b"", *, version="1.1", **headers):
    """A whole response; header names with _ for -."""
    lines = [f"HTTP/{version} {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Raw:
    """Answers every request with the same bytes, and keeps the request heads."""

    def __init__(self, answer):
        self.answer = answer
        self.heads = []
        self.url = ""

    async def serve(self, reader, writer):
        """One connection, one request."""
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in self.answer if isinstance(self.answer, list) else [self.answer]:
                writer.write(piece)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer, *, host="127.0.0.1", tls=None):
    """A raw server on a free port, with its URL."""
    server = Raw(answer)
    async with await asyncio.start_server(server.serve, host, 0, ssl=tls) as listening:
        port = listening.sockets[0].getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        server.url = f"{'https' if tls else 'http'}://{shown}:{port}"
        yield server


@asynccontextmanager
async def engine_at(base_url, *, environment=None, **sections):
    """An engine with one OpenAI-compatible provider, `mine`, at that address; real keys of that environment."""
    provider = {"dialect": "openai", "base_url": base_url, "model": "some-model"} | sections.pop("provider", {})
    settings = Settings.model_validate(
        {
            "providers": {"mine": provider, "ollama": {"enabled": False}},
            "routing": {"fallback_order": ("mine",), "prefer_local_for": (), "intents": {}},
            "retry": {"max_retries": 0},
            **sections,
        }
    )
    workers = ThreadWorkers()
    transport = HttpTransport(workers, settings.network)
    keys = Keys(key_specs(settings, PRESETS), environment or {}, LoopClock())
    try:
        yield Engine(settings, transport, keys)
    finally:
        await transport.close()
        workers.close()


async def events_of(engine):
    """The events of a plain question."""
    label = LabelledIntent(Intent.GENERAL, "action", "test")
    job = Job("raw-1", Request((user("Is all well?"),)), label, Hints(provider="mine"))
    return [event async for event in engine.stream(job)]
