"""Questions that are nearly the same, by their embeddings. Only models on this machine are told a question.

For each text that is asked about, a list of questions lies in the cache like an answer: as vectors, not as words.
"""

from __future__ import annotations

import asyncio
import json
import logging
from array import array
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dragoman.core.errors import DragomanError
from dragoman.core.similar import most_similar
from dragoman.engine.cache import NEAR

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.core.ports import Workers
    from dragoman.engine.cache import Answer, Cache
    from dragoman.engine.embeddings import Embedded, Vector

EMBEDDING_SECONDS = 2.0
"""A question waits no longer for its embedding."""

MOST_QUESTIONS = 32
"""About one text; the oldest are forgotten."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """A question's vector, and whose it is: vectors of different models can't be compared."""

    model: str
    vector: Vector = field(repr=False)


class NearQuestions:
    """The questions that were asked. `embed` is given one text, and must keep it on this machine."""

    def __init__(self, cache: Cache, embed: Callable[[str], Awaitable[Embedded]], workers: Workers) -> None:
        self._cache = cache
        self._embed = embed
        self._workers = workers

    async def embedded(self, question: str) -> Question | None:
        """The question as a vector; None where no model on this machine makes one in time."""
        try:
            async with asyncio.timeout(EMBEDDING_SECONDS):
                found = await self._embed(question)
        except (DragomanError, TimeoutError) as error:
            logger.info("no embedding for the cache: %s", type(error).__name__)
            return None
        return Question(f"{found.provider} {found.model}", found.vectors[0])

    async def find(self, key: str, question: Question, threshold: float) -> Answer | None:
        """The answer to the nearest question that was asked about the text of that key, if it is near enough."""
        held = await self._cache.get(NEAR + key)
        if held is None:
            return None
        nearest = await self._workers.run(lambda: _nearest(_rows(held.text), question, threshold))
        return None if nearest is None else await self._cache.get(nearest)

    async def keep(self, key: str, question: Question, answer_key: str) -> None:
        """That answer is the question's."""
        held = await self._cache.get(NEAR + key)
        vector = b64encode(array("f", question.vector).tobytes()).decode()
        others = [row for row in (_rows(held.text) if held is not None else []) if row[0] != answer_key]
        rows = [[answer_key, question.model, vector], *others][:MOST_QUESTIONS]
        self._cache.put(NEAR + key, json.dumps(rows, separators=(",", ":")), "")


def _rows(text: str) -> list[list[str]]:
    """The list as it was put there; a list under this key was made here, and its packing has a checksum."""
    rows: list[list[str]] = json.loads(text)
    return rows


def _nearest(rows: list[list[str]], question: Question, threshold: float) -> str | None:
    """The key of the nearest question's answer."""
    vectors = [(key, array("f", b64decode(vector))) for key, model, vector in rows if model == question.model]
    comparable = [(key, vector) for key, vector in vectors if len(vector) == len(question.vector)]
    best = most_similar(question.vector, [vector for _, vector in comparable], 1)
    return comparable[best[0][0]][0] if best and best[0][1] >= threshold else None
