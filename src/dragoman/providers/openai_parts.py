"""The pieces of a request that the OpenAI family writes alike: turns, tools, pictures, JSON output. Sends nothing."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import ImagePart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, system
from dragoman.core.errors import InvalidRequest
from dragoman.providers.wire import tool_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.core.chat import JsonOutput, Message, Request
    from dragoman.providers.base import Target


def refuse_what_it_lacks(request: Request, target: Target) -> None:
    """Raises `InvalidRequest` where the answer would be wrong without something that the server does not have."""
    lacks = target.options.quirks.lacks
    parts = [part for message in request.messages for part in message.parts]
    if "images" in lacks and any(isinstance(part, ImagePart) for part in parts):
        raise InvalidRequest(f"{target.provider} takes no images")
    if "tools" in lacks and request.tools:
        raise InvalidRequest(f"{target.provider} has no tools")
    if request.output is not None and request.output.schema is not None and "json_schema" in lacks:
        raise InvalidRequest(f"{target.provider} can't answer after a JSON schema")


def turns(request: Request, target: Target) -> list[dict[str, Any]]:
    """The conversation as `messages` of chat completions. Thinking is left out, but where the server wants it back."""
    ids = tool_ids(request.messages, target.origin)
    return [written for message in request.messages for written in _turn(message, ids, target)]


def _turn(message: Message, ids: Mapping[str, str], target: Target) -> Iterator[dict[str, Any]]:
    if message.role == "assistant":
        yield _assistant(message, ids, target)
        return
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            yield {"role": "tool", "tool_call_id": ids.get(part.call_id, part.call_id), "content": result_text(part)}
    said = [part for part in message.parts if isinstance(part, TextPart | ImagePart)]
    if any(isinstance(part, ImagePart) for part in said):
        yield {"role": message.role, "content": [_content(part) for part in said]}
    elif said:
        yield {"role": message.role, "content": message.text}


def _assistant(message: Message, ids: Mapping[str, str], target: Target) -> dict[str, Any]:
    calls = [
        {"id": ids[part.id], "type": "function", "function": {"name": part.name, "arguments": part.arguments}}
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]
    if not calls:
        return {"role": "assistant", "content": message.text}
    turn: dict[str, Any] = {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    if target.options.quirks.keeps_thinking:
        thoughts = (p.text for p in message.parts if isinstance(p, ThinkingPart) and p.origin == target.origin)
        turn["reasoning_content"] = "".join(thoughts)
    return turn


def _content(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": data_url(part)}}


def result_text(part: ToolResultPart) -> str:
    """A tool's answer; the family has no other way to say that it is an error."""
    return f"Error: {part.text}" if part.is_error else part.text


def data_url(part: ImagePart) -> str:
    """The picture as a data URL (RFC 2397)."""
    return f"data:{part.media_type};base64,{b64encode(part.data).decode('ascii')}"


def tools(request: Request) -> list[dict[str, Any]] | None:
    """`tools` of chat completions, or None."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in request.tools
    ] or None


def tool_choice(request: Request) -> str | dict[str, Any] | None:
    """`tool_choice` of chat completions; None leaves the default, `auto`."""
    if not request.tools or request.tool_choice == "auto":
        return None
    if request.tool_choice in ("none", "required"):
        return request.tool_choice
    return {"type": "function", "function": {"name": request.tool_choice}}


def json_schema(output: JsonOutput) -> dict[str, Any] | None:
    """Name, schema and strictness of a JSON answer ("Structured outputs" guide), or None for JSON of any shape."""
    if output.schema is None:
        return None
    return {"name": output.name, "schema": dict(output.schema), "strict": _can_be_strict(output.schema)}


def response_format(request: Request, target: Target) -> dict[str, Any] | None:
    """`response_format` of chat completions."""
    output = request.output
    if output is None:
        return None
    if schema := json_schema(output):
        return {"type": "json_schema", "json_schema": schema}
    if "json" in target.options.quirks.lacks:
        any_object = {"name": output.name, "schema": {"type": "object"}, "strict": False}
        return {"type": "json_schema", "json_schema": any_object}
    return {"type": "json_object"}


def with_json_asked(request: Request) -> Request:
    """The request with a word about JSON where it wants some: without one, it is refused as an endless answer."""
    wanted = request.output is not None and request.output.schema is None
    if not wanted or any("json" in message.text.lower() for message in request.messages):
        return request
    first, rest = request.messages[:1], request.messages[1:]
    if not first or first[0].role != "system":
        return replace(request, messages=(system("Answer in JSON."), *request.messages))
    return replace(request, messages=(system(f"{first[0].text}\n\nAnswer in JSON."), *rest))  # many take only one


def _can_be_strict(schema: Any) -> bool:
    """Whether every object in the schema says all its members and no others, which strictness demands."""
    if isinstance(schema, list):
        return all(map(_can_be_strict, schema))
    if not isinstance(schema, dict):
        return True
    members = schema.get("properties")
    if schema.get("type") == "object" or isinstance(members, dict):
        named, required = set(members or ()), schema.get("required")
        says_all = not named or (isinstance(required, list | tuple) and set(required) == named)
        if schema.get("additionalProperties") is not False or not says_all:
            return False
    return all(map(_can_be_strict, schema.values()))
