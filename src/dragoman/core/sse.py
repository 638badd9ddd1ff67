"""Bytes of a streamed answer, split into server-sent events or into lines as they come.

It never looks into what it splits, and splits at the line ends of the two formats alone (so not at U+2028).
"""

from __future__ import annotations

from dragoman.core.errors import StreamingError

LIMIT = 8 * 1024 * 1024
"""Longest line, and longest data of one event, in bytes or characters."""


class LineSplitter:
    r"""Newline-delimited JSON: `\n` or `\r\n` ends a line, empty lines say nothing, a BOM at the start is none."""

    __slots__ = ("_at_start", "_limit", "_pending")

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._pending = bytearray()
        self._at_start = True

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete with this piece. Raises `StreamingError` for a line beyond the limit."""
        return [line for part in self.block(data).split("\n") if (line := part.strip(" \t\r"))]

    def close(self) -> list[str]:
        """The last line, where the stream ended without a line end."""
        return self.feed(b"\n") if self._pending else []

    def whole(self, data: bytes) -> bool:
        """Whether the piece is lines by itself: nothing waits, it ends with a line end, and it is not too long."""
        if self._pending or not data.endswith(b"\n") or len(data) > self._limit:
            return False
        self._at_start = False
        return True

    def block(self, data: bytes) -> str:
        r"""The text up to the last `\n` of this piece, without that `\n`; "" where no line became complete.

        Bytes that are no UTF-8 become U+FFFD: only whole lines are decoded, so no character is ever cut.
        """
        end = data.rfind(b"\n")
        pending = self._pending
        if len(pending) + len(data) > self._limit:
            self._refuse_long_lines(data)
        if end < 0:
            pending += data
            return ""
        if pending:
            pending += data[:end]
            text = pending.decode("utf-8", "replace")
            self._pending = bytearray(data[end + 1 :])
        else:
            text = data[:end].decode("utf-8", "replace")
            if end + 1 < len(data):
                pending += data[end + 1 :]
        if self._at_start:
            self._at_start = False
            return text.removeprefix("\ufeff")
        return text

    def _refuse_long_lines(self, data: bytes) -> None:
        length = len(self._pending)
        for line in data.split(b"\n"):
            if length + len(line) > self._limit:
                raise StreamingError(f"sent a line of more than {self._limit} bytes: check its base_url")
            length = 0


class EventSplitter:
    r"""Server-sent events after the WHATWG HTML standard, section "Interpreting an event stream".

    Lines end with `\n`, `\r\n` or `\r`; comments, `id` and `retry` are left out; an event that no empty line has
    ended is none.
    """

    __slots__ = ("_after_cr", "_data", "_event", "_limit", "_lines", "_size")

    def __init__(self, limit: int = LIMIT) -> None:
        self._lines = LineSplitter(limit)
        self._limit = limit
        self._after_cr = False
        self._event = "message"
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[tuple[str, str]]:
        """The events, as (type, data), that are complete with this piece.

        Raises `StreamingError` for a line, or the data of one event, beyond the limit.
        """
        one_line = data.startswith(b"data: ") and data.find(b"\n") == len(data) - 2 and b"\r" not in data
        if one_line and not self._data and self._lines.whole(data):
            # Most pieces are one event of one line: nothing to put together.
            self._after_cr = False
            event, self._event = self._event, "message"
            return [(event, data[6:-2].decode("utf-8", "replace"))]
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in data:
            self._lines.block(data)
            return []
        events: list[tuple[str, str]] = []
        for line in self._lines.block(data).split("\n"):
            if line.startswith("data: "):
                self._append(line[6:])
            elif not line:
                if self._data:
                    events.append((self._event, "\n".join(self._data)))
                    self._data = []
                    self._size = 0
                self._event = "message"
            else:
                self._field(line)
        return events

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._append(value)
        elif name == "event":
            self._event = value or "message"

    def _append(self, value: str) -> None:
        self._size += len(value)
        if self._size > self._limit:
            raise StreamingError(f"sent an event of more than {self._limit} characters: check its base_url")
        self._data.append(value)
