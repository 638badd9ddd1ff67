"""What is shown around the cursor, how much is wanted there, and what is proposed of a model's text."""

import pytest

from dragoman.core.completion import gap_at
from dragoman.core.context import estimate_tokens
from dragoman.core.text import Position, Snapshot
from dragoman.core.trimming import trim


def place(source: str, language: str = "python", **more):
    """The gap at the bar in a source."""
    before, _, after = source.partition("|")
    snapshot = Snapshot.of(before + after, language=language)
    return gap_at(snapshot, Position(before.count("\n"), len(before) - before.rfind("\n") - 1), **more)


def proposed(source: str, answer: str, language: str = "python") -> str:
    """What is proposed at the bar when a model writes this."""
    return trim(place(source, language), answer).text


@pytest.mark.parametrize(
    ("source", "language", "several"),
    [
        ("def f():|\n", "python", True),
        ("def f():\n    |\n", "python", True),
        ("|\n", "python", True),
        ("x = |\n", "python", False),
        ("x = [|\n", "python", True),
        ("x = [|]\n", "python", True),
        ("foo(|, b)\n", "python", False),
        ("x = 1|\n", "python", False),
        ("# Sorts: |\n", "python", False),
        ("if (x) {|\n", "javascript", True),
        ("if (x) {|}\n", "javascript", True),
        ("items.map(x =>|)\n", "javascript", True),
        ("for i in 1..3 do|\n", "ruby", True),
        ("let x = match y {|\n", "rust", True),
        ("  | foo\n", "python", False),
        ("Some words:|\n", "markdown", False),
    ],
)
def test_a_block_is_wanted_where_one_begins(source, language, several):
    """An empty line and what opens a block want several lines; elsewhere it is the rest of the line."""
    assert place(source, language).several is several


@pytest.mark.parametrize("source", ["foo|bar", "a = b|c\n", "x" * 1500 + "|"])
def test_nothing_is_proposed_inside_a_word(source):
    """Inside a word, and in a line of a thousand characters and more, there is no gap."""
    assert place(source) is None


def test_what_is_shown_keeps_to_its_budget():
    """The nearest lines on both sides are shown, most of them from before the cursor, and no more than was allowed."""
    lines = [f"value_{number} = compute({number}, {number + 1})\n" for number in range(2000)]
    gap = place("".join(lines[:1000]) + "|\n" + "".join(lines[1000:]), max_tokens=800)
    before, after = estimate_tokens(gap.prefix), estimate_tokens(gap.suffix)
    assert before + after <= 800
    assert before > after > 100
    assert gap.prefix.endswith(lines[999])
    assert gap.suffix.startswith("\n" + lines[1000])
    assert not gap.ends


def test_what_is_shown_begins_at_the_same_place_from_key_to_key():
    """While a person types on, the text before the cursor begins where it did: servers keep what they have read."""
    above = "".join(f"value_{number} = {number}\n" for number in range(500))
    beginnings = {place(f"{above}{'next line' * number}|\n", max_tokens=500).prefix[:40] for number in range(8)}
    assert len(beginnings) == 1


def test_carriage_returns_do_not_reach_a_model():
    """Whatever ends the document's lines, a model sees line feeds."""
    gap = place("a = 1\r\nb = |\r\nc = 3\r\n")
    assert gap.prefix == "a = 1\nb = "
    assert gap.suffix == "\nc = 3\n"


