"""What secrets look like, as data: one row per kind. Pure; searches nothing itself.

Every row can be tried at any place at a bounded price: repeats have an end and never backtrack (`{m,n}+`), and where a
body is long, a token can't begin inside another one's body, so that no character is read over and over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dragoman.core.redact_checks import always, credential, key_block, password, random_looking, varied

if TYPE_CHECKING:
    from collections.abc import Callable


class Noun(StrEnum):
    """The last word of a placeholder, which tells a model what it stands for. `TEXT` is no secret."""

    KEY = "KEY"
    TOKEN = "TOKEN"  # noqa: S105 - a word
    PASSWORD = "PASSWORD"  # noqa: S105 - a word
    SECRET = "SECRET"  # noqa: S105 - a word
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of secret.

    gates: pieces of text in small letters, one of which stands where the secret is: without them nothing is tried.
    pattern: is tried `behind` characters before each gate; its group `secret` is what is hidden.
    check: whether the secret is one, and not an example of one.
    """

    kind: str
    noun: Noun
    gates: tuple[str, ...]
    pattern: re.Pattern[str]
    check: Callable[[str], bool] = always
    behind: int = 0


def _token(
    kind: str,
    starts: str,
    body: str,
    noun: Noun = Noun.TOKEN,
    check: Callable[[str], bool] = varied,
) -> Rule:
    """A token that its own beginning gives away: `starts` are those, apart by spaces; `body` a pattern."""
    words = tuple(starts.split())
    pattern = rf"(?:(?<![\w-])|(?<=\\[nrt]))(?P<secret>(?:{'|'.join(map(re.escape, words))}){body})(?![A-Za-z0-9])"
    return Rule(kind, noun, tuple(word.lower() for word in words), re.compile(pattern, re.ASCII), check)


RULES = (
    _token("AWS access key id", "AKIA ASIA ABIA ACCA", r"[A-Z2-7]{16}", Noun.KEY),
    _token("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{36,255}+"),
    _token("Anthropic key", "sk-ant-", r"[\w-]{32,200}+", Noun.KEY),
    Rule(
        "private key",
        Noun.KEY,
        ("private key-----", "private key block-----"),
        re.compile(r"PRIVATE KEY(?: BLOCK)?-----(?P<secret>[\sA-Za-z0-9+/=\\\"',|:#*.]{32,20000}+)", re.ASCII),
        key_block,
    ),
    Rule(
        "password in a URL",
        Noun.PASSWORD,
        ("://",),
        re.compile(r"://[^\s/@:\"'`<>]{0,80}+:(?P<secret>[^\s/@\"'`<>]{3,200}+)@", re.ASCII),
        credential,
    ),
    Rule(
        "password",
        Noun.PASSWORD,
        ("password", "passwd", "passphrase"),
        re.compile(r"\w{0,40}+[\"']?\s{0,8}+[:=]\s{0,8}+([\"'])(?P<secret>[^\s\"']{6,200}+)\1", re.ASCII),
        password,
    ),
    Rule(
        "secret in a telling place",
        Noun.SECRET,
        ("secret", "token", "api_key", "apikey", "api-key", "access_key", "accesskey"),
        re.compile(r"\w{0,40}+[\"']?\s{0,8}+[:=]\s{0,8}+([\"'])(?P<secret>[^\s\"']{12,400}+)\1", re.ASCII),
        random_looking,
    ),
)
