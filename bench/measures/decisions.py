"""What is decided before anybody is asked: the route among ten providers, and the leave to ask one of them."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import TYPE_CHECKING

from bench.table import Limit, Row
from dragoman.core.chat import Request, user
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.route import Place
from dragoman.core.settings import Provider, Settings
from dragoman.engine.http import HttpTransport
from dragoman.engine.loop import Engine
from dragoman.engine.standing import Lease, MemoryStandings, Quota
from dragoman.engine.workers import ThreadWorkers

if TYPE_CHECKING:
    from bench.stage import Stage

PROVIDERS = 10
DECISIONS = 2000
BATCHES = 20


class _Keys:
    async def secret(self, provider: str) -> str | None:
        return "key" if provider.startswith("provider-") else None

    def fault(self, provider: str) -> str | None:  # noqa: ARG002 - the port's signature
        return None


def measure(stage: Stage) -> list[Row]:
    """In this process, without a peer: the figure is small against any request."""
    times = stage.times(DECISIONS) // BATCHES
    return [
        Row(f"route decision, {PROVIDERS} providers", "us", asyncio.run(_decision(times)) * 1e6, limit=Limit(100)),
        Row("leave to ask, and giving it back", "us", _leave(times) * 1e6, limit=Limit(200)),
    ]


async def _decision(times: int) -> float:
    """Seconds of `Engine.decide`: settings, keys and standings into an order with reasons."""
    names = [f"provider-{number}" for number in range(PROVIDERS)]
    providers = {
        name: Provider(dialect="openai", base_url=f"http://{name}.example/v1", model="m", requests_per_minute=100)
        for name in names
    }
    settings = Settings(providers=providers | {"ollama": Provider(enabled=False)})
    workers = ThreadWorkers()
    engine = Engine(settings, HttpTransport(workers), _Keys())
    text = "Explain what the target does and why. " * 50
    job = Job("1", Request((user(text),)), LabelledIntent(Intent.EXPLANATION, "action", "explain"))
    batches = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        for _ in range(times):
            await engine.decide(job)
        batches.append((time.perf_counter() - began) / times)
    workers.close()
    return median(batches)


def _leave(times: int) -> float:
    """Seconds of entering a place with limits on requests and tokens, and settling."""
    standings = MemoryStandings()
    place = Place("provider", "openai", "http://provider.example/v1", "m", local=False)
    quota = Quota(requests_per_minute=1_000_000_000, tokens_per_minute=1_000_000_000, max_in_flight=8)
    batches = []
    for batch in range(BATCHES):
        began = time.perf_counter()
        for number in range(times):
            now = float(batch * times + number)
            lease = standings.enter(place, quota, 1000, now)
            assert isinstance(lease, Lease)
            standings.succeeded(lease, 800, now)
        batches.append((time.perf_counter() - began) / times)
    return median(batches)