CASES = [
    # source, what the model writes, what is proposed, language
    ("def f(a):|\n\nx = 1\n", "\n    return a\n\n\ndef g():\n    pass", "\n    return a", "python"),
    ("def f(a):\n    |\n\nx = 1\n", "y = a\n    return y\n\nx = 1\n", "y = a\n    return y", "python"),
    ("if f:\n  |\n", "if a:\n    b()\n\n    c()\n  d()\n\n  e()", "if a:\n    b()\n\n    c()\n  d()", "python"),
    ("foo(bar(|)\nx", "a)) + 1", "a)", "python"),
    ("foo(bar(|))\nx", "a))", "a", "python"),
    ("foo(|)\n", "a, (b, c), d[0])", "a, (b, c), d[0]", "python"),
    ("x = foo(|\n", "a, b)", "a, b)", "python"),
    ("function f() {\n    |\n}\n", "return 1;\n}\n", "return 1;", "javascript"),
    ("function f() {\n    |\n", "return 1;\n}\nfunction g() {}\n", "return 1;\n}", "javascript"),
    ("if (x) {|}\n", "\n    y();\n}", "\n    y();", "javascript"),
    ("if (x) {\n    |\n}\n", "y();\n} else {\n    z();\n}", "y();", "javascript"),
    ("x = {|\n", "\n    'a': 1,\n    'b': 2,\n}\ny = 3", "\n    'a': 1,\n    'b': 2,\n}", "python"),
    ('print("he|")\n', 'llo")', "llo", "python"),
    ('print("|")\n', "it's (", "it's (", "python"),
    ("x = a |+ b\n", "* 2 + b", "* 2", "python"),
    ("x = |message\n", "item", "item", "python"),
    ("x = foo(|message)\n", "item", "item", "python"),
    ("x = 1|\n", "\ny = 2", "", "python"),
    ("total = |\n", "total = a + b\n", "a + b", "python"),
    ("class A:\n  def f():\n    |\n\n  def g():\n    h()\n", "return 1\n\n  def g():\n    h()", "return 1", "python"),
    ("    |\n    done()\n", "begin()\n    done()", "begin()", "python"),
    ("def f\n  |\nend\n", "if x\n    y\n  end\nend", "if x\n    y\n  end", "ruby"),
    ("\tif x:\n\t\ty = 1\n\t|\n", "if z:\n        w = 1\n    q = 2", "if z:\n\t\tw = 1\n\tq = 2", "python"),
    ("    if x:\n        y = 1\n    |\n", "if z:\n\t\tw = 1\n\tq = 2", "if z:\n        w = 1\n    q = 2", "python"),
    ("fn f<'a>(x: &'a str) -> usize {\n    |\n}\n", "x.len()\n}\n", "x.len()", "rust"),
    ("x = |\n", "1<|endoftext|>", "1", "python"),
    ("x = |\n", "1<|fim_pad|>garbage", "1", "python"),
    ("    |\n", "    return 1\n", "return 1", "python"),
    ("x = f(|\n# a (comment with } brackets\n", "1)", "1)", "python"),
    ("Dear |\n", "friends :)", "friends :)", "markdown"),
    ("x = |\n", "   \n", "", "python"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "answer", "expected", "language"), CASES)
def test_what_is_proposed(source, answer, expected, language):
    """A proposal is the line or the block alone, balanced, in the document's style, without what is there already."""
    assert proposed(source, answer, language) == expected


def test_a_closing_that_may_be_out_of_sight_is_not_proposed():
    """Where the text behind is not shown to its end, what was opened further up counts as closed down there."""
    more = "".join(f"    line{number}();\n" for number in range(600)) + "}\n"
    gap = place("function f() {\n    |\n" + more, "javascript", max_tokens=300)
    assert not gap.ends
    assert trim(gap, "g();\n}\n").text == "g();"
    inside = place("    g(|\n" + more, "javascript", max_tokens=300)
    assert trim(inside, "1)").text == "1)"


@pytest.mark.parametrize(
    ("source", "written", "ended"),
    [
        ("x = |\n", "1\n", True),
        ("def f():|\n", "\n    return 1\n", False),
        ("def f():|\n", "\n    return 1\nx = 1\n", True),
        ("def f():\n    |\n    z()\n", "y()\n    z()\n", True),
        ("def f():\n    |\n", "y()\n", False),
    ],
)
def test_the_end_is_seen_while_the_model_writes(source, written, ended):
    """Once something had to be left out, whatever comes later would be left out too: nobody need wait for it."""
    assert trim(place(source), written).ended is ended


def test_a_model_that_never_ends_is_cut():
    """However much a model writes, a proposal fits a screen."""
    text = proposed("def f():\n    |\n", "\n    ".join(f"step({number})" for number in range(500)))
    assert 10 < text.count("\n") < 40
