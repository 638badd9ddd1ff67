"""What OpenAI's `/v1/chat/completions` refuses in a request, after its API reference and its error messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dragoman.simulator.judging import (
    dicts,
    first_problem,
    is_image_url,
    is_limit,
    is_number,
    is_object_schema,
    is_tool_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.simulator.script import Call

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_EFFORTS = frozenset({None, "none", "minimal", "low", "medium", "high", "xhigh"})
_STOPS = 4
_REASONS = re.compile(r"(?:.*/)?(?:o\d|gpt-5)")
"""Models that reason: they know neither `max_tokens` nor another temperature than 1."""


def objection(call: Call) -> str | None:
    """The first thing in the request that is refused, in the vendor's words, or None."""
    return first_problem(_problems(call))


def _problems(call: Call) -> Iterator[str | None]:
    body = call.body
    if not call.model:
        yield "you must provide a model parameter"
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        yield "Missing required parameter: 'messages'."
    if "stream_options" in body and not call.stream:
        yield "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    for number, message in dicts(body.get("messages")):
        yield _in_message(f"messages[{number}]", message)
    yield _in_tool_order(body)
    for number, tool in dicts(body.get("tools")):
        yield (
            _in_function(f"tools[{number}].function", tool.get("function"))
            if tool.get("type") == "function"
            else (f"Invalid value for 'tools[{number}].type': supported values are 'function' and 'custom'.")
        )
    yield tool_choice_problem(body)
    yield _in_output(body)
    yield from sampling_problems(body)
    if _REASONS.match(call.model):
        yield from _for_reasoning_models(body)


def _in_message(where: str, message: dict[str, Any]) -> str | None:
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str):
        return f"Missing required parameter: '{where}.role'."
    if role not in _ROLES:
        return f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'."
    if role == "assistant" and message.get("tool_calls"):
        return first_problem(
            _in_tool_call(f"{where}.tool_calls[{number}]", call) for number, call in dicts(message["tool_calls"])
        )
    if isinstance(content, str):
        return None
    if not isinstance(content, list) or not content:
        return f"Invalid value for '{where}.content': expected a string or an array of objects, got null."
    return first_problem(_in_part(f"{where}.content[{number}]", part, role) for number, part in dicts(content))


def _in_part(where: str, part: dict[str, Any], role: str) -> str | None:
    match part:
        case {"type": "text", "text": str()}:
            return None
        case {"type": "image_url", "image_url": {"url": url}} if role == "user":
            return None if is_image_url(url) else f"Invalid '{where}.image_url.url'. Expected a valid image URL."
        case {"type": "refusal", "refusal": str()} if role == "assistant":
            return None
    return f"Invalid value for '{where}': this type of part is not allowed in a message of role {role}."


def _in_tool_call(where: str, call: dict[str, Any]) -> str | None:
    match call:
        case {"id": str() as id, "type": "function", "function": {"name": name, "arguments": str()}} if id:
            return None if is_tool_name(name) else f"Invalid '{where}.function.name': string does not match pattern."
    return f"Missing required parameter: '{where}': an id, a type, and a function with arguments as a string."


def _in_tool_order(body: Any) -> str | None:
    """Each tool call is answered right behind its message, and nothing else is."""
    waiting: set[str] = set()
    for number, message in dicts(body.get("messages")):
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in waiting:
                return (
                    f"Invalid parameter: 'messages[{number}]': messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'."
                )
            waiting.discard(message["tool_call_id"])
            continue
        if waiting:
            break
        waiting = {call.get("id", "") for _, call in dicts(message.get("tool_calls"))}
    if waiting:
        return (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(sorted(waiting))}"
        )
    return None


def _in_function(where: str, function: object) -> str | None:
    if not isinstance(function, dict) or not is_tool_name(function.get("name")):
        return f"Invalid '{where}.name': string does not match pattern '^[a-zA-Z0-9_-]+$'."
    if "parameters" in function and not is_object_schema(function["parameters"]):
        return f"Invalid schema for function '{function['name']}': schema must be a JSON Schema of 'type: \"object\"'."
    return None


def tool_choice_problem(body: Any) -> str | None:
    """What is wrong with `tool_choice`; the Responses API names the tool one level higher."""
    choice = body.get("tool_choice")
    if choice is None:
        return None
    if not body.get("tools"):
        return "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
    names = {(tool.get("function") or tool).get("name") for _, tool in dicts(body["tools"])}
    match choice:
        case "auto" | "none" | "required":
            return None
        case {"type": "function", "function": {"name": name}} | {"type": "function", "name": name} if name in names:
            return None
    return "Invalid value for 'tool_choice': the function is not among 'tools'."


def _in_output(body: Any) -> str | None:
    match body.get("response_format"):
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            if "json" in str(body.get("messages")).lower():
                return None
            return "'messages' must contain the word 'json' in some form, to use 'response_format' of 'json_object'."
        case {"type": "json_schema", "json_schema": {"name": name, "schema": dict()}} if is_tool_name(name):
            return None
    return "Missing required parameter: 'response_format.json_schema', with its name and schema."


def sampling_problems(body: Any) -> Iterator[str | None]:
    """Numbers out of their range, in all of the vendor's APIs that complete."""
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > _STOPS:
        yield f"Invalid 'stop': array too long. Expected an array with maximum length {_STOPS}."
    if not is_number(body.get("temperature"), 0, 2):
        yield "Invalid 'temperature': decimal above maximum value. Expected a value <= 2."
    if not is_number(body.get("top_p"), 0, 1):
        yield "Invalid 'top_p': decimal above maximum value. Expected a value <= 1."
    for name in ("max_tokens", "max_completion_tokens"):
        if not is_limit(body.get(name)):
            yield f"Invalid '{name}': integer below minimum value. Expected a value >= 1."
    if body.get("reasoning_effort") not in _EFFORTS:
        yield "Invalid value for 'reasoning_effort'. Supported values are: 'minimal', 'low', 'medium', and 'high'."


def _for_reasoning_models(body: Any) -> Iterator[str | None]:
    if "max_tokens" in body:
        yield (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
    if "stop" in body:
        yield "Unsupported parameter: 'stop' is not supported with this model."
    for name in ("temperature", "top_p"):
        if body.get(name, 1) != 1:
            yield f"Unsupported value: '{name}' does not support this value with this model. Only 1 is supported."
