"""What is told of a job while it runs, as JSON."""

from __future__ import annotations

import pytest

from dragoman.core import partial
from dragoman.core.chat import Stop, TextDelta, ThinkingDelta, Usage
from dragoman.core.events import Done, Reset, Routed, UsageReport, Waiting


@pytest.mark.parametrize(
    ("event", "value"),
    [
        (Routed("ollama", "m", "http://x", True, "code", "why", 2, "cut off"), partial.RouteValue),
        (TextDelta("x"), partial.DeltaValue),
        (ThinkingDelta("x"), partial.ThinkingValue),
        (Reset("why"), partial.ResetValue),
        (UsageReport("ollama", "m", Usage()), partial.UsageValue),
        (Done("ollama", "m", Stop.STOP, Usage(), 1.0, 0.5, 1), partial.DoneValue),
    ],
)
def test_events_have_the_protocols_keys(event, value):
    """Each event becomes a value of exactly the keys that its kind has; a wait is nobody's partial result."""
    assert set(partial.partial_value(event) or ()) == set(value.__annotations__)
    assert partial.partial_value(Waiting(1, "x")) is None
