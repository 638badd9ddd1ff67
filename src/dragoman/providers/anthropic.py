"""Anthropic's messages, streamed. Opens no socket.

Source: Anthropic's API documentation, "Messages", "Streaming messages" and "Errors".
"""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import FinishDelta, Stop, TextDelta, ThinkingDelta, Usage, UsageDelta
from dragoman.core.errors import (
    Authentication,
    ContentFilter,
    ContextLength,
    ProviderError,
    QuotaExceeded,
    RateLimit,
)
from dragoman.core.sse import EventSplitter
from dragoman.providers import failures
from dragoman.providers.base import Call
from dragoman.providers.wire import Objects, api_root, count, json_body, mapping, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dragoman.core.chat import Delta, Message, Request
    from dragoman.providers.base import Target

_VERSION = "2023-06-01"

_MAX_TOKENS = 4096
"""The API demands a limit; this one every model of theirs accepts."""

_STOPS = MappingProxyType(
    {
        "end_turn": Stop.STOP,
        "stop_sequence": Stop.STOP,
        "max_tokens": Stop.LENGTH,
        "model_context_window_exceeded": Stop.LENGTH,
        "pause_turn": Stop.LENGTH,  # the model wants to go on in another request, so this is no whole answer
        "refusal": Stop.CONTENT_FILTER,
        "tool_use": Stop.TOOL_CALLS,
    }
)

_CODES: failures.Codes = MappingProxyType(
    {
        "authentication_error": Authentication,
        "permission_error": Authentication,
        "billing_error": QuotaExceeded,
        "rate_limit_error": RateLimit,
        "request_too_large": ContextLength,
    }
)


def call(request: Request, target: Target) -> Call:
    """The streaming request to `/v1/messages`: system messages apart, no empty turns, roles taking turns."""
    options = target.options
    instructions = [message.text for message in request.messages if message.role == "system"]
    body = {
        "model": target.model,
        "max_tokens": request.max_output_tokens or options.max_tokens or _MAX_TOKENS,
        "system": "\n\n".join(instructions) or None,
        "messages": _turns(message for message in request.messages if message.role != "system"),
        "stream": True,
        "temperature": options.temperature if request.temperature is None else request.temperature,
        "stop_sequences": list(request.stop) or None,
    }
    headers = (("content-type", "application/json"), ("accept", "text/event-stream"), *_headers(target))
    return Call("POST", f"{_root(target)}/v1/messages", headers, json_body(body))


def models_call(target: Target) -> Call:
    """The request for `/v1/models`, on one page."""
    return Call("GET", f"{_root(target)}/v1/models?limit=1000", (("accept", "application/json"), *_headers(target)))


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
    """Events into deltas. What it does not know (pings, signatures, new kinds of event) says nothing."""

    __slots__ = ("_events", "_finished", "_objects", "_stop", "_usage")

    def __init__(self) -> None:
        self._events = EventSplitter()
        self._objects = Objects(_CODES)
        self._usage: dict[str, Any] = {}
        self._stop: Stop | None = None
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
            if (event := self._objects.parse(text)) is not None:
                self._take(event, deltas)
        return deltas

    def close(self) -> list[Delta]:
        """See `providers.base.Reader`. A stream whose stop reason was seen is whole without its `message_stop`."""
        return [] if self._finished else [self._finish()]

    def _finish(self) -> FinishDelta:
        if self._stop is None:
            raise self._objects.cut()
        self._finished = True
        return FinishDelta(self._stop)

    def _take(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        match event.get("type"):
            case "content_block_delta":
                delta = mapping(event.get("delta"))
                if (text := delta.get("text")) and isinstance(text, str):
                    deltas.append(TextDelta(text))
                elif (thinking := delta.get("thinking")) and isinstance(thinking, str):
                    deltas.append(ThinkingDelta(thinking))
            case "message_start":
                deltas.extend(self._count(mapping(event.get("message")).get("usage")))
            case "message_delta":
                deltas.extend(self._count(event.get("usage")))
                self._take_stop(mapping(event.get("delta")))
            case "message_stop":
                deltas.append(self._finish())
            case "error":
                raise failures.in_stream(event, _CODES)

    def _take_stop(self, delta: Mapping[str, Any]) -> None:
        reason = delta.get("stop_reason")
        if not reason:
            return
        words = mapping(delta.get("stop_details")).get("explanation")
        if reason == "refusal" and words:
            raise ContentFilter(failures.one_line(str(words)))
        self._stop = _STOPS.get(str(reason), Stop.STOP)

    def _count(self, usage: Any) -> list[UsageDelta]:
        """The counts are cumulative, and `message_delta` may repeat only some of those of `message_start`."""
        reported = {name: value for name, value in mapping(usage).items() if value is not None}
        if not reported:
            return []
        self._usage |= reported
        cached = count(self._usage, "cache_read_input_tokens")
        written = count(self._usage, "cache_creation_input_tokens")
        return [
            UsageDelta(
                Usage(
                    input_tokens=count(self._usage, "input_tokens") + cached + written,
                    output_tokens=count(self._usage, "output_tokens"),
                    cached_tokens=cached,
                )
            )
        ]


def _turns(messages: Iterable[Message]) -> list[dict[str, str]]:
    said = [message for message in messages if message.text.strip()]
    return [
        {"role": role, "content": "\n\n".join(message.text for message in group)}
        for role, group in groupby(said, key=lambda message: message.role)
    ]


def _root(target: Target) -> str:
    return api_root(target.base_url, "/messages", "/models", "/v1")


def _headers(target: Target) -> tuple[tuple[str, str], ...]:
    key = (("x-api-key", target.secret),) if target.secret else ()
    return (("anthropic-version", _VERSION), *key, *target.options.headers)
