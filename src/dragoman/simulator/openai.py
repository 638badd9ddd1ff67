"""OpenAI's wire as its API reference has it: `/v1/chat/completions`, streamed and whole, `/v1/models`.

Thinking goes in `reasoning_content`, as the compatible servers that show it have it.
"""

from __future__ import annotations

import time
from itertools import chain
from typing import TYPE_CHECKING, Any

from dragoman.simulator.frames import STATUS, Frames, encode
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.core.chat import Usage
    from dragoman.simulator.script import Call, Reply


def _document(
    call: Call, kind: str, choices: Sequence[object], usage: Mapping[str, object] | None
) -> dict[str, object]:
    document = {"id": "chatcmpl-scripted", "object": kind, "created": int(time.time()), "model": call.model}
    return {**document, "choices": choices, **({} if usage is None else {"usage": usage})}


def _chunk(call: Call, delta: Mapping[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _data(_document(call, "chat.completion.chunk", [choice], None))


def _data(value: object) -> bytes:
    return b"data: " + encode(value) + b"\n\n"


def _usage(usage: Usage) -> dict[str, object]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def stream(call: Call, reply: Reply) -> Frames:
    """Server-sent events; usage comes in a chunk of its own, and only where the request asks for it."""
    thinking = (_chunk(call, {"reasoning_content": piece}) for piece in reply.thinking)
    text = (_chunk(call, {"content": piece}) for piece in reply.text)
    finish = _chunk(call, {}, reply.stop.value)
    options = call.body.get("stream_options")
    if reply.usage and isinstance(options, dict) and options.get("include_usage"):
        finish += _data(_document(call, "chat.completion.chunk", [], _usage(reply.usage)))
    error = {"message": "The server had an error while processing your request.", "type": "server_error"}
    return Frames(
        content_type="text/event-stream; charset=utf-8",
        opening=_chunk(call, {"role": "assistant", "content": ""}),
        pieces=chain(thinking, text),
        finish=finish,
        sentinel=b"data: [DONE]\n\n",
        malformed=b'data: {"id":"chatcmpl-scripted","choices":[{"delta":\n\n',
        error=_data({"error": {**error, "param": None, "code": None}}),
        keepalive=b": PROCESSING\n\n",
    )


def whole(call: Call, reply: Reply) -> bytes:
    """The answer without `"stream": true`."""
    message = {"role": "assistant", "content": "".join(reply.text)}
    if reply.thinking:
        message["reasoning_content"] = "".join(reply.thinking)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.stop.value}
    return encode(_document(call, "chat.completion", [choice], _usage(reply.usage) if reply.usage else None))


def streams(body: Mapping[str, Any]) -> bool:
    """OpenAI streams when asked to."""
    return body.get("stream") is True


def objection(call: Call) -> str | None:
    """The required fields, and options that belong to streams alone."""
    if not call.model:
        return "you must provide a model parameter"
    messages = call.body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "Missing required parameter: 'messages'."
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            return f"Missing required parameter: 'messages[{index}].role'."
    if "stream_options" in call.body and not call.stream:
        return "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    return None


def refusal(fault: Fault, call: Call, reason: str | None = None) -> tuple[int, bytes]:
    """An error object with a code where the vendor has one."""
    kind, code = "invalid_request_error", None
    match fault:
        case Fault.UNAUTHORIZED:
            code, said = "invalid_api_key", "Incorrect API key provided."
        case Fault.FORBIDDEN:
            kind, said = "request_forbidden", "Country, region, or territory not supported"
            code = "unsupported_country_region_territory"
        case Fault.MODEL_NOT_FOUND:
            code, said = "model_not_found", f"The model `{call.model}` does not exist or you do not have access to it."
        case Fault.RATE_LIMIT | Fault.RATE_LIMIT_SECONDS | Fault.RATE_LIMIT_MS | Fault.RATE_LIMIT_DATE:
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
    return STATUS[fault], encode({"error": {"message": reason or said, "type": kind, "param": None, "code": code}})


def models(names: Sequence[str]) -> bytes:
    """The answer to `/v1/models`."""
    return encode(
        {
            "object": "list",
            "data": [{"id": name, "object": "model", "created": 0, "owned_by": "scripted"} for name in names],
        }
    )
