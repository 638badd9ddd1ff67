"""A person's own prompt with places that are filled from the moment it is used. Knows no setting and no action."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLACEHOLDERS = ("selection", "file", "language", "path", "instruction", "diagnostics")
"""What can stand in braces. Any other text in braces is left as it is: prompts quote code."""

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_WORD = re.compile(r"\{([A-Za-z]{4,20})\}")


def placeholders(template: str) -> frozenset[str]:
    """Those that the template uses."""
    return frozenset(_PLACEHOLDER.findall(template))


def filled(template: str, values: Mapping[str, Callable[[], str]]) -> str:
    """The template with its placeholders replaced, once: braces in a value are only text."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]](), template)


def misspelt(template: str) -> tuple[str, str] | None:
    """The first word in braces that is nearly a placeholder, and which one; None where there is none."""
    for word in _WORD.findall(template):
        near = get_close_matches(word.lower(), PLACEHOLDERS, 1, 0.75)
        if near and near[0] != word:
            return word, near[0]
    return None
