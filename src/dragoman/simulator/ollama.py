"""Ollama's wire as its API documentation has it: `/api/chat` in NDJSON, `/api/tags`, `/api/show`, `/api/version`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Stop
from dragoman.simulator import ollama_rules
from dragoman.simulator.frames import (
    RATE_LIMITS,
    STATUS,
    Cause,
    Frames,
    Refusal,
    encode,
    numbered,
    whole_as_frames,
)
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.simulator.script import Call, Reply

NDJSON = "application/x-ndjson"
BROKEN = encode({"error": "an error was encountered while running the model: unexpected EOF"}) + b"\n"

objection = ollama_rules.chat


def line(call: Call, fields: Mapping[str, object]) -> bytes:
    """One line of an answer."""
    return encode({"model": call.model, "created_at": datetime.now(UTC).isoformat(), "done": False, **fields}) + b"\n"


def ending(reply: Reply) -> dict[str, Any]:
    """What the last line adds; durations are in nanoseconds. Ollama has no stop reason for a filter, or for tools."""
    ending: dict[str, Any] = {"done": True, "done_reason": "length" if reply.stop is Stop.LENGTH else "stop"}
    ending |= {"total_duration": 5_000_000, "load_duration": 1_000_000}
    if reply.usage:
        ending |= {"prompt_eval_count": reply.usage.input_tokens, "prompt_eval_duration": 1_000_000}
        ending |= {"eval_count": reply.usage.output_tokens, "eval_duration": 3_000_000}
    return ending


def _message(content: str = "", **more: object) -> dict[str, object]:
    return {"message": {"role": "assistant", "content": content, **more}}


def _tool_calls(reply: Reply) -> list[dict[str, object]]:
    """Ollama's calls come whole, and with arguments that are JSON and no string."""
    return [
        {"function": {"index": index, "name": tool.name, "arguments": json.loads("".join(tool.arguments))}}
        for index, tool in enumerate(numbered(reply.tools))
    ]


def _stream(call: Call, reply: Reply) -> Frames:
    """NDJSON. The line that finishes is the last one, so its line end plays the sentinel."""
    thinking = (_message(thinking=piece) for piece in reply.thinking)
    text = (_message(piece) for piece in reply.text)
    tools = (_message(tool_calls=[tool]) for tool in _tool_calls(reply))
    return Frames(
        content_type=NDJSON,
        opening=b"",
        pieces=(line(call, message) for message in chain(thinking, text, tools)),
        finish=line(call, _message() | ending(reply))[:-1],
        sentinel=b"\n",
        malformed=b'{"model":"broken","message":{"role":\n',
        error=BROKEN,
        keepalive=line(call, _message()),
    )


def _whole(call: Call, reply: Reply) -> bytes:
    """The answer to `"stream": false`."""
    more: dict[str, object] = {"thinking": "".join(reply.thinking)} if reply.thinking else {}
    if reply.tools:
        more["tool_calls"] = _tool_calls(reply)
    return line(call, _message("".join(reply.text), **more) | ending(reply))


def frames(call: Call, reply: Reply) -> Frames:
    """The answer, in the form that the request asks for."""
    return _stream(call, reply) if call.stream else whole_as_frames(_whole(call, reply), reply)


def streams(call: Call) -> bool:
    """Ollama streams unless told not to."""
    return call.body.get("stream") is not False


def refusal(cause: Cause, call: Call) -> Refusal:
    """Ollama says everything in one `error` string."""
    match cause.fault:
        case Fault.UNAUTHORIZED | Fault.FORBIDDEN:
            said = "unauthorized"
        case Fault.MODEL_NOT_FOUND:
            said = f"model '{call.model}' not found"
        case Fault() as limit if limit in RATE_LIMITS:
            said = "too many concurrent requests"
        case Fault.QUOTA:
            said = "you've reached your hourly usage limit, please upgrade to continue"
        case Fault.UNAVAILABLE | Fault.UNAVAILABLE_SECONDS | Fault.OVERLOADED:
            said = "server busy, please try again. maximum pending requests exceeded"
        case Fault.CONTEXT_LENGTH:
            said = "the input length exceeds the context length"
        case Fault.CONTENT_FILTER:
            said = "the prompt was blocked by the content filter"
        case Fault.SERVER_ERROR:
            said = "llama runner process has terminated: signal: killed"
        case _:
            said = "invalid request"
    return Refusal(STATUS[cause.fault], encode({"error": cause.reason or said}))


_DETAILS = MappingProxyType(
    {"format": "gguf", "family": "qwen2", "parameter_size": "7.6B", "quantization_level": "Q4_K_M"}
)


def models(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - the same for everyone
    """The answer to `/api/tags`."""
    modified_at = datetime.now(UTC).isoformat()
    facts = {"modified_at": modified_at, "size": 4_683_087_332, "digest": "0" * 64, "details": {**_DETAILS}}
    return encode({"models": [{"name": name, "model": name, **facts} for name in names]})


def show(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - every name is taken
    """The answer to `/api/show`, as for a model that is there."""
    return encode(
        {
            "modelfile": f"FROM {call.model}\n",
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": {**_DETAILS},
            "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768},
            "capabilities": ["completion", "tools", "insert", "vision", "thinking"],
            "modified_at": datetime.now(UTC).isoformat(),
        }
    )


def version(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - the same for everyone
    """The answer to `/api/version`."""
    return encode({"version": "0.12.0"})
