"""Ollama's own API: chat, fill in the middle, embeddings, models. Opens no socket.

Source: Ollama's API documentation ("Generate a completion", "Generate a chat completion", "Generate embeddings", "List
local models", "Show model information", "Pull a model"; "Thinking") and its server's types.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import (
    Effort,
    FinishDelta,
    ImagePart,
    Stop,
    TextDelta,
    ThinkingDelta,
    ThinkingPart,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
    Usage,
    UsageDelta,
)
from dragoman.core.errors import ContextLength, InvalidRequest, ProviderError, StreamingError
from dragoman.core.fill import family_of, templated
from dragoman.core.sse import LineSplitter
from dragoman.providers import failures
from dragoman.providers.base import Call, Capabilities, PullProgress
from dragoman.providers.wire import Objects, api_root, arguments, count, json_body, mapping, names, tool_ids, vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.core.chat import Delta, FillRequest, JsonOutput, Message, Request
    from dragoman.providers.base import Target

EMBED_BATCH = 64
"""There is no limit but the server's patience: it embeds one text after another."""

_THINKS_BY_LEVEL = re.compile(r"(?:.*/)?gpt-oss")
"""Takes `low`, `medium` or `high`, passes over true and false, and can't be kept from thinking."""

_CODES: failures.Codes = MappingProxyType({"exceed_context_size_error": ContextLength})
"""Ollama names no codes itself; its runner's JSON may stand inside its sentence."""


def call(request: Request, target: Target) -> Call:
    """The streaming request to `/api/chat`."""
    notes: list[str] = []
    ids = tool_ids(request.messages, target.origin)
    called = {part.id: part.name for part in _calls(request.messages)}
    body = {
        **_common(target, request.max_output_tokens, request.temperature, request.stop, request.top_p),
        "messages": [turn for message in request.messages for turn in _turns(message, ids, called, target)],
        "tools": _tools(request, target),
        "format": _format(request.output),
        "think": _think(request.thinking, target, notes),
    }
    return _post("/api/chat", body, target, notes)


def can_fill(target: Target, told: bool | None) -> bool:
    """See `providers.base.Filler`. Servers before `capabilities` say nothing."""
    return family_of(target.model) is not None if told is None else told


def fill_call(request: FillRequest, target: Target) -> Call:
    """The streaming request to `/api/generate`, whose template puts prefix and suffix where the model wants them.

    Without a suffix the server would take the prefix for a chat.
    """
    body = {
        **_common(target, request.max_output_tokens, request.temperature, request.stop),
        "prompt": request.prefix,
        "suffix": request.suffix or "\n",
        "think": False,
    }
    return _post("/api/generate", body, target)


def raw_fill_call(request: FillRequest, target: Target) -> Call:
    """The same by the model's own template, for one whose template there has no place for a suffix. Raises
    `InvalidRequest` for a model of no known family.
    """
    prompt, request = templated(request, target.model)
    body = {
        **_common(target, request.max_output_tokens, request.temperature, request.stop),
        "prompt": prompt,
        "raw": True,
    }
    return _post("/api/generate", body, target)


def embed_call(texts: Sequence[str], target: Target) -> Call:
    """The request to `/api/embed`.

    The window is left to the model, which is another than the chat's. A text beyond it is cut: its beginning can be
    found too, and one long text does not cost the others their vectors.
    """
    body = {"model": target.model, "input": list(texts), "keep_alive": _keep_alive(target.options.keep_alive)}
    return _post("/api/embed", body, target)


def embeddings(body: bytes) -> tuple[tuple[float, ...], ...]:
    """One vector a text. Raises `StreamingError` where it is no such answer."""
    return vectors(body, lambda answer: answer["embeddings"])


def describe_call(target: Target) -> Call:
    """The request to `/api/show`."""
    return _post("/api/show", {"model": target.model}, target)


def described(body: bytes, model: str) -> Capabilities:
    """The window that the model was trained for, and its abilities; older servers say nothing of these."""
    try:
        shown = mapping(json.loads(body))
    except (ValueError, RecursionError):
        shown = {}
    if not isinstance(shown.get("model_info"), dict) and not isinstance(shown.get("details"), dict):
        raise StreamingError(f"answered with something that does not describe {model}: check its base_url")
    information = mapping(shown.get("model_info"))
    windows = (count(information, name) for name in information if name.endswith(".context_length"))
    abilities = shown.get("capabilities")
    can = {str(ability) for ability in abilities} if isinstance(abilities, list) else None
    return Capabilities(
        context=next(windows, 0) or None,
        tools=None if can is None else "tools" in can,
        vision=None if can is None else "vision" in can,
        thinking=None if can is None else "thinking" in can,
        fill=None if can is None else "insert" in can,
        embeddings=None if can is None else "embedding" in can,
    )


