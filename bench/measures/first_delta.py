"""From a command to the first word of the answer at the editor."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.measures.code_action import run_params
from bench.stage import USUAL_PLAN, python_source
from bench.table import Limit, Row

if TYPE_CHECKING:
    from bench.client import Client
    from bench.stage import Stage

COMMANDS = 200
PAUSE_SECONDS = 0.005
BLANK_LINE = 8
USUAL_LINES, MANY_LINES = 200, 5000


def measure(stage: Stage) -> list[Row]:
    """Beside httpx alone at the same upstream, command by command; the first of each is the cold one."""
    rows = []
    for lines, limit in ((USUAL_LINES, Limit(3, "difference")), (MANY_LINES, None)):
        uri = stage.uri("asked.py")
        with stage.dragoman() as dragoman, stage.raw() as raw:
            dragoman.open(uri, python_source(lines))
            ours, peer = [], []
            for number in range(stage.times(COMMANDS) + 1):
                # A key was pressed since: what was worked out for the text before is of no use.
                change = dragoman.erase if number % 2 else dragoman.type
                change(uri, number + 2, BLANK_LINE)
                dragoman.listen(PAUSE_SECONDS)
                ours.append(_first_delta(dragoman, uri))
                peer.append(float(raw.stream(USUAL_PLAN)["first"]))
        name = f"command to first delta, {lines} lines"
        rows.append(Row(name, "ms", median(ours[1:]) * 1e3, median(peer[1:]) * 1e3, "raw httpx", limit))
        if lines == USUAL_LINES:
            rows.append(Row(f"{name}, the very first", "ms", ours[0] * 1e3, peer[0] * 1e3, "raw httpx"))
    return rows


def _first_delta(client: Client, uri: str) -> float:
    """Seconds from sending the request to the first `delta`."""
    deltas: list[float] = []

    def note(method: str, params: Any) -> None:
        if method == "$/progress" and params["value"]["kind"] == "delta":
            deltas.append(time.perf_counter())

    client.on_notification = note
    began = time.perf_counter()
    client.call("dragoman/run", run_params(uri, None, "delta"))
    return deltas[0] - began
