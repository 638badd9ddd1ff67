"""Symbols, imports and errors, in every language with a grammar and by indentation."""

from __future__ import annotations

import pytest

from dragoman.core.syntax import LARGEST, new_errors, paragraph_at, parse, whole_lines
from dragoman.core.text import Position, Range, Snapshot


def syntax(text, language="python"):
    """A text's syntax."""
    return parse(Snapshot.of(text, language=language))


def named(text, language):
    """Kind, name and container of each symbol."""
    found = syntax(text, language)
    return [(symbol.kind, symbol.name, symbol.container) for symbol in found.symbols()]


@pytest.mark.parametrize(
    ("language", "text", "symbols"),
    [
        (
            "python",
            "class A:\n  async def f(self): pass\ndef g():\n  def h(): pass\n",
            [("class", "A", ""), ("method", "f", "A"), ("function", "g", ""), ("function", "h", "g")],
        ),
        (
            "javascript",
            "class A { m() {} f = () => 1 }\nconst g = async () => {};\nfunction* h() {}\nx.y = function () {};",
            [
                ("class", "A", ""),
                ("method", "m", "A"),
                ("method", "f", "A"),
                ("function", "g", ""),
                ("function", "h", ""),
                ("function", "x.y", ""),
            ],
        ),
        (
            "typescript",
            "interface I {}\ntype T = 1;\nenum E {}\nnamespace N { export function f() {} }\nabstract class Q {}\n",
            [
                ("interface", "I", ""),
                ("type", "T", ""),
                ("enum", "E", ""),
                ("module", "N", ""),
                ("function", "f", "N"),
                ("class", "Q", ""),
            ],
        ),
        ("typescriptreact", "export const A = () => <b/>;\n", [("function", "A", "")]),
        ("javascriptreact", "export default function A() { return <b/>; }\n", [("function", "A", "")]),
        (
            "rust",
            "impl A for B { fn f(&self) {} }\ntrait T { fn g(); }\nmod m { struct S; enum E {} }\nmacro_rules! n {}",
            [
                ("impl", "B", ""),
                ("method", "f", "B"),
                ("trait", "T", ""),
                ("method", "g", "T"),
                ("module", "m", ""),
                ("struct", "S", "m"),
                ("enum", "E", "m"),
                ("macro", "n", ""),
            ],
        ),
        (
            "go",
            "package a\nfunc F() {}\nfunc (s S) M() {}\ntype S struct {}\n",
            [("function", "F", ""), ("method", "M", ""), ("type", "S", "")],
        ),
        (
            "lua",
            "function M.f(x)\n  local function g()\n  end\nend\nlocal h = function() end\nM.k = function() end\n",
            [("function", "M.f", ""), ("function", "g", "M.f"), ("function", "h", ""), ("function", "M.k", "")],
        ),
        (
            "c",
            (
                "#ifndef A\n#define MAX 3\nstruct S { int a; };\ntypedef struct { int b; } T;\nchar *f(int);\n#endif\n"
                "static int g(void) { S x(1); return 1; }\n"
            ),
            [
                ("macro", "MAX", ""),
                ("struct", "S", ""),
                ("type", "T", ""),
                ("function", "f", ""),
                ("function", "g", ""),
            ],
        ),
        (
            "cpp",
            (
                "namespace n { class A { A(); int m() const; int k() { return 1; } }; }\n"
                "int n::A::m() const { return 1; }\ntemplate <class T> struct V { T t; };\n"
            ),
            [
                ("module", "n", ""),
                ("class", "A", "n"),
                ("method", "A", "A"),
                ("method", "m", "A"),
                ("method", "k", "A"),
                ("function", "n::A::m", ""),
                ("struct", "V", ""),
            ],
        ),
        (
            "java",
            "class A { A() {} int m() { return 1; } interface I { void n(); } enum E { X } record R(int a) {} }\n",
            [
                ("class", "A", ""),
                ("method", "A", "A"),
                ("method", "m", "A"),
                ("interface", "I", "A"),
                ("method", "n", "I"),
                ("enum", "E", "A"),
                ("class", "R", "A"),
            ],
        ),
        (
            "csharp",
            "namespace N { class A { int P { get; set; } int M() => 1; } struct S {} record R(int a); }\n",
            [
                ("module", "N", ""),
                ("class", "A", "N"),
                ("property", "P", "A"),
                ("method", "M", "A"),
                ("struct", "S", "N"),
                ("class", "R", "N"),
            ],
        ),
        (
            "ruby",
            "module M\n  class A\n    def m(a)\n    end\n    def self.n; end\n  end\nend\ndef f = 1\n",
            [
                ("module", "M", ""),
                ("class", "A", "M"),
                ("method", "m", "A"),
                ("method", "n", "A"),
                ("function", "f", ""),
            ],
        ),
        (
            "php",
            "<?php\nclass A { function m() {} }\ninterface I { function n(); }\ntrait T {}\nfunction f() {}\n",
            [
                ("class", "A", ""),
                ("method", "m", "A"),
                ("interface", "I", ""),
                ("method", "n", "I"),
                ("trait", "T", ""),
                ("function", "f", ""),
            ],
        ),
        ("shellscript", "f() { x; }\nfunction g { y; }\n", [("function", "f", ""), ("function", "g", "")]),
        (
            "kotlin",
            "class A {\n  fun f() {\n  }\n}\n",
            [("definition", "A", ""), ("definition", "f", "A")],
        ),
    ],
)
def test_symbols(language, text, symbols):
    """Every language's definitions are found, each with what it stands in."""
    assert named(text, language) == symbols


