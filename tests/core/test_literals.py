"""Literals of many languages: read, found on a line, and written anew."""

from __future__ import annotations

import pytest

from dragoman.core.literals import literal, literal_range, literals_in
from dragoman.core.syntax import parse
from dragoman.core.text import Position, Range, Snapshot

READ = [
    ("python", r'r"\d\"+"', r"\d\"+"),
    ("python", r'"\\d\t\"\d"', '\\d\t"\\d'),
    ("python", "rb'a'", "a"),
    ("python", '"""a\n"b"""', 'a\n"b'),
    ("python", 'f"a"', None),
    ("python", '"a" "b"', None),
    ("python", "x", None),
    ("javascript", r"/a\/[/]b/gi", r"a\/[/]b"),
    ("javascript", r'"\\d\d\u0041\u{42}"', r"\ddAB"),
    ("typescript", "`a${b}`", None),
    ("typescript", "`a`", "a"),
    ("javascript", r"String.raw`\d`", r"\d"),
    ("rust", 'r#"a"b"#', 'a"b'),
    ("rust", r"'\''", None),
    ("go", r"`\d`", r"\d"),
    ("go", r'"\\d"', r"\d"),
    ("java", r'"\\d\""', r'\d"'),
    ("java", "'a'", None),
    ("csharp", '@"a""\\b"', 'a"\\b'),
    ("csharp", '$"a{b}"', None),
    ("kotlin", '"""a"b\\d"""', 'a"b\\d'),
    ("kotlin", '"a$b"', None),
    ("kotlin", r'"a\$b"', "a$b"),
    ("php", r"'/a\d\'/i'", r"a\d'"),
    ("php", "'no pattern'", "no pattern"),
    ("php", '"/$x/"', None),
    ("ruby", "%r{a/{2}}x", "a/{2}"),
    ("ruby", "/#{a}/", None),
    ("perl", "qr/a/x", "a"),
    ("lua", "[==[a]]b]==]", "a]]b"),
    ("shellscript", r"'it'\''s'", "it's"),
    ("shellscript", '"$x"', None),
    ("yaml", "'it''s'", "it's"),
    ("toml", r"'\d'", r"\d"),
    ("frob", '"a"', None),
    ("markdown", "`a`", None),
]


@pytest.mark.parametrize(("language", "written", "text"), READ)
def test_what_a_literal_stands_for(language, written, text):
    """A literal's text is what the language takes it for; a dynamic one, or what is none, has none."""
    found = literal(written, language)
    assert (found.text if found is not None else None) == text


WRITTEN = [
    ("python", 'r"x"', r'a"b\d', r'r"a\"b\d"'),
    ("python", "r'''x'''", "it's'", r"r'''it's\''''"),
    ("python", '"x"', r"\d\n", r'"\\d\\n"'),
    ("python", "b'x'", "'", r"b'\''"),
    ("python", 'r"x"', "a\tb\nc", r'r"a\tb\nc"'),
    ("python", 'r"""x\n"""', "a\nb", 'r"""a\nb"""'),
    ("javascript", "/x/gi", "a/b", r"/a\/b/gi"),
    ("javascript", "'x'", r"\d'", r"'\\d\''"),
    ("javascript", "`x`", "${a}`", r"`\${a}\``"),
    ("rust", 'r"x"', r'"\w\"', r'r"\x22\w\x22"'),
    ("rust", 'r#"x"#', '"a"', 'r#""a""#'),
    ("go", "`x`", "a`", r"`a\x60`"),
    ("go", '"x"', r"\d`", r'"\\d`"'),
    ("csharp", '@"x"', r'"\d', r'@"""\d"'),
    ("kotlin", '"x"', r"^\d$", r'"^\\d\$"'),
    ("php", "'#x#i'", "a#b'", r"'#a\#b\'#i'"),
    ("php", "'{x}'", r"\d{2}", r"'{\d{2}}'"),
    ("ruby", "/x/m", "a/", r"/a\//m"),
    ("perl", "qr/x/", r"\w+@\w+", r"qr/\w+\@\w+/"),
    ("shellscript", "'x'", "it's", r"'it'\''s'"),
    ("shellscript", '"x"', r"\d$", r'"\d\$"'),
    ("yaml", "'x'", "it's", "'it''s'"),
    ("json", '"x"', r"\d", r'"\\d"'),
]


