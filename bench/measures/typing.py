"""Typing in a file of one megabyte. Says what each change costs, not what is done with the text."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from bench.children import cpu_seconds
from bench.stage import python_source
from bench.table import Limit, Row

if TYPE_CHECKING:
    from bench.client import Client
    from bench.stage import Stage

CHANGES, STOCK_CHANGES = 2000, 200
"""The stock server takes milliseconds for each."""
ROUND_TRIPS = 200
PAUSE_SECONDS = 0.001
MEGABYTE = 1_000_000


def measure(stage: Stage) -> list[Row]:
    """Processor time per change, and how long a change holds up the request behind it."""
    text = python_source(50_000)
    text = text[: text.index("\n", MEGABYTE) + 1]
    uri = stage.uri("large.py")
    with stage.dragoman() as dragoman, stage.stock() as stock:
        figures = []
        for client, ping, changes in ((dragoman, "dragoman/status", CHANGES), (stock, "stock/ping", STOCK_CHANGES)):
            client.open(uri, text)
            client.call(ping, {})
            cpu = _cpu_per_change(client, uri, ping, stage.times(changes))
            trips = [_round_trip(client, uri, ping, number) for number in range(stage.times(ROUND_TRIPS))]
            figures.append((cpu * 1e3, median(trips) * 1e3))
    (our_cpu, our_trip), (stock_cpu, stock_trip) = figures
    return [
        Row("typing in 1 MB, CPU per change", "ms", our_cpu, stock_cpu, "stock pygls", Limit(0.2)),
        Row("typing in 1 MB, change and a cheap request", "ms", our_trip, stock_trip, "stock pygls"),
    ]


def _cpu_per_change(client: Client, uri: str, ping: str, changes: int) -> float:
    """Seconds per change, sent one by one as a person types, if faster."""
    before = cpu_seconds(client.pid)
    for number in range(changes):
        client.type(uri, number + 2, number * 7 % 20_000)
        time.sleep(PAUSE_SECONDS)
    client.call(ping, {})
    return (cpu_seconds(client.pid) - before) / changes


def _round_trip(client: Client, uri: str, ping: str, number: int) -> float:
    """Seconds from sending a change to the answer to the request behind it."""
    began = time.perf_counter()
    client.type(uri, 10_000 + number, number * 7 % 20_000)
    client.call(ping, {})
    return time.perf_counter() - began
