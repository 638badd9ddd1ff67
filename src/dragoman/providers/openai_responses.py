"""OpenAI's Responses, for the models that want them. Nothing is kept at the provider. Opens no socket.

Source: the API reference's "Responses" section with its streaming events, and the "Reasoning models" guide.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import (
    Effort,
    FinishDelta,
    ImagePart,
    SignatureDelta,
    Stop,
    TextDelta,
    TextPart,
    ThinkingDelta,
    ThinkingPart,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
    Usage,
    UsageDelta,
)
from dragoman.core.errors import ContentFilter, StreamingError
from dragoman.providers import base, failures, openai
from dragoman.providers.base import Call
from dragoman.providers.event_reader import EventReader
from dragoman.providers.openai_models import effort_word, is_reasoning
from dragoman.providers.openai_parts import (
    data_url,
    json_schema,
    refuse_what_it_lacks,
    result_text,
    with_json_asked,
)
from dragoman.providers.openai_place import address, model_name, stream_headers
from dragoman.providers.openai_stream import CODES
from dragoman.providers.whole import EitherReader
from dragoman.providers.wire import count, json_body, mapping, tool_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.core.chat import Delta, Message, Part, Request
    from dragoman.providers.base import Target

_SHORTEST_ANSWER = 16
"""Tokens; a smaller `max_output_tokens` is refused."""

EMBED_BATCH = openai.EMBED_BATCH
embed_call, embeddings = openai.embed_call, openai.embeddings
can_fill, fill_call, fill_reader = openai.can_fill, openai.fill_call, openai.fill_reader
models_call, models = openai.models_call, openai.models
error = openai.error


def call(request: Request, target: Target) -> Call:
    """The streaming request to `/responses`."""
    refuse_what_it_lacks(request, target)
    asked = with_json_asked(request)
    sampling, notes = _sampling(request, target)
    reasoning, more_notes = _reasoning(request, target)
    instructions = _instructions(asked)
    body = {
        "model": model_name(target),
        "instructions": "\n\n".join(message.text for message in instructions) or None,
        "input": _items(asked.messages[len(instructions) :], target),
        "stream": target.options.stream,
        "store": False,
        **sampling,
        **reasoning,
        "tools": _tools(request),
        "tool_choice": _tool_choice(request),
        "text": _text_format(request),
    }
    notes = (*notes, *more_notes)
    return Call("POST", address(target, "/responses"), stream_headers(target), json_body(body), notes)


def reader() -> base.Reader:
    """A reader for the response to `call`, streamed or whole."""
    return EitherReader(Reader(), _whole_events)


def _whole_events(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A whole response as the events that it would have been."""
    if answer.get("object") != "response":
        return
    items = answer.get("output")
    for place, item in enumerate(map(mapping, items) if isinstance(items, list) else ()):
        yield {"type": "response.output_item.added", "output_index": place, "item": item}
        for part in map(mapping, item.get("content") or item.get("summary") or ()):
            match part.get("type"):
                case "output_text":
                    yield {"type": "response.output_text.delta", "delta": part.get("text")}
                case "refusal":
                    yield {"type": "response.refusal.delta", "delta": part.get("refusal")}
                case "summary_text":
                    yield {"type": "response.reasoning_summary_part.added"}
                    yield {"type": "response.reasoning_summary_text.delta", "delta": part.get("text")}
        yield {"type": "response.output_item.done", "output_index": place, "item": item}
    yield {"type": f"response.{answer.get('status')}", "response": answer}


def _sampling(request: Request, target: Target) -> tuple[dict[str, Any], tuple[str, ...]]:
    max_tokens, temperature = openai.limits(request, target)
    body: dict[str, Any] = {"max_output_tokens": max_tokens and max(max_tokens, _SHORTEST_ANSWER)}
    left_out: list[tuple[str, Any]] = [("stop", request.stop or None)]
    if is_reasoning(target.model):
        left_out += [("temperature", temperature), ("top_p", request.top_p)]
    else:
        body |= {"temperature": temperature, "top_p": request.top_p}
    return body, tuple(f"{target.model} takes no {name} here" for name, value in left_out if value is not None)


