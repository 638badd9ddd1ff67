"""The chunks of chat completions and of plain completions, as OpenAI and all the compatible servers stream them.

Opens no socket. What others do differently stands at its place.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import FinishDelta, Stop, TextDelta, ThinkingDelta, ToolCallDelta, Usage, UsageDelta
from dragoman.core.errors import (
    Authentication,
    ContentFilter,
    ContextLength,
    InvalidRequest,
    ModelUnavailable,
    QuotaExceeded,
    RateLimit,
    ServerError,
    StreamingError,
)
from dragoman.providers import failures
from dragoman.providers.event_reader import EventReader
from dragoman.providers.wire import count, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.core.chat import Delta

_STOPS = MappingProxyType(
    {
        "stop": Stop.STOP,
        "length": Stop.LENGTH,
        "model_length": Stop.LENGTH,  # Mistral: the window is full
        "content_filter": Stop.CONTENT_FILTER,
        "tool_calls": Stop.TOOL_CALLS,
        "function_call": Stop.TOOL_CALLS,
    }
)

_BROKEN = MappingProxyType(
    {
        "error": StreamingError,  # OpenRouter, Mistral
        "abort": StreamingError,  # vLLM
        "insufficient_system_resource": ServerError,  # DeepSeek
    }
)
"""Reasons to finish that say that the answer is not whole."""

CODES: failures.Codes = MappingProxyType(
    {
        "invalid_api_key": Authentication,
        "insufficient_quota": QuotaExceeded,
        "billing_hard_limit_reached": QuotaExceeded,
        "rate_limit_exceeded": RateLimit,
        "model_not_found": ModelUnavailable,
        "model_decommissioned": ModelUnavailable,  # Groq
        "model_not_available": ModelUnavailable,  # Together
        "invalid_model": ModelUnavailable,  # Mistral
        "unknown_model": ModelUnavailable,  # GitHub Models
        "model_not_supported": ModelUnavailable,  # GitHub Copilot
        "deploymentnotfound": ModelUnavailable,  # Azure
        "operationnotsupported": ModelUnavailable,  # Azure: the deployment's model can't chat
        "context_length_exceeded": ContextLength,
        "exceed_context_size_error": ContextLength,  # llama.cpp
        "tokens_limit_reached": ContextLength,  # GitHub Models
        "content_filter": ContentFilter,
        "content_policy_violation": ContentFilter,
        "invalid_prompt": ContentFilter,  # from here on, what Responses report inside a stream
        "bio_policy": ContentFilter,
        "misalignment_policy_violation": ContentFilter,
        "image_content_policy_violation": ContentFilter,
        "invalid_image": InvalidRequest,
        "invalid_image_format": InvalidRequest,
        "invalid_base64_image": InvalidRequest,
        "image_too_large": InvalidRequest,
        "image_too_small": InvalidRequest,
        "image_parse_error": InvalidRequest,
        "image_file_too_large": InvalidRequest,
        "empty_image_file": InvalidRequest,
        "unsupported_image_media_type": InvalidRequest,
    }
)
"""The family's own names for its errors, in lower case."""


