"""Eight editor windows, each a real server process, on one store and one scripted provider: what they do together.

The stories are told over SQLite by the ordinary tests, and over Redis by those that need a server.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from dragoman.cli.driver import ResponseError, ServerGone
from dragoman.simulator import Fault, Reply, Simulator, by_prefix, in_order
from lsp.process import running

WINDOWS = 8
RATE, BURST, IN_FLIGHT = 10.0, 12, 6
"""Of the limited provider: requests a second, at once, and at the same time."""

WRITES_SECONDS = 0.15
LATE_SECONDS = 1.0
"""A call may reach the provider so long after it was admitted, on a busy machine."""

CODE = "def f():\n    return 1\n"


def script():
    """`limited` answers, `resting` wants to be left alone, `broken` fails."""
    return by_prefix(
        {
            "/limited": in_order(Reply(("It ", "returns ", "one."), before_first=WRITES_SECONDS)),
            "/resting": in_order(Reply(fault=Fault.RATE_LIMIT_SECONDS, retry_after=600)),
            "/broken": in_order(Reply(fault=Fault.SERVER_ERROR)),
        },
        in_order(Reply()),
    )


def options(url, store):
    """The settings of every window."""
    names = ("limited", "resting", "broken")
    providers = {
        name: {"dialect": "openai", "base_url": f"{url}/{name}/v1", "model": f"{name}-model"} for name in names
    }
    providers["limited"] |= {"requests_per_minute": int(RATE * 60), "burst": BURST, "max_in_flight": IN_FLIGHT}
    return {
        "store": store,
        "providers": {**providers, "ollama": {"enabled": False}},
        "routing": {"fallback_order": list(names), "intents": {"explanation": []}},
        "retry": {"max_retries": 2, "base_delay_ms": 1, "max_retry_after_s": 8},
        "health": {"check_interval_s": 0},
        "cache": {"enabled": False},  # they all ask the same
    }


@dataclass
class Ended:
    """How requests ended: each answered, refused with a line for the person, or gone with its killed window."""

    answered: int = 0
    refused: list[str] = field(default_factory=list)
    gone: int = 0


class Window:
    """One editor window with its server."""

    def __init__(self, session, uri):
        self.session = session
        self.uri = uri
        self.waiting = 0

    async def ask(self, provider, ended):
        """One request to that provider."""
        order = {"action": "explain", "textDocument": {"uri": self.uri}, "provider": provider, "apply": False}
        self.waiting += 1
        try:
            result = await self.session.client.request("dragoman/run", order)
        except ResponseError as error:
            ended.refused.append(str(error))
        except ServerGone:
            ended.gone += 1
        else:
            assert result["markdown"].strip() == "It returns one."
            ended.answered += 1
        finally:
            self.waiting -= 1

    async def ask_until_admitted(self, provider):
        """As often as it takes: what crashed windows had under way counts until its leases run out."""
        for _ in range(60):
            ended = Ended()
            await self.ask(provider, ended)
            if ended.answered:
                return
            await asyncio.sleep(1)
        raise AssertionError(ended.refused)

    def kill(self):
        """As a crash does."""
        self.session.client.process.kill()


def busiest(crowd, number):
    """The windows that wait for most."""
    return sorted(crowd, key=lambda window: -window.waiting)[:number]


@asynccontextmanager
async def windows(folder, store, environment=None):
    """Eight windows that are ready, and the provider. What they share is in the folder, or at the store."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(script()))
        shared = {"XDG_STATE_HOME": str(folder / "shared"), **(environment or {})}

        async def opened(number):
            own = folder / f"window-{number}"
            own.mkdir()
            session = await stack.enter_async_context(running(own, extra=shared))
            await session.initialize(options(simulator.url, store))
            return Window(session, session.open(CODE))

        yield [await opened(number) for number in range(WINDOWS)], simulator


def calls_of(simulator, provider):
    """The calls of the provider, in order."""
    calls = [call for call in simulator.completions if call.prefix == f"/{provider}"]
    return sorted(calls, key=lambda call: call.received_at)


async def one_learns_for_all(crowd, simulator):
    """What one window learns of a provider that wants to be left alone spares all the others the call."""
    ended = Ended()
    await crowd[0].ask("resting", ended)
    await asyncio.gather(*(window.ask("resting", ended) for window in crowd[1:]))
    assert len(ended.refused) == WINDOWS
    assert all("resting" in line and "\n" not in line for line in ended.refused)
    assert len(calls_of(simulator, "resting")) == 1


async def one_trial_for_all(crowd, simulator):
    """After one window's failures have opened the breaker, one of all windows tries when it is due, and it alone."""
    ended = Ended()
    await crowd[0].ask("broken", ended)
    assert len(calls_of(simulator, "broken")) == 3
    await asyncio.gather(*(window.ask("broken", ended) for window in crowd[1:]))
    assert len(ended.refused) == WINDOWS
    assert len(calls_of(simulator, "broken")) == 4


async def load(crowd, simulator, requests, disturb):
    """All windows ask at once while something happens to them. Returns how it ended, and the figures in words."""
    ended = Ended()
    began = asyncio.get_running_loop().time()
    asking = [asyncio.ensure_future(window.ask("limited", ended)) for window in crowd for _ in range(requests)]
    await disturb()
    await asyncio.wait(asking)
    seconds = asyncio.get_running_loop().time() - began
    assert all(task.exception() is None for task in asking)
    assert ended.answered + len(ended.refused) + ended.gone == len(asking)
    calls = calls_of(simulator, "limited")
    admitting = calls[-1].received_at - began
    figures = (
        f"{len(calls)} calls admitted in {admitting:.2f} s, allowed "
        f"{BURST + RATE * admitting:.0f}; at the same time {at_once(calls)} of {IN_FLIGHT}; "
        f"{ended.answered} answered, {len(ended.refused)} refused, {ended.gone} gone with killed windows, "
        f"{seconds:.1f} s"
    )
    return ended, figures


def at_once(calls):
    """The most calls that were under way at the same moment, each for as long as it is sure to take: to its first
    words, or until its window was killed, whose place is another's then.
    """
    sure = [(call.received_at, call.received_at + WRITES_SECONDS, call.hung_up_at) for call in calls]
    spans = [(begin, end if killed is None else min(end, killed)) for begin, end, killed in sure]
    return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)


def assert_within_limits(calls):
    """No window of time saw more calls than rate and burst allow, nor any moment more than may be under way."""
    arrived = [call.received_at for call in calls]
    for first, start in enumerate(arrived):
        for last in range(first, len(arrived)):
            allowed = BURST + RATE * (arrived[last] - start + LATE_SECONDS)
            assert last - first + 1 <= allowed, f"{last - first + 1} calls in {arrived[last] - start:.2f} s"
    assert at_once(calls) <= IN_FLIGHT
