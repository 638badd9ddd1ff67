"""Whether what stands where a secret would stand is one, or an example, a name, a look-up. Pure.
Never looks at what is around it, and never at more than its first characters, so that each check has a bounded price.
"""

from __future__ import annotations

import binascii
import re

_LOOKED_AT = 80

_EXAMPLE = re.compile(
    r"x{4}|\*{3}|\.{3}|…|your|example|sample|dummy|change[_-]?me|changeit|placeholder|redacted|insert[_-]|replace[_-]"
    r"|replaceme|fake|secret[_-]here|[_-]here|12345678|abcdefg|test[_-]?key|not[_-]a[_-]real|[$#]\{|\{\{|\$\(|<%|%\("
    r"|\(\)|\[\]|process\.env|environ|getenv"
)
_TELLING = re.compile(r"passw|passphrase|token|secret|credential|api[_-]?key|user_?name|" + _EXAMPLE.pattern)
"""Both are for small letters: a pattern that does not care for capitals takes many times as long."""
_NAME = r"(?:[A-Za-z_$]++[0-9]{0,2})++"
_CODE = re.compile(
    rf"{_NAME}(?:(?:\.|::|->|\?\.){_NAME})+|[a-z]+(?:[_./:-][a-z]+)*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
    r"|[a-z]*+[0-9]{0,2}(?:[A-Z][a-z]{2,}+[0-9]{0,4}|[A-Z]{1,4}[0-9]{0,4}(?=[A-Z]|$))++"
    r"|[/.~][\w./-]+|[0-9.,:_+-]+|0x[0-9a-fA-F]{1,16}"
    r"|(?:sha|md|utf|u?int|float|base|aes|rsa|ssl|tls|ipv|oauth|win|mp|h)_?-?[0-9]{1,4}(?:[_-][a-z0-9]{1,8})*",
    re.ASCII,
)
"""A name with its owner, a plain word or words, a constant, a class, a path, a number."""
_SIGN = re.compile(r"[^\w.-]")
_WORDS = frozenset(
    (
        "password",
        "passwd",
        "pass",
        "pwd",
        "pw",
        "secret",
        "token",
        "user",
        "username",
        "foo",
        "bar",
        "baz",
        "host",
        "port",
    )
)
"""What stands for a password in the address of an example."""
_RUNS = re.compile(r"[a-z]+|[A-Z]+|[0-9]+|[^A-Za-z0-9]+")
_DIGIT = re.compile(r"[0-9]")
_CLASSES = bytes(
    ord("a") if chr(at).islower() else ord("A") if chr(at).isupper() else ord("0") if chr(at).isdigit() else at
    for at in range(128)
) + bytes(128)
_NOT_COUNTED = bytes(at for at in range(256) if at >= 128 or not chr(at).isalnum())
_TURNS = (b"aA", b"Aa", b"a0", b"0a", b"A0", b"0A")
"""Where one class of letters follows another, in a text of which each letter stands for its class."""
_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-f-]+", re.IGNORECASE)
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/=]{32}")


def always(_secret: str) -> bool:
    """For what its form alone proves."""
    return True


def is_example(secret: str) -> bool:
    """Whether it is what people write where a secret would be: "your-api-key-here", "xxxx", a variable, a look-up."""
    return _EXAMPLE.search(secret[:_LOOKED_AT].lower()) is not None


def varied(secret: str) -> bool:
    """For a token that its beginning gives away: the rest has many different characters and is no word."""
    rest = secret[-24:]
    return len(set(rest)) >= 7 and (_DIGIT.search(rest) or len(_RUNS.findall(rest)) >= 6) and unlike_example(secret)


def unlike_example(secret: str) -> bool:
    """For what its form alone proves, where it is not an example of the form."""
    return not is_example(secret)


def key_block(secret: str) -> bool:
    """The inside of a PEM or PGP block: lines of base64."""
    run = _BASE64_LINE.search(secret, 0, 1000)
    return run is not None and len(set(run[0])) >= 8


def password(secret: str) -> bool:
    """A password that a person chose, behind its name: not a word, an identifier, a path, a number or an example."""
    looked_at = secret[:_LOOKED_AT]
    if looked_at[0] in "$%{<([&@" or looked_at[-1] in "})>]:" or len(set(looked_at)) < 4:
        return False
    return not (_TELLING.search(looked_at.lower()) or _CODE.fullmatch(looked_at))


def chosen(secret: str) -> bool:
    """A password where other things could stand as well: of three kinds of characters."""
    return kinds(secret) >= 3 and password(secret)


def weak(secret: str) -> bool:
    """A password where nothing else can stand: anything but an example, a variable, or the word itself."""
    return (
        secret[0] not in "$%{<[*" and len(set(secret[:_LOOKED_AT])) > 2 and secret.lower() not in _WORDS
    ) and not is_example(secret)


def kinds(secret: str) -> int:
    """How many there are of small letters, capitals, digits and signs."""
    looked_at = secret[:_LOOKED_AT]
    small, capital = looked_at != looked_at.upper(), looked_at != looked_at.lower()
    return small + capital + (_DIGIT.search(looked_at) is not None) + (_SIGN.search(looked_at) is not None)


def simple(secret: str) -> bool:
    """A password where little else can stand: letters and digits, or a sign."""
    return kinds(secret) >= 2 and not secret.isalpha() and password(secret)


def random_looking(secret: str) -> bool:
    """A value that nobody chose: small letters, capitals and digits take turns often, and many are different."""
    looked_at = secret[:_LOOKED_AT]
    if len(set(looked_at)) < 8 or looked_at[0] in "$.<{" or is_example(looked_at):
        return False
    if _HEXADECIMAL.fullmatch(looked_at):
        return len(looked_at) >= 20
    letters = looked_at.encode("ascii", "replace").translate(_CLASSES, _NOT_COUNTED)
    turns = (1 + sum(map(letters.count, _TURNS))) / max(1, len(letters))
    digits = letters.count(b"0")
    if digits < 2:  # so few are in names too, but fewer capitals
        return len(letters) >= 20 and 0.3 < letters.count(b"A") / len(letters) < 0.7 and turns > 0.3
    return turns > 0.2 and ((digits > 4 and turns > 0.35) or not _CODE.fullmatch(looked_at))


def basic_login(secret: str) -> bool:
    """The base64 of a name, a colon and a password (RFC 7617)."""
    whole = secret[: len(secret) // 4 * 4] if not secret.endswith("=") else secret
    try:
        return b":" in binascii.a2b_base64(whole, strict_mode=True)[1:]
    except binascii.Error:
        return False


def named_password(secret: str, form: str) -> bool:
    """A password behind its name, in one of the forms that `redact_rules.VALUE` knows."""
    match form:
        case "quoted":
            return password(secret)
        case "variable" | "after":
            return simple(secret)
        case _:
            return chosen(secret)


def named_secret(secret: str, _form: str) -> bool:
    """A key or a token behind its name."""
    return random_looking(secret)
