"""Other people's texts as the person may safely be shown them."""

from __future__ import annotations

import pytest

from dragoman.core.printable import harmless, in_one_line, printable_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("größe/日本.py", "größe/日本.py"),
        ("a\nb.py", r"a\nb.py"),
        ("a\x1b[31mb\x07", r"a\x1b[31mb\x07"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("not\udcffutf8", r"not\udcffutf8"),
        ("\u2028", r"\u2028"),
    ],
)
def test_name(name, shown):
    """What can't be printed is written as an escape; everything else stays as it is."""
    assert printable_name(name) == shown


def test_long_name_keeps_both_ends():
    """A name of endless length keeps its beginning and its end."""
    shown = printable_name("/home/" + "x" * 5000 + "/end.py")
    assert len(shown) == 200
    assert shown.startswith("/home/x")
    assert shown.endswith("x/end.py")


def test_one_line():
    """Line breaks of every sort and control characters become blanks; words of all scripts and emoji stay whole."""
    assert in_one_line(" a\r\nb\u2028c\x1b[2J\x85d\u202ee ") == "a b c [2J d e"
    assert in_one_line("می\u200cخواهم 👨\u200d👩\u200d👧") == "می\u200cخواهم 👨\u200d👩\u200d👧"


def test_harmless():
    """In a longer text, lines and tabs stay; what steers a terminal or turns the text around does not."""
    assert harmless("a\tb\r\nc\x1b[0m\x9bd\u2066e") == "a\tb\nc�[0m�d�e"
