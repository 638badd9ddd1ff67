"""Anthropic's messages, streamed. Opens no socket.

Source: Anthropic's API documentation, "Messages", "Streaming messages", "Errors" and "Models".
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dragoman.core.chat import (
    FinishDelta,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    UsageDelta,
)
from dragoman.core.errors import (
    Authentication,
    ContentFilter,
    ContextLength,
    ProviderError,
    QuotaExceeded,
    RateLimit,
    StreamingError,
)
from dragoman.providers import anthropic_parts as parts
from dragoman.providers import base, failures
from dragoman.providers.anthropic_models import ways_of
from dragoman.providers.base import Call, Capabilities
from dragoman.providers.event_reader import EventReader
from dragoman.providers.whole import EitherReader
from dragoman.providers.wire import api_root, count, json_body, mapping, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.core.chat import Delta, Request
    from dragoman.providers.anthropic_models import Ways
    from dragoman.providers.base import Target

_VERSION = "2023-06-01"

_MAX_TOKENS = 4096
"""The API demands a limit; this one every model of theirs accepts."""

_HOTTEST = 1.0
"""Others take temperatures up to 2."""

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
    """The streaming request to `/v1/messages`, as the model wants it (`anthropic_models`)."""
    options, model = target.options, target.model
    ways = ways_of(model)
    notes: list[str] = []
    limit = request.max_output_tokens or options.max_tokens or _MAX_TOKENS
    turns = parts.turns(request, target)
    thinking, effort = parts.thinking(request, target, ways, limit, turns, notes)
    thinks = thinking is not None and thinking["type"] in ("adaptive", "enabled")
    if turns and turns[-1][0] == "assistant" and (thinks or not ways.prefill):
        notes.append(f"{model} takes no beginning of its answer")
        turns = turns[:-1]
    stop = [text for text in request.stop if text.strip()]
    if len(stop) < len(request.stop):
        notes.append(f"{model} takes no blank stop texts")
    shape = {"effort": effort, "format": parts.output_format(request, target, ways)}
    body = {
        "model": model,
        "max_tokens": limit,
        "system": parts.system(request, notes),
        "messages": parts.written(turns),
        "stream": options.stream,
        **_sampling(request, target, ways, thinks=thinks, notes=notes),
        "stop_sequences": stop or None,
        "tools": parts.tools(request),
        "tool_choice": parts.tool_choice(request, target, ways),
        "thinking": thinking,
        "output_config": {name: value for name, value in shape.items() if value is not None} or None,
    }
    headers = (("content-type", "application/json"), ("accept", "text/event-stream"), *_headers(target))
    return Call("POST", f"{_root(target)}/v1/messages", headers, json_body(body), tuple(notes))


def _sampling(
    request: Request, target: Target, ways: Ways, *, thinks: bool, notes: list[str]
) -> dict[str, float | None]:
    """Temperature or top_p, since most models take only one of them; neither to one that thinks."""
    temperature = target.options.temperature if request.temperature is None else request.temperature
    sampling = {"temperature": temperature, "top_p": request.top_p}
    wanted = [name for name, value in sampling.items() if value is not None]
    taken = wanted[:1] if ways.sampling and not thinks else []
    if temperature is not None and temperature > _HOTTEST and taken:
        notes.append(f"{target.model} takes no temperature above {_HOTTEST}")
        sampling["temperature"] = _HOTTEST
    beside = " while it thinks" if ways.sampling and thinks else " beside temperature" if taken else ""
    notes.extend(f"{target.model} takes no {name}{beside}" for name in wanted if name not in taken)
    return {name: sampling[name] for name in taken}


def models_call(target: Target) -> Call:
    """The request for `/v1/models`, on one page."""
    return Call("GET", f"{_root(target)}/v1/models?limit=1000", (("accept", "application/json"), *_headers(target)))


def models(body: bytes) -> tuple[str, ...]:
    """The models' ids. Raises `StreamingError` where it is no such list."""
    return names(body, "data", "id")


def describe_call(target: Target) -> Call:
    """The request for the model's entry in `/v1/models`."""
    url = f"{_root(target)}/v1/models/{quote(target.model, safe='')}"
    return Call("GET", url, (("accept", "application/json"), *_headers(target)))


