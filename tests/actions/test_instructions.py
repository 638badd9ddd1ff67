"""Comments that hold instructions: where they may stand, in every language, and what goes with them."""

from __future__ import annotations

import pytest

from dragoman.actions.base import Scene
from dragoman.actions.instructions import instruction_at, instructions, without
from dragoman.core.languages import LANGUAGES, language
from dragoman.core.syntax import parse
from dragoman.core.text import Position, Range, Snapshot


def scene(text, line, language="python", last=None):
    """A moment with the cursor on a line, or lines selected."""
    end = Position(last, 0) if last is not None else Position(line, 0)
    return Scene(Snapshot.of(text, language=language), Range(Position(line, 0), end))


def found(text, language="python", mark="!"):
    """The instructions of a document, as texts."""
    return [own.text for own in instructions(Snapshot.of(text, language=language), mark)]


def left(text, language="python", mark="!"):
    """The document without its first instruction."""
    snapshot = Snapshot.of(text, language=language)
    (first, *_) = instructions(snapshot, mark)
    return without(snapshot, snapshot.whole, first.range)


LINE = [(id_, start) for id_ in LANGUAGES for start in language(id_).line_comments]
BLOCK = [(id_, *pair) for id_ in LANGUAGES for pair in language(id_).block_comments]


@pytest.mark.parametrize(("id_", "start"), LINE)
def test_line_comments_of_every_language(id_, start):
    """A comment of its own line goes with its line; one behind code goes with the blanks before it."""
    assert found(f"a\n  {start} use a set AI!\nb\n", id_) == ["use a set"]
    assert left(f"a\n  {start} use a set AI!\nb\n", id_) == "a\nb\n"
    assert found(f"a {start} use a set AI!\nb\n", id_) == ["use a set"]
    assert left(f"a {start} use a set AI!\nb\n", id_) == "a\nb\n"
    assert found(f"{start} why AI?\n", id_) == []
    assert found(f"{start} why AI?\n", id_, "?") == ["why"]


@pytest.mark.parametrize(("id_", "start"), LINE)
def test_line_comments_below_each_other(id_, start):
    """Where the sentence goes on from line to line, the lines are one instruction and go together."""
    text = f"a\n  {start} use a set,\n  {start} sorted by its names\n  {start} and quick AI!\nb\n"
    assert found(text, id_) == ["use a set, sorted by its names and quick"]
    assert left(text, id_) == "a\nb\n"
    for line in (1, 2, 3):
        assert instruction_at(scene(text, line, id_), "!").range == Range(Position(1, 0), Position(4, 0))
    assert instruction_at(scene(text, 0, id_), "!") is None
    assert instruction_at(scene(text, 4, id_), "!") is None


@pytest.mark.parametrize(("id_", "start", "end"), BLOCK)
def test_block_comments_of_every_language(id_, start, end):
    """A block comment on one line or several is an instruction, from each of its lines, and goes as a whole."""
    text = f"a\n{start} use a set AI! {end}\nb\n"
    assert found(text, id_) == ["use a set"]
    assert left(text, id_) == "a\nb\n"
    text = f"a\n{start}\n  Use a set.\n  And sort it AI!\n{end}\nb\n"
    assert found(text, id_) == ["Use a set. And sort it"]
    assert left(text, id_) == "a\nb\n"
    for line in (1, 2, 3, 4):
        assert instruction_at(scene(text, line, id_), "!").text == "Use a set. And sort it"
    assert instruction_at(scene(text, 5, id_), "!") is None
    assert found(f"{start} use a set AI! {end} b {start} use a list AI! {end}\n", id_) == ["use a set", "use a list"]


@pytest.mark.parametrize(
    ("id_", "text", "instruction", "rest"),
    [
        ("c", "f(/* by name AI! */ x);\n", "by name", "f(x);\n"),
        ("c", "f(x, /* by name AI! */ y);\n", "by name", "f(x, y);\n"),
        ("c", "f(x /* by name AI! */);\n", "by name", "f(x );\n"),
        ("c", "f();// by name AI!\n", "by name", "f();\n"),
        ("c", "f(); /* by name AI! */\n", "by name", "f();\n"),
        ("c", "/* a */ f(); /* by name AI! */ g(); /* b */\n", "by name", "/* a */ f(); g(); /* b */\n"),
        ("typescriptreact", "<p>\n  {/* a list AI! */}\n</p>\n", "a list", "<p>\n</p>\n"),
        ("typescriptreact", "<p>{/* a list AI! */}</p>\n", "a list", "<p>{}</p>\n"),
        ("javascriptreact", "x = 1; /* a list AI! */\n", "a list", "x = 1;\n"),
        ("html", "<script>\n  // a list AI!\n</script>\n", "a list", "<script>\n</script>\n"),
        ("html", "<style>\n  /* a list AI! */\n</style>\n", "a list", "<style>\n</style>\n"),
        ("php", "<!-- a list AI! -->\n<?php\n", "a list", "<?php\n"),
        ("lua", "--[[ a list\n  AI!\n]]\nx()\n", "a list", "x()\n"),
        ("restructuredtext", "Title\n\n.. a list AI!\n\nText\n", "a list", "Title\n\n\nText\n"),
        ("clojure", ";; use\n;; a list AI!\n(f)\n", "use a list", "(f)\n"),
        ("erlang", "%% use\n%% a list AI!\nf().\n", "use a list", "f().\n"),
        ("python", 'x = "a # b"  # a list AI!\n', "a list", 'x = "a # b"\n'),
        ("javascript", 'x = "a // b"; // a list AI!\n', "a list", 'x = "a // b";\n'),
        ("javascript", "x = 'it\\'s // b'; // a list AI!\n", "a list", "x = 'it\\'s // b';\n"),
        ("rust", "fn f<'a>(x: &'a str) {} // a list AI!\n", "a list", "fn f<'a>(x: &'a str) {}\n"),
        ("python", "x = 1  # a list AI!", "a list", "x = 1"),
        ("python", "x\r\n# a list AI!\r\ny\r\n", "a list", "x\r\ny\r\n"),
        ("unheard-of", "x // a list AI!\n", "a list", "x\n"),
        ("plaintext", "x\n# a list AI!\n", "a list", "x\n"),
    ],
)
def test_where_else_a_comment_can_stand(id_, text, instruction, rest):
    """Amidst code, in what is embedded, behind strings that look like comments: the comment alone goes."""
    assert found(text, id_) == [instruction]
    assert left(text, id_) == rest