@pytest.mark.parametrize(("language", "written", "text", "expected"), WRITTEN)
def test_another_text_in_the_same_kind_of_literal(language, written, text, expected):
    """A new pattern stands in the literal's own quotes, escapes, delimiters and flags, and is one literal again."""
    found = literal(written, language).with_text(text)
    assert found == expected
    assert literal(found, language) is not None


@pytest.mark.parametrize(("language", "written"), [(language, written) for language, written, text in READ if text])
def test_the_same_text_again(language, written):
    """A literal that is given its own text stands for it still; a tab may be an escape then, and a slash have one."""
    found = literal(written, language)
    again = literal(found.with_text(found.text), language)
    assert again.text.replace("\\/", "/") == found.text.replace("\t", r"\t").replace("\\/", "/")


def test_what_can_not_be_written():
    """What a literal can't hold is refused rather than written wrongly."""
    with pytest.raises(ValueError, match="can't be written"):
        literal("[[a]]", "lua").with_text("a]]b")
    with pytest.raises(ValueError, match="can't be written"):
        literal("/a/", "ruby").with_text("#{a}")


def test_new_flags():
    """Flags that are given take the place of a literal's own."""
    assert literal("/a/g", "javascript").with_text("b", "i") == "/b/i"
    assert literal("'~a~x'", "php").with_text("b", "i") == "'~b~i'"


@pytest.mark.parametrize(
    ("language", "line", "found"),
    [
        ("python", 'f(r"\\d", f"{x}") # "no"', ['r"\\d"', 'f"{x}"']),
        ("javascript", "const a = b / 2 / c, d = /x[/]y/g.test('a') // 'x'", ["/x[/]y/g", "'a'"]),
        ("rust", "fn a<'a>(x: &'a str) { let q = '\"'; \"s\" }", ["'\"'", '"s"']),
        ("go", 'x := `a` /* "b" */ + "c"', ["`a`", '"c"']),
        ("go", 'x := `a` /* "b"', ["`a`"]),
        ("ruby", "x =~ /a/ # /b/", ["/a/"]),
        ("markdown", 'say "a"', []),
        ("python", '"' + "a" * 2000 + '"', []),
    ],
)
def test_literals_of_a_line(language, line, found):
    """Literals are told from divisions, lifetimes and comments, by the line alone."""
    assert [line[start:end] for start, end in literals_in(line, language)] == found


@pytest.mark.parametrize(
    ("language", "text", "place", "found"),
    [
        ("python", 'x = """a\nb "c" d"""\n', (1, 3), '"""a\nb "c" d"""'),
        ("python", "é = '😀' + 'b'\n", (0, 6), "'😀'"),
        ("python", "é = '😀' + 'b'\n", (0, 12), "'b'"),
        ("python", "# it's 'a' comment\n", (0, 8), None),
        ("javascript", "a = b / 2 / c\n", (0, 8), None),
        ("typescript", "let a: string = /x/\n", (0, 9), None),
        ("typescript", "let a: string = /x/\n", (0, 17), "/x/"),
        ("rust", 'let a = r#"x"#;\n', (0, 11), 'r#"x"#'),
        ("go", "var a = `x\ny`\n", (1, 0), "`x\ny`"),
        ("sql", "select 'a''b'\n", (0, 9), "'a''b'"),
        ("sql", "select 'a''b'\n", (0, 3), None),
    ],
)
def test_the_literal_at_a_place(language, text, place, found):
    """By the grammar a literal is found over several lines and not in comments; without one, on its line."""
    snapshot = Snapshot.of(text, language=language)
    where = literal_range(snapshot, Range(Position(*place), Position(*place)), parse(snapshot))
    assert (snapshot.slice(where) if where is not None else None) == found
