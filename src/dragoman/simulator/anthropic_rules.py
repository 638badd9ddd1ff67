"""What Anthropic's `/v1/messages` refuses in a request, after its API documentation and its error messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dragoman.simulator.judging import (
    IMAGE_TYPES,
    dicts,
    first_problem,
    is_base64,
    is_number,
    is_object_schema,
    is_tool_name,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.simulator.script import Call

_PARAMETERS = frozenset(  # a list of words reads better as one
    """
    cache_control container context_management inference_geo max_tokens mcp_servers messages metadata model
    output_config service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k
    top_p
    """.split()  # noqa: SIM905
)
_TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_SHORTEST_THINKING = 1024
_BREAKPOINTS = 4
_LOWEST_TOP_P = 0.95


def objection(call: Call) -> str | None:
    """The first thing in the request that is refused, in the vendor's words, or None."""
    return first_problem(_problems(call))


def _problems(call: Call) -> Iterator[str | None]:
    body = dict(call.body)
    if "anthropic-version" not in call.headers:
        yield "anthropic-version: header is required"
    if not call.model:
        yield "model: Field required"
    yield _in_limit(body)
    if (name := unknown(body, _PARAMETERS)) is not None:
        yield f"{name}: Extra inputs are not permitted"
    messages = body.get("messages")
    if not isinstance(messages, list):
        yield "messages: Field required"
    if not messages:
        yield "messages: at least one message is required"
    if not _is_text(body.get("system", "a")):
        yield "system: text content blocks must be non-empty"
    for number, message in dicts(messages):
        yield _in_message(f"messages.{number}", message)
    yield _in_tool_order(body)
    yield from _in_tools(body)
    yield from _in_thinking(body)
    if str(body).count("'cache_control'") > _BREAKPOINTS:
        yield f"A maximum of {_BREAKPOINTS} blocks with cache_control may be provided."
    if not is_number(body.get("temperature"), 0, 1):
        yield "temperature: range: 0..1"
    if any(not str(stop).strip() for stop in body.get("stop_sequences", ())):
        yield "stop_sequences: each stop sequence must contain non-whitespace"


def _in_limit(body: Any) -> str | None:
    limit = body.get("max_tokens")
    if not isinstance(limit, int):
        return "max_tokens: Field required"
    return "max_tokens: Input should be greater than or equal to 1" if limit < 1 else None


def _is_text(content: object) -> bool:
    if isinstance(content, str):
        return bool(content)
    blocks = [block for _, block in dicts(content)]
    return bool(blocks) and all(block.get("type") == "text" and block.get("text") for block in blocks)


def _in_message(where: str, message: dict[str, Any]) -> str | None:
    role, content = message.get("role"), message.get("content")
    if role not in {"user", "assistant"}:
        return f'{where}: the Messages API takes "user" and "assistant" here, system text in its own field'
    if not content:
        return f"{where}: all messages must have non-empty content"
    if isinstance(content, str):
        return None
    return first_problem(_in_block(f"{where}.content.{number}", block, role) for number, block in dicts(content))


def _in_block(where: str, block: dict[str, Any], role: str) -> str | None:
    match block:
        case {"type": "text", "text": str() as text}:
            return None if text else f"{where}: text content blocks must be non-empty"
        case {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}} if role == "user":
            if kind not in IMAGE_TYPES:
                return f"{where}.source.base64.media_type: Input should be one of {', '.join(sorted(IMAGE_TYPES))}"
            return None if is_base64(data) else f"{where}.source.base64.data: invalid base64 data"
        case {"type": "tool_result", "tool_use_id": str(), **rest} if role == "user":
            content = rest.get("content", "")
            return None if isinstance(content, str) or _is_text(content) else f"{where}.content: not a list of blocks"
        case {"type": "tool_use", "id": str() as id, "name": name, "input": dict()} if role == "assistant":
            if not _TOOL_ID.fullmatch(id):
                return f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            return None if is_tool_name(name) else f"{where}.tool_use.name: String should match a pattern"
        case {"type": "thinking", "thinking": str(), "signature": signature} if role == "assistant":
            return None if is_base64(signature) else f"{where}: Invalid `signature` in `thinking` block"
        case {"type": "redacted_thinking", "data": str() as data} if role == "assistant" and data:
            return None
    return f"{where}: Input tag '{block.get('type')}' does not match any of the expected tags, or a field is missing"


def _in_tool_order(body: Any) -> str | None:
    """A message with tool calls is followed by one that begins with all their results."""
    waiting: set[str] = set()
    for number, message in dicts(body.get("messages")):
        blocks = [block for _, block in dicts(message.get("content"))]
        results = [block.get("tool_use_id", "") for block in blocks if block.get("type") == "tool_result"]
        if stray := [id for id in results if id not in waiting]:
            return (
                f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {stray[0]}. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        first = [block.get("type") for block in blocks[: len(results)]]
        if waiting - set(results) or (waiting and first != ["tool_result"] * len(results)):
            return (
                f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(sorted(waiting - set(results)))}"
            )
        waiting = {block.get("id", "") for block in blocks if block.get("type") == "tool_use"}
    return f"`tool_use` ids were found without `tool_result` blocks: {min(waiting)}" if waiting else None


def _in_tools(body: Any) -> Iterator[str | None]:
    names = []
    for number, tool in dicts(body.get("tools")):
        if not is_tool_name(tool.get("name")):
            yield f"tools.{number}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if not is_object_schema(tool.get("input_schema")):
            yield f"tools.{number}.custom.input_schema.type: Input should be 'object'"
        names.append(tool.get("name"))
    if len(set(names)) < len(names):
        yield "tools: Tool names must be unique."
    match body.get("tool_choice"):
        case None | {"type": "none" | "auto" | "any"}:
            pass
        case {"type": "tool", "name": name} if name in names:
            pass
        case _:
            yield "tool_choice: Tool not found in provided tools"
    if body.get("tool_choice") and not names:
        yield "tool_choice: tool_choice may only be specified while providing tools"


def _in_thinking(body: Any) -> Iterator[str | None]:
    """The limits of extended thinking, and what does not go with it."""
    match body.get("thinking"):
        case None | {"type": "disabled" | "between_tools"}:
            return
        case {"type": "adaptive"}:
            pass
        case {"type": "enabled", "budget_tokens": int() as budget}:
            if budget < _SHORTEST_THINKING:
                yield f"thinking.enabled.budget_tokens: Input should be greater than or equal to {_SHORTEST_THINKING}"
            if budget >= body.get("max_tokens", 0):
                yield "`max_tokens` must be greater than `thinking.budget_tokens`."
        case _:
            yield "thinking: Input tag does not match any of the expected tags, or budget_tokens is missing"
    if body.get("temperature", 1) != 1:
        yield "`temperature` may only be set to 1 when thinking is enabled."
    if not is_number(body.get("top_p"), _LOWEST_TOP_P, 1):
        yield f"`top_p` must be greater than or equal to {_LOWEST_TOP_P} or unset when thinking is enabled."
    if (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        yield "Thinking may not be enabled when tool_choice forces tool use."
