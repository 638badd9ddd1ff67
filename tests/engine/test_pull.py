"""Downloading a model: progress, what goes wrong, and stopping."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import pytest

from dragoman.core.errors import AttemptTimeout, ModelUnavailable, ProviderError, StreamingError
from dragoman.engine.pull import SILENCE_SECONDS, can_pull, pull
from dragoman.providers import DIALECTS
from dragoman.providers.base import Target
from engine.virtual import Reply, ScriptedTransport, virtual_time

TARGET = Target("ollama", "http://home", "small:1b")


def line(status: str, **more) -> bytes:
    """One line of Ollama's answer."""
    return json.dumps({"status": status, **more}).encode() + b"\n"


async def steps(transport) -> list:
    """All of the progress."""
    return [step async for step in pull("ollama", TARGET, transport, connect_seconds=5)]


@virtual_time
async def test_progress_comes_as_it_goes():
    """Each line is told; the last one says that the model is there."""
    layer = {"digest": "sha256:abc", "total": 100}
    reply = Reply(
        (line("pulling manifest"), line("pulling abc", completed=40, **layer), 1.0, line("success"), line("more"))
    )
    transport = ScriptedTransport(home=[reply])
    manifest, part, done = await steps(transport)
    assert (manifest.status, manifest.total, manifest.done) == ("pulling manifest", None, False)
    assert (part.completed, part.total, part.layer) == (40, 100, "sha256:abc")
    assert done.done
    assert transport.bodies[0]["model"] == "small:1b"
    assert transport.open == []


@virtual_time
async def test_no_such_model_is_an_error():
    """Ollama tells it inside the stream."""
    refused = json.dumps({"error": "pull model manifest: file does not exist"}).encode() + b"\n"
    transport = ScriptedTransport(home=[Reply((line("pulling manifest"), refused))])
    with pytest.raises(ProviderError, match="file does not exist"):
        await steps(transport)


@virtual_time
async def test_a_refusal_is_an_error():
    """So is a response that is none."""
    with pytest.raises(ModelUnavailable):
        await steps(ScriptedTransport(home=[Reply((b'{"error":"model \'x\' not found"}',), 404)]))


@virtual_time
async def test_a_download_that_breaks_off_is_not_taken_for_whole():
    """Without the last line the model is not there."""
    with pytest.raises(StreamingError):
        await steps(ScriptedTransport(home=[Reply((line("pulling manifest"),))]))


@virtual_time
async def test_a_silent_server_is_given_up():
    """It may check what it has for minutes, but not for ever."""
    reply = Reply((line("verifying sha256 digest"), SILENCE_SECONDS * 2, line("success")))
    with pytest.raises(AttemptTimeout, match="fell silent"):
        await steps(ScriptedTransport(home=[reply]))


@virtual_time
async def test_stopping_closes_the_connection():
    """Who no longer reads closes the connection, which stops the download."""
    transport = ScriptedTransport(home=[Reply((line("pulling"), 500.0, line("success")))])

    async def first():
        async with aclosing(pull("ollama", TARGET, transport, connect_seconds=5)) as progress:
            async for _ in progress:
                pass

    task = asyncio.ensure_future(first())
    await asyncio.sleep(1)
    assert transport.open == ["home"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.open == []


def test_only_ollama_downloads():
    """The others have no such call."""
    assert [name for name in sorted(DIALECTS) if can_pull(name)] == ["ollama"]
    assert not can_pull("nobody")
