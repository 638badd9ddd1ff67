"""What was parsed is kept while it stays the same, and not for ever."""

from __future__ import annotations

from dragoman.core.parsed import Parsed
from dragoman.core.text import Snapshot

TEXT = "def f():\n    pass\n"


def document(text=TEXT, version=1, uri="file:///a.py"):
    """A document at a version."""
    return Snapshot.of(text, uri=uri, version=version, language="python")


def test_a_version_is_parsed_once():
    """The same version has the same tree; a new one, or another text under the same number, has another."""
    parsed = Parsed()
    first = parsed.syntax(document())
    assert parsed.syntax(document()) is first
    assert parsed.syntax(document(version=2)) is not first
    reopened = parsed.syntax(document("def g():\n    pass\n", version=2))
    assert [symbol.name for symbol in reopened.symbols()] == ["g"]


def test_a_text_without_a_version_is_parsed_anew():
    """Of a file that no editor holds nothing tells that it is the same, but for being the very same snapshot."""
    parsed = Parsed()
    snapshot = document(version=None)
    first = parsed.syntax(snapshot)
    assert parsed.syntax(snapshot) is first
    assert parsed.syntax(document(version=None)) is not first


def test_an_outline_belongs_to_a_text():
    """A file whose text is another one, or that is read as another language, has another outline."""
    parsed = Parsed()
    first = parsed.outline("/a.h", "c", "int f(void);\n")
    assert parsed.outline("/a.h", "c", "int f(void);\n") is first
    assert parsed.outline("/a.h", "cpp", "int f(void);\n") is not first
    assert [each.name for each in parsed.outline("/a.h", "c", "int g(void);\n").definitions] == ["g"]


def test_what_was_used_last_is_kept():
    """Many files push out those that were not used lately; one that is huge pushes out all others."""
    parsed = Parsed()
    first, second = parsed.outline("/0.py", "python", TEXT), parsed.outline("/1.py", "python", TEXT)
    for number in range(2, 33):
        assert parsed.outline("/0.py", "python", TEXT) is first
        parsed.outline(f"/{number}.py", "python", TEXT)
    assert parsed.outline("/0.py", "python", TEXT) is first
    assert parsed.outline("/1.py", "python", TEXT) is not second
    tree = parsed.syntax(document())
    parsed.syntax(document("#" * 1_300_000, uri="file:///b.py"))
    assert parsed.syntax(document()) is not tree