@pytest.mark.parametrize(
    ("language", "text", "at", "whole"),
    [
        ("python", "x = 1  # no\n# yes\n@d\n@e\ndef f():\n  pass\ny = 2\n", 5, "# yes\n@d\n@e\ndef f():\n  pass"),
        ("python", "x = 1\n# apart\n\ndef f():\n  pass\n", 4, "def f():\n  pass"),
        ("rust", "/// A\n/// B\n#[x]\n// C\n#[y]\nfn f() {\n}\n", 6, "/// A\n/// B\n#[x]\n// C\n#[y]\nfn f() {\n}"),
        ("typescript", "/** A */\n@D()\nexport class C {\n}\n", 2, "/** A */\n@D()\nexport class C {\n}"),
        ("typescript", "class C {\n  @D()\n  m() {\n  }\n}\n", 3, "@D()\n  m() {\n  }"),
        ("javascript", "function f() {\n} // after\n// g\nfunction g() {}\n", 0, "function f() {\n}"),
        ("go", "// S is.\ntype S struct {\n\ta int\n}\n", 2, "// S is.\ntype S struct {\n\ta int\n}"),
        ("lua", "-- adds\nfunction f()\n  x()\nend\ng()\n", 2, "-- adds\nfunction f()\n  x()\nend"),
        ("c", "int f(int a)\n{\n  return a;\n}\n", 2, "int f(int a)\n{\n  return a;\n}"),
        ("c", "/* S is. */\nstruct S {\n  int a;\n};\nint b;\n", 2, "/* S is. */\nstruct S {\n  int a;\n};"),
        ("cpp", "// V is.\ntemplate <class T>\nclass V {\n};\n", 1, "// V is.\ntemplate <class T>\nclass V {\n};"),
        ("java", "/** A is. */\n@B\nclass A {\n}\n", 2, "/** A is. */\n@B\nclass A {\n}"),
        ("csharp", "/// A is.\n[B]\nclass A {\n}\n", 1, "/// A is.\n[B]\nclass A {\n}"),
        ("ruby", "x = 1\n# adds\ndef f(a)\n  a\nend\n", 3, "# adds\ndef f(a)\n  a\nend"),
        ("php", "<?php\n// A is.\n#[B]\nclass A\n{\n}\n", 4, "// A is.\n#[B]\nclass A\n{\n}"),
        ("shellscript", "x\n# runs\nf() {\n  y\n}\n", 3, "# runs\nf() {\n  y\n}"),
        ("kotlin", "// runs\nfun f() {\n  y()\n}\n", 2, "// runs\nfun f() {\n  y()\n}"),
    ],
)
def test_symbol_at_holds_what_belongs_to_it(language, text, at, whole):
    """A definition comes with its doc comment, decorators, attributes and export, and with nothing else."""
    found = syntax(text, language)
    symbol = found.symbol_at(Position(at, 0))
    assert symbol is not None
    assert found.snapshot.slice(symbol.range) == whole


