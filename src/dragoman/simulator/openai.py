"""OpenAI's wire as its API reference has it: `/v1/chat/completions`, streamed and whole, `/v1/models`.

Thinking goes in `reasoning_content`, as the compatible servers that show it have it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dragoman.simulator import openai_rules
from dragoman.simulator.frames import (
    RATE_LIMITS,
    SSE,
    STATUS,
    Cause,
    Frames,
    Refusal,
    data,
    encode,
    numbered,
    pieces,
    whole_as_frames,
)
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.core.chat import Usage
    from dragoman.simulator.script import Call, Reply

objection = openai_rules.objection


def document(call: Call, kind: str, choices: Sequence[object], usage: Mapping[str, object] | None) -> dict[str, object]:
    """What every answer and every chunk of one has around it."""
    document = {"id": "chatcmpl-scripted", "object": kind, "created": int(time.time()), "model": call.model}
    return {**document, "choices": choices, **({} if usage is None else {"usage": usage})}


def _chunk(call: Call, delta: Mapping[str, object], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return data(document(call, "chat.completion.chunk", [choice], None))


def cache_of(usage: Usage) -> dict[str, int]:
    """What was read from the cache, and what was written to it."""
    return {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens}


def usage_of(usage: Usage) -> dict[str, object]:
    """Tokens as OpenAI counts them: the cached and the reasoning ones are included."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": cache_of(usage),
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _deltas(reply: Reply) -> Iterator[dict[str, object]]:
    """The pieces as deltas; a tool's index counts the tools alone, and its name comes with the first piece."""
    tool = -1
    for piece in pieces(reply):
        if piece.kind != "tool":
            yield {"reasoning_content" if piece.kind == "thinking" else "content": piece.text}
            continue
        tool += piece.first
        if piece.first:
            function = {"name": piece.tool.name, "arguments": piece.text}
            yield {"tool_calls": [{"index": tool, "id": piece.tool.id, "type": "function", "function": function}]}
        else:
            yield {"tool_calls": [{"index": tool, "function": {"arguments": piece.text}}]}


def stream(call: Call, reply: Reply) -> Frames:
    """Server-sent events; usage comes in a chunk of its own, and only where the request asks for it."""
    finish = _chunk(call, {}, reply.ending.value)
    options = call.body.get("stream_options")
    if reply.usage and isinstance(options, dict) and options.get("include_usage"):
        finish += data(document(call, "chat.completion.chunk", [], usage_of(reply.usage)))
    error = {"message": "The server had an error while processing your request.", "type": "server_error"}
    return Frames(
        content_type=SSE,
        opening=_chunk(call, {"role": "assistant", "content": ""}),
        pieces=(_chunk(call, delta) for delta in _deltas(reply)),
        finish=finish,
        sentinel=b"data: [DONE]\n\n",
        malformed=b'data: {"id":"chatcmpl-scripted","choices":[{"delta":\n\n',
        error=data({"error": {**error, "param": None, "code": None}}),
        keepalive=b": PROCESSING\n\n",
    )


def whole(call: Call, reply: Reply) -> dict[str, object]:
    """The answer without `"stream": true`."""
    message: dict[str, object] = {"role": "assistant", "content": "".join(reply.text) or None, "refusal": None}
    if reply.thinking:
        message["reasoning_content"] = "".join(reply.thinking)
    if reply.tools:
        message["tool_calls"] = [
            {"id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": "".join(tool.arguments)}}
            for tool in numbered(reply.tools)
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.ending.value}
    return document(call, "chat.completion", [choice], usage_of(reply.usage) if reply.usage else None)


def frames(call: Call, reply: Reply) -> Frames:
    """The answer, in the form that the request asks for."""
    return stream(call, reply) if call.stream else whole_as_frames(encode(whole(call, reply)), reply)


def streams(call: Call) -> bool:
    """OpenAI streams when asked to."""
    return call.body.get("stream") is True


def refusal(cause: Cause, call: Call) -> Refusal:
    """An error object with a code where the vendor has one."""
    kind, code = "invalid_request_error", None
    match cause.fault:
        case Fault.UNAUTHORIZED:
            code, said = "invalid_api_key", "Incorrect API key provided."
        case Fault.FORBIDDEN:
            kind, said = "request_forbidden", "Country, region, or territory not supported"
            code = "unsupported_country_region_territory"
        case Fault.MODEL_NOT_FOUND:
            code, said = "model_not_found", f"The model `{call.model}` does not exist or you do not have access to it."
        case Fault() as limit if limit in RATE_LIMITS:
            kind, code, said = "requests", "rate_limit_exceeded", f"Rate limit reached for {call.model}."
        case Fault.QUOTA:
            kind = code = "insufficient_quota"
            said = "You exceeded your current quota, please check your plan and billing details."
        case Fault.CONTEXT_LENGTH:
            code = "context_length_exceeded"
            said = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."
        case Fault.CONTENT_FILTER:
            code, said = (
                "content_filter",
                "The response was filtered due to the prompt triggering the content management policy.",
            )
        case Fault.REQUEST_TIMEOUT:
            kind, said = "timeout", "Request timed out."
        case Fault.SERVER_ERROR | Fault.BAD_GATEWAY:
            kind, said = "server_error", "The server had an error while processing your request. Sorry about that!"
        case Fault.UNAVAILABLE | Fault.UNAVAILABLE_SECONDS | Fault.OVERLOADED:
            kind, said = "server_error", "The engine is currently overloaded, please try again later."
        case _:
            said = "The request is not valid."
    error = {"message": cause.reason or said, "type": kind, "param": None, "code": code}
    return Refusal(STATUS[cause.fault], encode({"error": error}))


def models(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - the same for everyone
    """The answer to `/v1/models`."""
    return encode(
        {
            "object": "list",
            "data": [{"id": name, "object": "model", "created": 0, "owned_by": "scripted"} for name in names],
        }
    )
