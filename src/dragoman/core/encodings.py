"""How models cut text into tokens: which public encoding a model uses, and how many tokens a text will be.

Pure: the exact count is `engine.tokens`; what is here is a table and an estimate, at once and for every model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Encoding = Literal["o200k_base", "cl100k_base"]
"""OpenAI's encodings of models that are still served, by the names that tiktoken gives them."""

_ENCODINGS: tuple[tuple[re.Pattern[str], Encoding], ...] = (
    (re.compile(r"(?:ft:)?(?:gpt-(?:4o|4\.1|4\.5|5|oss)|chatgpt-4o|o1|o3|o4-mini)(?![a-z0-9])"), "o200k_base"),
    (re.compile(r"(?:ft:)?(?:gpt-4|gpt-3\.?5(?:-turbo)?)(?![a-z0-9.])|text-embedding-(?:3|ada)-"), "cl100k_base"),
)
"""Beginnings of model names. Source: tiktoken's own table of models; what it does not name is not guessed."""

_NEWER_CLAUDE = re.compile(r"claude-(?:opus-(?:4[-.][7-9]|[5-9])|(?:sonnet|haiku)-[5-9]|fable|mythos)")

_PERCENT: tuple[tuple[re.Pattern[str], int], ...] = (
    (_NEWER_CLAUDE, 160),  # some 30 % more than earlier ones, says Anthropic's page on token counting
    (re.compile(r"claude"), 125),  # Anthropic counts 3.5 characters of English to a token, where o200k_base has 4.5
    (re.compile(r"gemini|gemma"), 115),  # Google counts 4
)
"""How many tokens other vendors' models make of what are 100 in `o200k_base`: the vendors' words, to the high side."""

_USUAL_PERCENT = 115
"""Models of which nothing is known, most of them with smaller vocabularies than OpenAI's."""

_LETTERS, _DIGITS, _BLANKS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789", b" \t"
_LINE_ENDS, _OTHER = b"\r\n", bytes(range(128, 256))


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of tokens. `estimated` says that they were not counted as the model counts them."""

    tokens: int
    estimated: bool


@lru_cache(256)
def encoding_of(model: str) -> Encoding | None:
    """The encoding that the model counts in, or None where it is not known or not public.

    A maker before the name (`openai/gpt-4o`) and a version behind it change nothing.
    """
    name = model.lower().rpartition("/")[2]
    return next((encoding for pattern, encoding in _ENCODINGS if pattern.match(name)), None)


def estimate_tokens(text: str, model: str = "") -> int:
    """About how many tokens the model counts, rather too many than too few; without a model, any model.

    Weighs kinds of characters, in thousandths of a token, as measured on source code and prose against `o200k_base`.
    Two texts together are never estimated at more than both apart.
    """
    data = text.encode("utf-8", "surrogatepass")
    size = len(data)
    letters, digits, blanks, line_ends, other = (
        size - len(data.translate(None, kind)) for kind in (_LETTERS, _DIGITS, _BLANKS, _LINE_ENDS, _OTHER)
    )
    signs = size - letters - digits - blanks - line_ends - other
    weight = 205 * letters + 900 * digits + 150 * blanks + 640 * line_ends + 560 * signs + 330 * other
    return -(-weight * _percent(model) // 100_000)


def for_model(estimate: int, model: str) -> int:
    """What an estimate for any model is for this one."""
    return -(-estimate * _percent(model) // _USUAL_PERCENT)


@lru_cache(256)
def _percent(model: str) -> int:
    if encoding_of(model) is not None:
        return 100
    name = model.lower()
    return next((percent for pattern, percent in _PERCENT if pattern.search(name)), _USUAL_PERCENT)
