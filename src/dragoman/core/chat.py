"""What is said to a model and what comes back, as values. Knows no provider, no wire and no editor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class TextPart:
    """A run of text inside a message."""

    text: str


Part = TextPart
"""What a message is made of. Images and tool calls will join this union."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The message's text parts, joined."""
        return "".join(part.text for part in self.parts)


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
class Request:
    """What a model is asked, in no provider's dialect.

    `max_output_tokens` and `temperature`, where None, are the provider's setting's or its own default.
    """

    messages: tuple[Message, ...]
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

    `estimated` says that the provider did not report them and they were counted here.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of the model's thinking, which is never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """Tokens so far, as the provider reports them; a later one replaces an earlier one."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class FinishDelta:
    """The provider says that the answer is whole, and why it ends here."""

    stop: Stop


Delta = TextDelta | ThinkingDelta | UsageDelta | FinishDelta
"""What a provider's reader makes of bytes."""