@pytest.mark.parametrize(
    ("id_", "text", "instruction", "rest"),
    [
        ("python", "# The total.\n# a list AI!\nx\n", "a list", "# The total.\nx\n"),
        ("python", "#!/usr/bin/env python\n# a list AI!\nx\n", "a list", "#!/usr/bin/env python\nx\n"),
        ("python", "# x = f()\n# a list AI!\nx\n", "a list", "# x = f()\nx\n"),
        ("python", "# type: ignore\n# a list AI!\nx\n", "a list", "# type: ignore\nx\n"),
        ("python", "# so\n\n# a list AI!\nx\n", "a list", "# so\n\nx\n"),
        ("python", "# so\n    # a list AI!\n", "a list", "# so\n"),
        ("python", "x = 1  # so\n# a list AI!\n", "a list", "x = 1  # so\n"),
        ("python", "# so\nx = 1  # a list AI!\n", "a list", "# so\nx = 1\n"),
        ("rust", "/// the total of all\n/// a list AI!\nfn f() {}\n", "a list", "/// the total of all\nfn f() {}\n"),
        ("rust", "//! the total of all\n//! a list AI!\n", "a list", "//! the total of all\n"),
        ("java", "/**\n * The total.\n * a list AI!\n */\nf();\n", "a list", "/**\n * The total.\n */\nf();\n"),
        (
            "java",
            "/**\n * The total.\n * a list\n * of it AI! */\nf();\n",
            "a list of it",
            "/**\n * The total. */\nf();\n",
        ),
        ("java", "/**\n * Total.\n *\n * a list AI!\n */\n", "a list", "/**\n * Total.\n *\n */\n"),
        ("java", "/** a list AI! */\nf();\n", "a list", "f();\n"),
        ("java", "/**\n * Take\n * a list AI!\n */\nf();\n", "Take a list", "f();\n"),
    ],
)
def test_what_stays(id_, text, instruction, rest):
    """Other comments, what tools read, and documentation are no part of the instruction below them."""
    assert found(text, id_) == [instruction]
    assert left(text, id_) == rest


@pytest.mark.parametrize(
    ("id_", "text"),
    [
        ("python", "x = '# a list AI!'\n"),
        ("python", "# AI!\n"),
        ("python", "# a list AI! and more\n"),
        ("python", "# a BRAI!\n"),
        ("python", "# a list AI\n"),
        ("python", "/* a list AI! */\n"),
        ("c", "/* a list AI! and more */\n"),
        ("c", "/* a list AI!\n"),
        ("c", "a list AI! */\n"),
        ("markdown", "# All about AI!\n"),
        ("markdown", "// a list AI!\n"),
        ("css", "a { color: #fff } // AI!\n"),
        ("javascript", "see(`https://a list AI!\n"),
    ],
)
def test_what_is_none(id_, text):
    """What only looks like an instruction is left alone."""
    assert found(text, id_) == []


@pytest.mark.parametrize(
    ("id_", "text"),
    [
        ("python", 'TEXT = """\n# a list AI!\n"""\n# really AI!\n'),
        ("javascript", "x = `\n// a list AI!\n`;\n// really AI!\n"),
        ("go", "var x = `\n// a list AI!\n`\n\n// really AI!\n"),
        ("rust", 'const X: &str = "\n// a list AI!\n";\n// really AI!\n'),
        ("typescriptreact", "x = `\n// a list AI!\n`;\ny = <p>{/* really AI! */}</p>;\n"),
        ("java", 'class A {\n  String x = """\n    // a list AI!\n    """;\n  // really AI!\n}\n'),
        ("csharp", 'class A {\n  string x = @"\n// a list AI!\n";\n  // really AI!\n}\n'),
        ("cpp", 'auto x = R"(\n// a list AI!\n)";\n// really AI!\n'),
        ("ruby", "x = <<~END\n  # a list AI!\nEND\n# really AI!\n"),
        ("shellscript", "cat <<END\n# a list AI!\nEND\n# really AI!\n"),
        ("php", "<?php\n$x = <<<END\n# a list AI!\nEND;\n# really AI!\n"),
        ("lua", "x = [[\n-- a list AI!\n]]\n-- really AI!\n"),
    ],
)
def test_strings_of_several_lines(id_, text):
    """With a grammar, what stands in a string is no instruction, though its line looks like one."""
    snapshot = Snapshot.of(text, language=id_)
    assert [own.text for own in instructions(snapshot, "!", parse(snapshot))] == ["really"]


def test_a_selection_takes_the_first():
    """Of several comments in a selection the first one counts, and none outside it."""
    text = "# one AI!\nx\n# two AI!\ny\n# three AI!\n"
    assert instruction_at(scene(text, 1, last=4), "!").text == "two"
    assert instruction_at(scene(text, 3), "!") is None
