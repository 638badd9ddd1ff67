"""What is kept local reaches no other provider, whatever fails and however it is asked; on virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dragoman.core.errors import AllCandidatesFailed, NothingToAsk
from dragoman.core.events import Routed
from engine.virtual import (
    Reply,
    ScriptedTransport,
    breaks_after,
    engine_of,
    events_of,
    finish,
    job,
    of_type,
    piece,
    refuses,
    says,
    settings_of,
    text_of,
    unreachable,
    virtual_time,
)

FAULTS = {
    "refused": refuses(500),
    "rate limit": refuses(429),
    "no key": refuses(401),
    "away": unreachable(),
    "broken off": breaks_after("some ", "text "),
    "slow": Reply((60.0, piece("late"), *finish())),
}
CLOUD = ("cloud", "other")


def settings(**routing):
    """Two cloud providers, which come first, and two local ones."""
    local = {name: {"local": True} for name in ("near", "nearer")}
    return settings_of(*CLOUD, "near", "nearer", providers=local, routing=routing, retry={"max_retries": 1})


def kept(**hints):
    """A request that may not leave."""
    return replace(job(can_reset=True, **hints), local_only=True)


@pytest.mark.parametrize("dispatch", ["single", "race", "speculate_k", "parallel_merge"])
@pytest.mark.parametrize("fault", FAULTS)
@virtual_time
async def test_nobody_else_is_asked(dispatch, fault):
    """When a local provider fails, the other local one answers, and no cloud provider hears a word."""
    transport = ScriptedTransport(
        cloud=[says("no")], other=[says("no")], near=[FAULTS[fault]], nearer=[says("yes ", "it ", "is ", "well ", "so")]
    )
    engine = engine_of(transport, settings(dispatch=dispatch, k=4, max_latency_ms=1000))
    events = await events_of(engine, kept())
    assert "yes" in text_of(events) or "late" in text_of(events)
    assert set(transport.hosts) <= {"near", "nearer"}
    assert all(routed.local for routed in of_type(events, Routed))


@virtual_time
async def test_all_local_ones_fail():
    """When every local provider fails the request fails, and says which setting keeps the others out."""
    down = [refuses(500)]
    transport = ScriptedTransport(cloud=[says("no")], other=[says("no")], near=down, nearer=list(down))
    with pytest.raises(AllCandidatesFailed) as failed:
        await events_of(engine_of(transport, settings()), kept())
    assert "privacy.local_only" in str(failed.value)
    assert set(transport.hosts) == {"near", "nearer"}


@pytest.mark.parametrize("hints", [{"provider": "cloud"}, {"model": "cloud-model"}, {"providers": CLOUD}])
@virtual_time
async def test_naming_a_provider_does_not_help(hints):
    """A cloud provider that the request itself names is refused, with the reason."""
    transport = ScriptedTransport(cloud=[says("no")], other=[says("no")])
    with pytest.raises(NothingToAsk) as refused:
        await events_of(engine_of(transport, settings()), kept(**hints))
    assert "privacy.local_only" in str(refused.value)
    assert transport.hosts == []


@virtual_time
async def test_a_conversation_does_not_stick_to_the_cloud():
    """Who answered the turn before is left out like everybody else."""
    script = {name: [says(name)] for name in (*CLOUD, "near", "nearer")}
    transport = ScriptedTransport(**script)
    engine = engine_of(transport, settings(stickiness="session"))
    await events_of(engine, replace(job(), session="s"))
    await events_of(engine, replace(kept(), session="s"))
    assert transport.hosts == ["cloud", "near"]


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "kimi-k2:cloud"])
@virtual_time
async def test_a_local_server_that_asks_its_own_cloud(model):
    """A model that Ollama passes on to its own service is not local, though the server is."""
    providers = {"ollama": {"enabled": True, "base_url": "http://box", "model": model}}
    transport = ScriptedTransport(box=[says("no")])
    engine = engine_of(transport, settings_of(providers=providers))
    decision = await engine.decide(kept())
    assert decision.candidates == ()
    assert (await engine.decide(job())).candidates
