"""The pieces of a request to Anthropic: turns of blocks, cache breakpoints, thinking, JSON output. Sends nothing."""

from __future__ import annotations

from base64 import b64encode
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Effort, ImagePart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from dragoman.core.errors import InvalidRequest
from dragoman.providers.wire import arguments, tool_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.core.chat import Message, Part, Request
    from dragoman.providers.anthropic_models import Ways
    from dragoman.providers.base import Target

    Block = dict[str, Any]
    Turn = tuple[str, list[list[Block]]]
    """A role, and the blocks of each of its messages."""

REDACTED = "redacted_thinking:"
"""Before the data of thinking that came encrypted, where a signature stands: nothing else tells the two apart."""

_WORTH_CACHING = 2000
"""Characters. Shorter beginnings are below every model's least cacheable length."""

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

_BUDGETS = MappingProxyType({Effort.LOW: 2048, Effort.MEDIUM: 8192, Effort.HIGH: 16384})
_LEAST_BUDGET = 1024

_ANY_JSON = "Answer with one JSON value and nothing else: no explanation, no code fence."


def system(request: Request, notes: list[str]) -> str | list[Block] | None:
    """The standing instructions, apart from the conversation; with a cache breakpoint where they are long.

    The tools stand before them in the prompt, so the breakpoint holds for both.
    """
    texts = [message.text for message in request.messages if message.role == "system"]
    if request.output is not None and request.output.schema is None:
        texts.append(_ANY_JSON)
        notes.append("JSON of any shape is asked for in words only")
    text = "\n\n".join(texts)
    if not text:
        return None
    if len(text) + sum(len(str(tool.parameters)) for tool in request.tools) < _WORTH_CACHING:
        return text
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]


def turns(request: Request, target: Target) -> list[Turn]:
    """Roles taking turns, without empty messages, with one cache breakpoint where much stands before it.

    Of a conversation that goes on, everything so far will be sent again; of a first question, only what stands before
    its last block (the context that a second question shares).
    """
    ids = tool_ids(request.messages, target.origin)
    said = (
        (message.role, blocks)
        for message in request.messages
        if message.role != "system" and (blocks := list(_blocks(message, ids, target)))
    )
    taken = [(role, [blocks for _, blocks in group]) for role, group in groupby(said, key=lambda turn: turn[0])]
    every = [block for _, messages in taken for blocks in messages for block in blocks]
    settled = every if len(taken) > 1 else every[:-1]
    if sum(len(block.get("text", "")) + len(block.get("content", "")) for block in settled) >= _WORTH_CACHING:
        settled[-1]["cache_control"] = {"type": "ephemeral"}
    return taken


def written(taken: Sequence[Turn]) -> list[Block]:
    """The turns as the API's `messages`: plain text where it is no more, tool results before everything else.

    A beginning of the answer must not end with a blank.
    """
    match taken:
        case [*_, ("assistant", [*_, [*_, {"type": "text", "text": str(text)} as last]])]:
            last["text"] = text.rstrip()
    return [{"role": role, "content": _content(messages)} for role, messages in taken]


def _content(messages: list[list[Block]]) -> str | list[Block]:
    blocks = [block for message in messages for block in message]
    if all(block.keys() == {"type", "text"} for block in blocks):
        return "\n\n".join("".join(block["text"] for block in message) for message in messages)
    return sorted(blocks, key=lambda block: block["type"] != "tool_result") if _answers_tools(blocks) else blocks


def _answers_tools(blocks: Sequence[Block]) -> bool:
    return any(block["type"] == "tool_result" for block in blocks)


def _blocks(message: Message, ids: Mapping[str, str], target: Target) -> Iterator[Block]:
    if not any(_says_something(part) for part in message.parts):
        return
    for part in message.parts:
        match part:
            case TextPart(text):
                if text:
                    yield {"type": "text", "text": text}
            case ImagePart():
                yield _image(part, target)
            case ThinkingPart(text, signature, origin):
                if signature and origin == target.origin:
                    yield _thought(text, signature)
            case ToolCallPart(id=id_, name=name):
                yield {"type": "tool_use", "id": ids[id_], "name": name, "input": arguments(part)}
            case ToolResultPart(call_id=call_id, text=text):
                result = {"type": "tool_result", "tool_use_id": ids.get(call_id, call_id), "content": text}
                yield result | ({"is_error": True} if part.is_error else {})


