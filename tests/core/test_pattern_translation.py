"""Patterns of other languages, judged as their own engines judge them.

What stands here was observed in those engines: Node.js, Go's regexp, Perl and Java's java.util.regex.
"""

from __future__ import annotations

import re

import pytest
import regex

from dragoman.core.flavours import flavour
from dragoman.core.pattern_translation import is_sure, translated

ERROR, UNKNOWN = "error", "unknown"


def verdict(language, pattern, text, flags=""):
    """Whether the pattern is found in the text, `ERROR`, or `UNKNOWN`."""
    found = translated(pattern, flags, flavour(language))
    if found.error or found.unknown:
        return ERROR if found.error else UNKNOWN
    engine = {"re": re, "regex": regex}[found.engine]
    options = 0
    for letter in found.flags:
        options |= getattr(engine, "V1" if letter == "V" else letter.upper())
    try:
        return engine.search(found.pattern, text, options) is not None
    except engine.error as error:
        return ERROR if is_sure(str(error), found) else UNKNOWN


JUDGED = [
    ("python", r"^\w+$", "é", True),
    ("python", r"(?<n>a)", "a", ERROR),
    ("javascript", r"^\w+$", "é", False),
    ("javascript", r"\bé", "é", False),
    ("javascript", r"^\s$", "\u00a0", True),
    ("javascript", r"(?<n>a)\k<n>", "aa", True),
    ("javascript", r"(['\"]).*?\1", "'a'", True),
    ("javascript", r"(a)?\1b", "b", UNKNOWN),
    ("javascript", r"(?P<n>a)", "a", ERROR),
    ("javascript", r"(?i)a", "A", UNKNOWN),
    ("javascript", r"a++", "a", ERROR),
    ("javascript", r"(?>a)", "a", ERROR),
    ("javascript", r"[^]", "\n", True),
    ("javascript", r"[]", "a", False),
    ("javascript", r"[\w-.]", "-", True),
    ("javascript", r"[[:alpha:]]", "a]", True),
    ("javascript", r"[[:alpha:]]", "a", False),
    ("javascript", r"\p{L}", "é", False),
    ("javascript", r"\Aa\z", "Aaz", True),
    ("javascript", r"x{,2}", "x{,2}", True),
    ("javascript", r"a{e}", "a{e}", True),
    ("javascript", r"a{e}", "b", False),
    ("javascript", r"^*", "a", ERROR),
    ("javascript", r"\cJ", "a", UNKNOWN),
    ("go", r"^\w+$", "é", False),
    ("go", r"(?=a)", "a", ERROR),
    ("go", r"(a)\1", "aa", ERROR),
    ("go", r"(?P<n>a)(?<m>b)", "ab", True),
    ("go", r"(?i)a", "A", True),
    ("go", r"a\Z", "a", ERROR),
    ("go", r"a\z", "a", True),
    ("go", r"[[:alpha:]]", "é", False),
    ("go", r"\x{e9}", "é", True),
    ("go", r"a**", "a", ERROR),
    ("go", r"\p{Greek}", "α", True),
    ("go", r"[^\S]", "a", False),
    ("rust", r"^\w+$", "é", True),
    ("rust", r"(?<!a)b", "b", ERROR),
    ("rust", r"[a-z&&[^b]]", "b", False),
    ("rust", r"x{", "x{", ERROR),
    ("java", r"^\w+$", "é", False),
    ("java", r"[a-z&&[^b]]", "b", False),
    ("java", r"[a-c[x-z]]", "y", True),
    ("java", r"x{", "x{", ERROR),
    ("java", r"a++a", "aa", False),
    ("java", r"(?<n>a)\k<n>", "aa", True),
    ("java", r"(?P<n>a)", "a", ERROR),
    ("java", r"\Qa.b\E", "a.b", UNKNOWN),
    ("csharp", r"^\w+$", "é", True),
    ("csharp", r"[a-z-[aeiou]]", "a", UNKNOWN),
    ("csharp", r"a++", "a", ERROR),
    ("php", r"^\w+$", "é", False),
    ("php", r"[[:alpha:]]+", "ab", True),
    ("php", r"(?>a+)b", "aab", True),
    ("php", r"a\Kb", "ab", True),
    ("php", r"(?<=a+)b", "ab", UNKNOWN),
    ("php", r"(?R)?", "a", UNKNOWN),
    ("php", r"\u0041", "A", ERROR),
    ("perl", r"^\w+$", "é", True),
    ("perl", r"\u0041", "A", UNKNOWN),
    ("perl", r"(*FAIL)", "a", UNKNOWN),
    ("ruby", r"\h+", "fF0", True),
    ("ruby", r"\h", "g", False),
    ("cpp", r"(?<n>a)", "a", ERROR),
    ("cpp", r"(?<=a)b", "ab", ERROR),
    ("lua", r"%d", "1", UNKNOWN),
    ("shellscript", r"[0-9]", "1", UNKNOWN),
    ("plaintext", r"\d+", "1", True),
    ("plaintext", r"(", "1", ERROR),
]


@pytest.mark.parametrize(("language", "pattern", "text", "expected"), JUDGED)
def test_verdicts(language, pattern, text, expected):
    """A pattern is found, not found, or refused as in its own language; what is not known is never judged."""
    assert verdict(language, pattern, text) == expected


@pytest.mark.parametrize(
    ("language", "flags", "pattern", "text", "expected"),
    [
        ("javascript", "gi", "a", "A", True),
        ("javascript", "u", r"\p{L}", "é", True),
        ("javascript", "u", r"\u{61}", "a", True),
        ("javascript", "u", r"\y", "y", ERROR),
        ("javascript", "u", "}", "}", ERROR),
        ("javascript", "v", "[a--b]", "a", UNKNOWN),
        ("php", "x", "a b # c{ (", "ab", True),
        ("php", "U", "a+", "a", UNKNOWN),
        ("ruby", "m", "a.b", "a\nb", True),
        ("python", "x", "a b", "ab", True),
        ("python", "a", r"\w", "é", False),
    ],
)
def test_flags(language, flags, pattern, text, expected):
    """A literal's flags mean what they mean in its language."""
    assert verdict(language, pattern, text, flags) == expected


@pytest.mark.parametrize("pattern", ["(", ")", "[a", "*a", "a{3,1}", "[z-a]", "a\\", "(?"])
def test_what_is_wrong_everywhere(pattern):
    """What is no pattern in any language is none in each that can be tried."""
    for language in ("python", "javascript", "go", "rust", "java", "csharp", "php", "perl", "ruby", "plaintext"):
        assert verdict(language, pattern, "a") in {ERROR, UNKNOWN}
        if pattern != "(?":
            assert verdict(language, pattern, "a") == ERROR
