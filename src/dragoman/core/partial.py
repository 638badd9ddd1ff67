"""What is told of a job while it runs, as JSON: the same for an editor's partial results and for `--json --stream`.

`docs/protocol.md` describes these values; a test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from dragoman.core.chat import TextDelta, ThinkingDelta
from dragoman.core.events import Done, Reset, Routed, UsageReport

if TYPE_CHECKING:
    from dragoman.core.events import Event


class RouteValue(TypedDict):
    """Who answers, and why. `after` says what happened to the one asked before."""

    kind: Literal["route"]
    provider: str
    model: str
    local: bool
    intent: str
    reason: str
    attempt: int
    after: NotRequired[str]


class DeltaValue(TypedDict):
    """A piece of the answer, to be put behind what came before."""

    kind: Literal["delta"]
    text: str


class ThinkingValue(TypedDict):
    """A piece of the model's thinking; never part of the answer."""

    kind: Literal["thinking"]
    text: str


class ResetValue(TypedDict):
    """Throw away the deltas so far: the answer starts over."""

    kind: Literal["reset"]
    reason: str


class UsageValue(TypedDict):
    """Tokens of one attempt; `estimated` where the provider did not report them."""

    kind: Literal["usage"]
    provider: str
    model: str
    inputTokens: int
    outputTokens: int
    cachedTokens: int
    reasoningTokens: int
    estimated: bool


class DoneValue(TypedDict):
    """The answer is whole. Times are in seconds; `stop` is `stop`, `length`, `content_filter` or `tool_calls`.

    `cached`: it was there already, or another request's, and has cost nothing.
    """

    kind: Literal["done"]
    provider: str
    model: str
    stop: str
    seconds: float
    firstTokenSeconds: float
    attempts: int
    costUsd: float | None
    cached: bool


PartialValue = RouteValue | DeltaValue | ThinkingValue | ResetValue | UsageValue | DoneValue


def partial_value(event: Event) -> PartialValue | None:
    """The event as a partial result; None for what those leave out."""
    match event:
        case TextDelta(text):
            return {"kind": "delta", "text": text}
        case ThinkingDelta(text):
            return {"kind": "thinking", "text": text}
        case Routed():
            return _route(event)
        case Reset(reason):
            return {"kind": "reset", "reason": reason}
        case UsageReport(provider, model, usage):
            return {
                "kind": "usage",
                "provider": provider,
                "model": model,
                "inputTokens": usage.input_tokens,
                "outputTokens": usage.output_tokens,
                "cachedTokens": usage.cached_tokens,
                "reasoningTokens": usage.reasoning_tokens,
                "estimated": usage.estimated,
            }
        case Done():
            return {
                "kind": "done",
                "provider": event.provider,
                "model": event.model,
                "stop": event.stop.value,
                "seconds": round(event.seconds, 3),
                "firstTokenSeconds": round(event.first_token_seconds, 3),
                "attempts": event.attempts,
                "costUsd": event.cost_usd,
                "cached": event.cached,
            }
        case _:
            return None


def _route(event: Routed) -> RouteValue:
    value: RouteValue = {
        "kind": "route",
        "provider": event.provider,
        "model": event.model,
        "local": event.local,
        "intent": event.intent,
        "reason": event.reason,
        "attempt": event.attempt,
    }
    if event.after:
        value["after"] = event.after
    return value
