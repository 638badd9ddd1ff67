"""Whether what stands where a secret would stand is one, or an example, a name, a look-up. Pure.
Never looks at what is around it.
"""

from __future__ import annotations

import re

_EXAMPLE = re.compile(
    r"x{3,}|\*{3,}|\.{3,}|…|your|example|sample|dummy|change_?-?me|changeit|place_?-?holder|redacted|todo|insert"
    r"|replace|fake|secret_?here|-here|_here|1234567|abcdef|test_?key|[$%]\{|\{\{|\$\(|<%|%\(|process\.env|environ|getenv",
    re.IGNORECASE,
)


def always(_secret: str) -> bool:
    """For what its form alone proves."""
    return True


def is_example(secret: str) -> bool:
    """Whether it is what people write where a secret would be: "your-api-key-here", "xxx", a variable, a look-up."""
    return _EXAMPLE.search(secret) is not None


def varied(secret: str) -> bool:
    """For what its beginning gives away: the rest has enough different characters, and is no example."""
    return len(set(secret[-24:])) >= 7 and not is_example(secret)


def key_block(secret: str) -> bool:
    """The inside of a PEM or PGP block: lines of base64."""
    run = re.search(r"[A-Za-z0-9+/=]{32}", secret)
    return run is not None and len(set(run[0])) >= 8


def password(secret: str) -> bool:
    """A password that stands behind its name in quotes: not a plain word, an identifier, a path or an example."""
    if is_example(secret) or secret[0] in "$%{<([/." or secret[-1] in "})>]":
        return False
    return any(map(str.isdigit, secret)) and any(map(str.isalpha, secret)) and len(set(secret)) >= 5


def credential(secret: str) -> bool:
    """The password of a URL."""
    return (
        not is_example(secret)
        and secret[0] not in "$%{<["
        and secret.lower() not in {"password", "pass", "pwd", "secret"}
    )


def random_looking(secret: str) -> bool:
    """A value that nobody would have chosen: letters and digits mixed, many different ones."""
    return password(secret) and len(set(secret)) >= min(10, len(secret) * 2 // 3)