def pull_call(target: Target) -> Call:
    """The streaming request to `/api/pull`."""
    return _post("/api/pull", {"model": target.model, "stream": True}, target)


def pull_reader() -> PullReader:
    """A reader for the response to `pull_call`."""
    return PullReader()


def models_call(target: Target) -> Call:
    """The request for `/api/tags`."""
    return Call("GET", f"{_root(target)}/api/tags", (("accept", "application/json"), *_headers(target)))


def models(body: bytes) -> tuple[str, ...]:
    """The models' names with their tags. Raises `StreamingError` where it is no such list."""
    return names(body, "models", "name")


def error(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What a response that is not the stream means."""
    return failures.of_response(status, headers, body, _CODES)


def reader() -> Reader:
    """A reader for the response to `call`."""
    return Reader()


def fill_reader() -> Reader:
    """A reader for the response to `fill_call`."""
    return Reader()


class Reader:
    """Lines into deltas. `<think>` inside the content is text here: telling it apart is `core.reply`'s work."""

    __slots__ = ("_calls", "_finished", "_lines", "_objects")

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._objects = Objects(_CODES)
        self._calls = 0
        self._finished = False

    @property
    def skipped(self) -> int:
        """Lines that could not be read and were left out."""
        return self._objects.skipped

    def feed(self, data: bytes) -> list[Delta]:
        """See `providers.base.Reader`."""
        self._objects.note(data)
        return self._take_all(self._lines.feed(data))

    def close(self) -> list[Delta]:
        """See `providers.base.Reader`."""
        deltas = self._take_all(self._lines.close())
        if not self._finished:
            raise self._objects.cut()
        return deltas

    def _take_all(self, lines: list[str]) -> list[Delta]:
        deltas: list[Delta] = []
        for line in lines:
            if self._finished:
                break
            if (chunk := self._objects.parse(line)) is not None:
                self._take(chunk, deltas)
        return deltas

    def _take(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        if chunk.get("error"):
            raise failures.in_stream(chunk, _CODES)
        message = mapping(chunk.get("message")) or chunk  # `/api/generate` has no message around its text
        if (thinking := message.get("thinking")) and isinstance(thinking, str):
            deltas.append(ThinkingDelta(thinking))
        content = message.get("content") or message.get("response")
        if content and isinstance(content, str):
            deltas.append(TextDelta(content))
        if (calls := message.get("tool_calls")) and isinstance(calls, list):
            deltas.extend(self._call(mapping(call), chunk) for call in calls)
        if chunk.get("done") is True:
            self._finish(chunk, deltas)

    def _call(self, call: Mapping[str, Any], chunk: Mapping[str, Any]) -> ToolCallDelta:
        """A call comes whole. Older servers give it no id: then the time of writing and its number make one."""
        function = mapping(call.get("function"))
        index, self._calls = self._calls, self._calls + 1
        return ToolCallDelta(
            index,
            str(call.get("id") or f"call_{chunk.get('created_at', '')}_{index}"),
            str(function.get("name") or ""),
            json.dumps(mapping(function.get("arguments")), ensure_ascii=False),
        )

    def _finish(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        reason = chunk.get("done_reason")
        if reason in ("load", "unload"):
            raise StreamingError(f"the model was {reason}ed, but wrote nothing")
        read, written = count(chunk, "prompt_eval_count"), count(chunk, "eval_count")
        if read or written:
            deltas.append(UsageDelta(Usage(input_tokens=read, output_tokens=written)))
        self._finished = True
        stop = Stop.TOOL_CALLS if self._calls else Stop.STOP
        deltas.append(FinishDelta(Stop.LENGTH if reason == "length" else stop))


class PullReader:
    """Lines of progress. Nothing but `success` says that the model is there."""

    __slots__ = ("_done", "_lines", "_objects")

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._objects = Objects(_CODES)
        self._done = False

    def feed(self, data: bytes) -> list[PullProgress]:
        """See `providers.base.PullReader`."""
        self._objects.note(data)
        return self._take_all(self._lines.feed(data))

    def close(self) -> list[PullProgress]:
        """See `providers.base.PullReader`."""
        progress = self._take_all(self._lines.close())
        if not self._done:
            raise self._objects.cut("broke off before the model was there")
        return progress

    def _take_all(self, lines: list[str]) -> list[PullProgress]:
        progress: list[PullProgress] = []
        for line in lines:
            if self._done or (said := self._objects.parse(line)) is None:
                continue
            if said.get("error"):
                raise failures.in_stream(said, _CODES)
            progress.append(_progress(said))
            self._done = progress[-1].done
        return progress


def _progress(said: Mapping[str, Any]) -> PullProgress:
    status = failures.one_line(str(said.get("status", "")))
    total = count(said, "total") or None
    completed = None if total is None else count(said, "completed")
    return PullProgress(status, str(said.get("digest", "")), completed, total, done=status == "success")


def _common(
    target: Target,
    max_output_tokens: int | None,
    temperature: float | None,
    stop: tuple[str, ...],
    top_p: float | None = None,
) -> dict[str, Any]:
    """What chat and fill share.

    `truncate` and `shift` are off: by default Ollama cuts a long prompt's beginning away and says nothing of it.
    `num_ctx` and `keep_alive` are the same in every request to a model, since another window means loading it afresh.
    """
    options = target.options
    parameters = {
        "num_ctx": options.num_ctx,
        "num_predict": max_output_tokens or options.max_tokens,
        "temperature": options.temperature if temperature is None else temperature,
        "top_p": top_p,
        "stop": list(stop) or None,
    }
    return {
        "model": target.model,
        "stream": options.stream,
        "truncate": False,
        "shift": False,
        "keep_alive": _keep_alive(options.keep_alive),
        "options": {name: value for name, value in parameters.items() if value is not None} or None,
    }


def _post(path: str, body: Mapping[str, Any], target: Target, notes: Sequence[str] = ()) -> Call:
    accept = "application/x-ndjson" if body.get("stream") else "application/json"
    headers = (("content-type", "application/json"), ("accept", accept), *_headers(target))
    return Call("POST", f"{_root(target)}{path}", headers, json_body(body), tuple(notes))


def _calls(messages: Sequence[Message]) -> Iterator[ToolCallPart]:
    return (part for message in messages for part in message.parts if isinstance(part, ToolCallPart))


def _turns(
    message: Message, ids: Mapping[str, str], called: Mapping[str, str], target: Target
) -> Iterator[dict[str, Any]]:
    """The tools' results, each a turn of its own, then the rest of the message."""
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            text = f"Error: {part.text}" if part.is_error else part.text
            by = {"tool_name": called.get(part.call_id, ""), "tool_call_id": ids.get(part.call_id, part.call_id)}
            yield {"role": "tool", "content": text, **by}
    images = [b64encode(part.data).decode("ascii") for part in message.parts if isinstance(part, ImagePart)]
    thoughts = [p.text for p in message.parts if isinstance(p, ThinkingPart) and p.origin == target.origin]
    calls = [
        {"id": ids[part.id], "function": {"name": part.name, "arguments": arguments(part)}}
        for part in _calls([message])
    ]
    beside = {"thinking": "".join(thoughts), "images": images, "tool_calls": calls}
    rest = {name: value for name, value in beside.items() if value}
    if message.text or rest:
        yield {"role": message.role, "content": message.text, **rest}


def _tools(request: Request, target: Target) -> list[dict[str, Any]] | None:
    """The tools' declarations. Raises `InvalidRequest` where one is demanded: there is no way to say so."""
    if not request.tools or request.tool_choice == "none":
        return None
    if request.tool_choice != "auto":
        raise InvalidRequest(f"{target.provider} can't make a model use a tool, only leave it to choose one")
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in request.tools
    ]


def _format(output: JsonOutput | None) -> str | dict[str, Any] | None:
    if output is None:
        return None
    return "json" if output.schema is None else dict(output.schema)


def _think(effort: Effort | None, target: Target, notes: list[str]) -> bool | str | None:
    """`think`. A model that can think does so where nothing is said; one that can't would refuse to be asked."""
    if effort is None:
        return None
    if _THINKS_BY_LEVEL.match(target.model):
        if effort is Effort.NONE:
            notes.append(f"{target.model} can't be kept from thinking; it thinks little")
            return str(Effort.LOW)
        return str(effort)
    if effort is not Effort.NONE:
        notes.append(f"how much {target.model} thinks is its own affair")
        return None
    return False


def _keep_alive(value: str | None) -> str | int | None:
    """A duration such as `5m` goes as text, a bare number of seconds (-1: for ever) as a number: Ollama parses either
    only so.
    """
    try:
        return int(value) if value is not None else None
    except ValueError:
        return value


def _root(target: Target) -> str:
    return api_root(target.base_url, "/api/chat", "/api", "/v1")


def _headers(target: Target) -> tuple[tuple[str, str], ...]:
    key = (("authorization", f"Bearer {target.secret}"),) if target.secret else ()
    return (*key, *target.options.headers)
