"""From a request for an inline completion to its item, beside the model's own time."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.stage import INLINE_DEBOUNCE_SECONDS, INLINE_PLAN, python_source
from bench.table import Limit, Row

if TYPE_CHECKING:
    from bench.client import Client
    from bench.stage import Stage

PROPOSALS = 100
BLANK_LINE = 8
"""What is proposed in every tenth line is a block."""

USUAL_LINES, MANY_LINES = 200, 5000
INVOKED, AUTOMATIC = 1, 2
LONGEST_PAUSES = 4
"""So many times the setting is waited for a person who types as slowly as this one: see docs/inline.md."""


def measure(stage: Stage) -> list[Row]:
    """Beside httpx alone at the same upstream, proposal by proposal, each for another text."""
    rows = []
    for lines, limit in ((USUAL_LINES, Limit(5, "difference")), (MANY_LINES, None)):
        uri = stage.uri("completed.py")
        with stage.dragoman() as dragoman, stage.raw() as raw:
            dragoman.open(uri, python_source(lines))
            line = lines // 2 + BLANK_LINE
            version = 2
            for kind, name, pause in (
                (INVOKED, "asked for", 0.0),
                (AUTOMATIC, "after the pause", LONGEST_PAUSES * INLINE_DEBOUNCE_SECONDS),
            ):
                ours, peer = [], []
                for _ in range(stage.times(PROPOSALS) + 3):
                    ours.append(_proposal(dragoman, uri, version, line, kind) - pause)
                    peer.append(float(raw.stream(INLINE_PLAN)["whole"]))
                    version += 1
                median_ours, median_peer = median(ours[3:]) * 1e3, median(peer[3:]) * 1e3
                rows.append(
                    Row(f"inline completion {name}, {lines} lines", "ms", median_ours, median_peer, "raw httpx", limit)
                )
    return rows


def _proposal(client: Client, uri: str, version: int, line: int, kind: int) -> float:
    """Seconds from a key to what is proposed there."""
    (client.erase if version % 2 else client.type)(uri, version, line)
    position = {"line": line, "character": 1 - version % 2}
    params: dict[str, Any] = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": kind}}
    began = time.perf_counter()
    result = client.call("textDocument/inlineCompletion", params)
    assert result["items"][0]["insertText"], "nothing was proposed"
    return time.perf_counter() - began
