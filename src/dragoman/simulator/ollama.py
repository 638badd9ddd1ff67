"""Ollama's wire as its API documentation has it: `/api/chat` in NDJSON, `/api/tags`, `/api/show`, `/api/version`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Stop
from dragoman.simulator.frames import STATUS, Frames, encode
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.simulator.script import Call, Reply

VERSION = encode({"version": "0.12.0"})


def _line(call: Call, message: Mapping[str, str], **more: object) -> bytes:
    line = {
        "model": call.model,
        "created_at": datetime.now(UTC).isoformat(),
        "message": {"role": "assistant", **message},
        "done": False,
    }
    return encode(line | more) + b"\n"


def _ending(reply: Reply) -> dict[str, Any]:
    """What the last line adds; durations are in nanoseconds. Ollama has no stop reason for a filter."""
    ending: dict[str, Any] = {"done": True, "done_reason": "length" if reply.stop is Stop.LENGTH else "stop"}
    ending |= {"total_duration": 5_000_000, "load_duration": 1_000_000}
    if reply.usage:
        ending |= {"prompt_eval_count": reply.usage.input_tokens, "prompt_eval_duration": 1_000_000}
        ending |= {"eval_count": reply.usage.output_tokens, "eval_duration": 3_000_000}
    return ending


def stream(call: Call, reply: Reply) -> Frames:
    """NDJSON. The line that finishes is the last one, so its line end plays the sentinel."""
    thinking = (_line(call, {"content": "", "thinking": piece}) for piece in reply.thinking)
    text = (_line(call, {"content": piece}) for piece in reply.text)
    return Frames(
        content_type="application/x-ndjson",
        opening=b"",
        pieces=chain(thinking, text),
        finish=_line(call, {"content": ""}, **_ending(reply))[:-1],
        sentinel=b"\n",
        malformed=b'{"model":"broken","message":{"role":\n',
        error=encode({"error": "an error was encountered while running the model: unexpected EOF"}) + b"\n",
        keepalive=_line(call, {"content": ""}),
    )


def whole(call: Call, reply: Reply) -> bytes:
    """The answer to `"stream": false`."""
    message = {"content": "".join(reply.text)}
    if reply.thinking:
        message["thinking"] = "".join(reply.thinking)
    return _line(call, message, **_ending(reply))


def streams(body: Mapping[str, Any]) -> bool:
    """Ollama streams unless told not to."""
    return body.get("stream") is not False


def objection(call: Call) -> str | None:
    """Ollama wants a model, and messages that have a role."""
    if not call.model:
        return "model is required"
    messages = call.body.get("messages", [])
    if not isinstance(messages, list):
        return "json: cannot unmarshal into Go struct field ChatRequest.messages"
    if not all(isinstance(message, dict) and isinstance(message.get("content"), str) for message in messages):
        return "json: cannot unmarshal into Go struct field Message.messages.content of type string"
    return None


def refusal(fault: Fault, call: Call, reason: str | None = None) -> tuple[int, bytes]:
    """Ollama says everything in one `error` string."""
    match fault:
        case Fault.UNAUTHORIZED | Fault.FORBIDDEN:
            said = "unauthorized"
        case Fault.MODEL_NOT_FOUND:
            said = f"model '{call.model}' not found"
        case Fault.RATE_LIMIT | Fault.RATE_LIMIT_SECONDS | Fault.RATE_LIMIT_MS | Fault.RATE_LIMIT_DATE:
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
    return STATUS[fault], encode({"error": reason or said})


def models(names: Sequence[str]) -> bytes:
    """The answer to `/api/tags`."""
    details = {"format": "gguf", "family": "qwen2", "parameter_size": "7.6B", "quantization_level": "Q4_K_M"}
    modified_at = datetime.now(UTC).isoformat()
    rows = [
        {"name": name, "model": name, "modified_at": modified_at, "size": 4_683_087_332, "details": details}
        for name in names
    ]
    return encode({"models": rows})


def show(name: str) -> bytes:
    """The answer to `/api/show` for a model that is there."""
    return encode(
        {
            "modelfile": f"FROM {name}\n",
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": {"format": "gguf", "family": "qwen2", "parameter_size": "7.6B", "quantization_level": "Q4_K_M"},
            "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768},
            "capabilities": ["completion"],
        }
    )
