"""Memory: at rest, and whether it grows with edits and commands."""

from __future__ import annotations

from statistics import linear_regression
from typing import TYPE_CHECKING

from bench.children import resident_bytes
from bench.stage import python_source
from bench.table import Limit, Row

if TYPE_CHECKING:
    from bench.client import Client
    from bench.stage import Stage

ROUNDS = 20
EDITS, COMMANDS = 500, 50
"""In each round. A whole run makes 10,000 edits and 1,000 commands, each with an answer of the upstream's."""
SETTLE_SECONDS = 1.0
LARGEST_MB = 60
LARGEST_GROWTH_MB = 2.1
"""Two of the pieces in which Python takes memory: less than that is no slope."""


def measure(stage: Stage) -> list[Row]:
    """Resident memory, and the slope of a line through that of the second half of the rounds."""
    uri = stage.uri("edited.py")
    edits, commands = stage.times(EDITS), stage.times(COMMANDS)
    with stage.dragoman() as dragoman, stage.stock() as stock:
        idle = []
        for client in (dragoman, stock):
            client.listen(SETTLE_SECONDS)
            idle.append(_megabytes(client))
            client.open(uri, python_source(1000))
        ours: list[float] = []
        peer: list[float] = []
        for number in range(ROUNDS):
            for client, command, sizes in ((dragoman, "dragoman.explain", ours), (stock, "stock.answer", peer)):
                _work(client, uri, number * edits + 2, edits, command, commands)
                sizes.append(_megabytes(client))
    work = f"{edits * ROUNDS:,} edits, {commands * ROUNDS:,} commands"
    growth = (
        None if stage.quick else LARGEST_GROWTH_MB
    )  # a quick run ends before all is built that is built at first use
    figures = (
        ("memory at rest", idle[0], idle[1], LARGEST_MB),
        (f"memory after {work}", ours[-1], peer[-1], LARGEST_MB),
        (f"memory growth per {work}", _slope(ours) * ROUNDS, _slope(peer) * ROUNDS, growth),
    )
    return [
        Row(name, "MB", our_mb, stock_mb, "stock pygls", None if most is None else Limit(most))
        for name, our_mb, stock_mb, most in figures
    ]


def _work(client: Client, uri: str, version: int, edits: int, command: str, commands: int) -> None:
    at = {"line": 12, "character": 4}
    argument = {"textDocument": {"uri": uri}, "range": {"start": at, "end": at}}
    for edit in range(edits):
        # A letter comes, and the next change takes it away: the document itself does not grow.
        change = client.erase if edit % 2 else client.type
        change(uri, version + edit, edit // 2 * 7 % 900)
    for _ in range(commands):
        client.call("workspace/executeCommand", {"command": command, "arguments": [argument]})


def _megabytes(client: Client) -> float:
    return resident_bytes(client.pid) / 1e6


def _slope(sizes: list[float]) -> float:
    """Megabytes a round, once everything that is built at first use is there."""
    half = sizes[len(sizes) // 2 :]
    return linear_regression(range(len(half)), half).slope
