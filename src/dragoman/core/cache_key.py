"""What makes two requests the same: a digest of everything that shapes an answer. Pure, and holds none of it in clear.

Whatever is added to a request later is part of the digest by itself: values are taken with all their fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING

from dragoman.core.chat import TextPart

if TYPE_CHECKING:
    from dragoman.core.chat import Request
    from dragoman.core.intent import Intent
    from dragoman.core.route import Place

VERSION = 1
"""Goes up when an old answer must not be given any more, or is written down otherwise."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What shapes an answer besides the request, and whose it is.

    options: what the provider's settings change on the wire. login: how its key becomes what it takes. intent: decides
    the model where the place names none. privacy: the settings of that name. owner: a digest of the key, see `owner`.
    """

    place: Place
    options: object
    login: object
    intent: Intent
    privacy: object
    owner: str


def cache_key(request: Request, circumstances: Circumstances) -> str:
    """The digest, in hexadecimal."""
    return fingerprint(VERSION, request, circumstances)


def near_key(request: Request, question: str, circumstances: Circumstances) -> str | None:
    """The digest of everything but the question, which may then be worded otherwise.

    None where the last message does not hold the question: then nothing may.
    """
    last = request.messages[-1] if request.messages else None
    if last is None or not question or last.parts != (TextPart(last.text),):
        return None
    before, found, after = last.text.rpartition(question)
    if not found:
        return None
    rest = replace(request, messages=(*request.messages[:-1], replace(last, parts=())))
    return fingerprint(VERSION, "near", rest, before, after, circumstances)


def owner(secret: str | None, salt: bytes) -> str:
    """Whose answers they are: who has another key, or another salt, has others.

    Without the salt, whoever reads a cache could confirm a guess of the key.
    """
    return sha256(len(salt).to_bytes(4) + salt + (b"" if secret is None else b"=" + secret.encode())).hexdigest()


def fingerprint(*values: object) -> str:
    """A digest of values made of dataclasses, mappings, sequences, enums, texts, bytes, numbers and None.

    Raises `TypeError` for anything else: what is not understood must not be left out.
    """
    text = json.dumps([_plain(value) for value in values], ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    """The value as JSON that no other value makes: lists begin with what they stand for."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, Mapping):
        named = {str(name): inner for name, inner in value.items()}
        return ["mapping", *([name, _plain(named[name])] for name in sorted(named))]
    if isinstance(value, tuple | list):
        return ["sequence", *map(_plain, value)]
    if isinstance(value, frozenset):
        return ["set", *sorted(json.dumps(_plain(inner)) for inner in value)]
    if is_dataclass(value) and not isinstance(value, type):
        members = [[each.name, _plain(getattr(value, each.name))] for each in fields(value)]
        return [type(value).__name__, *members]
    raise TypeError(f"a {type(value).__name__} has no fingerprint")
