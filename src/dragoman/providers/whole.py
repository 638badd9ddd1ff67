"""Answers that come whole, from servers that do not stream: read as the events that they would have been.

What is no answer is left to the dialect's own reader, which knows how to say so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dragoman.core.errors import StreamingError
from dragoman.core.sse import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dragoman.core.chat import Delta
    from dragoman.providers.base import Reader

_BLANK = b"\xef\xbb\xbf \t\r\n"
"""What may stand before the first character that tells; the first three bytes are a BOM."""


class EitherReader:
    """A reader of a stream of events that takes a whole answer too: one JSON object, where events would begin.

    `events` gives the stream's data for a whole answer, and nothing for an object that is none.
    """

    __slots__ = ("_events", "_pending", "_reader", "_streams", "_whole")

    def __init__(
        self, reader: Reader, events: Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any] | str]]
    ) -> None:
        self._reader = reader
        self._events = events
        self._pending = bytearray()
        self._streams = False
        self._whole = False

    @property
    def skipped(self) -> int:
        """Events that could not be read and were left out."""
        return self._reader.skipped

    def feed(self, data: bytes) -> list[Delta]:
        """See `providers.base.Reader`."""
        if self._streams:
            return self._reader.feed(data)
        self._pending += data
        if not self._whole:
            head = self._pending.lstrip(_BLANK)
            self._whole = head.startswith(b"{")
            if head and not self._whole:
                self._streams = True
                return self._reader.feed(bytes(self._pending))
        if len(self._pending) > LIMIT:
            raise StreamingError(f"sent an answer of more than {LIMIT} bytes in one piece: check its base_url")
        # A server may leave the connection open behind the object's end: nobody waits for its close.
        return self._answered() if self._whole and data.rstrip().endswith(b"}") else []

    def close(self) -> list[Delta]:
        """See `providers.base.Reader`."""
        if self._streams:
            return self._reader.close()
        deltas = self._answered() or self._reader.feed(bytes(self._pending))
        return [*deltas, *self._reader.close()]

    def _answered(self) -> list[Delta]:
        """The object's deltas, once it is there and is an answer; from then on the reader is the stream's own."""
        deltas: list[Delta] = []
        for event in self._events(_object(self._pending)):
            text = event if isinstance(event, str) else json.dumps(event)
            deltas += self._reader.feed(f"data: {text}\n\n".encode())
        self._streams = bool(deltas)
        return deltas


def _object(data: bytearray) -> Mapping[str, Any]:
    """The JSON object, or an empty one where it is none, or an error."""
    try:
        value = json.loads(data.lstrip(_BLANK))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and not value.get("error") else {}
