"""What each generation of Anthropic's models takes and refuses, told by its name. Sends nothing.

Source: Anthropic's documentation, "Troubleshooting thinking" and the migration guides of the models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_NAME = re.compile(r"claude-(?:(?P<line>[a-z]+)-)?(?P<major>\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?")


@dataclass(frozen=True, slots=True)
class Ways:
    """How one model wants to be asked.

    thinking: `budget` (so many tokens), `adaptive` (an effort), or "" for a model that does not think.
    always: it thinks where nothing is said. off: the `thinking.type` that keeps it from thinking up front; "" where
    saying nothing does; None where nothing does.
    sampling: it takes temperature and top_p. prefill: it goes on from an assistant's turn.
    forced: it can be made to use a tool. schema: it answers after a JSON Schema.
    """

    thinking: str = "budget"
    always: bool = False
    off: str | None = ""
    sampling: bool = True
    prefill: bool = True
    forced: bool = True
    schema: bool = False


_THINKS_NOT = Ways(thinking="")
_BY_BUDGET = Ways()
_BY_BUDGET_WITH_SCHEMA = Ways(schema=True)
_ADAPTIVE = Ways(thinking="adaptive", prefill=False, schema=True)
_NO_SAMPLING = replace(_ADAPTIVE, sampling=False)
_ALWAYS_THINKS = replace(_NO_SAMPLING, always=True, off=None)
_NEVER_FORCED = replace(_ALWAYS_THINKS, forced=False)

_BY_NAME = (
    (re.compile(r"claude-(?:opus|sonnet)-5(?![-.]\d{1,2}(?!\d))"), replace(_ALWAYS_THINKS, off="disabled")),
    (re.compile(r"claude-sonnet-5[-.]5"), replace(_NEVER_FORCED, off="between_tools")),
    (re.compile(r"claude-haiku-5[-.]5"), _ALWAYS_THINKS),
)
"""Models that differ from their generation."""

_BY_VERSION = (
    ((5, 1), _NEVER_FORCED),
    ((5, 0), _ALWAYS_THINKS),
    ((4, 7), _NO_SAMPLING),
    ((4, 6), _ADAPTIVE),
    ((4, 5), _BY_BUDGET_WITH_SCHEMA),
    ((3, 7), _BY_BUDGET),
)
"""The generations, newest first, each with the first version of it."""


def ways_of(model: str) -> Ways:
    """How to ask the model. Names that are not Claude's are another server's, which speaks the older dialect."""
    for pattern, ways in _BY_NAME:
        if pattern.search(model):
            return ways
    found = _NAME.search(model)
    if found is None:
        return _BY_BUDGET
    version = (int(found["major"]), int(found["minor"] or 0))
    return next((ways for since, ways in _BY_VERSION if version >= since), _THINKS_NOT)