def _reasoning(request: Request, target: Target) -> tuple[dict[str, Any], tuple[str, ...]]:
    """How long it thinks. The thinking comes back encrypted, since nothing of it is kept there."""
    if not is_reasoning(target.model):
        asked = request.thinking not in (None, Effort.NONE)
        return {}, (f"{target.model} is not told how long to think",) if asked else ()
    body: dict[str, Any] = {"include": ["reasoning.encrypted_content"]}
    if request.thinking is None:
        return body, ()
    word = effort_word(target.model, request.thinking)
    if word is None:
        return body, (f"{target.model} is not told how long to think",)
    # The summary is for the person, so it is asked for only where thinking is.
    summary = {} if request.thinking is Effort.NONE else {"summary": "auto"}
    return body | {"reasoning": {"effort": word, **summary}}, openai.effort_note(target.model, request.thinking, word)


def _instructions(request: Request) -> tuple[Message, ...]:
    """The system messages at the beginning; later ones stay at their places.

    The word about JSON is looked for in the input alone, so all of them stay there then.
    """
    if request.output is not None and request.output.schema is None:
        return ()
    first_other = next((at for at, message in enumerate(request.messages) if message.role != "system"), None)
    return request.messages[:first_other]


def _items(messages: tuple[Message, ...], target: Target) -> list[dict[str, Any]]:
    ids = tool_ids(messages, target.origin)
    return [item for message in messages for item in _of_message(message, ids, target.origin)]


def _of_message(message: Message, ids: Mapping[str, str], origin: str) -> Iterator[dict[str, Any]]:
    said: list[Part] = []
    for at, part in enumerate(message.parts):
        match part:
            case TextPart() | ImagePart():
                said.append(part)
                continue
            case ToolResultPart():
                item = {
                    "type": "function_call_output",
                    "call_id": ids.get(part.call_id, part.call_id),
                    "output": result_text(part),
                }
            case ToolCallPart():
                item = {
                    "type": "function_call",
                    "call_id": ids[part.id],
                    "name": part.name,
                    "arguments": part.arguments,
                }
            case ThinkingPart() if part.signature and part.origin == origin and _leads_on(message.parts[at + 1 :]):
                item = _thought(part)
            case _:
                continue
        yield from _said(message.role, said)
        said = []
        yield item
    yield from _said(message.role, said)


def _said(role: str, parts: list[Part]) -> Iterator[dict[str, Any]]:
    """The message item of these texts and pictures, if there are any."""
    pictures = [part for part in parts if isinstance(part, ImagePart)]
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    if pictures:
        content = [
            {"type": "input_image", "image_url": data_url(part), "detail": "auto"}
            if isinstance(part, ImagePart)
            else {"type": "input_text", "text": part.text}
            for part in parts
            if isinstance(part, ImagePart | TextPart)
        ]
        yield {"role": role, "content": content}
    elif any(texts):
        yield {"role": role, "content": "".join(texts)}


def _leads_on(parts: tuple[Part, ...]) -> bool:
    """Whether something follows the thinking that it led to: alone, it is refused."""
    return any(isinstance(part, ToolCallPart) or (isinstance(part, TextPart) and part.text) for part in parts)


def _thought(part: ThinkingPart) -> dict[str, Any]:
    """The reasoning item that `Reader` made a signature of."""
    identity, _, encrypted = part.signature.partition(" ")
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    return {"type": "reasoning", "id": identity, "summary": summary, "encrypted_content": encrypted}


def _tools(request: Request) -> list[dict[str, Any]] | None:
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
            "strict": False,  # the default here, other than in chat completions, is true
        }
        for tool in request.tools
    ] or None


def _tool_choice(request: Request) -> str | dict[str, Any] | None:
    if not request.tools or request.tool_choice == "auto":
        return None
    if request.tool_choice in ("none", "required"):
        return request.tool_choice
    return {"type": "function", "name": request.tool_choice}


def _text_format(request: Request) -> dict[str, Any] | None:
    if request.output is None:
        return None
    schema = json_schema(request.output)
    return {"format": {"type": "json_schema", **schema} if schema else {"type": "json_object"}}


