"""Who is asked, in which order, and why: a pure decision over settings, standing and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.intent import Intent, LabelledIntent


@dataclass(frozen=True, slots=True)
class Hints:
    """What one request wants otherwise than the settings say. An explicit provider or model always wins."""

    provider: str | None = None
    model: str | None = None
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One endpoint of one provider with one model: the unit that is asked, rests, and has a breaker.

    `provider` is the settings' name (`ollama`, `my-server`), `dialect` names the file in `providers/`.
    `model` is "" where the person named none and the provider's own list decides.
    """

    provider: str
    dialect: str
    endpoint: str
    model: str
    local: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that will be asked, and the reason for its rank in a few words."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A provider that will not be asked, why, and what the person can do about it."""

    provider: str
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The ordered candidates and everyone who was left out, each with a reason."""

    intent: LabelledIntent
    candidates: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