def _says_something(part: Part) -> bool:
    return bool(part.text.strip()) if isinstance(part, TextPart) else not isinstance(part, ThinkingPart)


def _image(part: ImagePart, target: Target) -> Block:
    if part.media_type not in _IMAGES:
        raise InvalidRequest(f"{target.provider} takes JPEG, PNG, GIF and WebP images, not {part.media_type}")
    data = b64encode(part.data).decode("ascii")
    return {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": data}}


def _thought(text: str, signature: str) -> Block:
    if signature.startswith(REDACTED):
        return {"type": "redacted_thinking", "data": signature.removeprefix(REDACTED)}
    return {"type": "thinking", "thinking": text, "signature": signature}


def thinking(
    request: Request, target: Target, ways: Ways, limit: int, taken: Sequence[Turn], notes: list[str]
) -> tuple[Block | None, str | None]:
    """`thinking` and `output_config.effort` for the effort that is asked for, of `limit` tokens in all.

    A demanded tool and thinking exclude each other, and the tool wins.
    """
    effort, model = request.thinking, target.model
    if forces_a_tool(request) and ways.off is not None:
        if effort not in (None, Effort.NONE):
            notes.append(f"{model} does not think where a tool is demanded")
        effort = Effort.NONE
    if effort is Effort.NONE:
        if ways.off is None:
            notes.append(f"{model} can't be kept from thinking; it thinks little")
            return _adaptive(), str(Effort.LOW)
        return ({"type": ways.off} if ways.off else None), None
    if effort is None:
        return (_adaptive() if ways.always else None), None
    if ways.thinking == "adaptive":
        return _adaptive(), str(effort)
    if not ways.thinking:
        notes.append(f"{model} does not think")
        return None, None
    return _budgeted(effort, target, limit, taken, notes), None


def _adaptive() -> Block:
    """What the newest models do anyway, but for `display`: else they keep their thinking to themselves, in silence."""
    return {"type": "adaptive", "display": "summarized"}


def _budgeted(effort: Effort, target: Target, limit: int, taken: Sequence[Turn], notes: list[str]) -> Block | None:
    if _resumes_without_thinking(taken):
        notes.append(f"{target.model} can't think on after a tool call that it did not make")
        return None
    budget = min(_BUDGETS[effort], limit // 2)
    if budget < _LEAST_BUDGET:
        notes.append(f"no room for thinking in {limit} tokens")
        return None
    if budget < _BUDGETS[effort]:
        notes.append(f"thinking is kept to {budget} tokens, half of max_tokens")
    return {"type": "enabled", "budget_tokens": budget}


def _resumes_without_thinking(taken: Sequence[Turn]) -> bool:
    """Whether tool results answer a turn that does not begin with thinking, which the API wants then."""
    match taken:
        case [*_, (_, call), (_, results)] if any(map(_answers_tools, results)):
            return not call[0][0]["type"].endswith("thinking")
    return False


def forces_a_tool(request: Request) -> bool:
    """Whether the model is not free to answer without a tool."""
    return bool(request.tools) and request.tool_choice not in ("auto", "none")


def tools(request: Request) -> list[Block] | None:
    """The tools' declarations."""
    return [
        {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
        for tool in request.tools
    ] or None


def tool_choice(request: Request, target: Target, ways: Ways) -> Block | None:
    """None leaves the default, `auto`. Raises `InvalidRequest` for a model that can't be made to use a tool."""
    if not request.tools or request.tool_choice == "auto":
        return None
    if request.tool_choice == "none":
        return {"type": "none"}
    if not ways.forced:
        raise InvalidRequest(f"{target.model} can't be made to use a tool, only be left to choose one")
    if request.tool_choice == "required":
        return {"type": "any"}
    return {"type": "tool", "name": request.tool_choice}


def output_format(request: Request, target: Target, ways: Ways) -> Block | None:
    """`output_config.format`. Raises `InvalidRequest` for a model that knows no JSON Schema."""
    if request.output is None or request.output.schema is None:
        return None
    if not ways.schema:
        raise InvalidRequest(f"{target.model} can't answer after a JSON schema")
    return {"type": "json_schema", "schema": _closed(request.output.schema)}


def _closed(schema: Any) -> Any:
    """The schema with its objects closed where it leaves them open: the API takes no other."""
    if isinstance(schema, list | tuple):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _closed(value) for name, value in schema.items()}
    is_open = schema.get("type") == "object" and schema.get("additionalProperties", True) is True
    return inner | ({"additionalProperties": False} if is_open else {})
