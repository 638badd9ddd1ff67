"""What all dialects need to write and read JSON over HTTP. Knows no provider."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dragoman.core.chat import ToolCallPart
from dragoman.core.errors import InvalidRequest, ProviderError, StreamingError
from dragoman.providers import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dragoman.core.chat import Message

_FORGIVEN = 2
"""So many events that can't be read are skipped; one more, and the stream is garbled."""

_BLANKS = " \t\r\n"
"""What may stand around a JSON value (RFC 8259, section 2)."""

_first_value = json.JSONDecoder().raw_decode
"""The value that a text begins with, and its end. Runs for every token, where `json.loads` takes half as long again."""

_OPENING = 2000
"""So many bytes of a stream are kept until something of the dialect was seen, to say what came instead."""


def api_root(base_url: str, *endings: str) -> str:
    """The base URL without trailing slashes and without those of the endings that a person may have pasted with it."""
    root = base_url.strip().rstrip("/")
    for ending in endings:
        root = root.removesuffix(ending).rstrip("/")
    return root


def json_body(value: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON without the members that are None. A lone surrogate, which no JSON reader takes, becomes `?`."""
    present = {name: member for name, member in value.items() if member is not None}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def turn(message: Message) -> dict[str, str]:
    """A message in the shape that all dialects share."""
    return {"role": message.role, "content": message.text}


def tool_ids(messages: Iterable[Message], origin: str) -> dict[str, str]:
    """What each tool call's id is called at this endpoint, by the id that the call has in the messages.

    An id of its own stays. Another endpoint's becomes nine letters and digits, which every provider takes (Mistral
    nothing else), always the same ones for the same id.
    """
    calls = (part for message in messages for part in message.parts if isinstance(part, ToolCallPart))
    return {
        call.id: call.id if call.origin == origin else sha256(f"{call.origin} {call.id}".encode()).hexdigest()[:9]
        for call in calls
    }


def arguments(call: ToolCallPart) -> dict[str, Any]:
    """A tool call's arguments as an object. Raises `InvalidRequest` where they are none, as in a call that was cut."""
    try:
        value = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest(f"the arguments of the call of {call.name} are no JSON object")
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def count(usage: Mapping[str, Any], name: str) -> int:
    """A number of tokens, 0 where it is missing or no number."""
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def names(body: bytes, member: str, key: str) -> tuple[str, ...]:
    """The models' names in a list like `{member: [{key: name}, …]}`. Raises `StreamingError` where it is none."""
    try:
        listed = json.loads(body)[member]
        return tuple(str(model[key]) for model in listed or ())
    except (ValueError, LookupError, TypeError, RecursionError):
        raise StreamingError("answered with something that is no list of models: check its base_url") from None


def vectors(body: bytes, rows: Callable[[Any], Iterable[Any]]) -> tuple[tuple[float, ...], ...]:
    """The vectors that `rows` finds in an answer, one a text. Raises `StreamingError` where it finds none such."""
    try:
        return tuple(tuple(map(float, row)) for row in rows(json.loads(body)))
    except (ValueError, LookupError, TypeError, RecursionError):
        raise StreamingError("answered with something that is no embeddings: check its base_url") from None


class Objects:
    """The JSON objects of one stream. A few that can't be read are skipped and counted."""

    __slots__ = ("_codes", "_opening", "_seen", "skipped")

    def __init__(self, codes: failures.Codes) -> None:
        self.skipped = 0
        self._codes = codes
        self._seen = False
        self._opening = b""

    def note(self, data: bytes) -> None:
        """Remember how the stream begins, as long as nothing of the dialect was seen in it."""
        if not self._seen:
            self._opening = (self._opening + data)[:_OPENING]

    def parse(self, text: str) -> dict[str, Any] | None:
        """The object, or None for one that is skipped. Raises `StreamingError` where too many can't be read."""
        text = text.strip(_BLANKS)
        try:
            value, end = _first_value(text)
        except (ValueError, RecursionError):
            value, end = None, 0
        if isinstance(value, dict) and end == len(text):
            self._seen = True
            return value
        if text:
            self.skipped += 1
            if self.skipped > _FORGIVEN:
                raise StreamingError("sent several events that can't be read") if self._seen else self.cut()
        return None

    def cut(self, reason: str = "broke off in the middle of the answer") -> ProviderError:
        """The error for a stream that ended before its answer did (for this reason), or never was one."""
        if self._seen:
            return StreamingError(reason)
        return failures.not_a_stream(self._opening, self._codes)
