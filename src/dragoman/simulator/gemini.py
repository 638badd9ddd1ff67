"""Gemini's wire as Google's API reference has it: `generateContent`, whole and streamed, and its lists of models.

Vertex AI speaks the same under other paths.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.chat import Stop
from dragoman.simulator import gemini_rules
from dragoman.simulator.frames import (
    RATE_LIMITS,
    SSE,
    STATUS,
    Cause,
    Frames,
    Refusal,
    data,
    encode,
    numbered,
    whole_as_frames,
)
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.core.chat import Usage
    from dragoman.simulator.script import Call, Reply

objection = gemini_rules.objection

_FINISH_REASON = MappingProxyType(
    {Stop.STOP: "STOP", Stop.LENGTH: "MAX_TOKENS", Stop.CONTENT_FILTER: "SAFETY", Stop.TOOL_CALLS: "STOP"}
)
_TYPE = "type.googleapis.com/google.rpc."
_INPUT_LIMIT = 1_048_576
_OUTPUT_LIMIT = 65_536
_PAGE = 50


def _usage(usage: Usage) -> dict[str, object]:
    """Google counts the thoughts apart from the candidates; the cached tokens are part of the prompt's."""
    return {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "thoughtsTokenCount": usage.reasoning_tokens,
    }


def _response(call: Call, parts: Sequence[Mapping[str, object]], reply: Reply | None = None) -> dict[str, object]:
    """A response or a piece of one; with the reply, the last one."""
    candidate: dict[str, object] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    response: dict[str, object] = {"candidates": [candidate], "modelVersion": call.model, "responseId": "scripted"}
    if reply is not None:
        candidate["finishReason"] = _FINISH_REASON[reply.ending]
        if reply.usage:
            response["usageMetadata"] = _usage(reply.usage)
    return response


def _parts(reply: Reply) -> Iterator[dict[str, object]]:
    """The pieces as parts. A function call is one part, however many pieces its arguments have."""
    for piece in reply.thinking:
        yield {"text": piece, "thought": True}
    for piece in reply.text:
        yield {"text": piece}
    for number, tool in enumerate(numbered(reply.tools)):
        called = {"name": tool.name, "args": json.loads("".join(tool.arguments)), "id": tool.id}
        # The thoughts are proven by the first call, or at the answer's end.
        yield {"functionCall": called} | ({"thoughtSignature": reply.signature} if number == 0 else {})


def _last_parts(reply: Reply) -> list[dict[str, object]]:
    proof = {"thoughtSignature": reply.signature} if reply.thinking and not reply.tools else {}
    return [{"text": "", **proof}]


def frames(call: Call, reply: Reply) -> Frames:
    """The answer, in the form that the request asks for; a stream without `alt=sse` is a JSON array."""
    if not call.stream:
        whole = _response(call, [*_parts(reply), *_last_parts(reply)], reply)
        return whole_as_frames(encode([whole] if "stream" in call.path else whole), reply)
    error = {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}
    return Frames(
        content_type=SSE,
        opening=b"",
        pieces=(data(_response(call, [part])) for part in _parts(reply)),
        finish=data(_response(call, _last_parts(reply), reply)),
        sentinel=b"",
        malformed=b'data: {"candidates":[{"content":\n\n',
        error=data({"error": error}),
        keepalive=data(_response(call, [{"text": ""}])),
    )


def streams(call: Call) -> bool:
    """The method's name and a word in the query say so."""
    return "streamGenerateContent" in call.path and call.query.get("alt") == "sse"


def refusal(cause: Cause, call: Call) -> Refusal:
    """A google.rpc status; a wrong key is a 400, an overload a 503, and a blocked prompt no error at all."""
    status, name, said, details = _refused(cause, call)
    if cause.fault is Fault.CONTENT_FILTER:
        blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": call.model}
        return Refusal(200, data(blocked), SSE) if call.stream else Refusal(200, encode(blocked))
    error = {"code": status, "message": cause.reason or said, "status": name, "details": details}
    return Refusal(status, encode({"error": error}))


def _refused(cause: Cause, call: Call) -> tuple[int, str, str, list[dict[str, object]]]:
    match cause.fault:
        case Fault.UNAUTHORIZED:
            info: dict[str, object] = {
                "@type": f"{_TYPE}ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
            }
            return 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [info]
        case Fault.FORBIDDEN:
            return 403, "PERMISSION_DENIED", "The caller does not have permission", []
        case Fault.MODEL_NOT_FOUND:
            said = f"models/{call.model} is not found for API version v1beta, or is not supported for generateContent."
            return 404, "NOT_FOUND", said, []
        case Fault() as limit if limit in RATE_LIMITS:
            rest: list[dict[str, object]] = []
            if cause.wait is not None:
                rest.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{cause.wait:g}s"})
            return 429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", rest
        case Fault.QUOTA:
            quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "250"}
            failure: dict[str, object] = {"@type": f"{_TYPE}QuotaFailure", "violations": [quota]}
            said = "You exceeded your current quota, please check your plan and billing details."
            return 429, "RESOURCE_EXHAUSTED", said, [failure]
        case Fault.CONTEXT_LENGTH:
            said = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
            return 400, "INVALID_ARGUMENT", said, []
        case Fault.REQUEST_TIMEOUT:
            said = "The service was unable to finish processing within the deadline."
            return 504, "DEADLINE_EXCEEDED", said, []
        case Fault.OVERLOADED | Fault.UNAVAILABLE | Fault.UNAVAILABLE_SECONDS:
            return 503, "UNAVAILABLE", "The model is overloaded. Please try again later.", []
        case Fault.SERVER_ERROR | Fault.BAD_GATEWAY:
            return 500, "INTERNAL", "An internal error has occurred. Please retry.", []
    return STATUS[cause.fault], "INVALID_ARGUMENT", "Request contains an invalid argument.", []


def _row(name: str) -> dict[str, object]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "description": "A scripted model.",
        "inputTokenLimit": _INPUT_LIMIT,
        "outputTokenLimit": _OUTPUT_LIMIT,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "thinking": True,
    }


def models(call: Call, names: Sequence[str]) -> bytes:
    """The answer to `/v1beta/models`, page by page."""
    asked, begun = call.query.get("pageSize", ""), call.query.get("pageToken", "")
    size = int(asked) if asked.isdecimal() and int(asked) else _PAGE
    start = int(begun) if begun.isdecimal() else 0
    more = {"nextPageToken": str(start + size)} if start + size < len(names) else {}
    return encode({"models": [_row(name) for name in names[start : start + size]], **more})


def model(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - every name is taken
    """The answer about one model, as for one that is there."""
    return encode(_row(call.model))


def publisher_models(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - the same for everyone
    """Vertex AI's list, on one page."""
    return encode({"publisherModels": [_publisher_row(name) for name in names]})


def publisher_model(call: Call, names: Sequence[str]) -> bytes:  # noqa: ARG001 - every name is taken
    """Vertex AI's entry for one model, which says next to nothing."""
    return encode(_publisher_row(call.model))


def _publisher_row(name: str) -> dict[str, object]:
    return {"name": f"publishers/google/models/{name}", "versionId": "default", "launchStage": "GA"}
