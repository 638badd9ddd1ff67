"""The names in a text, and what an outline has under them."""

from __future__ import annotations

import pytest

from dragoman.core.outline import outline
from dragoman.core.references import defined, mentions, names_in, value
from dragoman.core.syntax import parse
from dragoman.core.text import Snapshot


@pytest.mark.parametrize(
    ("language", "text", "used", "reached", "telling"),
    [
        ("python", "a.b(c) + D", ["a", "b", "c", "D"], {"b"}, {"a", "b", "D"}),
        ("cpp", "a->b; c::d()", ["a", "b", "c", "d"], {"b", "d"}, {"a", "c", "d"}),
        ("javascript", "$a.b$?.c", ["a", "b$", "c"], {"b$", "c"}, {"a"}),
        ("ruby", "a.empty? && b!", ["a", "empty?", "b!"], {"empty?"}, {"a", "empty?", "b!"}),
        ("shellscript", "do-it --now $x", ["do-it"], set(), {"do-it"}),
        ("rust", "a!(b::<C>())", ["a", "b", "C"], set(), {"a", "b", "C"}),
        ("python", "größe(ß1)", ["größe", "ß1"], set(), {"größe"}),
    ],
)
def test_names(language, text, used, reached, telling):
    """Each name once, in its order, with what can be told from where it stands."""
    names = names_in(text, language)
    assert (list(names.used), names.reached, names.telling) == (used, reached, telling)


def test_very_long_text_is_looked_at_in_part():
    """A huge target costs no more than a large one."""
    assert len(names_in(" ".join(f"n{n}" for n in range(100_000)), "python").used) <= 400


def test_what_is_defined():
    """The top and what is asked for of members; neither what is inside another one, nor a module around one."""
    text = "mod m {\n    pub fn f() {}\n}\nstruct S;\nimpl S {\n    fn f(&self) {}\n    fn g(&self) {}\n}\n"
    whole = outline(parse(Snapshot.of(text, language="rust")))

    def lines(names, members=()):
        return [definition.first + 1 for definition in defined(whole.definitions, names, members)]

    assert lines(["m", "f"]) == [2]
    assert lines(["m"]) == [1]
    assert lines(["g"]) == []
    assert lines(["g"], ["g"]) == [7]
    assert lines(["S", "g"], ["g"]) == [4, 5]


@pytest.mark.parametrize(
    ("text", "name", "lines"),
    [
        ("a = 1\nLIMIT: int = 2\n", "LIMIT", (1, 1)),
        ("export const LIMIT: Map<a, b> = {\n  a: 1,\n};\nb = 1\n", "LIMIT", (0, 2)),
        ("pub(crate) static LIMIT: usize = 3;\n", "LIMIT", (0, 0)),
        ("LIMIT = (\n    1 +\n    2\n)\n", "LIMIT", (0, 3)),
        ("if LIMIT == 1:\n    LIMIT = 2\n", "LIMIT", None),
        ("MY_LIMIT = 1\n", "LIMIT", None),
        ("a = LIMIT\n", "LIMIT", None),
    ],
)
def test_values(text, name, lines):
    """A constant at the top is found with all of its lines; a use, a comparison or a longer name is none."""
    assert value(Snapshot.of(text).lines, name) == lines


def test_mentions():
    """Lines that hold a name as a whole word."""
    assert list(mentions(("a.f(1)", "ff", "# f", "x"), ["f"])) == [0, 2]
    assert list(mentions(("a",), [])) == []
