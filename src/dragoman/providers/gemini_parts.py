"""The pieces of a request to Gemini: contents, tools, thinking, the shape of the answer. Sends nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Effort, ImagePart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from dragoman.core.errors import InvalidRequest
from dragoman.providers.wire import arguments, tool_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dragoman.core.chat import Message, Request
    from dragoman.providers.base import Target

    Piece = dict[str, Any]

_NAME = re.compile(
    r"(?:.*/)?gemini-(?:(?P<major>\d+)(?:\.(?P<minor>\d+))?-)?(?P<line>pro|flash-lite|flash)(?P<rest>.*)"
)
_NEWEST = (99, 0)
"""The version of a name without one, as `gemini-flash-latest`."""

_NO_THINKING = re.compile(r"-(?:image|tts|live|native-audio|computer-use)")

_BUDGETS = MappingProxyType({Effort.NONE: 0, Effort.LOW: 1024, Effort.MEDIUM: 8192, Effort.HIGH: 24576})
_LEAST_BUDGETS = MappingProxyType({"pro": 128, "flash": 1, "flash-lite": 512})

_NOT_CHECKED = "skip_thought_signature_validator"
"""Stands for the signature of a call that another model made ("Thought signatures", the questions at its end)."""

_IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})

_STOP_LIMIT = 5


def version_of(model: str) -> tuple[int, int] | None:
    """The model's generation, or None for one that is no Gemini."""
    found = _NAME.match(model)
    if found is None:
        return None
    return (int(found["major"]), int(found["minor"] or 0)) if found["major"] else _NEWEST


def contents(request: Request, target: Target) -> list[Piece]:
    """The conversation; neighbours of one role are one content."""
    ids = tool_ids(request.messages, target.origin)
    names = {p.id: p.name for message in request.messages for p in message.parts if isinstance(p, ToolCallPart)}
    said = (
        ("model" if message.role == "assistant" else "user", pieces)
        for message in request.messages
        if message.role != "system" and (pieces := list(_pieces(message, ids, names, target)))
    )
    return [
        {"role": role, "parts": [piece for _, pieces in group for piece in pieces]}
        for role, group in groupby(said, key=lambda content: content[0])
    ]


def _pieces(message: Message, ids: Mapping[str, str], names: Mapping[str, str], target: Target) -> Iterator[Piece]:
    pieces = list(_signed(message, ids, names, target))
    calls = [piece for piece in pieces if "functionCall" in piece]
    checked = (version_of(target.model) or (0, 0)) >= (3, 0)
    if calls and checked and "thoughtSignature" not in calls[0]:
        # The first call must have it, wherever the proof stands among the parts.
        signed = next((piece for piece in pieces if "thoughtSignature" in piece), None)
        calls[0]["thoughtSignature"] = signed.pop("thoughtSignature") if signed else _NOT_CHECKED
    yield from (piece for piece in pieces if piece != {"text": ""})


def _signed(message: Message, ids: Mapping[str, str], names: Mapping[str, str], target: Target) -> Iterator[Piece]:
    """The parts as pieces. A signature stands at the piece that came with it; what was thought is not given back."""
    signature = ""
    for part in message.parts:
        if isinstance(part, ThinkingPart):
            if part.origin == target.origin and part.signature:
                yield from _left_over(signature)
                signature = part.signature
        elif piece := _piece(part, ids, names, target):
            yield piece | ({"thoughtSignature": signature} if signature else {})
            signature = ""
    yield from _left_over(signature)


def _left_over(signature: str) -> Iterable[Piece]:
    return [{"text": "", "thoughtSignature": signature}] if signature else []


