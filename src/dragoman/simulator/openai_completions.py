"""The older `/v1/completions`: a prompt, a suffix where a gap is to be filled, text as the answer.

OpenAI's reference, and DeepSeek's, whose FIM is the same behind `/beta`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.simulator import openai
from dragoman.simulator.frames import SSE, Frames, data, encode, whole_as_frames
from dragoman.simulator.judging import first_problem
from dragoman.simulator.openai_rules import sampling_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.simulator.script import Call, Reply

refusal = openai.refusal
streams = openai.streams


def _document(call: Call, text: str, finish_reason: str | None, reply: Reply | None) -> dict[str, object]:
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish_reason}
    usage = openai.usage_of(reply.usage) if reply and reply.usage else None
    return openai.document(call, "text_completion", [choice], usage) | {"id": "cmpl-scripted"}


def frames(call: Call, reply: Reply) -> Frames:
    """The text; there is neither thinking nor a tool here."""
    reason = reply.stop.value
    if not call.stream:
        return whole_as_frames(encode(_document(call, "".join(reply.text), reason, reply)), reply)
    options = call.body.get("stream_options")
    counted = reply if isinstance(options, dict) and options.get("include_usage") else None
    model = openai.stream(call, reply)
    return Frames(
        content_type=SSE,
        opening=b"",
        pieces=(data(_document(call, piece, None, None)) for piece in reply.text),
        finish=data(_document(call, "", reason, counted)),
        sentinel=model.sentinel,
        malformed=model.malformed,
        error=model.error,
        keepalive=model.keepalive,
    )


def objection(call: Call) -> str | None:
    """A model and a prompt, and the numbers in their ranges."""
    return first_problem(_problems(call))


def _problems(call: Call) -> Iterator[str | None]:
    if not call.model:
        yield "you must provide a model parameter"
    if not isinstance(call.body.get("prompt"), str | list):
        yield "Missing required parameter: 'prompt'."
    if not isinstance(call.body.get("suffix", ""), str | None):
        yield "Invalid type for 'suffix': expected a string."
    if "messages" in call.body:
        yield "Unrecognized request argument supplied: messages"
    yield from sampling_problems(call.body)
