"""What the engine tells while it works on a job. The editor's side turns these into progress; nothing here does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.chat import SignatureDelta, TextDelta, ThinkingDelta, ToolCallDelta

if TYPE_CHECKING:
    from dragoman.core.chat import Stop, Usage
    from dragoman.core.errors import Download


@dataclass(frozen=True, slots=True)
class Routed:
    """Who is asked now, and why. After a failover, `after` is one line on what happened to the one before.

    `chats`: as a chat; else the gap of the job is filled.
    """

    provider: str
    model: str
    endpoint: str
    local: bool
    intent: str
    reason: str
    attempt: int
    after: str | None = None
    chats: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is sent for `seconds`: a backoff, a Retry-After or an empty bucket. `reason` is one line."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Throw away what was shown of this answer: another provider starts over."""

    reason: str


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Tokens of the attempt that is running, or has just ended."""

    provider: str
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Notice:
    """One line that the person should read once: what is wrong although the work goes on, and what to do about it.

    `download` is what would cure it, where that is a model's download.
    """

    text: str
    download: Download | None = None


@dataclass(frozen=True, slots=True)
class Downloading:
    """How far a model's download is: the server's words, and the part that is done, in [0, 1], where it is known."""

    status: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is whole. Times are in seconds; `usage` is the answering attempt's.

    `cost_usd` is what all attempts cost together, or None where a price among them is not known. `cached`: the answer
    was there, or another request's, so that this one has cost nothing.
    """

    provider: str
    model: str
    stop: Stop
    usage: Usage
    seconds: float
    first_token_seconds: float
    attempts: int
    cost_usd: float | None = None
    cached: bool = False


Event = (
    Routed | Waiting | TextDelta | ThinkingDelta | SignatureDelta | ToolCallDelta | Reset | Notice | UsageReport | Done
)
"""The order: Routed, then deltas (Reset and Routed again on failover), UsageReport, Done; or an error is raised."""
