"""What a text defines, in signatures."""

from __future__ import annotations

import pytest

from dragoman.core.outline import at_a_glance, listed, outline, simple_name
from dragoman.core.syntax import parse
from dragoman.core.text import Snapshot


def outlined(text, language):
    """The list of a text's definitions."""
    return listed(outline(parse(Snapshot.of(text, language=language))).definitions)


@pytest.mark.parametrize(
    ("language", "text", "lines"),
    [
        (
            "python",
            "@a\nclass C(B):\n    def m(\n        self, b: int\n    ) -> str:\n        return ''\n",
            "1: class C(B)\n3:   def m( self, b: int ) -> str\n",
        ),
        ("javascript", "export const f = (a) => {\n  return a;\n};\n", "1: export const f = (a) =>\n"),
        ("typescript", "interface A<T> extends B {\n  m(a: T): void;\n}\n", "1: interface A<T> extends B\n"),
        (
            "rust",
            "impl<T> A for B<T> {\n    pub fn m(&self) -> T {\n    }\n}\n",
            "1: impl<T> A for B<T>\n2:   pub fn m(&self) -> T\n",
        ),
        ("go", "func (s *S) M(a int) error {\n\treturn nil\n}\n", "1: func (s *S) M(a int) error\n"),
        ("c", "static int\nf(int a)\n{\n  return a;\n}\n", "1: f(int a)\n"),
        (
            "cpp",
            "class A : public B {\n  virtual int m() const = 0;\n};\n",
            "1: class A : public B\n2:   virtual int m() const = 0;\n",
        ),
        (
            "java",
            "class A {\n  @Override\n  public int m() throws E {\n  }\n}\n",
            "1: class A\n2:   public int m() throws E\n",
        ),
        (
            "csharp",
            "class A {\n  int P { get; set; }\n  int M() => 1;\n}\n",
            "1: class A\n2:   int P { get; set; }\n3:   int M()\n",
        ),
        ("ruby", "class A < B\n  def m(a)\n    a\n  end\nend\n", "1: class A < B\n2:   def m(a)\n"),
        (
            "php",
            "<?php\nabstract class A {\n  abstract function m(): int;\n}\n",
            "2: abstract class A\n3:   abstract function m(): int;\n",
        ),
        ("lua", "function M.f(a)\n  return a\nend\n", "1: function M.f(a)\n"),
        ("shellscript", "f() {\n  x\n}\n", "1: f()\n"),
        ("kotlin", "class A {\n  fun f() {\n  }\n}\n", "1: class A\n2:   fun f()\n"),
    ],
)
def test_signatures(language, text, lines):
    """Each definition is one line without its body, indented by what it stands in."""
    assert outlined(text, language) == lines


def test_a_long_signature_is_cut():
    """One line holds no more than a person reads."""
    (line,) = outlined(f"def f({', '.join(f'argument_{n}' for n in range(60))}):\n    pass\n", "python").splitlines()
    assert len(line) < 170
    assert line.endswith("…")


def test_at_a_glance():
    """Within the budget stand all definitions, else the outermost, else those of them that are nearest."""
    text = "".join(f"class C{n}:\n    def a(self):\n        pass\n    def b(self):\n        pass\n" for n in range(20))
    whole = outline(parse(Snapshot.of(text, language="python")))
    assert at_a_glance(whole, 50, 1000) == whole.definitions
    outer = at_a_glance(whole, 50, 200)
    assert [definition.signature for definition in outer] == [f"class C{n}" for n in range(20)]
    nearest = at_a_glance(whole, 50, 60)
    assert 3 <= len(nearest) < 20
    assert whole.definitions[30] in nearest, "the class at the line itself"
    assert at_a_glance(whole, 50, 0) == ()


@pytest.mark.parametrize(
    ("name", "simple"),
    [
        ("n::A::m", "m"),
        ("M.f", "f"),
        ("M:f", "f"),
        ("Vec<a::b>", "Vec"),
        ("~A", "A"),
        ("*f", "f"),
        ("empty?", "empty?"),
    ],
)
def test_simple_names(name, simple):
    """What a name is called by those who use it."""
    assert simple_name(name) == simple
