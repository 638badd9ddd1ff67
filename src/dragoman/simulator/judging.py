"""What the vendors' rules for requests have in common: small questions about a value, each answered yes or no.

The rules themselves, and the words of a refusal, stand with each vendor's wire.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_DATA_URL = re.compile(r"data:(?P<type>[\w/+.-]+);base64,(?P<data>.*)", re.DOTALL)
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def first_problem(problems: Iterable[str | None]) -> str | None:
    """The first objection there is; what comes behind it is not looked at."""
    return next(filter(None, problems), None)


def is_base64(value: object) -> bool:
    """Whether it is base64 with something in it."""
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return False


def is_image_url(value: object) -> bool:
    """Whether it is a web address, or a data URL with a picture of a kind that the vendors take."""
    if not isinstance(value, str):
        return False
    match = _DATA_URL.fullmatch(value)
    if match is None:
        return value.startswith(("https://", "http://"))
    return match["type"] in IMAGE_TYPES and is_base64(match["data"])


def is_tool_name(value: object) -> bool:
    """Letters, digits, underscores and hyphens, as the strictest of the vendors has it."""
    return isinstance(value, str) and _TOOL_NAME.fullmatch(value) is not None


def is_object_schema(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether it is a JSON Schema of an object, as tools' arguments are."""
    return isinstance(value, dict) and value.get("type") == "object" and isinstance(value.get("properties", {}), dict)


def is_number(value: object, low: float, high: float) -> bool:
    """Whether it is a number within the bounds, or was left out."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high)


def is_limit(value: object) -> bool:
    """Whether it is a whole number above zero, or was left out."""
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)


def dicts(value: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """A list's members with their numbers; what is no object counts as an empty one."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield number, item if isinstance(item, dict) else {}


def unknown(value: dict[str, Any], known: Iterable[str]) -> str | None:
    """The first name in an object that the vendor does not know."""
    return next((name for name in value if name not in known), None)
