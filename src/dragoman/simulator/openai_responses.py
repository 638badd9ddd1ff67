"""OpenAI's `/v1/responses` as its API reference has it: named events, items in a list of output, no sentinel."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import Stop
from dragoman.simulator import openai, openai_responses_rules
from dragoman.simulator.frames import SSE, Frames, encode, numbered, pieces, whole_as_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.core.chat import Usage
    from dragoman.simulator.frames import Piece
    from dragoman.simulator.script import Call, Reply

objection = openai_responses_rules.objection
refusal = openai.refusal
streams = openai.streams

_BEFORE = 2
"""Events before the first item."""
_AROUND = {"thinking": 5, "text": 5, "tool": 3}.__getitem__
"""Events of an item besides its deltas."""


def _usage(usage: Usage) -> dict[str, object]:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": openai.cache_of(usage),
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _output(call: Call, reply: Reply) -> list[dict[str, Any]]:
    """The items of a whole answer: reasoning, a message, tool calls."""
    items: list[dict[str, Any]] = []
    if reply.thinking:
        summary = [{"type": "summary_text", "text": "".join(reply.thinking)}]
        items.append({"id": "rs_0", "type": "reasoning", "summary": summary})
        if "reasoning.encrypted_content" in call.body.get("include", ()):
            items[0]["encrypted_content"] = reply.signature
    if reply.text:
        content = [{"type": "output_text", "text": "".join(reply.text), "annotations": [], "logprobs": []}]
        item = {"type": "message", "role": "assistant", "status": "completed", "content": content}
        items.append({"id": f"msg_{len(items)}", **item})
    for tool in numbered(reply.tools):
        item = {"type": "function_call", "status": "completed", "call_id": tool.id, "name": tool.name}
        items.append({"id": f"fc_{len(items)}", **item, "arguments": "".join(tool.arguments)})
    return items


def _response(call: Call, status: str, **more: object) -> dict[str, object]:
    """A response object with the fields that the reference calls required."""
    return {
        "id": "resp_scripted",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": call.body.get("instructions"),
        "metadata": {},
        "model": call.model,
        "output": [],
        "parallel_tool_calls": True,
        "store": call.body.get("store", True),
        "temperature": 1.0,
        "tool_choice": call.body.get("tool_choice", "auto"),
        "tools": call.body.get("tools", []),
        "top_p": 1.0,
        "usage": None,
        **more,
    }


def _ended(call: Call, reply: Reply) -> dict[str, object]:
    """The response at its end; an answer that stopped before it was done is incomplete."""
    reasons = {Stop.LENGTH: "max_output_tokens", Stop.CONTENT_FILTER: "content_filter"}
    reason = reasons.get(reply.ending)
    return _response(
        call,
        "incomplete" if reason else "completed",
        incomplete_details={"reason": reason} if reason else None,
        output=_output(call, reply),
        usage=_usage(reply.usage) if reply.usage else None,
    )


def _event(number: int, kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: ".encode() + encode({"type": kind, "sequence_number": number, **fields}) + b"\n\n"


def _pieces(call: Call, reply: Reply) -> Iterator[bytes]:
    """The deltas; an item's first one comes behind the item's start, its last one before the item's end."""
    numbers = count(_BEFORE)
    output = _output(call, reply)
    for piece in pieces(reply):
        item = output[piece.block]
        start = _starts(piece, item) if piece.first else ()
        end = _ends(piece, item) if piece.last else ()
        yield b"".join(_event(next(numbers), **event) for event in (*start, _delta(piece, item), *end))


def _place(piece: Piece, item: dict[str, Any]) -> dict[str, Any]:
    place = {"output_index": piece.block, "item_id": item["id"]}
    match piece.kind:
        case "thinking":
            return place | {"summary_index": 0}
        case "text":
            return place | {"content_index": 0}
        case "tool":
            return place


def _starts(piece: Piece, item: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    place = _place(piece, item)
    empty = {"content": [], "summary": [], "arguments": ""}
    begun = item | {name: value for name, value in empty.items() if name in item}
    begun |= {"status": "in_progress"} if "status" in item else {}
    added = {"kind": "response.output_item.added", "output_index": piece.block, "item": begun}
    match piece.kind:
        case "thinking":
            part = {"type": "summary_text", "text": ""}
            return added, {"kind": "response.reasoning_summary_part.added", **place, "part": part}
        case "text":
            part = item["content"][0] | {"text": ""}
            return added, {"kind": "response.content_part.added", **place, "part": part}
        case "tool":
            return (added,)


def _delta(piece: Piece, item: dict[str, Any]) -> dict[str, Any]:
    place = _place(piece, item)
    match piece.kind:
        case "thinking":
            return {"kind": "response.reasoning_summary_text.delta", **place, "delta": piece.text}
        case "text":
            return {"kind": "response.output_text.delta", **place, "delta": piece.text, "logprobs": []}
        case "tool":
            return {"kind": "response.function_call_arguments.delta", **place, "delta": piece.text}


def _ends(piece: Piece, item: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    place = _place(piece, item)
    done = {"kind": "response.output_item.done", "output_index": piece.block, "item": item}
    match piece.kind:
        case "thinking":
            part = item["summary"][0]
            text = {"kind": "response.reasoning_summary_text.done", **place, "text": part["text"]}
            return text, {"kind": "response.reasoning_summary_part.done", **place, "part": part}, done
        case "text":
            part = item["content"][0]
            text = {"kind": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
            return text, {"kind": "response.content_part.done", **place, "part": part}, done
        case "tool":
            arguments = {"arguments": item["arguments"], "name": item["name"]}
            return {"kind": "response.function_call_arguments.done", **place, **arguments}, done


def _stream(call: Call, reply: Reply) -> Frames:
    begun = _response(call, "in_progress")
    last = _BEFORE + sum(1 + (_AROUND(piece.kind) if piece.first else 0) for piece in pieces(reply))
    ended = _ended(call, reply)
    said = {"code": "server_error", "message": "The server had an error while processing your request."}
    failed = _response(call, "failed", error=said)
    return Frames(
        content_type=SSE,
        opening=_event(0, "response.created", response=begun) + _event(1, "response.in_progress", response=begun),
        pieces=_pieces(call, reply),
        finish=_event(last, f"response.{ended['status']}", response=ended),
        sentinel=b"",
        malformed=b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":\n\n',
        error=_event(last, "error", **said, param=None) + _event(last + 1, "response.failed", response=failed),
        keepalive=b": keepalive\n\n",
    )


def frames(call: Call, reply: Reply) -> Frames:
    """The answer, in the form that the request asks for."""
    return _stream(call, reply) if call.stream else whole_as_frames(encode(_ended(call, reply)), reply)
