"""What a dialect is to the simulator: a reply as bytes, cut where faults can strike. Pure; sends nothing.

Written from the vendors' documentation, apart from `providers/` on purpose, so that the two judge each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.simulator.script import Call, Reply


@dataclass(frozen=True, slots=True)
class Frames:
    """A response's body in the order of sending: opening, pieces, finish, sentinel; the rest is for the faults.

    The pieces are made as they are sent, so that a long answer begins no later than a short one.
    """

    content_type: str
    opening: bytes
    pieces: Iterator[bytes]
    finish: bytes
    sentinel: bytes
    malformed: bytes
    error: bytes
    keepalive: bytes


class Dialect(Protocol):
    """One vendor's wire, as functions. A module of this room is one."""

    def stream(self, call: Call, reply: Reply) -> Frames:
        """The streamed answer."""
        ...

    def whole(self, call: Call, reply: Reply) -> bytes:
        """The answer in one JSON document."""
        ...

    def streams(self, body: Mapping[str, Any]) -> bool:
        """Whether the request wants a streamed answer."""
        ...

    def objection(self, call: Call) -> str | None:
        """What the vendor would refuse in this request (400), or None."""
        ...

    def refusal(self, fault: Fault, call: Call, reason: str | None = None) -> tuple[int, bytes]:
        """Status and body of a response that refuses the request."""
        ...

    def models(self, names: Sequence[str]) -> bytes:
        """The list of models."""
        ...


STATUS = MappingProxyType(
    {
        Fault.BAD_REQUEST: 400,
        Fault.UNAUTHORIZED: 401,
        Fault.FORBIDDEN: 403,
        Fault.MODEL_NOT_FOUND: 404,
        Fault.REQUEST_TIMEOUT: 408,
        Fault.UNPROCESSABLE: 422,
        Fault.RATE_LIMIT: 429,
        Fault.RATE_LIMIT_SECONDS: 429,
        Fault.RATE_LIMIT_MS: 429,
        Fault.RATE_LIMIT_DATE: 429,
        Fault.SERVER_ERROR: 500,
        Fault.BAD_GATEWAY: 502,
        Fault.UNAVAILABLE: 503,
        Fault.UNAVAILABLE_SECONDS: 503,
        Fault.OVERLOADED: 529,
        Fault.QUOTA: 429,
        Fault.CONTEXT_LENGTH: 400,
        Fault.CONTENT_FILTER: 400,
    }
)
"""The faults that are refusals, with the status most vendors give them."""


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def whole_as_frames(document: bytes, pieces: int) -> Frames:
    """An answer in one document, cut into about as many pieces, so that the faults can strike it too."""
    size = max(1, len(document) // (pieces + 1))
    slices = [document[start : start + size] for start in range(0, len(document), size)]
    return Frames(
        content_type="application/json",
        opening=b"",
        pieces=iter(slices[:-1]),
        finish=slices[-1],
        sentinel=b"",
        malformed=b"<",
        error=b"\n",
        keepalive=b" ",
    )
