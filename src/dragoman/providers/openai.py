"""OpenAI's chat completions, as OpenAI and all the compatible servers stream them. Opens no socket.

Source: the API reference's "Chat" section with its streaming events; what others do differently stands at its place.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dragoman.core.chat import FinishDelta, Stop, TextDelta, ThinkingDelta, Usage, UsageDelta
from dragoman.core.errors import (
    Authentication,
    ContentFilter,
    ContextLength,
    ModelUnavailable,
    ProviderError,
    QuotaExceeded,
    RateLimit,
    ServerError,
    StreamingError,
)
from dragoman.core.sse import EventSplitter
from dragoman.providers import failures
from dragoman.providers.base import Call
from dragoman.providers.wire import Objects, api_root, count, json_body, mapping, names, turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.chat import Delta, Request
    from dragoman.providers.base import Target

_REASONING_MODEL = re.compile(r"(?:.*/)?(?:o\d|gpt-5)(?!.*-chat)")
"""Models that refuse `max_tokens`, `temperature` and `stop` ("Reasoning models" guide); also behind a vendor prefix."""

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

_CODES: failures.Codes = MappingProxyType(
    {
        "invalid_api_key": Authentication,
        "insufficient_quota": QuotaExceeded,
        "billing_hard_limit_reached": QuotaExceeded,
        "rate_limit_exceeded": RateLimit,
        "model_not_found": ModelUnavailable,
        "model_decommissioned": ModelUnavailable,  # Groq
        "invalid_model": ModelUnavailable,  # Mistral
        "context_length_exceeded": ContextLength,
        "exceed_context_size_error": ContextLength,  # llama.cpp
        "content_filter": ContentFilter,
        "content_policy_violation": ContentFilter,
    }
)


def call(request: Request, target: Target) -> Call:
    """The streaming request to `/chat/completions`."""
    options = target.options
    max_tokens = request.max_output_tokens or options.max_tokens
    reasoning = _REASONING_MODEL.match(target.model) is not None
    temperature = options.temperature if request.temperature is None else request.temperature
    body = {
        "model": target.model,
        "messages": [turn(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True} if options.stream_usage else None,
        "max_completion_tokens" if reasoning else "max_tokens": max_tokens,
        "temperature": None if reasoning else temperature,
        "stop": None if reasoning else (list(request.stop) or None),
    }
    headers = (("content-type", "application/json"), ("accept", "text/event-stream"), *_headers(target))
    return Call("POST", f"{_root(target)}/chat/completions", headers, json_body(body))


def models_call(target: Target) -> Call:
    """The request for `/models`."""
    return Call("GET", f"{_root(target)}/models", (("accept", "application/json"), *_headers(target)))


def models(body: bytes) -> tuple[str, ...]:
    """The models' ids. Raises `StreamingError` where it is no such list."""
    return names(body, "data", "id")


def error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What a response that is not the stream means."""
    return failures.of_response(status, headers, body, _CODES)


def reader() -> Reader:
    """A reader for the response to `call`."""
    return Reader()


class Reader:
    """Chunks into deltas. The finish waits for `[DONE]` or the end, because the usage comes after its reason."""

    __slots__ = ("_events", "_finished", "_objects", "_refusal", "_stop")

    def __init__(self) -> None:
        self._events = EventSplitter()
        self._objects = Objects(_CODES)
        self._stop: Stop | None = None
        self._refusal = ""
        self._finished = False

    @property
    def skipped(self) -> int:
        """Events that could not be read and were left out."""
        return self._objects.skipped

    def feed(self, data: bytes) -> list[Delta]:
        """See `providers.base.Reader`."""
        self._objects.note(data)
        deltas: list[Delta] = []
        for _, text in self._events.feed(data):
            if self._finished:
                break
            if text == "[DONE]":
                deltas.append(self._finish())
            elif (chunk := self._objects.parse(text)) is not None:
                self._take(chunk, deltas)
        return deltas

    def close(self) -> list[Delta]:
        """See `providers.base.Reader`. A stream whose finish was seen is whole without its sentinel."""
        return [] if self._finished else [self._finish()]

    def _finish(self) -> FinishDelta:
        if self._stop is None:
            raise self._objects.cut()
        if self._refusal:
            raise ContentFilter(failures.one_line(self._refusal))
        self._finished = True
        return FinishDelta(self._stop)

    def _take(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        if chunk.get("error") or chunk.get("object") == "error":
            raise failures.in_stream(chunk, _CODES)
        choices = chunk.get("choices")
        if choices and isinstance(choices, list):
            choice = mapping(choices[0])
            delta = choice.get("delta")
            if isinstance(delta, dict):
                self._take_delta(delta, deltas)
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
        refusal = delta.get("refusal")
        if refusal and isinstance(refusal, str):
            self._refusal += refusal


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
    cached = count(mapping(usage.get("prompt_tokens_details")), "cached_tokens")
    if reasoning and count(usage, "total_tokens") == prompt + completion + reasoning:
        completion += reasoning  # xAI counts the reasoning beside the completion, OpenAI inside it
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cached_tokens=cached or count(usage, "prompt_cache_hit_tokens"),  # DeepSeek's name
        reasoning_tokens=reasoning,
    )


def _root(target: Target) -> str:
    """Where the paths begin: a bare host gets the `/v1` that every compatible server knows."""
    root = api_root(target.base_url, "/chat/completions", "/models")
    return root if urlsplit(root).path else f"{root}/v1"


def _headers(target: Target) -> tuple[tuple[str, str], ...]:
    headers = []
    if target.secret:
        headers.append(("authorization", f"Bearer {target.secret}"))
    if target.options.organization:
        headers.append(("openai-organization", target.options.organization))
    return (*headers, *target.options.headers)
