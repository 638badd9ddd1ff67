"""Processor time per token, from the upstream's socket to the editor's pipe."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.children import cpu_seconds
from bench.measures.code_action import run_params
from bench.stage import python_source
from bench.table import Limit, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stage import Stage

ROUNDS = 3
IDLE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Way:
    """How the tokens come. `gap` is in seconds; 0 means as fast as they are taken.

    Where they come slowly, waking up for them is most of the cost, and the machine's: `limit` is on what is ours.
    """

    name: str
    tokens: int
    gap: float
    batch: int
    limit: Limit


_OURS = Limit(21, "difference")
"""The 40 that may be spent, less the 19 that httpx alone took where that was set."""

WAYS = (
    Way("1,500 a second, each by itself", 6000, 1 / 1500, 1, _OURS),
    Way("2,000 a second, 20 at a time", 6000, 0.01, 20, _OURS),
    Way("all at once", 20000, 0.0, 100, Limit(40)),
)


def measure(stage: Stage) -> list[Row]:
    """Beside httpx alone, which takes the same bytes and sends nothing on."""
    rows = []
    uri = stage.uri("asked.py")
    with stage.dragoman() as dragoman, stage.raw() as raw:
        dragoman.open(uri, python_source(200))

        def ours(plan: str) -> None:
            dragoman.call("dragoman/run", run_params(uri, plan, "tokens"))

        def peer(plan: str) -> None:
            raw.stream(plan)

        for take in (ours, peer):
            take("tokens=100")  # imports and connections
        for way in WAYS:
            tokens = stage.times(way.tokens)
            rounds = [
                (_cost(dragoman.pid, ours, way, tokens), _cost(raw.pid, peer, way, tokens)) for _ in range(ROUNDS)
            ]
            our_us, peer_us = (median(costs) * 1e6 for costs in zip(*rounds, strict=True))
            rows.append(Row(f"CPU per token, {way.name}", "us", our_us, peer_us, "raw httpx", way.limit))
    return rows


def _cost(pid: int, take: Callable[[str], None], way: Way, tokens: int) -> float:
    """Seconds of processor time per token, over what the process takes when nothing happens."""
    idle = _spent(pid, lambda: time.sleep(IDLE_SECONDS))
    began = time.perf_counter()
    spent = _spent(pid, lambda: take(f"tokens={tokens};gap={way.gap:.9f};batch={way.batch}"))
    seconds = time.perf_counter() - began
    return (spent - idle / IDLE_SECONDS * seconds) / tokens


def _spent(pid: int, work: Callable[[], None]) -> float:
    before = cpu_seconds(pid)
    work()
    return cpu_seconds(pid) - before
