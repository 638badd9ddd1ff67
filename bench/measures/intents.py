"""How often the classifier of free texts is wrong on the texts that it was not tuned on, and what it costs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.table import Limit, Row
from dragoman.core.classifier import classify

if TYPE_CHECKING:
    from bench.stage import Stage

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "tests"))  # where the labelled set lies

ROUNDS = 20


def measure(stage: Stage) -> list[Row]:
    """Shares in percent, and microseconds for a text as people write it."""
    from core.intents import accuracy, prompts

    reported = [prompt for prompt in prompts() if prompt.reported]
    overall, by_class = accuracy(reported)
    wrong = f"wrong labels, {len(reported)} texts the classifier was not tuned on"
    rows = [Row(wrong, "%", (1 - overall) * 100, limit=Limit(8))]
    rows += [Row(f"  of these {intent}", "%", (1 - share) * 100, limit=Limit(15)) for intent, share in by_class.items()]
    rounds = []
    for _ in range(max(3, stage.times(ROUNDS))):
        began = time.perf_counter()
        for prompt in reported:
            classify(prompt.text)
        rounds.append((time.perf_counter() - began) / len(reported))
    rows.append(Row("classifying a text", "us", median(rounds) * 1e6, limit=Limit(100)))
    return rows
