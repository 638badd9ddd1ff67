"""What OpenAI's `/v1/responses` refuses in a request, after its API reference and its error messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.simulator.judging import (
    dicts,
    first_problem,
    is_image_url,
    is_number,
    is_object_schema,
    is_tool_name,
    unknown,
)
from dragoman.simulator.openai_rules import tool_choice_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.simulator.script import Call

_PARAMETERS = frozenset(  # a list of words reads better as one
    """
    background context_management conversation include input instructions max_output_tokens max_tool_calls
    metadata model parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention
    reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice tools
    top_logprobs top_p truncation user
    """.split()  # noqa: SIM905
)
_SHORTEST = 16


def objection(call: Call) -> str | None:
    """The first thing in the request that is refused, in the vendor's words, or None."""
    return first_problem(_problems(call))


def _problems(call: Call) -> Iterator[str | None]:
    body = dict(call.body)
    if not call.model:
        yield "Missing required parameter: 'model'."
    if not isinstance(body.get("input"), str | list) or not body["input"]:
        yield "Missing required parameter: 'input'."
    if (name := unknown(body, _PARAMETERS)) is not None:
        yield f"Unknown parameter: '{name}'."
    limit = body.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < _SHORTEST):
        yield f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {_SHORTEST}."
    for number, item in dicts(body.get("input")):
        yield _in_item(f"input[{number}]", item, stored=body.get("store", True))
    yield _in_call_order(body)
    for number, tool in dicts(body.get("tools")):
        yield _in_tool(f"tools[{number}]", tool)
    yield tool_choice_problem(body)
    yield _in_format(body.get("text"))
    if not is_number(body.get("temperature"), 0, 2) or not is_number(body.get("top_p"), 0, 1):
        yield "Invalid 'temperature' or 'top_p': decimal above maximum value."


def _in_item(where: str, item: dict[str, Any], *, stored: bool) -> str | None:
    match item:
        case {"type": "function_call", "call_id": str(), "name": name, "arguments": str()} if is_tool_name(name):
            return None
        case {"type": "function_call_output", "call_id": str(), "output": str() | list()}:
            return None
        case {"type": "reasoning", "summary": list()}:
            if item.get("encrypted_content") or stored:
                return None
            return f"Item '{item.get('id', '')}' not found. Items are not persisted when `store` is set to false."
        case {"role": "system" | "developer" | "user" | "assistant", "content": str()}:
            return None
        case {"role": "system" | "developer" | "user" | "assistant" as role, "content": [_, *_] as parts}:
            return first_problem(_in_part(f"{where}.content[{number}]", part, role) for number, part in dicts(parts))
    return f"Invalid value for '{where}': no such type of item, or a field of it is missing."


def _in_part(where: str, part: dict[str, Any], role: str) -> str | None:
    match part:
        case {"type": "output_text" | "refusal"} if role == "assistant":
            return None
        case {"type": "input_text", "text": str()} if role != "assistant":
            return None
        case {"type": "input_image", "image_url": url} if role != "assistant":
            return None if is_image_url(url) else f"Invalid '{where}.image_url'. Expected a valid image URL."
    return f"Invalid value: '{part.get('type')}' for '{where}.type' in a message of role {role}."


def _in_call_order(body: Any) -> str | None:
    """Each function call has its output, and each output its call before it."""
    waiting: set[str] = set()
    for _, item in dicts(body.get("input")):
        if item.get("type") == "function_call":
            waiting.add(item.get("call_id", ""))
        if item.get("type") == "function_call_output":
            if item.get("call_id") not in waiting:
                return f"No tool call found for function call output with call_id {item.get('call_id')}."
            waiting.discard(item["call_id"])
    return f"No tool output found for function call {min(waiting)}." if waiting else None


def _in_tool(where: str, tool: dict[str, Any]) -> str | None:
    if tool.get("type") != "function":
        return f"Invalid value: '{tool.get('type')}' for '{where}.type'."
    if not is_tool_name(tool.get("name")):
        return f"Missing required parameter: '{where}.name'."
    if not is_object_schema(tool.get("parameters")):
        return f"Invalid schema for function '{tool['name']}': schema must be a JSON Schema of 'type: \"object\"'."
    return None


def _in_format(text: Any) -> str | None:
    match text:
        case None | {"format": {"type": "text" | "json_object"}}:
            return None
        case {"format": {"type": "json_schema", "name": name, "schema": dict()}} if is_tool_name(name):
            return None
        case {"verbosity": "low" | "medium" | "high"} if "format" not in text:
            return None
    return "Missing required parameter: 'text.format', with its name and schema."
