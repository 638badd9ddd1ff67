"""The engine on a real model server: what llama.cpp streams, counts, refuses and stops."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager

import httpx
import pytest

from dragoman.core.chat import Request, Stop, TextDelta, user
from dragoman.core.errors import AllCandidatesFailed, ContextLength
from dragoman.core.events import Done, Routed
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.settings import Settings
from dragoman.engine.http import HttpTransport
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers

BASE = {"openai": "/v1", "anthropic": ""}


class Keys:
    """No keys at all."""

    async def secret(self, provider):
        return None

    def fault(self, provider):
        return ""


@asynccontextmanager
async def engine_on(server, dialect, model=None):
    """An engine whose only provider is the real server, by one of its dialects."""
    real = {"dialect": dialect, "base_url": server.url + BASE[dialect], "model": model}
    settings = {"providers": {"real": real, "ollama": {"enabled": False}}, "retry": {"max_retries": 0}}
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    try:
        yield Engine(Settings.model_validate(settings), transport, Keys())
    finally:
        await transport.close()
        workers.close()


def job(text: str, max_output_tokens: int) -> Job:
    """A plain request."""
    request = Request((user(text),), max_output_tokens=max_output_tokens)
    return Job("real-1", request, LabelledIntent(Intent.GENERAL, "action", "test"), Hints())


@pytest.mark.parametrize("dialect", BASE)
async def test_a_real_model_streams(real_model_server, dialect):
    """Pieces come one by one, tokens are counted, and the length limit is the stop reason."""
    async with engine_on(real_model_server, dialect, real_model_server.model) as engine:
        events = [event async for event in engine.stream(job("Write on, whatever it may be.", 24))]
    done = events[-1]
    assert isinstance(done, Done)
    assert sum(isinstance(event, TextDelta) for event in events) > 3
    # By Anthropic's dialect the server leaves out message_start, so the prompt's tokens, where the first token is half
    # a character: then they are estimated.
    assert dialect == "anthropic" or not done.usage.estimated
    assert done.usage.input_tokens > 5
    assert 0 < done.usage.output_tokens <= 24
    assert done.stop in {Stop.LENGTH, Stop.STOP}


@pytest.mark.parametrize("dialect", BASE)
async def test_a_real_overflow_is_context_length(real_model_server, dialect):
    """A prompt beyond the model's window is told apart from a wrong request, by either dialect."""
    async with engine_on(real_model_server, dialect, real_model_server.model) as engine:
        with pytest.raises(AllCandidatesFailed, match="select less") as failed:
            async for _ in engine.stream(job("x " * real_model_server.window * 2, 5)):
                pass
    assert isinstance(failed.value.failures[0][1], ContextLength)


@pytest.mark.parametrize("dialect", BASE)
async def test_closing_the_stream_frees_the_slot(real_model_server, dialect):
    """After the stream is closed in mid-answer the model no longer works on it."""
    async with (
        engine_on(real_model_server, dialect, real_model_server.model) as engine,
        aclosing(engine.stream(job("Write without end.", 3500))) as events,
    ):
        async for event in events:
            if isinstance(event, TextDelta):
                break
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(10):
        while "llamacpp:requests_processing 0" not in (await client.get(f"{real_model_server.url}/metrics")).text:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)


async def test_the_model_is_found_by_the_servers_list(real_model_server):
    """Without a model in the settings the server's own list names it."""
    async with engine_on(real_model_server, "openai") as engine:
        events = [event async for event in engine.stream(job("Hello.", 4))]
    assert [event.model for event in events if isinstance(event, Routed)] == [real_model_server.model]
