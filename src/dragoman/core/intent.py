"""Which kind of work a request is, as a value; free text is classified in `core.classifier`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Intent(StrEnum):
    """The kinds of work that the routing table knows."""

    CODE = "code"
    TESTS = "tests"
    REGEX = "regex"
    ANALYSIS = "analysis"
    EXPLANATION = "explanation"
    GENERAL = "general"


IntentOrigin = Literal["action", "hint", "classifier"]


@dataclass(frozen=True, slots=True)
class LabelledIntent:
    """An intent, where it came from, and the reason in a few words for the person."""

    intent: Intent
    origin: IntentOrigin
    reason: str
