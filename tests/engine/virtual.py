"""Time that passes only when everybody waits, and providers that are a script: what the engine's tests are made of."""

from __future__ import annotations

import asyncio
import functools
import json
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from dragoman.core.chat import Request, TextDelta, user
from dragoman.core.encodings import estimate_tokens
from dragoman.core.errors import NetworkError, StreamingError
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.settings import Settings
from dragoman.engine.http import Response
from dragoman.engine.loop import Engine
from virtual_time import VirtualTimeLoop


def virtual_time(test):
    """Runs an async test on a loop whose clock jumps, and sees that it leaves nothing running."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        async def whole():
            await test(*args, **kwargs)
            await asyncio.sleep(0)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"still running: {left}"

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(whole())

    return run


@dataclass
class Reply:
    """One response: `steps` are bytes to send, seconds to wait, or an error to raise; `before` comes before headers."""

    steps: tuple = ()
    status: int = 200
    headers: dict = field(default_factory=lambda: {"content-type": "text/event-stream"})
    before: tuple = ()


def text_of_tokens(tokens: int) -> str:
    """A text that is estimated to have so many tokens."""
    return "word " * next(n for n in range(1, 10 * tokens) if estimate_tokens("word " * n) >= tokens)


def event(**data) -> bytes:
    """One event of the OpenAI dialect."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def piece(text: str) -> bytes:
    """A piece of text."""
    return event(choices=[{"delta": {"content": text}}])


def thought(text: str) -> bytes:
    """A piece of thinking."""
    return event(choices=[{"delta": {"reasoning_content": text}}])


def finish(reason: str = "stop", usage: tuple[int, int] | None = (11, 7)) -> tuple[bytes, ...]:
    """The end of an answer."""
    last = event(choices=[{"delta": {}, "finish_reason": reason}])
    counted = (event(choices=[], usage={"prompt_tokens": usage[0], "completion_tokens": usage[1]}),) if usage else ()
    return (last, *counted, b"data: [DONE]\n\n")


def says(*texts: str) -> Reply:
    """A whole answer."""
    return Reply((*map(piece, texts), *finish()))


def refuses(status: int, message: str = "no", **headers: str) -> Reply:
    """An error response; header names with _ for -."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply((json.dumps({"error": {"message": message}}).encode(),), status, names)


def unreachable() -> Reply:
    """Nothing listens there."""
    return Reply(before=(NetworkError("nothing answers there"),))


def breaks_after(*texts: str) -> Reply:
    """The connection breaks in mid-answer."""
    return Reply((*map(piece, texts), StreamingError("the connection broke off in mid-answer")))


class ScriptedTransport:
    """`engine.http.Transport` by a script for each host: replies in turn, the last one for ever."""

    def __init__(self, **scripts):
        self.scripts = {host: list(replies) for host, replies in scripts.items()}
        self.calls: list[tuple[float, str]] = []
        self.open: list[str] = []
        self.bodies: list[dict] = []

    @property
    def hosts(self):
        """Who was called, in order."""
        return [host for _, host in self.calls]

    @asynccontextmanager
    async def stream(self, call, *, connect_seconds):
        host = call.url.split("/")[2]
        now = asyncio.get_running_loop().time()
        self.calls.append((now, host))
        self.bodies.append(json.loads(call.body) if call.body else {})
        script = self.scripts[host]
        reply = script.pop(0) if len(script) > 1 else script[0]
        self.open.append(host)
        try:
            async for _ in _play(reply.before):
                pass
            async with aclosing(_play(reply.steps)) as body:
                yield Response(reply.status, reply.headers, body)
        finally:
            self.open.remove(host)


async def _play(steps):
    for step in steps:
        if isinstance(step, bytes):
            yield step
        elif isinstance(step, Exception):
            raise step
        else:
            await asyncio.sleep(step)


class Keys:
    """`core.ports.Secrets` of a dictionary."""

    def __init__(self, **keys):
        self.keys = keys

    async def secret(self, provider):
        return self.keys.get(provider)

    def fault(self, provider):
        return ""


def settings_of(*names: str, **sections) -> Settings:
    """Providers of the OpenAI dialect, each at a host of its own name, asked in this order; nobody else."""
    providers = {
        name: {"dialect": "openai", "base_url": f"http://{name}/v1", "model": f"{name}-model"} for name in names
    }
    for name, more in sections.pop("providers", {}).items():
        providers[name] = providers.get(name, {}) | more
    routing = {"fallback_order": names, "prefer_local_for": (), "intents": {}} | sections.pop("routing", {})
    providers.setdefault("ollama", {"enabled": False})
    return Settings.model_validate({"providers": providers, "routing": routing, **sections})


def engine_of(transport, settings, *, keys=None, records=None, fraction=0.5, tokens=None, audit=None) -> Engine:
    """An engine on the script; every backoff takes half of its bound."""
    heard = (records if records is not None else []).append
    return Engine(
        settings, transport, keys or Keys(), fraction=lambda: fraction, on_attempt=heard, tokens=tokens, audit=audit
    )


def job(text: str = "say something", *, intent: Intent = Intent.GENERAL, can_reset: bool = True, **hints) -> Job:
    """A request on its way."""
    label = LabelledIntent(intent, "action", "test")
    return Job("job-1", Request((user(text),)), label, Hints(**hints), can_reset)


async def events_of(engine: Engine, asked: Job) -> list:
    """All of the events."""
    return [event async for event in engine.stream(asked)]


def text_of(events: list) -> str:
    """The answer's text, what was thrown away left out."""
    from dragoman.core.events import Reset

    text = ""
    for happened in events:
        if isinstance(happened, Reset):
            text = ""
        elif isinstance(happened, TextDelta):
            text += happened.text
    return text


def of_type(events: list, kind: type) -> list:
    """The events of one type."""
    return [happened for happened in events if isinstance(happened, kind)]
