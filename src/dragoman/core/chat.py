"""What is said to a model and what comes back, as values. Knows no provider, no wire and no editor."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class TextPart:
    """A run of text inside a message."""

    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture: `media_type` as `image/png`, `data` the file's bytes."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ThinkingPart:
    """What a model thought in an earlier turn of its own.

    `signature` proves it to the provider that wrote it; `origin` is that endpoint's tag (`Target.origin`). Where
    another endpoint continues the conversation, the part is left out.
    """

    text: str
    signature: str = field(repr=False, default="")
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A model asks for a tool: `arguments` is JSON text. `id` means something to the endpoint `origin` alone; another
    one that continues is given an id of its own kind, the same for call and result.
    """

    id: str
    name: str
    arguments: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """What the tool answered to the call with this id."""

    call_id: str
    text: str
    is_error: bool = False


Part = TextPart | ImagePart | ThinkingPart | ToolCallPart | ToolResultPart
"""What a message is made of: assistant messages of text, thinking and tool calls; user messages of text, images and
tool results; system messages of text.
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The message's text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


def system(text: str) -> Message:
    """A system message: standing instructions for the model."""
    return Message("system", (TextPart(text),))


def user(text: str) -> Message:
    """A user message."""
    return Message("user", (TextPart(text),))


def assistant(text: str) -> Message:
    """A message that a model wrote earlier."""
    return Message("assistant", (TextPart(text),))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may ask for; `parameters` is a JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, object]


class Effort(StrEnum):
    """How long a model is to think before it answers."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class JsonOutput:
    """The answer is to be JSON; where `schema` is given, of that JSON Schema."""

    schema: Mapping[str, object] | None = None
    name: str = "answer"


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked, in no provider's dialect.

    max_output_tokens, temperature, top_p: where None, the provider's setting's or its own default.
    stop: texts at which it stops writing.
    tools, tool_choice: what it may ask for; `auto`, `none`, `required`, or one tool's name.
    thinking: how long it thinks; None leaves it to the model.
    output: JSON instead of prose.

    What a provider can't do is refused by its dialect with `InvalidRequest` where the answer would be wrong without it
    (images, tools, JSON by schema), and left out with a note in `Call.notes` where it would only be different
    (temperature, top_p, stop beyond its limit, thinking).
    """

    messages: tuple[Message, ...]
    max_output_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    top_p: float | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    thinking: Effort | None = None
    output: JsonOutput | None = None


@dataclass(frozen=True, slots=True)
class FillRequest:
    """Fill in the middle: what belongs between `prefix` and `suffix`."""

    prefix: str = field(repr=False)
    suffix: str = field(repr=False)
    max_output_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()


class Stop(StrEnum):
    """Why a model stopped writing."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt. `input_tokens` includes the cached ones, `output_tokens` the reasoning ones.

    cached_tokens: what the provider had in its cache. cache_write_tokens: what it wrote there; the two do not overlap.
    `estimated` says that the provider did not report them and they were counted here.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of the model's thinking, which is never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class SignatureDelta:
    """The provider's proof of the thinking before it; to be given back with it, never shown."""

    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call. Pieces with the same `index` belong together: the first has `id` and `name`, all of them
    add to `arguments`.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """Tokens so far, as the provider reports them; a later one replaces an earlier one."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class FinishDelta:
    """The provider says that the answer is whole, and why it ends here."""

    stop: Stop


Delta = TextDelta | ThinkingDelta | SignatureDelta | ToolCallDelta | UsageDelta | FinishDelta
"""What a provider's reader makes of bytes."""
