"""One file per measurement: `measure(stage)` gives its rows. MEASURES is the whole list."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from bench.measures import (
    code_action,
    decisions,
    first_delta,
    inline,
    intents,
    ledger,
    memory,
    redaction,
    start,
    tokens,
    typing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bench.stage import Stage
    from bench.table import Row

MEASURES: Mapping[str, Callable[[Stage], Iterable[Row]]] = MappingProxyType(
    {
        "start": start.measure,
        "code-action": code_action.measure,
        "first-delta": first_delta.measure,
        "inline": inline.measure,
        "tokens": tokens.measure,
        "typing": typing.measure,
        "memory": memory.measure,
        "decisions": decisions.measure,
        "intents": intents.measure,
        "ledger": ledger.measure,
        "redaction": redaction.measure,
    }
)
