"""What Ollama's `/api/chat` and `/api/generate` refuse in a request, after its API documentation and its types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.simulator.judging import dicts, first_problem, is_base64

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.simulator.script import Call

_ROLES = frozenset({"system", "user", "assistant", "tool"})
_THINK = (True, False, None, "low", "medium", "high")


def chat(call: Call) -> str | None:
    """The first thing in a chat that is refused, or None."""
    return first_problem((*_everywhere(call), *_in_chat(call)))


def generate(call: Call) -> str | None:
    """The first thing in a completion that is refused, or None."""
    prompt = None if isinstance(call.body.get("prompt", ""), str) else _type("GenerateRequest.prompt", "string")
    suffix = None if isinstance(call.body.get("suffix", ""), str) else _type("GenerateRequest.suffix", "string")
    return first_problem((*_everywhere(call), prompt, suffix))


def _type(field: str, wanted: str) -> str:
    return f"json: cannot unmarshal into Go struct field {field} of type {wanted}"


def _everywhere(call: Call) -> Iterator[str | None]:
    body = call.body
    if not call.model:
        yield "model is required"
    if not isinstance(body.get("options", {}), dict):
        yield _type("ChatRequest.options", "map[string]interface {}")
    if body.get("think") not in _THINK:
        yield f'invalid think value: "{body["think"]}" (must be "high", "medium", "low", true, or false)'
    if body.get("format") not in {None, "", "json"} if not isinstance(body.get("format"), dict) else False:
        yield 'invalid format: expected "json" or a JSON schema'
    if not isinstance(body.get("keep_alive", "5m"), str | int | float):
        yield "invalid duration"


def _in_chat(call: Call) -> Iterator[str | None]:
    messages = call.body.get("messages", [])
    if not isinstance(messages, list):
        yield _type("ChatRequest.messages", "[]api.Message")
    for _, message in dicts(messages):
        yield _in_message(message)
    for _, tool in dicts(call.body.get("tools")):
        yield _in_tool(tool)


def _in_message(message: dict[str, Any]) -> str | None:
    if message.get("role") not in _ROLES:
        return f"invalid role: {message.get('role')}"
    if not isinstance(message.get("content", ""), str):
        return _type("Message.messages.content", "string")
    if not all(is_base64(image) for image in message.get("images", ())):
        return "illegal base64 data at input byte 0"
    for _, call in dicts(message.get("tool_calls")):
        match call:
            case {"function": {"name": str() as name, "arguments": dict()}} if name:
                pass
            case _:
                return _type("ToolCallFunction.messages.tool_calls.function.arguments", "api.ToolCallFunctionArguments")
    return None


def _in_tool(tool: dict[str, Any]) -> str | None:
    match tool:
        case {"type": "function", "function": {"name": str() as name, "parameters": dict()}} if name:
            return None
    return _type("ChatRequest.tools", "api.Tool")
