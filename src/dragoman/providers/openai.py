"""OpenAI's chat completions, completions and embeddings, as all the compatible servers have them. Opens no socket.

Source: the API reference, "Chat", "Completions", "Embeddings". `Quirks` holds what a compatible server does otherwise.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Effort
from dragoman.core.errors import ContentFilter, InvalidRequest, StreamingError
from dragoman.core.fill import family_of, templated
from dragoman.providers import base, failures
from dragoman.providers.base import Call
from dragoman.providers.openai_fill import WAYS, FillReader
from dragoman.providers.openai_models import effort_word, is_reasoning
from dragoman.providers.openai_parts import (
    refuse_what_it_lacks,
    response_format,
    tool_choice,
    tools,
    turns,
    with_json_asked,
)
from dragoman.providers.openai_place import address, beside, headers, model_name, stream_headers
from dragoman.providers.openai_stream import CODES, Reader, whole_events
from dragoman.providers.whole import EitherReader
from dragoman.providers.wire import json_body, mapping, names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.core.chat import FillRequest, Request
    from dragoman.core.errors import ProviderError
    from dragoman.providers.base import Target

EMBED_BATCH = 128
"""OpenAI takes 2,048, but no more than 300,000 tokens together, and smaller servers less."""


def call(request: Request, target: Target) -> Call:
    """The streaming request to `/chat/completions`."""
    refuse_what_it_lacks(request, target)
    options = target.options
    effort, effort_notes = _effort(request, target)
    sampling, sampling_notes = _sampling(request, target)
    body = {
        "model": model_name(target),
        "models": list(options.fallback_models) or None,
        "messages": turns(with_json_asked(request), target),
        "stream": options.stream,
        "stream_options": {"include_usage": True} if options.stream and options.stream_usage else None,
        **sampling,
        **effort,
        "tools": tools(request),
        "tool_choice": tool_choice(request),
        "response_format": response_format(request, target),
    }
    notes = (*sampling_notes, *effort_notes)
    return Call("POST", address(target, "/chat/completions"), stream_headers(target), json_body(body), notes)


def _sampling(request: Request, target: Target) -> tuple[dict[str, Any], tuple[str, ...]]:
    """How long, how freely and how far it writes, with notes on what was left out."""
    max_tokens, temperature = limits(request, target)
    if is_reasoning(target.model):
        left_out = (("temperature", temperature), ("top_p", request.top_p), ("stop", request.stop or None))
        notes = tuple(f"{target.model} takes no {name}" for name, value in left_out if value is not None)
        return {"max_completion_tokens": max_tokens}, notes
    stop, notes = stops(request, target)
    return {"max_tokens": max_tokens, "temperature": temperature, "top_p": request.top_p, "stop": stop}, notes


def _effort(request: Request, target: Target) -> tuple[dict[str, Any], tuple[str, ...]]:
    """How long it thinks, in the server's own words, with notes on what it can't do."""
    if request.thinking is None:
        return {}, ()
    style = target.options.quirks.effort
    if style == "reasoning":  # OpenRouter, "Reasoning tokens": for every model, passed over where it can't think
        return {"reasoning": {"effort": request.thinking.value}}, ()
    word = effort_word(target.model, request.thinking)
    if word is None:
        asked = request.thinking is not Effort.NONE
        return {}, (f"{target.model} is not told how long to think",) if asked else ()
    notes = effort_note(target.model, request.thinking, word)
    if style == "thinking":  # DeepSeek, "Thinking mode"
        off = word == Effort.NONE
        switch = {"type": "disabled" if off else "enabled"}
        return {"thinking": switch, "reasoning_effort": None if off else word}, notes
    return {"reasoning_effort": word}, notes


def effort_note(model: str, asked: Effort, word: str) -> tuple[str, ...]:
    """The note where a model has no such effort and was asked for the nearest."""
    return () if word == asked.value else (f"{model} thinks with effort {word}, not {asked.value}",)


def limits(request: Request | FillRequest, target: Target) -> tuple[int | None, float | None]:
    """The longest answer in tokens and the temperature: the request's, else the settings'."""
    options = target.options
    temperature = options.temperature if request.temperature is None else request.temperature
    return request.max_output_tokens or options.max_tokens, temperature


def stops(request: Request | FillRequest, target: Target) -> tuple[list[str] | None, tuple[str, ...]]:
    """The stop texts that the server takes, with a note where there are more."""
    limit = target.options.quirks.stop_limit
    stop = list(request.stop[:limit])
    left_out = len(stop) < len(request.stop)
    return stop or None, (f"only {limit} of {len(request.stop)} stop texts",) if left_out else ()


def can_fill(target: Target, told: bool | None) -> bool:
    """See `providers.base.Filler`."""
    way = WAYS.get(target.options.quirks.fill)
    if way is None or told is False:
        return False
    known = family_of(target.model) is not None
    return known or (not way.template and (way.every_model or bool(told)))


def fill_call(request: FillRequest, target: Target) -> Call:
    """The streaming request for the middle. Raises `InvalidRequest` where the server has no way to fill it in."""
    options = target.options
    way = WAYS.get(options.quirks.fill)
    if way is None:
        raise InvalidRequest(f"{target.provider} has no endpoint that fills in the middle")
    texts = {way.prefix: request.prefix, way.suffix: request.suffix}
    if way.template:
        prompt, request = templated(request, target.model)
        texts = {way.prefix: prompt}
    max_tokens, temperature = limits(request, target)
    stop, notes = stops(request, target)
    body = {
        "model": model_name(target) or None,
        **texts,
        "stream": True,
        "stream_options": {"include_usage": True} if options.stream_usage and way.streams_usage else None,
        way.limit: min(max_tokens, way.most) if max_tokens and way.most else max_tokens,
        "temperature": temperature,
        "stop": stop,
    }
    place = beside(target, way.path) if way.beside else address(target, way.path)
    return Call("POST", place, stream_headers(target), json_body(body), notes)


def fill_reader() -> FillReader:
    """A reader for the response to `fill_call`."""
    return FillReader()


def embed_call(texts: Sequence[str], target: Target) -> Call:
    """The request for the vectors of one batch."""
    body = {"model": model_name(target), "input": list(texts)}
    return Call("POST", address(target, "/embeddings"), headers(target, body=True), json_body(body))


def embeddings(body: bytes) -> tuple[tuple[float, ...], ...]:
    """The vectors in the texts' order. Raises `StreamingError` where it is no such answer."""
    try:
        rows = sorted(json.loads(body)["data"], key=lambda row: int(row["index"]))
        return tuple(tuple(map(float, row["embedding"])) for row in rows)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise StreamingError("answered with something that is no embeddings: check its base_url") from None


