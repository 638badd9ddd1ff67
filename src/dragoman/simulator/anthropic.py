"""Anthropic's wire as its API documentation has it: `/v1/messages` in server-sent events, `/v1/models`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Stop, Usage
from dragoman.simulator.frames import STATUS, Frames, encode
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.simulator.script import Call, Reply

_STOP_REASON = MappingProxyType(
    {
        Stop.STOP: "end_turn",
        Stop.LENGTH: "max_tokens",
        Stop.CONTENT_FILTER: "refusal",
        Stop.TOOL_CALLS: "tool_use",
    }
)
_SIGNATURE = "c2NyaXB0ZWQ="


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: ".encode() + encode({"type": kind, **fields}) + b"\n\n"


def _start_block(index: int, kind: str) -> bytes:
    block = (
        {"type": "thinking", "thinking": "", "signature": ""} if kind == "thinking" else {"type": "text", "text": ""}
    )
    return _event("content_block_start", index=index, content_block=block)


def _delta(index: int, **delta: str) -> bytes:
    return _event("content_block_delta", index=index, delta=delta)


_END_OF_THINKING = _delta(0, type="signature_delta", signature=_SIGNATURE) + _event("content_block_stop", index=0)


def _input_usage(usage: Usage) -> dict[str, int]:
    """Anthropic counts cached tokens apart from `input_tokens`."""
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
    }


def _message(
    call: Call, content: Sequence[Mapping[str, str]], stop_reason: str | None, usage: Mapping[str, int]
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
    """The deltas; the first of a block comes with the block's start, and the end of the block before it."""
    for number, piece in enumerate(reply.thinking):
        start = b"" if number else _start_block(0, "thinking")
        yield start + _delta(0, type="thinking_delta", thinking=piece)
    index = 1 if reply.thinking else 0
    for number, piece in enumerate(reply.text):
        start = b"" if number else (_END_OF_THINKING if reply.thinking else b"") + _start_block(index, "text")
        yield start + _delta(index, type="text_delta", text=piece)


def _end_of_last_block(reply: Reply) -> bytes:
    if reply.text:
        return _event("content_block_stop", index=1 if reply.thinking else 0)
    return _END_OF_THINKING if reply.thinking else b""


def stream(call: Call, reply: Reply) -> Frames:
    """Server-sent events: a block of thinking where there is some, then a block of text."""
    usage = reply.usage or Usage()
    start_usage = _input_usage(usage) | {"output_tokens": min(1, usage.output_tokens)}
    stop = {"stop_reason": _STOP_REASON[reply.stop], "stop_sequence": None}
    ending = _event("message_delta", delta=stop, usage={"output_tokens": usage.output_tokens})
    return Frames(
        content_type="text/event-stream; charset=utf-8",
        opening=_event("message_start", message=_message(call, [], None, start_usage)) + _event("ping"),
        pieces=_pieces(reply),
        finish=_end_of_last_block(reply) + ending,
        sentinel=_event("message_stop"),
        malformed=b'event: content_block_delta\ndata: {"type":"content_block_delta","index":\n\n',
        error=_event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
        keepalive=_event("ping"),
    )


def whole(call: Call, reply: Reply) -> bytes:
    """The answer without `"stream": true`."""
    usage = reply.usage or Usage()
    content: list[dict[str, str]] = []
    if reply.thinking:
        content.append({"type": "thinking", "thinking": "".join(reply.thinking), "signature": _SIGNATURE})
    if reply.text:
        content.append({"type": "text", "text": "".join(reply.text)})
    counted = _input_usage(usage) | {"output_tokens": usage.output_tokens}
    return encode(_message(call, content, _STOP_REASON[reply.stop], counted))


def streams(body: Mapping[str, Any]) -> bool:
    """Anthropic streams when asked to."""
    return body.get("stream") is True


def objection(call: Call) -> str | None:
    """The required header and fields, and the roles that `messages` may hold."""
    if "anthropic-version" not in call.headers:
        return "anthropic-version: header is required"
    if not call.model:
        return "model: Field required"
    limit = call.body.get("max_tokens")
    if not isinstance(limit, int):
        return "max_tokens: Field required"
    if limit < 1:
        return "max_tokens: Input should be greater than or equal to 1"
    messages = call.body.get("messages")
    if not isinstance(messages, list):
        return "messages: Field required"
    if not messages:
        return "messages: at least one message is required"
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in {"user", "assistant"}:
            return f'messages.{index}: the Messages API takes "user" and "assistant" here, system text in its own field'
        if not message.get("content"):
            return f"messages.{index}: all messages must have non-empty content"
    return None


def refusal(fault: Fault, call: Call, reason: str | None = None) -> tuple[int, bytes]:
    """An error object; a used-up account is a 400, as the vendor has it."""
    status = 400 if fault is Fault.QUOTA else STATUS[fault]
    match fault:
        case Fault.UNAUTHORIZED:
            kind, said = "authentication_error", "invalid x-api-key"
        case Fault.FORBIDDEN:
            kind, said = "permission_error", "Your API key does not have permission to use the specified resource."
        case Fault.MODEL_NOT_FOUND:
            kind, said = "not_found_error", f"model: {call.model}"
        case Fault.RATE_LIMIT | Fault.RATE_LIMIT_SECONDS | Fault.RATE_LIMIT_MS | Fault.RATE_LIMIT_DATE:
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
    error = {"type": kind, "message": reason or said}
    return status, encode({"type": "error", "error": error, "request_id": "req_scripted"})


def models(names: Sequence[str]) -> bytes:
    """The answer to `/v1/models`, on one page."""
    rows = [{"type": "model", "id": name, "display_name": name, "created_at": "2025-01-01T00:00:00Z"} for name in names]
    ends = {"first_id": names[0], "last_id": names[-1]} if names else {"first_id": None, "last_id": None}
    return encode({"data": rows, "has_more": False, **ends})
