"""Probing what is in use: how often, by whom, what for, and when no more; on virtual time."""

from __future__ import annotations

import asyncio

from dragoman.core.intent import Intent
from dragoman.core.selection import Health
from dragoman.core.settings import Health as HealthSettings
from dragoman.engine.access import DirectAccess
from dragoman.engine.clock import LoopClock
from dragoman.engine.health import IN_USE_SECONDS, Prober
from dragoman.engine.loop import Engine
from dragoman.engine.models import ModelLists
from dragoman.engine.places import endpoints
from dragoman.engine.standing import Standings
from dragoman.engine.store import MemoryStore
from engine.virtual import (
    Keys,
    Reply,
    ScriptedTransport,
    events_of,
    job,
    refuses,
    says,
    settings_of,
    text_of,
    unreachable,
    virtual_time,
)

LIST = Reply((b'{"data": [{"id": "one-model"}]}',))
USUAL = HealthSettings()


def window(transport, store):
    """A window's prober and its view of the standing."""
    clock = LoopClock()
    return Prober(store, ModelLists(transport, clock), DirectAccess(), clock), Standings(store, clock)


def endpoint_of(name="one"):
    """The endpoint of a provider."""
    found = endpoints(settings_of(name), Intent.CODE)
    return next(endpoint for endpoint in found if endpoint.place.provider == name)


@virtual_time
async def test_what_is_in_use_is_probed_every_minute_and_then_left_alone():
    """A probe a minute while somebody may ask it, none when nobody has for a while, and nothing is left running."""
    transport = ScriptedTransport(one=[LIST])
    prober, standings = window(transport, MemoryStore(LoopClock().now))
    place = endpoint_of().place
    prober.use(endpoint_of(), None, USUAL)
    await asyncio.sleep(61)
    assert len(transport.calls) == 1
    assert standings.look(place).health is Health.HEALTHY
    await asyncio.sleep(10 * IN_USE_SECONDS)
    probes = len(transport.calls)
    assert 4 <= probes <= 6
    prober.use(endpoint_of(), None, USUAL)
    await asyncio.sleep(61)
    assert len(transport.calls) == probes + 1
    await prober.close()


@virtual_time
async def test_several_windows_share_the_probes():
    """Four windows on one store probe as often as one."""
    transport = ScriptedTransport(one=[LIST])
    store = MemoryStore(LoopClock().now)
    probers = [window(transport, store)[0] for _ in range(4)]
    for prober in probers:
        prober.use(endpoint_of(), None, USUAL)
        await asyncio.sleep(0.5)
    await asyncio.sleep(190)
    assert 3 <= len(transport.calls) <= 4
    for prober in probers:
        await prober.close()


@virtual_time
async def test_a_server_that_is_down_is_noticed_and_so_is_its_return():
    """Three failed probes: unhealthy; two answered ones: healthy."""
    transport = ScriptedTransport(one=[unreachable(), unreachable(), unreachable(), LIST])
    prober, standings = window(transport, MemoryStore(LoopClock().now))
    place, seen = endpoint_of().place, []
    for _ in range(5):
        prober.use(endpoint_of(), None, USUAL)
        await asyncio.sleep(60.5)
        seen.append(standings.look(place).health)
    assert seen[2:] == [Health.UNHEALTHY, Health.UNHEALTHY, Health.HEALTHY]
    assert Health.UNHEALTHY not in seen[:2]
    await prober.close()


@virtual_time
async def test_slow_is_degraded_and_silent_is_a_failure():
    """A list that takes longer than the threshold is a degraded server; one that never comes is given up in time."""
    transport = ScriptedTransport(one=[Reply((3.0, *LIST.steps)), Reply(before=(3600.0,))])
    prober, standings = window(transport, MemoryStore(LoopClock().now))
    prober.use(endpoint_of(), None, USUAL)
    await asyncio.sleep(64)
    assert standings.look(endpoint_of().place).health is Health.DEGRADED
    prober.use(endpoint_of(), None, USUAL)
    await asyncio.sleep(70)
    assert transport.open == []
    await prober.close()


@virtual_time
async def test_a_refusal_is_a_sign_of_life():
    """A server that wants another key is well."""
    transport = ScriptedTransport(one=[refuses(401)])
    prober, standings = window(transport, MemoryStore(LoopClock().now))
    prober.use(endpoint_of(), None, USUAL)
    await asyncio.sleep(61)
    assert standings.look(endpoint_of().place).health is Health.HEALTHY
    await prober.close()


@virtual_time
async def test_nothing_is_probed_where_that_is_not_wanted():
    """With an interval of 0 nobody is probed."""
    transport = ScriptedTransport(one=[LIST])
    prober, _ = window(transport, MemoryStore(LoopClock().now))
    prober.use(endpoint_of(), None, HealthSettings(check_interval_s=0))
    await asyncio.sleep(1000)
    assert transport.calls == []
    await prober.close()


@virtual_time
async def test_the_engine_asks_an_unhealthy_one_last():
    """What the probes say decides who is asked first, before a person's request has failed."""
    store, clock = MemoryStore(LoopClock().now), LoopClock()
    transport = ScriptedTransport(one=[says("one"), unreachable()], two=[says("two")])
    models = ModelLists(transport, clock)
    prober = Prober(store, models, DirectAccess(), clock)
    settings = settings_of("one", "two")
    engine = Engine(settings, transport, Keys(), standings=Standings(store, clock), models=models, prober=prober)
    assert text_of(await events_of(engine, job())) == "one"
    await asyncio.sleep(200)
    assert transport.hosts.count("one") == 4
    assert text_of(await events_of(engine, job())) == "two"
    await prober.close()