def _piece(
    part: TextPart | ImagePart | ToolCallPart | ToolResultPart,
    ids: Mapping[str, str],
    names: Mapping[str, str],
    target: Target,
) -> Piece | None:
    match part:
        case TextPart(text):
            return {"text": text} if text else None
        case ImagePart(media_type, data):
            if media_type not in _IMAGES:
                raise InvalidRequest(f"{target.provider} takes PNG, JPEG, WebP and HEIC images, not {media_type}")
            return {"inlineData": {"mimeType": media_type, "data": b64encode(data).decode("ascii")}}
        case ToolCallPart():
            return {"functionCall": {"id": ids[part.id], "name": part.name, "args": arguments(part)}}
        case ToolResultPart(call_id, text, is_error):
            response = {"error" if is_error else "output": text}
            id_ = ids.get(call_id, call_id)
            return {"functionResponse": {"id": id_, "name": names.get(call_id, call_id), "response": response}}


def system(request: Request) -> Piece | None:
    """`systemInstruction`, or None."""
    texts = [message.text for message in request.messages if message.role == "system" and message.text]
    return {"parts": [{"text": "\n\n".join(texts)}]} if texts else None


def tools(request: Request) -> list[Piece] | None:
    """The functions' declarations, their parameters as plain JSON Schema."""
    declared = [
        {"name": tool.name, "description": tool.description, "parametersJsonSchema": dict(tool.parameters)}
        for tool in request.tools
    ]
    return [{"functionDeclarations": declared}] if declared else None


def tool_config(request: Request) -> Piece | None:
    """`toolConfig`; None leaves the choice to the model."""
    if not request.tools or request.tool_choice == "auto":
        return None
    if request.tool_choice == "none":
        return {"functionCallingConfig": {"mode": "NONE"}}
    only = {} if request.tool_choice == "required" else {"allowedFunctionNames": [request.tool_choice]}
    return {"functionCallingConfig": {"mode": "ANY", **only}}


def generation(request: Request, target: Target, notes: list[str]) -> Piece | None:
    """`generationConfig`: limits, sampling, stop texts, thinking, JSON."""
    limit = request.max_output_tokens or target.options.max_tokens
    if len(request.stop) > _STOP_LIMIT:
        notes.append(f"{target.provider} takes {_STOP_LIMIT} stop texts")
    output = request.output
    config = {
        "maxOutputTokens": limit,
        "temperature": target.options.temperature if request.temperature is None else request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop[:_STOP_LIMIT]) or None,
        "thinkingConfig": _thinking(request.thinking, target.model, limit, notes),
        "responseMimeType": None if output is None else "application/json",
        "responseJsonSchema": dict(output.schema) if output and output.schema is not None else None,
    }
    return {name: value for name, value in config.items() if value is not None} or None


def _thinking(effort: Effort | None, model: str, limit: int | None, notes: list[str]) -> Piece | None:
    """`thinkingConfig`: by level since Gemini 3, by budget before. A model that thinks is asked to do it aloud."""
    version, found = version_of(model), _NAME.match(model)
    if version is None or found is None or version < (2, 5) or _NO_THINKING.search(found["rest"]):
        if effort not in (None, Effort.NONE):
            notes.append(f"{model} does not think, or not as it is told")
        return None
    if effort is None:
        return {"includeThoughts": True}
    line = found["line"]
    if version >= (3, 0):
        return {"includeThoughts": True, "thinkingLevel": _level(effort, model, line, version, notes)}
    if effort is Effort.NONE and line != "pro":
        return {"thinkingBudget": 0}
    if effort is Effort.NONE:
        notes.append(f"{model} can't be kept from thinking; it thinks little")
    budget = max(_BUDGETS[effort], _LEAST_BUDGETS[line])
    if limit and budget > limit // 2:
        budget = max(limit // 2, _LEAST_BUDGETS[line])
        notes.append(f"thinking is kept to {budget} tokens, half of max_tokens")
    return {"includeThoughts": True, "thinkingBudget": budget}


def _level(effort: Effort, model: str, line: str, version: tuple[int, int], notes: list[str]) -> str:
    """The level's name. The least, which is next to no thinking, is not known to pro models and newer flash ones."""
    if effort is not Effort.NONE:
        return effort.upper()
    if line == "flash-lite" or (line == "flash" and version < (3, 7)):
        return "MINIMAL"
    notes.append(f"{model} can't be kept from thinking; it thinks little")
    return "LOW"
