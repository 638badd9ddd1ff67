"""The table of languages, and what is made of a language that is not in it."""

from __future__ import annotations

import time

import pytest

from dragoman.core.languages import LANGUAGES, defined_name, language, language_id, language_of


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b.py", "python"),
        ("C:\\x\\Main.TSX", "typescriptreact"),
        ("a.mjs", "javascript"),
        ("lib.rs", "rust"),
        ("Makefile", "makefile"),
        ("/srv/Dockerfile", "dockerfile"),
        ("script.R", "r"),
        ("README.md", "markdown"),
        ("noending", "plaintext"),
        ("x.unknown", "plaintext"),
        (".gitignore", "plaintext"),
        ("", "plaintext"),
    ],
)
def test_language_of(path, expected):
    """A file's name tells its language on every platform."""
    assert language_of(path) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("python", "python"),
        ("bash", "shellscript"),
        ("sh", "shellscript"),
        ("c-sharp", "csharp"),
        ("cs", "csharp"),
        ("c++", "cpp"),
        ("make", "makefile"),
        ("tex", "latex"),
        ("python-base", "python"),
        ("tsx", "typescriptreact"),
        ("html", "html"),
        ("css", "css"),
        ("git-commit", "git-commit"),
        ("objective-c", "objective-c"),
        ("", ""),
        ("*", "*"),
    ],
)
def test_language_id(name, expected):
    """A language that an editor calls by another name is the one that it is; others keep their names."""
    assert language_id(name) == expected


def test_every_language_can_be_named_in_a_fence():
    """Ids are their own keys, fences have a name, endings are no one else's by accident."""
    assert all(key == own.id for key, own in LANGUAGES.items())
    assert all(own.fence for own in LANGUAGES.values())
    assert all(language_of("x" + ending) in LANGUAGES for own in LANGUAGES.values() for ending in own.extensions)


def test_an_unknown_language_has_common_comments():
    """A language that nobody knows has every usual comment, and a fence name that cannot break out of a fence."""
    assert {"#", "//", "--", ";", "%"} <= set(language("frob").line_comments)
    assert language("frob").fence == "frob"
    assert language("a`b\nc").fence == "text"


@pytest.mark.parametrize(
    ("language_id", "line", "name"),
    [
        ("python", "    async def run(self):", "run"),
        ("python", "    x = run()", None),
        ("typescript", "  private async load(id: string): Promise<void> {", "load"),
        ("typescript", "export const make = async <T>(x: T) => {", "make"),
        ("javascript", "  if (ready) {", None),
        ("rust", "pub(crate) async fn go<T>(x: T) {", "go"),
        ("go", "func (s *Server) Serve(addr string) error {", "Serve"),
        ("c", "static int main(int argc, char **argv)", "main"),
        ("c", "    return run(a);", None),
        ("java", "    public static void main(String[] args) {", "main"),
        ("shellscript", "deploy() {", "deploy"),
        ("frob", "function blink", "blink"),
        ("markdown", "function blink", None),
    ],
)
def test_defined_name(language_id, line, name):
    """A line that begins a definition gives its name, others give None."""
    assert defined_name(line, language(language_id)) == name


def test_patterns_take_no_time_on_hostile_lines():
    """No line, however made, holds a pattern up."""
    hostile = [
        "a " * 190,
        "*&" * 190,
        "a*" * 190,
        "pub " * 90,
        "(" * 390,
        "a::<" * 90,
        "export " * 55,
        " " * 390 + "x",
        "const a" + " " * 390,
    ]
    start = time.perf_counter()
    for own in LANGUAGES.values():
        for line in hostile:
            defined_name(line, own)
    assert time.perf_counter() - start < 1.5
