"""What a dialect is to the simulator: a reply as bytes, cut where faults can strike. Pure; sends nothing.

Written from the vendors' documentation, apart from `providers/` on purpose, so that the two judge each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from dragoman.simulator.script import Fault, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.simulator.script import Call

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"
RATE_LIMITS = frozenset({Fault.RATE_LIMIT, Fault.RATE_LIMIT_SECONDS, Fault.RATE_LIMIT_MS, Fault.RATE_LIMIT_DATE})


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


class Cause(NamedTuple):
    """Why a request is refused.

    reason: what the vendor would say; None leaves it to the fault.
    wait: how long to leave the provider alone, in seconds, for vendors who say it in the body.
    """

    fault: Fault
    reason: str | None = None
    wait: float | None = None


class Refusal(NamedTuple):
    """A response that refuses the request."""

    status: int
    body: bytes
    content_type: str = JSON


class Dialect(Protocol):
    """One vendor's wire, as functions. A module of this room is one."""

    def streams(self, call: Call) -> bool:
        """Whether the request wants a streamed answer."""
        ...

    def objection(self, call: Call) -> str | None:
        """What the vendor would refuse in this request (400), or None."""
        ...

    def frames(self, call: Call, reply: Reply) -> Frames:
        """The answer, streamed or whole, as the request wants it."""
        ...

    def refusal(self, cause: Cause, call: Call) -> Refusal:
        """The response to a request that is refused."""
        ...


class Piece(NamedTuple):
    """One event's worth of a reply. Pieces of the same block belong together: all thinking, all text, or one tool call.

    last: nothing more comes in this block.
    """

    block: int
    kind: Literal["thinking", "text", "tool"]
    text: str
    first: bool
    last: bool
    tool: ToolCall


def pieces(reply: Reply) -> Iterator[Piece]:
    """The reply's pieces in the order of sending, the tools with their ids."""
    blocks: list[tuple[Literal["thinking", "text", "tool"], tuple[str, ...], ToolCall]] = []
    if reply.thinking:
        blocks.append(("thinking", reply.thinking, ToolCall("")))
    if reply.text:
        blocks.append(("text", reply.text, ToolCall("")))
    blocks += [("tool", tool.arguments, tool) for tool in numbered(reply.tools)]
    for block, (kind, texts, tool) in enumerate(blocks):
        for number, text in enumerate(texts):
            yield Piece(block, kind, text, number == 0, number == len(texts) - 1, tool)


def numbered(tools: tuple[ToolCall, ...]) -> tuple[ToolCall, ...]:
    """The tool calls, each with an id, and with at least one piece of arguments."""
    return tuple(
        ToolCall(tool.name, tool.arguments or ("{}",), tool.id or f"call_scripted_{number}")
        for number, tool in enumerate(tools, 1)
    )


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


def data(value: object) -> bytes:
    """A server-sent event without a name."""
    return b"data: " + encode(value) + b"\n\n"


def whole_as_frames(document: bytes, reply: Reply) -> Frames:
    """An answer in one document, cut into about as many pieces as the reply has: the faults can strike it, too."""
    size = max(1, len(document) // (len(reply.text) + 1))
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