class Reader(EventReader):
    """Chunks into deltas. The finish waits for `[DONE]` or the end, because the usage comes after its reason."""

    __slots__ = ("_calls", "_count", "_refusal", "_stop")

    def __init__(self) -> None:
        super().__init__(CODES)
        self._calls: dict[int, tuple[int, str]] = {}
        self._count = 0
        self._stop: Stop | None = None
        self._refusal = ""

    def close(self) -> list[Delta]:
        """See `providers.base.Reader`. A stream whose finish was seen is whole without its sentinel."""
        return [] if self._finished else [self._finish()]

    def _finish(self) -> FinishDelta:
        if self._stop is None:
            raise self._objects.cut()
        if self._refusal:
            raise ContentFilter(failures.one_line(self._refusal))
        self._finished = True
        # OpenAI says `stop` after a tool that it had to call, other servers after every one.
        return FinishDelta(Stop.TOOL_CALLS if self._calls and self._stop is Stop.STOP else self._stop)

    def _ended(self) -> list[Delta]:
        return [self._finish()]

    def _take(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        if chunk.get("error") or chunk.get("object") == "error":
            raise failures.in_stream(chunk, CODES)
        choices = chunk.get("choices")
        if choices and isinstance(choices, list):
            choice = mapping(choices[0])
            delta = choice.get("delta")
            if isinstance(delta, dict):
                self._take_delta(delta, deltas)
            elif (text := choice.get("text")) and isinstance(text, str):  # plain completions
                deltas.append(TextDelta(text))
            if reason := choice.get("finish_reason"):
                self._stop = _stop(reason)
        usage = chunk.get("usage")
        if usage and isinstance(usage, dict):
            deltas.append(UsageDelta(_usage(usage)))

    def _take_delta(self, delta: Mapping[str, Any], deltas: list[Delta]) -> None:
        # DeepSeek, xAI and llama.cpp say `reasoning_content`, OpenRouter and Groq `reasoning`, newer vLLM both at once.
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if thinking and isinstance(thinking, str):
            deltas.append(ThinkingDelta(thinking))
        content = delta.get("content")
        if content:
            if isinstance(content, str):
                deltas.append(TextDelta(content))
            elif isinstance(content, list):
                deltas.extend(_parts(content))
        calls = delta.get("tool_calls")
        if calls and isinstance(calls, list):
            deltas.extend(self._tool_call(mapping(call), place) for place, call in enumerate(calls))
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            self._refusal += refusal

    def _tool_call(self, call: Mapping[str, Any], place: int) -> ToolCallDelta:
        """A piece of a call, numbered here: some servers send whole calls without `index`, some all with the same one,
        some the id with every piece, some none.
        """
        function, index, id_ = mapping(call.get("function")), call.get("index"), _text(call.get("id"))
        key = index if isinstance(index, int) else place
        number, known_id = self._calls.get(key, (-1, ""))
        arguments = _arguments(function.get("arguments"))
        if number >= 0 and id_ in ("", known_id):
            return ToolCallDelta(number, arguments=arguments)
        number, self._count = self._count, self._count + 1
        self._calls[key] = number, id_ or f"call_{number}"
        return ToolCallDelta(number, self._calls[key][1], _text(function.get("name")), arguments)


def _arguments(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else _text(arguments)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _parts(content: list[Any]) -> list[Delta]:
    """Mistral's reasoning models send content as a list of typed parts, with thinking as a list of parts again."""
    deltas: list[Delta] = []
    for part in map(mapping, content):
        text = part.get("text")
        if text and isinstance(text, str):
            deltas.append(TextDelta(text))
        thinking = part.get("thinking")
        if isinstance(thinking, list):
            deltas.extend(ThinkingDelta(inner.text) for inner in _parts(thinking) if isinstance(inner, TextDelta))
    return deltas


def _stop(reason: Any) -> Stop:
    if broken := _BROKEN.get(str(reason)):
        raise broken(f"stopped in the middle of the answer ({failures.one_line(str(reason))})")
    return _STOPS.get(str(reason), Stop.STOP)


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, completion = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    reasoning = count(mapping(usage.get("completion_tokens_details")), "reasoning_tokens")
    details = mapping(usage.get("prompt_tokens_details"))
    if reasoning and count(usage, "total_tokens") == prompt + completion + reasoning:
        completion += reasoning  # xAI counts the reasoning beside the completion, OpenAI inside it
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cached_tokens=count(details, "cached_tokens") or count(usage, "prompt_cache_hit_tokens"),  # DeepSeek's name
        cache_write_tokens=count(details, "cache_write_tokens"),
        reasoning_tokens=reasoning,
    )


def whole_events(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any] | str]:
    """A whole answer as the chunk and the sentinel that it would have been: its `message` is all of the deltas."""
    choices = answer.get("choices")
    if choices and isinstance(choices, list):
        whole = [{"delta": mapping(choice).get("message"), **mapping(choice)} for choice in choices]
        yield {**answer, "choices": whole}
        yield "[DONE]"
