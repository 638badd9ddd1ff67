"""Google's Gemini, by API key or on Vertex AI, streamed. Opens no socket.

Source: the Gemini API's reference ("Generating content", "Models", "Embeddings") and guides ("Thinking", "Thought
signatures", "Safety settings"); Vertex AI's reference for its URLs; google.rpc's error model.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

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
    ModelUnavailable,
    ProviderError,
    QuotaExceeded,
    RateLimit,
    ServerError,
    StreamingError,
)
from dragoman.providers import base, failures
from dragoman.providers import gemini_parts as parts
from dragoman.providers.base import Call, Capabilities
from dragoman.providers.event_reader import EventReader
from dragoman.providers.whole import EitherReader
from dragoman.providers.wire import api_root, count, json_body, mapping, names, vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.core.chat import Delta, Request
    from dragoman.providers.base import Target, Vertex

EMBED_BATCH = 100

_HOSTS = frozenset({"generativelanguage.googleapis.com", "aiplatform.googleapis.com"})
"""Google's own: on Vertex the location decides which one it is. At any other address a person's gateway is meant."""

_MULTI_REGIONS = frozenset({"us", "eu"})

_STOPS = MappingProxyType({"STOP": Stop.STOP, "MAX_TOKENS": Stop.LENGTH, "CONTINUATION": Stop.LENGTH})

_FILTERED = frozenset(
    {
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION",
        "PUP_LIMITED_DISABLED", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
    }
)  # fmt: skip
"""Reasons to finish that mean a filter. Whatever else is not a stop says that the answer is not whole."""

_CODES: failures.Codes = MappingProxyType(
    {
        "unauthenticated": Authentication,
        "permission_denied": Authentication,
        "failed_precondition": Authentication,  # not from this country, or not without billing
        "not_found": ModelUnavailable,
        "resource_exhausted": RateLimit,
        "internal": ServerError,
        "deadline_exceeded": ServerError,
        "aborted": ServerError,
    }
)
"""google.rpc.Code, as the body's `status` has it."""


def call(request: Request, target: Target) -> Call:
    """The streaming request to `streamGenerateContent`, as server-sent events."""
    notes: list[str] = []
    body = {
        "contents": parts.contents(request, target),
        "systemInstruction": parts.system(request),
        "tools": parts.tools(request),
        "toolConfig": parts.tool_config(request),
        "safetySettings": [
            {"category": category, "threshold": threshold} for category, threshold in target.options.safety.items()
        ]
        or None,
        "generationConfig": parts.generation(request, target, notes),
    }
    headers = (("content-type", "application/json"), ("accept", "text/event-stream"), *_headers(target))
    method = "streamGenerateContent?alt=sse" if target.options.stream else "generateContent"
    return Call("POST", f"{_model_url(target)}:{method}", headers, json_body(body), tuple(notes))


def embed_call(texts: Sequence[str], target: Target) -> Call:
    """The request for one batch. Vertex's models from before Gemini's are asked by another method."""
    body: dict[str, Any]
    if target.options.vertex is None:
        model = f"models/{_model_name(target)}"
        method, body = "batchEmbedContents", {"requests": [{"model": model, "content": _text(text)} for text in texts]}
    elif "gemini" in target.model:
        method, body = "batchEmbedContents", {"requests": [{"content": _text(text)} for text in texts]}
    else:
        method, body = "predict", {"instances": [{"content": text} for text in texts]}
    headers = (("content-type", "application/json"), ("accept", "application/json"), *_headers(target))
    return Call("POST", f"{_model_url(target)}:{method}", headers, json_body(body))


def embeddings(body: bytes) -> tuple[tuple[float, ...], ...]:
    """One vector a text, of either method's answer. Raises `StreamingError` where it is none."""
    return vectors(body, _rows)


def _rows(answer: Any) -> Iterator[Any]:
    if "predictions" in answer:
        return (row["embeddings"]["values"] for row in answer["predictions"])
    return (row["values"] for row in answer["embeddings"])


