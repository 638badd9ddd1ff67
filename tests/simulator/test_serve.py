"""Scripted providers for people who write plugins."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tomllib

import httpx
import pytest

from dragoman.core.settings import Settings
from dragoman.simulator import Fault, closed_url
from dragoman.simulator.serve import guide, serve

PROMPT = "a very private prompt"


@contextlib.asynccontextmanager
async def serving(**options):
    """Serves while the block runs; gives a client and what was told so far."""
    told = []
    first = asyncio.Event()

    def tell(line):
        told.append(line)
        first.set()

    task = asyncio.create_task(serve(tell, **options))
    try:
        await asyncio.wait_for(first.wait(), 2)
        url = re.search(r"http://127\.0\.0\.1:\d+", told[0])[0]
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
            yield client, told
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def request():
    """A chat in Ollama's dialect."""
    return {"model": "m", "messages": [{"role": "user", "content": PROMPT}], "stream": False}


async def test_it_tells_where_it_listens_and_what_it_is_asked():
    """It says how to reach it, then each call in one line that holds no prompt."""
    async with serving() as (client, told):
        assert (await client.post("/api/chat", json=request())).status_code == 200
        assert (await client.get("/api/tags")).json()["models"]
    assert told[1:] == ["POST /api/chat m: answers"]
    assert PROMPT not in "".join(told)


async def test_every_nth_call_meets_the_fault():
    """With a fault and `every=2` each second call meets it, and the line says which."""
    async with serving(fault=Fault.OVERLOADED, every=2) as (client, told):
        statuses = [(await client.post("/api/chat", json=request())).status_code for _ in range(4)]
    assert statuses == [200, 529, 200, 529]
    assert told[2] == "POST /api/chat m: overloaded: 529"


async def test_a_taken_port_is_an_os_error():
    """A port that somebody else has is an error, not a wait."""
    with closed_url() as url, pytest.raises(OSError, match="in use"):
        await serve(lambda _: None, port=int(url.rpartition(":")[2]))


def test_the_guide_holds_settings_that_parse():
    """The settings in the guide are TOML with a base URL and a model for each dialect."""
    text = guide("http://127.0.0.1:1")
    settings = tomllib.loads(text[text.index("[providers") : text.index("Any key")])
    names = ("ollama", "anthropic", "openai", "azure", "gemini", "mistral", "llamacpp")
    assert tuple(Settings.model_validate(settings).providers) == names
    addresses = [row.get("base_url") or row["endpoint"] for row in settings["providers"].values()]
    assert all(address.startswith("http://127.0.0.1:1") for address in addresses)
