"""Mistral's `/v1/fim/completions` as its API reference has it: prompt and suffix go in, a chat's chunks come out.

Its chat is OpenAI's, and is played there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.simulator import openai
from dragoman.simulator.frames import STATUS, Cause, Refusal, encode
from dragoman.simulator.judging import unknown
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from dragoman.simulator.frames import Frames
    from dragoman.simulator.script import Call, Reply

streams = openai.streams

_PARAMETERS = frozenset(
    {"model", "prompt", "suffix", "temperature", "top_p", "max_tokens", "min_tokens", "stop", "stream", "random_seed"}
    | {"metadata", "prompt_cache_key"}
)


def frames(call: Call, reply: Reply) -> Frames:
    """A chat's answer; the usage comes unasked."""
    call.body = {**call.body, "stream_options": {"include_usage": True}}
    return openai.frames(call, reply)


def objection(call: Call) -> str | None:
    """A prompt, and nothing that the reference does not name: that is a 422 there."""
    if not call.model:
        return "Field required: model"
    if not isinstance(call.body.get("prompt"), str):
        return "Field required: prompt"
    name = unknown(dict(call.body), _PARAMETERS)
    return None if name is None else f"Extra inputs are not permitted: {name}"


def refusal(cause: Cause, call: Call) -> Refusal:
    """Mistral's error object, with the list of pydantic where the request is wrong."""
    status = STATUS[cause.fault]
    if cause.reason:
        problem = {"type": "extra_forbidden", "loc": ["body"], "msg": cause.reason, "input": None}
        error = {"object": "error", "message": {"detail": [problem]}, "type": "invalid_request_error"}
        return Refusal(422, encode(error))
    match status:
        case 400:
            return openai.refusal(cause, call)
        case 401:
            return Refusal(status, encode({"detail": "Unauthorized"}))
        case 404:
            said, kind = f"Invalid model: {call.model}", "invalid_model"
        case 429:
            said, kind = "Requests rate limit exceeded", "rate_limited"
        case _:
            said, kind = "Service unavailable.", "internal_server_error"
    if cause.fault is Fault.QUOTA:
        said = "You have reached your usage limit."
    return Refusal(status, encode({"object": "error", "message": said, "type": kind, "param": None, "code": "1300"}))
