"""Code actions in a file of 5,000 lines that is being typed in, while ten answers stream."""

from __future__ import annotations

import time
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from bench.stage import python_source
from bench.table import Limit, Row

if TYPE_CHECKING:
    from bench.client import Client
    from bench.stage import Stage

STREAMS = 10
TOKENS_PER_SECOND = 200
REQUESTS = 400
PAUSE_SECONDS = 0.005


def measure(stage: Stage) -> list[Row]:
    """Round trips beside those of the stock server, which has nothing else to do."""
    text = python_source(5000)
    streamed, idle = stage.uri("streamed.py"), stage.uri("long.py")
    with stage.dragoman() as dragoman, stage.stock() as stock:
        for client in (dragoman, stock):
            client.open(idle, text)
        dragoman.open(streamed, python_source(200))
        runs = [_stream(dragoman, streamed, number) for number in range(STREAMS)]
        dragoman.listen(1.0)
        ours: list[float] = []
        peer: list[float] = []
        for number in range(stage.times(REQUESTS)):
            for client, times in ((dragoman, ours), (stock, peer)):
                times.append(_round_trip(client, idle, number))
        for run in runs:
            dragoman.notify("$/cancelRequest", {"id": run})
    name = f"code action under {STREAMS} streams"
    return [
        Row(f"{name}, p{percent}", "ms", _part(ours, percent), _part(peer, percent), "stock idle", limit)
        for percent, limit in ((50, Limit(3)), (99, Limit(15)))
    ]


def code_action_params(uri: str, line: int) -> dict[str, Any]:
    """The cursor in that line, with a diagnostic of some other server on it."""
    range_ = {"start": {"line": line, "character": 4}, "end": {"line": line, "character": 4}}
    diagnostic = {"range": range_, "message": '"price" is not a known attribute', "severity": 1, "source": "types"}
    return {"textDocument": {"uri": uri}, "range": range_, "context": {"diagnostics": [diagnostic], "triggerKind": 2}}


def run_params(uri: str, plan: str | None, token: str) -> dict[str, Any]:
    """Explain the function at the cursor; `plan` is None for the usual one."""
    at = {"line": 12, "character": 4}
    asked = {} if plan is None else {"provider": "bench", "model": plan}
    return {
        "action": "explain",
        "textDocument": {"uri": uri},
        "range": {"start": at, "end": at},
        "partialResultToken": token,
        "apply": False,
        **asked,
    }


def _stream(client: Client, uri: str, number: int) -> int:
    plan = f"tokens=1000000;gap={1 / TOKENS_PER_SECOND}"
    return client.send("dragoman/run", run_params(uri, plan, f"stream-{number}"))


def _round_trip(client: Client, uri: str, number: int) -> float:
    """Seconds that one request takes, some time after a key was pressed."""
    client.type(uri, number + 2, (number * 37) % 4000)
    client.listen(PAUSE_SECONDS)
    began = time.perf_counter()
    client.call("textDocument/codeAction", code_action_params(uri, (number * 53) % 4000))
    return time.perf_counter() - began


def _part(times: list[float], percent: int) -> float:
    return quantiles(times, n=100, method="inclusive")[percent - 1] * 1e3