def models_call(target: Target) -> Call:
    """The request for the list of models, on one page: there can be no larger one."""
    headers = (("accept", "application/json"), *_headers(target))
    if target.options.vertex is not None:
        return Call("GET", f"{_root(target)}/v1beta1/publishers/google/models?pageSize=1000", headers)
    return Call("GET", f"{_models_url(target)}?pageSize=1000", headers)


def models(body: bytes) -> tuple[str, ...]:
    """The names without the path before them. Raises `StreamingError` where it is no such list."""
    member = "publisherModels" if b'"publisherModels"' in body else "models"
    return tuple(name.rpartition("/")[2] for name in names(body, member, "name"))


def describe_call(target: Target) -> Call:
    """The request for the model's entry."""
    headers = (("accept", "application/json"), *_headers(target))
    if target.options.vertex is not None:
        return Call("GET", f"{_root(target)}/v1beta1/publishers/google/models/{_model_name(target)}", headers)
    return Call("GET", _model_url(target), headers)


def described(body: bytes, model: str) -> Capabilities:
    """Windows and abilities as the entry tells them; Vertex tells next to nothing. Raises `StreamingError`."""
    try:
        entry = mapping(json.loads(body))
    except (ValueError, RecursionError):
        entry = {}
    if not isinstance(entry.get("name"), str):
        raise StreamingError(f"answered with something that does not describe {model}: check its base_url")
    methods = entry.get("supportedGenerationMethods")
    known = isinstance(methods, list)
    thinks = entry.get("thinking")
    return Capabilities(
        context=count(entry, "inputTokenLimit") or None,
        output=count(entry, "outputTokenLimit") or None,
        thinking=thinks if isinstance(thinks, bool) else False if known else None,  # false is left out of the entry
        fill=False,
        embeddings=any(str(method).startswith("embed") for method in methods) if isinstance(methods, list) else None,
    )


def error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What a response that is not the stream means; google.rpc's details say how long to wait, and for what."""
    details = list(_details(body))
    wait = next((detail["retryDelay"] for detail in details if isinstance(detail.get("retryDelay"), str)), "")
    if wait.endswith("s") and "retry-after" not in headers:
        headers = {**headers, "retry-after": wait[:-1]}
    found = failures.of_response(status, headers, body, _CODES)
    if isinstance(found, RateLimit) and (_used_up(details) or "limit: 0," in found.reason):
        return QuotaExceeded(found.reason, status=status)
    return found