def test_symbol_at_is_the_smallest_that_holds_the_range():
    """A place in a method is the method's; a range over two methods is the class's; outside there is none."""
    found = syntax("class A:\n  def f(self):\n    pass\n\n  def g(self):\n    pass\nx = 1\n")
    assert found.symbol_at(Position(2, 4)).name == "f"
    assert found.symbol_at(Range(Position(2, 4), Position(5, 4))).name == "A"
    assert found.symbol_at(Position(6, 0)) is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_positions_count_code_points_in_every_kind_of_line(end):
    """Emoji, tabs and all line ends leave positions right."""
    found = syntax(end.join(["# 👋🏽é", "class A:", "\tdef naïve(self): return '😀😀'", "\tdef g(self): pass", ""]))
    naive = found.symbols()[1]
    assert naive.name == "naïve"
    assert naive.name_range == Range(Position(2, 5), Position(2, 10))
    assert found.snapshot.slice(naive.range) == "def naïve(self): return '😀😀'"
    assert found.snapshot.slice(found.symbols()[2].range) == "def g(self): pass"


def test_lone_surrogates_do_not_break_a_parse():
    """What an editor may send though it is no character is parsed around."""
    found = syntax("# \ud83d\ndef f(): pass\n")
    assert found.symbols()[0].range == Range(Position(0, 0), Position(1, 13))


@pytest.mark.parametrize(
    ("language", "text", "imports"),
    [
        ("python", "import a\nfrom b import (\n  c,\n)\nx = 1\n", ["import a", "from b import (\n  c,\n)"]),
        ("typescript", 'import { a } from "a";\nimport "b";\nconst x = 1;', ['import { a } from "a";', 'import "b";']),
        ("rust", "use a::b;\nextern crate c;\nfn f() { use d; }", ["use a::b;", "extern crate c;"]),
        ("go", 'package a\nimport (\n\t"b"\n)\n', ['import (\n\t"b"\n)']),
        ("c", '#ifndef A\n#include "a.h"\n#endif\nint x;\n', ['#include "a.h"']),
        ("cpp", "#include <a.h>\nusing namespace b;\nint x;\n", ["#include <a.h>", "using namespace b;"]),
        ("java", "package a;\nimport b.C;\nimport static d.E.*;\n", ["import b.C;", "import static d.E.*;"]),
        ("csharp", "using A.B;\nusing C = D;\nclass E {}\n", ["using A.B;", "using C = D;"]),
        ("ruby", "require 'a'\nx = 1\nputs x\nrequire_relative 'b'\n", ["require 'a'", "require_relative 'b'"]),
        (
            "php",
            "<?php\nuse A\\B;\nrequire_once __DIR__ . '/c.php';\nf();\n",
            ["use A\\B;", "require_once __DIR__ . '/c.php';"],
        ),
        ("lua", "local a = require('a.b')\nlocal b = 1\n", ["local a = require('a.b')"]),
        ("shellscript", "source ./a.sh\n. ./b.sh\nsourced\n", ["source ./a.sh", ". ./b.sh"]),
        ("kotlin", "import a.b\nval x = 1\n", ["import a.b"]),
    ],
)
def test_imports(language, text, imports):
    """Top-level imports are found, whole."""
    found = syntax(text, language)
    assert [found.snapshot.slice(range_) for range_ in found.imports()] == imports


