"""What OpenAI's own models want that others don't, by their names. Only data and look-ups: makes no request."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.chat import Effort

if TYPE_CHECKING:
    from collections.abc import Mapping

_VENDOR = r"(?:.*/)?"
"""Gateways put the vendor before the model's name."""

_REASONING = re.compile(_VENDOR + r"(?:o\d|gpt-(?:[5-9]|\d\d)|codex-)(?!.*-chat)")

_RESPONSES = re.compile(
    r"""o\d.*-(?:pro|deep-research)
    | gpt-\d.*-(?:pro|codex)(?!.*-chat)
    | codex-
    | computer-use
    | gpt-(?:5\.[2-9]|[6-9]|\d\d)(?!.*-chat)  # refuse tools together with thinking anywhere else""",
    re.VERBOSE,
)
"""Models that answer at `/responses` alone, or not in full elsewhere; without a vendor's prefix: gateways have their
own ways.
"""


def _efforts(none: str, low: str = "low", medium: str = "medium", high: str = "high") -> Mapping[Effort, str]:
    return MappingProxyType({Effort.NONE: none, Effort.LOW: low, Effort.MEDIUM: medium, Effort.HIGH: high})


_EFFORTS = tuple(
    (re.compile(_VENDOR + pattern), words)
    for pattern, words in (
        (r"gpt-5-pro", _efforts("high", "high", "high")),
        (r"gpt-\d.*-pro", _efforts("medium", "medium")),
        (r"(?:o\d|gpt-\d.*-codex|codex-|gpt-oss)", _efforts("low")),
        (r"gpt-5(?!\.\d|.*-chat)", _efforts("minimal")),
        (r"gpt-(?:[5-9]|\d\d)(?!.*-chat)", _efforts("none")),
        (r"grok-3-mini", _efforts("low", medium="high")),
        (r"deepseek-v\d", _efforts("none")),
    )
)
"""What a model calls the efforts; the nearest one where it has no such effort ("Reasoning models" guide, vendors')."""


def is_reasoning(model: str) -> bool:
    """Whether it refuses `max_tokens`, `temperature`, `top_p` and `stop` ("Reasoning models" guide)."""
    return _REASONING.match(model) is not None


def wants_responses(model: str) -> bool:
    """Whether the model is to be asked at `/responses`."""
    return _RESPONSES.match(model) is not None


def effort_word(model: str, effort: Effort) -> str | None:
    """What the model calls this effort, or the nearest that it has; None where it knows none."""
    return next((words[effort] for pattern, words in _EFFORTS if pattern.match(model)), None)
