"""What a scripted provider is told to do, and what it saw: `Reply`, `Fault`, `Call`, and ways to build a `Script`.

Values and small functions; no socket and no provider's wire here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain, count, repeat
from typing import Any, Self

from dragoman.core.chat import Stop, Usage


class Fault(StrEnum):
    """One way in which a provider fails. The value is its name on the command line; `summary` says what happens.

    Those marked "inside" strike after `Reply.after` pieces of the answer.
    """

    summary: str

    def __new__(cls, value: str, summary: str) -> Self:
        """A member with its sentence."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.summary = summary
        return member

    # Silence
    HANG_HEADERS = "hang-headers", "takes the request and never answers"
    HANG_FIRST_TOKEN = "hang-first-token", "sends the headers and no token"
    STALL = "stall", "falls silent inside the answer"
    KEEPALIVES = "keepalives", "inside the answer, goes on with the dialect's empty events and no token"
    SLOW_DRIP = "slow-drip", "sends the answer one byte at a time"
    LINGERS = "lingers", "sends the whole answer and its sentinel, and does not end the response"
    # Broken off
    DISCONNECT = "disconnect", "closes the connection instead of answering"
    CUT = "cut", "resets the connection inside the answer"
    CUT_CLEANLY = "cut-cleanly", "closes the connection inside the answer, without the end of the response"
    SHORTENED = "shortened", "inside the answer, ends the response properly, without a finish"
    EMPTY_STREAM = "empty-stream", "answers 200 with no event at all"
    NO_SENTINEL = "no-sentinel", "leaves out the last event, after the one that says why the model stopped"
    # Garbled
    MALFORMED_EVENT = "malformed-event", "one event inside the answer is not JSON"
    MALFORMED_EVENTS = "malformed-events", "several events inside the answer are not JSON"
    ERROR_IN_STREAM = "error-in-stream", "inside the answer, reports an error as the dialect does, and ends"
    ENDLESS_LINE = "endless-line", "inside the answer, sends a line that never ends"
    GZIP_GARBAGE = "gzip-garbage", "claims gzip and sends something else"
    TLS_NONSENSE = "tls-nonsense", "answers with bytes of another protocol"
    WRONG_CONTENT_TYPE = "wrong-content-type", "the answer is right, its content type is not"
    WEB_PAGE = "web-page", "answers 200 with a web page, as a captive portal does"
    REDIRECT = "redirect", "answers 307 to `Reply.location`"
    # Refused
    BAD_REQUEST = "bad-request", "400"
    UNAUTHORIZED = "unauthorized", "401, the key is wrong"
    FORBIDDEN = "forbidden", "403, the key may not do this"
    MODEL_NOT_FOUND = "model-not-found", "404, no such model"
    REQUEST_TIMEOUT = "request-timeout", "408"
    UNPROCESSABLE = "unprocessable", "422"
    RATE_LIMIT = "rate-limit", "429, without a word on how long"
    RATE_LIMIT_SECONDS = "rate-limit-seconds", "429 with Retry-After in seconds"
    RATE_LIMIT_MS = "rate-limit-ms", "429 with retry-after-ms"
    RATE_LIMIT_DATE = "rate-limit-date", "429 with Retry-After as a date"
    SERVER_ERROR = "server-error", "500"
    BAD_GATEWAY = "bad-gateway", "502, a proxy's web page"
    UNAVAILABLE = "unavailable", "503"
    UNAVAILABLE_SECONDS = "unavailable-seconds", "503 with Retry-After in seconds"
    OVERLOADED = "overloaded", "529"
    QUOTA = "quota", "the account is used up, in the dialect's own status"
    CONTEXT_LENGTH = "context-length", "400, the prompt is longer than the model's window"
    CONTENT_FILTER = "content-filter", "400, the provider's filter refuses the prompt"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool.

    arguments: JSON text in pieces, each one event where the vendor streams them.
    id: "" where the simulator is to number it; Ollama sends none.
    """

    name: str
    arguments: tuple[str, ...] = ("{}",)
    id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """How one call is answered. Times are in seconds.

    text, thinking: the pieces, each one event; thinking comes first, the tool calls last.
    signature: the provider's proof of the thinking, where the vendor has one; base64.
    stop: with tool calls, `STOP` goes out as `TOOL_CALLS`.
    usage: None where the provider reports none.
    vectors: what a call for embeddings gets; None where they are to follow from the texts.
    after: pieces that are sent before a fault "inside" strikes.
    retry_after: what the faults that speak of it say; the date form has whole seconds.
    """

    text: tuple[str, ...] = ("A", " scripted", " answer", " in", " pieces.")
    thinking: tuple[str, ...] = ()
    signature: str = "c2NyaXB0ZWQ="
    tools: tuple[ToolCall, ...] = ()
    stop: Stop = Stop.STOP
    usage: Usage | None = field(default_factory=lambda: Usage(input_tokens=12, output_tokens=5))
    vectors: tuple[tuple[float, ...], ...] | None = None
    before_headers: float = 0
    before_first: float = 0
    between: float = 0
    fault: Fault | None = None
    after: int = 2
    retry_after: float = 2
    location: str = "https://portal.invalid/login"

    @property
    def ending(self) -> Stop:
        """Why the model stopped."""
        return Stop.TOOL_CALLS if self.tools and self.stop is Stop.STOP else self.stop


def saying_json(value: object) -> Reply:
    """A reply that is JSON, in pieces of a few characters, as a model writes it."""
    text = json.dumps(value, ensure_ascii=False)
    return Reply(text=tuple(text[start : start + 4] for start in range(0, len(text), 4)))


@dataclass(slots=True, eq=False)
class Call:
    """One request as the simulator received it, and what became of it.

    prefix: what stood before the API's own path, so that one port can play several providers.
    completion: a model is asked (for an answer, for what belongs into a gap, for embeddings): the script replies.
    received_at, hung_up_at: seconds of the event loop's clock. Headers may hold a key, the body code: not in the repr.
    sent_whole: the answer and its finish were written, whatever the client did with them.
    """

    dialect: str
    method: str
    path: str
    prefix: str
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    completion: bool
    received_at: float
    query: Mapping[str, str] = field(repr=False, default_factory=dict)
    path_model: str = ""
    stream: bool = False
    pieces_sent: int = 0
    sent_whole: bool = False
    hung_up: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    hung_up_at: float | None = None

    @property
    def model(self) -> str:
        """The model that is asked for, in the path where the vendor has it there, or ""."""
        return self.path_model or str(self.body.get("model", ""))

    @property
    def system(self) -> str:
        """The standing instructions: the vendor's own field for them, or the messages of that role."""
        apart = next(
            (self.body[name] for name in ("system", "instructions", "systemInstruction") if name in self.body), ""
        )
        return _text(apart) or "\n".join(self._said_by("system", "developer"))

    @property
    def prompt(self) -> str:
        """What the user says last, or what stands before the gap that is to be filled."""
        plain = (self.body.get(name) for name in ("prompt", "input", "input_prefix"))
        return next((said for said in (*reversed(self._said_by("user")), *plain) if said and isinstance(said, str)), "")

    @property
    def suffix(self) -> str:
        """What stands behind the gap that is to be filled."""
        return str(self.body.get("suffix") or self.body.get("input_suffix") or "")

    def _said_by(self, *roles: str) -> list[str]:
        lists = (self.body.get(name) for name in ("messages", "contents", "input"))
        turns = next((turns for turns in lists if isinstance(turns, list)), [])
        said = [turn for turn in turns if isinstance(turn, dict) and turn.get("role", "user") in roles]
        return [_text(turn.get("content", turn.get("parts"))) for turn in said]