def _details(body: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        report = json.loads(body)
    except (ValueError, RecursionError):
        return
    if isinstance(report, list) and report:
        report = report[0]
    details = mapping(mapping(report).get("error")).get("details")
    yield from map(mapping, details if isinstance(details, list) else [])


def _used_up(details: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a quota by the day is among those that are exceeded: seconds of waiting are no help then."""
    failed = (detail.get("violations") for detail in details)
    violations = (mapping(violation) for group in failed if isinstance(group, list) for violation in group)
    return any("PerDay" in str(violation.get("quotaId")) for violation in violations)


def reader() -> base.Reader:
    """A reader for the response to `call`, streamed or whole: a whole answer is what one event holds."""
    return EitherReader(Reader(), lambda answer: [answer] if {"candidates", "promptFeedback"} & answer.keys() else [])


class Reader(EventReader):
    """Chunks into deltas. There is no sentinel: the chunk with a reason to finish is the last one."""

    __slots__ = ("_calls", "_usage")

    def __init__(self) -> None:
        super().__init__(_CODES)
        self._usage = Usage()
        self._calls = 0

    def close(self) -> list[Delta]:
        """See `providers.base.Reader`."""
        if not self._finished:
            raise self._objects.cut()
        return []

    def _take(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        if chunk.get("error"):
            raise failures.in_stream(chunk, _CODES)
        feedback = mapping(chunk.get("promptFeedback"))
        if feedback.get("blockReason"):
            raise _filtered("refused the request", feedback, "blockReason")
        candidates = chunk.get("candidates")
        candidate = mapping(candidates[0]) if candidates and isinstance(candidates, list) else {}
        pieces = mapping(candidate.get("content")).get("parts")
        for piece in pieces if isinstance(pieces, list) else ():
            deltas.extend(self._piece(mapping(piece), chunk))
        reported = mapping(chunk.get("usageMetadata"))
        if reported and (usage := _usage(reported)) != self._usage:
            self._usage = usage
            deltas.append(UsageDelta(usage))
        if candidate.get("finishReason"):
            deltas.append(self._finish(candidate))

    def _piece(self, piece: Mapping[str, Any], chunk: Mapping[str, Any]) -> Iterator[Delta]:
        """A signature goes before what it came with, as thinking goes before the answer."""
        text, signature, function = piece.get("text"), piece.get("thoughtSignature"), piece.get("functionCall")
        thought = piece.get("thought") is True
        if thought and text and isinstance(text, str):
            yield ThinkingDelta(text)
        if signature and isinstance(signature, str):
            yield SignatureDelta(signature)
        if not thought and text and isinstance(text, str):
            yield TextDelta(text)
        if isinstance(function, dict):
            index, self._calls = self._calls, self._calls + 1
            yield ToolCallDelta(
                index,
                str(function.get("id") or f"call_{chunk.get('responseId', '')}_{index}"),
                str(function.get("name") or ""),
                json.dumps(mapping(function.get("args")), ensure_ascii=False),
            )

    def _finish(self, candidate: Mapping[str, Any]) -> FinishDelta:
        reason = str(candidate["finishReason"])
        if reason in _FILTERED:
            raise _filtered("stopped the answer", candidate, "finishReason")
        if reason not in _STOPS:
            words = candidate.get("finishMessage") or f"stopped in the middle of the answer ({reason})"
            raise StreamingError(failures.one_line(str(words)))
        self._finished = True
        stop = _STOPS[reason]
        return FinishDelta(Stop.TOOL_CALLS if stop is Stop.STOP and self._calls else stop)


def _filtered(what: str, report: Mapping[str, Any], reason: str) -> ContentFilter:
    """The filter's own words, or its reason with the categories that it found."""
    words = report.get(f"{reason}Message") or report.get("finishMessage")
    if words:
        return ContentFilter(failures.one_line(str(words)))
    ratings = report.get("safetyRatings")
    blocked = (mapping(rating) for rating in (ratings if isinstance(ratings, list) else ()))
    found = ", ".join(
        str(r.get("category")).removeprefix("HARM_CATEGORY_") for r in blocked if r.get("blocked") is True
    )
    return ContentFilter(failures.one_line(f"its filter {what}: {report[reason]}{f' ({found})' if found else ''}"))


def _usage(usage: Mapping[str, Any]) -> Usage:
    thoughts = count(usage, "thoughtsTokenCount")
    return Usage(
        input_tokens=count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount"),
        output_tokens=count(usage, "candidatesTokenCount") + thoughts,
        cached_tokens=count(usage, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
    )


def _text(text: str) -> dict[str, Any]:
    return {"parts": [{"text": text}]}


def _model_name(target: Target) -> str:
    return quote(target.model.rpartition("/")[2], safe="")


def _model_url(target: Target) -> str:
    return f"{_models_url(target)}/{_model_name(target)}"


def _models_url(target: Target) -> str:
    vertex = target.options.vertex
    if vertex is None:
        return f"{_root(target)}/v1beta/models"
    project, location = quote(vertex.project, safe=":"), quote(vertex.location, safe="")
    return f"{_root(target)}/v1/projects/{project}/locations/{location}/publishers/google/models"


def _root(target: Target) -> str:
    root = api_root(target.base_url, "/models", "/v1beta1", "/v1beta", "/v1")
    vertex = target.options.vertex
    return _vertex_root(vertex) if vertex is not None and urlsplit(root).hostname in _HOSTS else root


def _vertex_root(vertex: Vertex) -> str:
    location = quote(vertex.location, safe="")
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in _MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _headers(target: Target) -> tuple[tuple[str, str], ...]:
    """The key goes in a header, never in the URL, which logs and proxies see."""
    secret = target.secret
    if not secret:
        return target.options.headers
    key = ("authorization", f"Bearer {secret}") if target.options.vertex else ("x-goog-api-key", secret)
    return (key, *target.options.headers)