@pytest.mark.parametrize(
    ("language", "right", "wrong"),
    [
        ("python", "def f(a):\n  return a\n", "def f(a:\n  return a\n"),
        ("javascript", "const a = (b) => b;\n", "const a = (b => b;\n"),
        ("typescript", "let a: number = 1;\n", "let a: = 1;\n"),
        ("typescriptreact", "const a = <b>c</b>;\n", "const a = <b>c</d;\n"),
        ("rust", "fn f() -> i32 { 1 }\n", "fn f( -> i32 { 1 }\n"),
        ("go", "package a\nfunc f() int { return 1 }\n", "package a\nfunc f( int { return 1 }\n"),
        ("c", "int f(int a) { return a; }\n", "int f(int a { return a; }\n"),
        ("cpp", "class A { int b; };\n", "class A { int b; ;\n"),
        ("java", "class A { int f() { return 1; } }\n", "class A { int f( { return 1; } }\n"),
        ("csharp", "class A { int F() { return 1; } }\n", "class A { int F() { return 1 } }\n"),
        ("ruby", "def f(a)\n  a\nend\n", "def f(a\n  a\nend\n"),
        ("php", "<?php\nfunction f() { return 1; }\n", "<?php\nfunction f( { return 1; }\n"),
        ("lua", "function f() return 1 end\n", "function f( return 1 end\n"),
        ("shellscript", "if a; then b; fi\n", "if a; then b\n"),
    ],
)
def test_errors(language, right, wrong):
    """Right text has no errors, wrong text has, with a line that exists."""
    assert syntax(right, language).errors() == ()
    errors = syntax(wrong, language).errors()
    assert errors
    assert all(0 <= error.line < len(wrong.split("\n")) and error.message for error in errors)
    assert new_errors(syntax(right, language), syntax(wrong, language)) == errors


def test_an_error_that_was_there_is_not_new():
    """An error elsewhere is known again when lines were added above it, or its own text is cut otherwise."""
    before = syntax("a = 1\n\ndef f(:\n  pass\n")
    after = syntax("a = 1\nb = 2\nc = 3\n\ndef f(:\n  pass\n")
    assert before.errors()
    assert new_errors(before, after) == ()
    assert new_errors(before, syntax("a = = 1\n\ndef f(:\n  pass\n")) != ()


def test_a_second_error_of_the_same_words_is_new():
    """Errors are counted: one more of the same is new."""
    before, after = syntax("a = = 1\n"), syntax("a = = 1\n\nb = 1\na = = 1\n\n")
    assert len(new_errors(before, after)) == 1


def test_large_texts_are_not_parsed():
    """A text above the limit says so and has no symbols, errors or imports to offer but by line."""
    found = syntax("x = 1\n" * (LARGEST // 6 + 1))
    assert found.too_large
    assert (found.symbols(), found.errors(), found.symbol_at(Position(3, 0))) == ((), (), None)


def test_whole_lines_takes_blanks_only():
    """A range grows over blanks to its lines' ends, never over other text, and drops a line it only touches."""
    snapshot = Snapshot.of("  a = 1  \nb = 2; c\nd\n")
    assert whole_lines(snapshot, Range(Position(0, 2), Position(0, 7))) == Range(Position(0, 0), Position(0, 9))
    assert whole_lines(snapshot, Range(Position(1, 7), Position(1, 8))) == Range(Position(1, 7), Position(1, 8))
    assert whole_lines(snapshot, Range(Position(0, 0), Position(1, 0))) == Range(Position(0, 0), Position(0, 9))


def test_paragraph_at():
    """A paragraph reaches from blank line to blank line; a blank line has none."""
    snapshot = Snapshot.of("a\nb\n\nc\n")
    assert paragraph_at(snapshot, 1) == Range(Position(0, 0), Position(1, 1))
    assert paragraph_at(snapshot, 2) is None


def test_statements_leave_comments_out():
    """Top-level statements come without comments; a language without a grammar has none."""
    found = syntax("# a\nx = 1\n\ny = 2\n")
    assert [found.snapshot.slice(range_) for range_ in found.statements()] == ["x = 1", "y = 2"]
    assert syntax("x = 1\n", "kotlin").statements() == ()


@pytest.mark.parametrize(
    ("language_id", "text", "inside"),
    [
        ("python", 'x = """\n# mark\n"""\n', True),
        ("python", "x = 1  # mark\n", False),
        ("python", 'x = "ä"\n# mark\n', False),
        ("python", "mark = 1\n", False),
        ("javascript", "x = `a ${ /* mark */ b }`;\n", False),
        ("javascript", "x = `a mark`;\n", True),
        ("go", "var x = `\nmark`\n", True),
        ("rust", '// ä\nconst X: &str = r#"\nmark"#;\n', True),
        ("plaintext", '"mark"\n', False),
    ],
)
def test_what_stands_in_a_string(language_id, text, inside):
    """A place in a string is told from one in a comment, also inside each other; without a grammar it is none."""
    snapshot = Snapshot.of(text, language=language_id)
    assert parse(snapshot).in_string(snapshot.position(text.index("mark"))) is inside
