"""What follows from a failed attempt: the same place again, the next one, or an end; and what the person reads of it.

The table of the routing policy as pure functions. It waits for nothing and asks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from dragoman.core.errors import (
    AttemptTimeout,
    Authentication,
    BudgetExceeded,
    ContextLength,
    ModelUnavailable,
    NetworkError,
    QuotaExceeded,
    RateLimit,
    ServerError,
    StreamingError,
    UnknownProviderError,
)
from dragoman.core.limits import backoff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.core.errors import ProviderError
    from dragoman.core.route import LeftOut, Place

LONGEST_REST_SECONDS = 3600.0
"""A Retry-After beyond an hour is taken for a mistake: nobody is left out until the editor is closed."""


class Step(Enum):
    """What to do after a failed attempt."""

    AGAIN = auto()
    NEXT = auto()
    STOP = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and for AGAIN the seconds to wait first."""

    step: Step
    wait: float = 0.0


class RetryLimits(Protocol):
    """When and how often the same place is asked again; `core.settings.Retry` is one."""

    @property
    def max_retries(self) -> int:
        """Tries after the first."""
        ...

    @property
    def base_delay_ms(self) -> int:
        """The first backoff's upper bound."""
        ...

    @property
    def max_delay_ms(self) -> int:
        """No backoff is longer."""
        ...

    @property
    def max_retry_after_s(self) -> float:
        """A Retry-After up to this is waited for."""
        ...


def after_failure(error: ProviderError, retries: int, limits: RetryLimits, fraction: float) -> Verdict:
    """What follows, when this place was asked again `retries` times already. `fraction` is uniform in [0, 1)."""
    if not error.failover:
        return Verdict(Step.STOP)
    if not _worth_a_retry(error) or retries >= limits.max_retries:
        return Verdict(Step.NEXT)
    if error.retry_after is not None:
        short = error.retry_after <= limits.max_retry_after_s
        return Verdict(Step.AGAIN, error.retry_after) if short else Verdict(Step.NEXT)
    return Verdict(Step.AGAIN, backoff(retries, limits.base_delay_ms / 1000, limits.max_delay_ms / 1000, fraction))


def _worth_a_retry(error: ProviderError) -> bool:
    # A connection that was not made in time carried nothing; any other silence would only be repeated.
    return error.limit == "connect" if isinstance(error, AttemptTimeout) else error.retry


def is_unhealthy(error: ProviderError) -> bool:
    """Whether the failure speaks of the place's health: neither of the request nor of the account."""
    if isinstance(error, RateLimit):
        return error.retry_after is None  # else it rests for exactly that long
    return isinstance(error, ServerError | NetworkError | AttemptTimeout | StreamingError | UnknownProviderError)


def is_billed(error: ProviderError | None) -> bool:
    """Whether a request that was sent, and has brought nothing yet, is billed all the same.

    It is where it was answered or given up (None), and where the time ran out: somebody has read it. Who refuses it,
    breaks down or was not reached bills nothing.
    """
    return error is None or (isinstance(error, AttemptTimeout) and error.limit != "connect")


def rest_seconds(error: ProviderError) -> float:
    """How long the place wants to be left alone."""
    return min(error.retry_after or 0.0, LONGEST_REST_SECONDS)


def what_to_do(error: ProviderError, place: Place, key_help: str) -> str:
    """What the person can do about the failure, or "" where there is nothing. `key_help` says where the key goes."""
    match error:
        case Authentication():
            return key_help
        case QuotaExceeded():
            return "check the account's balance and limits"
        case ModelUnavailable() if place.dialect == "ollama":
            return f"run `{pull_command(place)}`"
        case ModelUnavailable():
            return f"name another in providers.{place.provider}.model"
        case ContextLength():
            return "select less, or lower context.max_tokens"
        case NetworkError() if place.local and place.dialect == "ollama":
            return "is Ollama running? start it with `ollama serve`"
        case NetworkError() if place.local:
            return "is the server running?"
        case AttemptTimeout() if error.limit == "max_latency":
            return ""  # the request's own wish
        case BudgetExceeded():
            return "raise that budget, or let a local provider answer"
        case AttemptTimeout():
            setting = "first_token" if error.limit == "headers" else error.limit
            return f"if it only needs longer, raise timeouts.{setting}"
        case RateLimit() if error.retry_after is not None:
            return f"it may be asked again in {max(1, round(error.retry_after))} s"
        case _:
            return ""


SMALL_CODE_MODEL = "qwen2.5-coder:7b"
"""What a person without any local model is advised to pull."""


def pull_command(place: Place) -> str:
    """What makes an Ollama server download the place's model, or a small one where none is named."""
    whose = "" if place.provider == "ollama" else f" --provider {place.provider}"
    return f"dragoman providers pull {place.model or SMALL_CODE_MODEL}{whose}"


def called(place: Place) -> str:
    """A place's name for the person."""
    return f"{place.provider} ({place.model})" if place.model else place.provider


def one_line(error: ProviderError, place: Place, key_help: str) -> str:
    """Who failed, why, and what to do."""
    return _sentence(place, (error,), key_help)


def all_failed(
    failures: Sequence[tuple[Place, ProviderError]], key_help: Mapping[str, str], left_out: Sequence[LeftOut]
) -> str:
    """One sentence per candidate, in the order of asking: every reason it gave, and what to do."""
    by_place: dict[Place, list[ProviderError]] = {}
    for place, error in failures:
        by_place.setdefault(place, []).append(error)
    sentences = [_sentence(place, errors, key_help.get(place.provider, "")) for place, errors in by_place.items()]
    sentences += [f"{left.provider} {left.reason}" for left in left_out if left.until is not None]
    return "no provider could answer: " + ". ".join(sentences)


def _sentence(place: Place, errors: Sequence[ProviderError], key_help: str) -> str:
    reasons = ", then ".join(dict.fromkeys(error.reason.rstrip(".") for error in errors))
    advice = what_to_do(errors[-1], place, key_help)
    # A dialect's reason may hold the advice already.
    return f"{called(place)}: {reasons}" + (f"; {advice}" if advice and advice not in reasons else "")


def nobody_to_ask(left_out: Sequence[LeftOut]) -> str:
    """Why there is not one candidate, provider by provider, and what to do."""
    if not left_out:
        return "no provider is configured: start Ollama, or set a key such as ANTHROPIC_API_KEY"
    reasons = dict.fromkeys(f"{left.provider}: {left.reason}" if left.provider else left.reason for left in left_out)
    return "nobody can be asked: " + "; ".join(reasons)
