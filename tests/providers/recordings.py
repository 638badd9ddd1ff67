"""Reads the recorded exchanges of `exchanges/` (its README says how they are written). Judges nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import FinishDelta, SignatureDelta, TextDelta, ThinkingDelta, ToolCallDelta, UsageDelta
from dragoman.core.errors import ProviderError
from dragoman.providers import DIALECTS, PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dragoman.core.chat import Delta
    from dragoman.providers.base import Dialect, Reader

FOLDER = Path(__file__).parent / "exchanges"


@dataclass(frozen=True)
class Exchange:
    """One response and what must come of it."""

    name: str
    dialect: Dialect
    status: int
    headers: dict[str, str]
    body: bytes
    expected: dict[str, Any]

    @property
    def streamed(self) -> bool:
        """Whether the reader sees it, and not `error`."""
        return self.status == 200

    def reader(self) -> Reader:
        """A fresh reader for its body: the chat's, or the one that `reader` names."""
        make: Callable[[], Reader] = getattr(self.dialect, self.expected.get("reader", "reader"))
        return make()

    @property
    def whole(self) -> bool:
        """Whether it holds an answer from beginning to end."""
        return "deltas" in self.expected


@dataclass(frozen=True)
class Outcome:
    """What a reader made of bytes: neighbouring texts joined, so that chunking does not show, or the error's kind."""

    deltas: tuple[Any, ...]
    error: ProviderError | None = None

    @property
    def finished(self) -> bool:
        """Whether the answer is said to be whole."""
        return any(kind == "finish" for kind, _ in self.deltas)


def dialect_of(folder: str) -> Dialect:
    """The dialect that the folder's preset, or the dialect of that name, speaks."""
    return DIALECTS[PRESETS[folder].dialect if folder in PRESETS else folder]


def exchanges() -> list[Exchange]:
    """All of them, in a stable order."""
    return [_read(path) for path in sorted(FOLDER.glob("*/*.http"))]


def _read(path: Path) -> Exchange:
    head, _, body = path.read_bytes().partition(b"\n\n")
    status, *headers = head.decode().split("\n")
    return Exchange(
        name=f"{path.parent.name}/{path.stem}",
        dialect=dialect_of(path.parent.name),
        status=int(status.split()[1]),
        headers={name: value.strip() for name, _, value in (header.partition(":") for header in headers)},
        body=body,
        expected=json.loads(path.with_suffix(".json").read_text("utf-8")),
    )


def read(exchange: Exchange, pieces: Iterable[bytes]) -> Outcome:
    """What a fresh reader makes of the pieces."""
    reader = exchange.reader()
    deltas: list[Delta] = []
    try:
        for piece in pieces:
            deltas += reader.feed(piece)
        deltas += reader.close()
    except ProviderError as error:
        return Outcome(merged(deltas), error)
    return Outcome(merged(deltas))


def merged(deltas: Iterable[Delta]) -> tuple[Any, ...]:
    """The deltas in the shape of the recordings."""
    result: list[Any] = []
    for delta in deltas:
        match delta:
            case TextDelta(text):
                _join(result, "text", text)
            case ThinkingDelta(text):
                _join(result, "thinking", text)
            case SignatureDelta(signature):
                result.append(["signature", signature])
            case ToolCallDelta():
                _join_call(result, delta)
            case UsageDelta(usage):
                fields = ["input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"]
                fields += ["cache_write_tokens"] if usage.cache_write_tokens else []
                result.append(["usage", {name: getattr(usage, name) for name in fields}])
            case FinishDelta(stop):
                result.append(["finish", str(stop)])
    return tuple(result)


def _join(result: list[Any], kind: str, text: str) -> None:
    if result and result[-1][0] == kind:
        result[-1] = [kind, result[-1][1] + text]
    else:
        result.append([kind, text])


def _join_call(result: list[Any], delta: ToolCallDelta) -> None:
    """Pieces of one call become one, at the place of the first."""
    for kind, said in result:
        if kind == "call" and said["index"] == delta.index:
            said["arguments"] += delta.arguments
            return
    fields = ("index", "id", "name", "arguments")
    result.append(["call", {name: getattr(delta, name) for name in fields}])
