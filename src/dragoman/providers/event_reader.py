"""What the readers of dialects share whose streams are server-sent events, each of them a JSON object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from dragoman.core.sse import EventSplitter
from dragoman.providers.wire import Objects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.chat import Delta
    from dragoman.providers.failures import Codes

SENTINEL = "[DONE]"
"""The one event that is no object; where a dialect has it, it ends the stream."""


class EventReader(ABC):
    """Events into deltas; see `providers.base.Reader`. `codes` are the errors' kinds by the dialect's own names."""

    __slots__ = ("_events", "_finished", "_objects")

    def __init__(self, codes: Codes) -> None:
        self._events = EventSplitter()
        self._objects = Objects(codes)
        self._finished = False

    @property
    def skipped(self) -> int:
        """Events that could not be read and were left out."""
        return self._objects.skipped

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas that these bytes complete. Nothing is heard after the finish."""
        self._objects.note(data)
        deltas: list[Delta] = []
        for _, text in self._events.feed(data):
            if self._finished:
                break
            if text == SENTINEL:
                deltas += self._ended()
            elif (event := self._objects.parse(text)) is not None:
                self._take(event, deltas)
        return deltas

    def _ended(self) -> list[Delta]:
        """What the sentinel means: nothing, where a dialect ends otherwise."""
        return []

    @abstractmethod
    def _take(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        """Add what the event says to the deltas."""