def described(body: bytes, model: str) -> Capabilities:
    """Windows and abilities as the entry tells them. Raises `StreamingError` where it is none."""
    try:
        entry = mapping(json.loads(body))
    except (ValueError, RecursionError):
        entry = {}
    if not entry.get("id"):
        raise StreamingError(f"answered with something that does not describe {model}: check its base_url")
    abilities = mapping(entry.get("capabilities"))
    return Capabilities(
        context=count(entry, "max_input_tokens") or None,
        output=count(entry, "max_tokens") or None,
        tools=True,
        vision=_supported(abilities, "image_input"),
        thinking=_supported(abilities, "thinking"),
        fill=False,
        embeddings=False,
    )


def _supported(abilities: Mapping[str, Any], name: str) -> bool | None:
    value = mapping(abilities.get(name)).get("supported")
    return value if isinstance(value, bool) else None


def error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What a response that is not the stream means."""
    return failures.of_response(status, headers, body, _CODES)


def reader() -> base.Reader:
    """A reader for the response to `call`, streamed or whole."""
    return EitherReader(Reader(), _whole_events)


def _whole_events(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A whole message as the events that it would have been."""
    if answer.get("type") != "message":
        return
    usage = mapping(answer.get("usage"))
    yield {"type": "message_start", "message": {**answer, "content": [], "usage": None}}
    blocks = answer.get("content")
    for index, block in enumerate(map(mapping, blocks) if isinstance(blocks, list) else ()):
        start: dict[str, Any]
        deltas: list[dict[str, Any]]
        match block.get("type"):
            case "text":
                start, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": block.get("text")}]
            case "thinking":
                start = {"type": "thinking", "thinking": ""}
                deltas = [
                    {"type": "thinking_delta", "thinking": block.get("thinking")},
                    {"type": "signature_delta", "signature": block.get("signature")},
                ]
            case "tool_use":
                start = {"type": "tool_use", "id": block.get("id"), "name": block.get("name"), "input": {}}
                deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block.get("input") or {})}]
            case _:
                start, deltas = dict(block), []
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": answer.get("stop_reason"), "stop_details": answer.get("stop_details")}
    yield {"type": "message_delta", "delta": ending, "usage": usage}
    yield {"type": "message_stop"}


class Reader(EventReader):
    """Events into deltas. What it does not know (pings, new kinds of event) says nothing."""

    __slots__ = ("_stop", "_usage")

    def __init__(self) -> None:
        super().__init__(_CODES)
        self._usage: dict[str, Any] = {}
        self._stop: Stop | None = None

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
                deltas.extend(_piece(mapping(event.get("delta")), event.get("index")))
            case "content_block_start":
                deltas.extend(_beginning(mapping(event.get("content_block")), event.get("index")))
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
                    cache_write_tokens=written,
                    reasoning_tokens=count(mapping(self._usage.get("output_tokens_details")), "thinking_tokens"),
                )
            )
        ]


def _piece(delta: Mapping[str, Any], index: Any) -> list[Delta]:
    """A block's next piece. This runs once a token, so the usual kind comes first."""
    if (text := delta.get("text")) and isinstance(text, str):
        return [TextDelta(text)]
    if (thinking := delta.get("thinking")) and isinstance(thinking, str):
        return [ThinkingDelta(thinking)]
    if (signature := delta.get("signature")) and isinstance(signature, str):
        return [SignatureDelta(signature)]
    if (piece := delta.get("partial_json")) and isinstance(piece, str) and isinstance(index, int):
        return [ToolCallDelta(index, arguments=piece)]
    return []


def _beginning(block: Mapping[str, Any], index: Any) -> list[Delta]:
    match block:
        case {"type": "tool_use", "id": str(id_), "name": str(name)} if isinstance(index, int):
            return [ToolCallDelta(index, id_, name)]
        case {"type": "redacted_thinking", "data": str(data)}:
            return [SignatureDelta(f"{parts.REDACTED}{data}")]
    return []


def _root(target: Target) -> str:
    return api_root(target.base_url, "/messages", "/models", "/v1")


def _headers(target: Target) -> tuple[tuple[str, str], ...]:
    key = (("x-api-key", target.secret),) if target.secret else ()
    return (("anthropic-version", _VERSION), *key, *target.options.headers)
