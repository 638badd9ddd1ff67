"""Ollama's own chat API, streamed as newline-delimited JSON. Opens no socket.

Source: Ollama's API documentation, "Generate a chat completion" and "List local models".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import FinishDelta, Stop, TextDelta, ThinkingDelta, Usage, UsageDelta
from dragoman.core.errors import ContextLength, ProviderError, StreamingError
from dragoman.core.sse import LineSplitter
from dragoman.providers import failures
from dragoman.providers.base import Call
from dragoman.providers.wire import Objects, api_root, count, json_body, mapping, names, turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.chat import Delta, Request
    from dragoman.providers.base import Target

_CODES: failures.Codes = MappingProxyType({"exceed_context_size_error": ContextLength})
"""Ollama names no codes itself; its runner's JSON may stand inside its sentence."""


def call(request: Request, target: Target) -> Call:
    """The streaming request to `/api/chat`.

    `truncate` and `shift` are off: by default Ollama cuts a long prompt's beginning away and says nothing of it.
    """
    options = target.options
    parameters = {
        "num_ctx": options.num_ctx,
        "num_predict": request.max_output_tokens or options.max_tokens,
        "temperature": options.temperature if request.temperature is None else request.temperature,
        "stop": list(request.stop) or None,
    }
    body = {
        "model": target.model,
        "messages": [turn(message) for message in request.messages],
        "stream": True,
        "truncate": False,
        "shift": False,
        "keep_alive": _keep_alive(options.keep_alive),
        "options": {name: value for name, value in parameters.items() if value is not None} or None,
    }
    headers = (("content-type", "application/json"), ("accept", "application/x-ndjson"), *_headers(target))
    return Call("POST", f"{_root(target)}/api/chat", headers, json_body(body))


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


class Reader:
    """Lines into deltas. `<think>` inside the content is text here: telling it apart is `core.reply`'s work."""

    __slots__ = ("_finished", "_lines", "_objects")

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._objects = Objects(_CODES)
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
        message = mapping(chunk.get("message"))
        if (thinking := message.get("thinking")) and isinstance(thinking, str):
            deltas.append(ThinkingDelta(thinking))
        if (content := message.get("content")) and isinstance(content, str):
            deltas.append(TextDelta(content))
        if chunk.get("done") is True:
            self._finish(chunk, deltas)

    def _finish(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        reason = chunk.get("done_reason")
        if reason in ("load", "unload"):
            raise StreamingError(f"the model was {reason}ed, but wrote nothing")
        read, written = count(chunk, "prompt_eval_count"), count(chunk, "eval_count")
        if read or written:
            deltas.append(UsageDelta(Usage(input_tokens=read, output_tokens=written)))
        self._finished = True
        deltas.append(FinishDelta(Stop.LENGTH if reason == "length" else Stop.STOP))


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