def _text(content: object) -> str:
    """A message's text, which the dialects write as a string, as a list of parts, or as an object with parts."""
    match content:
        case str():
            return content
        case list():
            return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
        case {"parts": parts}:
            return _text(parts)
    return ""


Script = Callable[[Call], Reply]
"""Says how a completion is answered. Made afresh for each simulator where it counts calls."""


def as_script(answers: Script | Reply | Sequence[Reply]) -> Script:
    """A script from a script, from one reply for all calls, or from replies in the order of the calls."""
    if isinstance(answers, Reply):
        return in_order(answers)
    return answers if callable(answers) else in_order(*answers)


def in_order(first: Reply, *others: Reply) -> Script:
    """The first call gets the first reply, and so on; the last reply is repeated."""
    last = others[-1] if others else first
    replies = chain((first, *others), repeat(last))
    return lambda _: next(replies)


def by_model(scripts: Mapping[str, Script], otherwise: Script) -> Script:
    """Each model has its own script."""
    return lambda call: scripts.get(call.model, otherwise)(call)


def by_prefix(scripts: Mapping[str, Script], otherwise: Script) -> Script:
    """Each path prefix (`/slow` in `http://host:port/slow/v1`) has its own script."""
    return lambda call: scripts.get(call.prefix, otherwise)(call)


def with_fault(script: Script, fault: Fault, *, after: int = 2, every: int = 1) -> Script:
    """The script, but every n-th call meets the fault; `every=3` spares the first two."""
    calls = count(1)

    def faulty(call: Call) -> Reply:
        reply = script(call)
        return replace(reply, fault=fault, after=after) if next(calls) % every == 0 else reply

    return faulty
