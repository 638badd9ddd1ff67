"""Anthropic's wire as its API documentation has it: `/v1/messages` in server-sent events, `/v1/models`."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.chat import Stop, Usage
from dragoman.simulator import anthropic_rules
from dragoman.simulator.frames import (
    RATE_LIMITS,
    SSE,
    STATUS,
    Cause,
    Frames,
    Refusal,
    encode,
    numbered,
    pieces,
    whole_as_frames,
)
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.simulator.frames import Piece
    from dragoman.simulator.script import Call, Reply

objection = anthropic_rules.objection

_STOP_REASON = MappingProxyType(
    {
        Stop.STOP: "end_turn",
        Stop.LENGTH: "max_tokens",
        Stop.CONTENT_FILTER: "refusal",
        Stop.TOOL_CALLS: "tool_use",
    }
)


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: ".encode() + encode({"type": kind, **fields}) + b"\n\n"


def _input_usage(usage: Usage) -> dict[str, int]:
    """Anthropic counts what was read from its cache, and what was written to it, apart from `input_tokens`."""
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
    }


def _message(
    call: Call, content: Sequence[Mapping[str, object]], stop_reason: str | None, usage: Mapping[str, int]
) -> dict[str, object]:
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _pieces(reply: Reply) -> Iterator[bytes]:
    """The deltas; a block's first one comes behind the block's start, its last one before the block's end."""
    for piece in pieces(reply):
        start, delta, proof = _block(piece, reply.signature)
        index = piece.block
        events = [_event("content_block_start", index=index, content_block=start)] if piece.first else []
        events += [_event("content_block_delta", index=index, delta=delta)]
        if piece.last:
            events += [_event("content_block_delta", index=index, delta=proof)] if proof else []
            events += [_event("content_block_stop", index=index)]
        yield b"".join(events)


def _block(piece: Piece, signature: str) -> tuple[dict[str, object], dict[str, str], dict[str, str] | None]:
    """A block as it starts, the piece as a delta, and the delta that proves the block."""
    match piece.kind:
        case "thinking":
            start: dict[str, object] = {"type": "thinking", "thinking": "", "signature": ""}
            proof = {"type": "signature_delta", "signature": signature}
            return start, {"type": "thinking_delta", "thinking": piece.text}, proof
        case "text":
            return {"type": "text", "text": ""}, {"type": "text_delta", "text": piece.text}, None
        case "tool":
            start = {"type": "tool_use", "id": piece.tool.id, "name": piece.tool.name, "input": {}}
            return start, {"type": "input_json_delta", "partial_json": piece.text}, None


def _stream(call: Call, reply: Reply) -> Frames:
    """Server-sent events, block after block."""
    usage = reply.usage or Usage()
    start_usage = _input_usage(usage) | {"output_tokens": min(1, usage.output_tokens)}
    stop = {"stop_reason": _STOP_REASON[reply.ending], "stop_sequence": None}
    return Frames(
        content_type=SSE,
        opening=_event("message_start", message=_message(call, [], None, start_usage)) + _event("ping"),
        pieces=_pieces(reply),
        finish=_event("message_delta", delta=stop, usage={"output_tokens": usage.output_tokens}),
        sentinel=_event("message_stop"),
        malformed=b'event: content_block_delta\ndata: {"type":"content_block_delta","index":\n\n',
        error=_event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
        keepalive=_event("ping"),
    )


def _whole(call: Call, reply: Reply) -> dict[str, object]:
    """The answer without `"stream": true`."""
    usage = reply.usage or Usage()
    content: list[dict[str, object]] = []
    if reply.thinking:
        content.append({"type": "thinking", "thinking": "".join(reply.thinking), "signature": reply.signature})
    if reply.text:
        content.append({"type": "text", "text": "".join(reply.text)})
    content += [
        {"type": "tool_use", "id": tool.id, "name": tool.name, "input": json.loads("".join(tool.arguments))}
        for tool in numbered(reply.tools)
    ]
    counted = _input_usage(usage) | {"output_tokens": usage.output_tokens}
    return _message(call, content, _STOP_REASON[reply.ending], counted)


def frames(call: Call, reply: Reply) -> Frames:
    """The answer, in the form that the request asks for."""
    return _stream(call, reply) if call.stream else whole_as_frames(encode(_whole(call, reply)), reply)


def streams(call: Call) -> bool:
    """Anthropic streams when asked to."""
    return call.body.get("stream") is True


def refusal(cause: Cause, call: Call) -> Refusal:
    """An error object; a used-up account is a 400, as the vendor has it."""
    status = 400 if cause.fault is Fault.QUOTA else STATUS[cause.fault]
    match cause.fault:
        case Fault.UNAUTHORIZED:
            kind, said = "authentication_error", "invalid x-api-key"
        case Fault.FORBIDDEN:
            kind, said = "permission_error", "Your API key does not have permission to use the specified resource."
        case Fault.MODEL_NOT_FOUND:
            kind, said = "not_found_error", f"model: {call.model}"
        case Fault() as limit if limit in RATE_LIMITS:
            kind, said = "rate_limit_error", "This request would exceed your organization's rate limit."
        case Fault.QUOTA:
            kind, said = "invalid_request_error", "Your credit balance is too low to access the Anthropic API."
        case Fault.CONTEXT_LENGTH:
            kind, said = "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"
        case Fault.CONTENT_FILTER:
            kind, said = "invalid_request_error", "Output blocked by content filtering policy"
        case Fault.REQUEST_TIMEOUT:
            kind, said = "timeout_error", "Request timed out"
        case Fault.SERVER_ERROR | Fault.BAD_GATEWAY:
            kind, said = "api_error", "Internal server error"
        case Fault.OVERLOADED | Fault.UNAVAILABLE | Fault.UNAVAILABLE_SECONDS:
            kind, said = "overloaded_error", "Overloaded"
        case _:
            kind, said = "invalid_request_error", "messages: the request is not valid"
    error = {"type": kind, "message": cause.reason or said}
    return Refusal(status, encode({"type": "error", "error": error, "request_id": "req_scripted"}))


def models(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - the same for everyone
    """The answer to `/v1/models`, on one page."""
    rows = [{"type": "model", "id": name, "display_name": name, "created_at": "2025-01-01T00:00:00Z"} for name in names]
    ends = {"first_id": names[0], "last_id": names[-1]} if names else {"first_id": None, "last_id": None}
    return encode({"data": rows, "has_more": False, **ends})
