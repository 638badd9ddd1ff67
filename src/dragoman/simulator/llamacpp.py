"""llama.cpp server's own `/infill`, as its README has it: both sides of the gap go in, `content` comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.chat import Stop
from dragoman.simulator.frames import SSE, STATUS, Cause, Frames, Refusal, data, encode, whole_as_frames
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from dragoman.simulator.script import Call, Reply

_TYPE = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    503: "unavailable_error",
}.get


def _ending(call: Call, reply: Reply) -> dict[str, object]:
    usage = reply.usage
    counts = {"tokens_predicted": usage.output_tokens, "tokens_evaluated": usage.input_tokens} if usage else {}
    return {
        "index": 0,
        "stop": True,
        "model": call.model,
        "stop_type": "limit" if reply.stop is Stop.LENGTH else "eos",
        "stopping_word": "",
        "truncated": False,
        "tokens_cached": usage.cached_tokens if usage else 0,
        **counts,
    }


def frames(call: Call, reply: Reply) -> Frames:
    """The text; the event with `stop` is the last one, and there is no sentinel."""
    ending = _ending(call, reply)
    if not call.stream:
        return whole_as_frames(encode({"content": "".join(reply.text), **ending}), reply)
    error = {"code": 500, "message": "Compute error.", "type": "server_error"}
    return Frames(
        content_type=SSE,
        opening=b"",
        pieces=(data({"index": 0, "content": piece, "tokens": [], "stop": False}) for piece in reply.text),
        finish=data({"content": "", **ending}),
        sentinel=b"",
        malformed=b'data: {"index":0,"content":\n\n',
        error=data({"error": error}),
        keepalive=b": ping\n\n",
    )


def streams(call: Call) -> bool:
    """It streams when asked to."""
    return call.body.get("stream") is True


def objection(call: Call) -> str | None:
    """Both sides of the gap, as strings."""
    for name in ("input_prefix", "input_suffix"):
        if not isinstance(call.body.get(name), str):
            return f'"{name}" is required' if name not in call.body else f'"{name}" must be a string'
    return None


def refusal(cause: Cause, call: Call) -> Refusal:
    """Its error object has the status in it; it knows no quota."""
    status = STATUS[cause.fault]
    match cause.fault:
        case Fault.UNAUTHORIZED:
            said = "Invalid API Key"
        case Fault.CONTEXT_LENGTH:
            said = "the request exceeds the available context size. try increasing the context size"
        case Fault.UNAVAILABLE | Fault.UNAVAILABLE_SECONDS:
            said = "Loading model"
        case Fault.MODEL_NOT_FOUND:
            said = f"model '{call.model}' not found"
        case Fault.CONTENT_FILTER:
            said = "the prompt was blocked by the content filter"
        case Fault.QUOTA:
            said = "usage limit reached"
        case _:
            said = "Failed to process the request"
    kind = "exceed_context_size_error" if cause.fault is Fault.CONTEXT_LENGTH else _TYPE(status, "server_error")
    return Refusal(status, encode({"error": {"code": status, "message": cause.reason or said, "type": kind}}))