def models_call(target: Target) -> Call:
    """The request for the list of models."""
    place = target.options.quirks.models_url or address(target, "/models")
    return Call("GET", place, headers(target))


def models(body: bytes) -> tuple[str, ...]:
    """The models' ids. Raises `StreamingError` where it is no such list."""
    if body.lstrip().startswith(b"[{"):  # Together and GitHub Models send the bare list
        body = b'{"data":' + body + b"}"
    return names(body, "data", "id")


def error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What a response that is not the stream means; Azure's filter says what it found."""
    found = failures.of_response(status, headers, body, CODES)
    categories = _filtered(body) if isinstance(found, ContentFilter) else ""
    return ContentFilter(failures.one_line(f"{categories}: {found.reason}"), status=status) if categories else found


def _filtered(body: bytes) -> str:
    """What a filter found, as `violence (medium), jailbreak`; "" where it does not say."""
    try:
        report = mapping(json.loads(body))
    except (ValueError, RecursionError):
        return ""
    inner = mapping(mapping(report.get("error")).get("innererror"))
    results = mapping(inner.get("content_filter_result"))
    found = ((name, mapping(result)) for name, result in results.items())
    return ", ".join(_category(name, result) for name, result in found if result.get("filtered") is True)


def _category(name: str, result: Mapping[str, Any]) -> str:
    return f"{name} ({result['severity']})" if isinstance(result.get("severity"), str) else name


def reader() -> base.Reader:
    """A reader for the response to `call`, streamed or whole."""
    return EitherReader(Reader(), whole_events)
