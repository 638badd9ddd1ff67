"""Which texts are near to another, by their embeddings. Pure arithmetic: asks no model."""

from __future__ import annotations

import heapq
import math
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def most_similar(query: Sequence[float], vectors: Sequence[Sequence[float]], k: int) -> tuple[tuple[int, float], ...]:
    """The `k` vectors nearest to the query, as (index, cosine from -1 to 1), nearest first, equal ones in their order.

    A vector without a length is like nothing: 0. Raises `ValueError` where the vectors are not of one dimension.
    """
    if any(len(vector) != len(query) for vector in vectors):
        raise ValueError("vectors of different dimensions can't be compared")
    length = math.hypot(*query)
    scores = [(index, _cosine(query, length, vector)) for index, vector in enumerate(vectors)]
    return tuple(heapq.nsmallest(k, scores, key=lambda pair: -pair[1]))


def _cosine(query: Sequence[float], length: float, vector: Sequence[float]) -> float:
    both = length * math.hypot(*vector)
    if not both:
        return 0.0
    return max(-1.0, min(1.0, sum(map(mul, query, vector)) / both)) if math.isfinite(both) else 0.0
