"""From spawning the server to its first answers."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from bench.children import cpu_seconds
from bench.client import Client
from bench.measures.code_action import code_action_params
from bench.stage import DRAGOMAN, STOCK, python_source
from bench.table import Limit, Row

if TYPE_CHECKING:
    from pathlib import Path

    from bench.stage import Stage

SPAWNS = 12


def measure(stage: Stage) -> list[Row]:
    """Each server in turn; the first round, which may have to compile, does not count."""
    text = python_source(200)
    ours, stock = zip(
        *[(_spawned(stage, DRAGOMAN, text), _spawned(stage, STOCK, text)) for _ in range(stage.times(SPAWNS) + 1)],
        strict=True,
    )
    names = ("spawn to initialize response", "spawn to first code action", "CPU to initialize response")
    rows = []
    for number, name in enumerate(names):
        our_ms = median(seconds[number] for seconds in ours[1:]) * 1e3
        stock_ms = median(seconds[number] for seconds in stock[1:]) * 1e3
        rows.append(Row(name, "ms", our_ms, stock_ms, "stock pygls", Limit(0.25, "ratio") if number == 0 else None))
    return rows


def _spawned(stage: Stage, command: tuple[str | Path, ...], text: str) -> tuple[float, float, float]:
    """Seconds to the response to `initialize` and to the first code actions, and processor time to the former."""
    uri = stage.uri("start.py")
    began = time.perf_counter()
    with stage.process(command) as process:
        client = Client(process)
        client.initialize(stage.uri(""))
        initialized, cpu = time.perf_counter() - began, cpu_seconds(process.pid)
        client.open(uri, text)
        client.call("textDocument/codeAction", code_action_params(uri, 12))
        return initialized, time.perf_counter() - began, cpu
