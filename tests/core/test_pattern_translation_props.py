"""Any text can be taken for a pattern of any language."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.flavours import flavour
from dragoman.core.literals import literal
from dragoman.core.pattern_translation import translated

LANGUAGES = ("python", "javascript", "go", "rust", "java", "csharp", "php", "perl", "ruby", "swift", "cpp", "lua", "x")
PATTERNS = st.text(st.sampled_from("\\[](){}^$.*+?|-&~#:=!<>PpkdwsbQEux019aiZ,é😀\n\"'/`"), max_size=24)


@settings(max_examples=300)
@given(pattern=PATTERNS, flags=st.text("imsxuvgU", max_size=3))
def test_every_text_has_an_outcome(pattern, flags):
    """Whatever the pattern is, it is translated, wrong or unknown: one of the three, and never an exception."""
    for language in LANGUAGES:
        found = translated(pattern, flags, flavour(language))
        assert not (found.error and found.unknown)
        assert found.engine or found.unknown


# fmt: off
LITERALS = (
    ("python", 'r"a"'), ("python", "'a'"), ("python", "r'''a\n'''"), ("javascript", "/a/g"), ("javascript", "`a`"),
    ("go", "`a`"),    ("go", '"a"'), ("rust", 'r#"a"#'), ("java", '"a"'), ("csharp", '@"a"'), ("kotlin", '"a"'),
    ("php", "'/a/i'"), ("php", '"/a/"'),
    ("ruby", "%r{a}"), ("ruby", "/a/"), ("perl", "qr/a/"), ("lua", "[[a]]"),
    ("shellscript", "'a'"), ("shellscript", '"a"'),
    ("yaml", "'a'"), ("toml", "'a'"),
)
# fmt: on


@settings(max_examples=300)
@given(where=st.sampled_from(LITERALS), pattern=PATTERNS.filter(bool))
def test_any_pattern_in_any_literal(where, pattern):
    """A pattern is written as one whole literal of the same kind, or refused; one without marks reads back."""
    language, written = where
    before = literal(written, language)
    try:
        after = before.with_text(pattern)
    except ValueError:
        return
    found = literal(after, language)
    assert found is not None
    assert found.flags == before.flags
    if not set("\n\"'/`]#") & set(pattern) and not pattern.endswith("\\"):
        assert found.text.replace("\\@", "@") == pattern.replace("\\@", "@")
