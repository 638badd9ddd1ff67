"""Inline completions over real sockets, by every way there is to ask for one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.completion import Gap, Question
from dragoman.core.settings import Settings
from dragoman.engine.filling import Filling
from dragoman.engine.http import HttpTransport
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers import PRESETS
from dragoman.simulator import Fault, Reply, Simulator

CODER = "qwen2.5-coder:1.5b"
PREFIX, SUFFIX = "def area(width, height):\n    ", "\n\nprint(area(2, 3))\n"
GAP = Gap("python", PREFIX, SUFFIX, several=True, name="area.py")
TEMPLATED = f"<|fim_prefix|>{PREFIX}<|fim_suffix|>{SUFFIX}<|fim_middle|>"

WAYS = {
    # provider: more of its settings, its base URL's path, the model, the path that is called, the prompt, the suffix
    "ollama": ({}, "", CODER, "/api/generate", PREFIX, SUFFIX),
    "llamacpp": ({}, "/v1", CODER, "/infill", PREFIX, SUFFIX),
    "mistral": ({}, "/v1", "codestral-latest", "/v1/fim/completions", PREFIX, SUFFIX),
    "deepseek": ({}, "", "deepseek-chat", "/beta/completions", PREFIX, SUFFIX),
    "vllm": ({}, "/v1", CODER, "/v1/completions", TEMPLATED, ""),
    "lmstudio": ({}, "/v1", CODER, "/v1/completions", TEMPLATED, ""),
    "my-server": ({"dialect": "openai"}, "/v1", CODER, "/v1/completions", TEMPLATED, ""),
}
CHATS = {
    "anthropic": ("", "claude-haiku-4-5", "/v1/messages"),
    "openai": ("/v1", "gpt-5-mini", None),
    "gemini": ("/v1beta", "gemini-3-flash", None),
    "mistral": ("/v1", "mistral-small-latest", "/v1/chat/completions"),
}


class Keys:
    """A key for everybody."""

    async def secret(self, provider):
        return "no-real-key"

    def fault(self, provider):
        return ""


@asynccontextmanager
async def filling_by(**providers):
    """Inline completion by these providers in their order, and nothing that blocks its loop."""
    providers = {"ollama": {"enabled": False}} | providers
    order = [name for name, provider in providers.items() if "inline_model" in provider]
    settings = Settings.model_validate({"providers": providers, "routing": {"fallback_order": order}})
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    try:
        with blockbuster_ctx():
            yield Filling(Engine(settings, transport, Keys()), settings)
    finally:
        await transport.close()
        workers.close()


def filling_on(simulator: Simulator, name: str, path: str, model: str, **more):
    """The same by one provider on the simulator."""
    return filling_by(**{name: {"base_url": simulator.url + path, "inline_model": model, **more}})


def own(url: str):
    """A server of one's own, at this address."""
    return {"dialect": "openai", "base_url": f"{url}/v1", "inline_model": CODER, "local": True}


@pytest.mark.parametrize("name", WAYS)
async def test_a_gap_is_filled_the_providers_own_way(name):
    """What is called, and with what texts, is the provider's way to fill a gap; its answer is what is proposed."""
    more, path, model, called, prompt, suffix = WAYS[name]
    reply = Reply(text=("return ", "width", " * height", "\n\n\ndef", " other"))
    async with (
        Simulator(reply) as simulator,
        filling_on(simulator, name, path, model, **more) as filling,
    ):
        found = await filling.fill(Question(GAP, GAP), invoked=False)
    assert found.text == "return width * height"
    assert (found.provider, found.model) == (name, model)
    [call] = simulator.completions
    assert call.path.endswith(called)
    assert (call.prompt, call.suffix, call.model) == (prompt, suffix, model)


@pytest.mark.parametrize("name", CHATS)
async def test_who_only_chats_is_shown_the_cursor(name):
    """A model that fills no gaps is asked in a chat, and the block that it answers with is proposed."""
    path, model, called = CHATS[name]
    assert name in PRESETS
    reply = Reply(text=("Here it is:\n\n```python\n", "return width", " * height\n", "```\n"))
    async with (
        Simulator(reply) as simulator,
        filling_on(simulator, name, path, model) as filling,
    ):
        found = await filling.fill(Question(GAP, GAP), invoked=False)
    assert found.text == "return width * height"
    [call] = simulator.completions
    assert called is None or call.path.endswith(called)
    assert f"{PREFIX}⟪cursor⟫{SUFFIX}" in call.prompt


@pytest.mark.parametrize("name", WAYS)
async def test_giving_up_hangs_up(name):
    """Whoever types on frees the provider at once."""
    more, path, model, *_ = WAYS[name]
    async with (
        Simulator(Reply(between=30.0)) as simulator,
        filling_on(simulator, name, path, model, **more) as filling,
    ):
        asking = asyncio.ensure_future(filling.fill(Question(GAP, GAP), invoked=False))
        call = await simulator.completion()
        asking.cancel()
        await asyncio.wait({asking})
        await call.hung_up.wait()
        assert asking.cancelled()
        assert not call.sent_whole


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RATE_LIMIT, Fault.CUT, Fault.DISCONNECT])
async def test_a_fault_goes_on_to_the_next(fault):
    """A provider that fails is not asked again: the next one's answer is proposed."""
    async with (
        Simulator(Reply(fault=fault)) as broken,
        Simulator(Reply(text=("return 1",))) as sound,
        filling_by(broken=own(broken.url), sound=own(sound.url)) as filling,
    ):
        found = await filling.fill(Question(GAP, GAP), invoked=False)
    assert (found.text, found.provider) == ("return 1", "sound")
    assert len(broken.completions) == 1


async def test_a_real_server_fills_by_template(real_model_server):
    """llama.cpp takes a family's template over a plain completion: whatever it writes, it is asked and answers."""
    async with filling_by(real=own(real_model_server.url)) as filling:
        found = await filling.fill(Question(GAP, GAP), invoked=False)
    assert (found.provider, found.model) == ("real", CODER)