class Reader(EventReader):
    """Events into deltas. The last one holds usage and reason, so that nothing waits for the stream's end."""

    __slots__ = ("_calls", "_in_pieces", "_refusal", "_thinking")

    def __init__(self) -> None:
        super().__init__(CODES)
        self._calls: dict[int, int] = {}
        self._in_pieces: set[int] = set()
        self._thinking = 0
        self._refusal = ""

    def close(self) -> list[Delta]:
        """See `providers.base.Reader`."""
        if not self._finished:
            raise self._objects.cut()
        return []

    def _take(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        match event.get("type"):
            case "response.output_text.delta":
                _append(deltas, TextDelta, event)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                _append(deltas, ThinkingDelta, event)
            case "response.reasoning_summary_part.added":
                self._new_thought(deltas)
            case "response.function_call_arguments.delta":
                self._take_arguments(event, event.get("delta"), deltas)
            case "response.refusal.delta":
                self._refusal += str(event.get("delta") or "")
            case "response.output_item.added":
                self._begin_item(event, deltas)
            case "response.output_item.done":
                self._end_item(event, deltas)
            case "response.completed" | "response.incomplete":
                self._finish(mapping(event.get("response")), deltas)
            case "response.failed":
                raise failures.in_stream(mapping(event.get("response")), CODES)
            case "error":
                raise failures.in_stream(event, CODES)
            case None if event.get("error"):
                raise failures.in_stream(event, CODES)

    def _new_thought(self, deltas: list[Delta]) -> None:
        """Each part of a summary is a paragraph."""
        if self._thinking:
            deltas.append(ThinkingDelta("\n\n"))
        self._thinking += 1

    def _begin_item(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        item = mapping(event.get("item"))
        if item.get("type") == "reasoning":
            self._thinking = 0
        elif item.get("type") == "function_call":
            index = self._calls.setdefault(_place(event), len(self._calls))
            deltas.append(ToolCallDelta(index, id=str(item.get("call_id") or ""), name=str(item.get("name") or "")))

    def _take_arguments(self, event: Mapping[str, Any], arguments: Any, deltas: list[Delta]) -> None:
        index = self._calls.get(_place(event))
        if index is not None and arguments and isinstance(arguments, str):
            self._in_pieces.add(index)
            deltas.append(ToolCallDelta(index, arguments=arguments))

    def _end_item(self, event: Mapping[str, Any], deltas: list[Delta]) -> None:
        item = mapping(event.get("item"))
        if item.get("type") == "function_call" and self._calls.get(_place(event)) not in self._in_pieces:
            self._take_arguments(event, item.get("arguments"), deltas)  # compatible servers send them whole
        if item.get("type") == "reasoning" and item.get("encrypted_content"):
            deltas.append(SignatureDelta(f"{item.get('id') or ''} {item['encrypted_content']}"))

    def _finish(self, response: Mapping[str, Any], deltas: list[Delta]) -> None:
        usage = mapping(response.get("usage"))
        if usage:
            deltas.append(UsageDelta(_usage(usage)))
        if self._refusal:
            raise ContentFilter(failures.one_line(self._refusal))
        stop = Stop.TOOL_CALLS if self._calls else Stop.STOP
        if response.get("status") == "incomplete":
            reason = mapping(response.get("incomplete_details")).get("reason")
            known = _INCOMPLETE.get(str(reason))
            if known is None:
                raise StreamingError(f"stopped in the middle of the answer ({failures.one_line(str(reason))})")
            stop = known
        self._finished = True
        deltas.append(FinishDelta(stop))


_INCOMPLETE = MappingProxyType({"max_output_tokens": Stop.LENGTH, "content_filter": Stop.CONTENT_FILTER})


def _append(deltas: list[Delta], kind: type[TextDelta | ThinkingDelta], event: Mapping[str, Any]) -> None:
    text = event.get("delta")
    if text and isinstance(text, str):
        deltas.append(kind(text))


def _place(event: Mapping[str, Any]) -> int:
    place = event.get("output_index")
    return place if isinstance(place, int) else 0


def _usage(usage: Mapping[str, Any]) -> Usage:
    details = mapping(usage.get("input_tokens_details"))
    return Usage(
        input_tokens=count(usage, "input_tokens"),
        output_tokens=count(usage, "output_tokens"),
        cached_tokens=count(details, "cached_tokens"),
        cache_write_tokens=count(details, "cache_write_tokens"),
        reasoning_tokens=count(mapping(usage.get("output_tokens_details")), "reasoning_tokens"),
    )
