"""Which files patterns are about: as git has it, and the files that hold secrets whatever git says."""

from __future__ import annotations

import time

import pytest

from dragoman.core.ignore_rules import covers, holds_secrets, ignoring, read_rules


def ignored(text, path):
    """Whether a list of patterns in the outermost folder ignores the file."""
    return covers(read_rules(text), path.split("/"))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("# no comment\n\n  \n", [], ["a", "# no comment"]),
        ("\\#a\n\\!b\n", ["#a", "x/!b"], ["a", "b"]),
        ("*.log", ["a.log", "x/y/a.log", "a.log/inside"], ["log", "a.logs"]),
        ("/build", ["build", "build/a/b"], ["src/build"]),
        ("build/", ["build/a", "src/build/a"], ["build", "src/build"]),
        ("doc/*.txt", ["doc/a.txt"], ["doc/x/a.txt", "src/doc/a.txt"]),
        ("**/foo/bar", ["foo/bar", "a/b/foo/bar/c"], ["foo/a/bar"]),
        ("a/**/b", ["a/b", "a/x/y/b"], ["x/a/b", "ab"]),
        ("a/**", ["a/x", "a/x/y"], ["a", "b/a/x"]),
        ("**", ["a", "a/b"], []),
        ("*\n!*.py", ["a.txt", "x/a.py"], ["a.py"]),
        ("*.tmp\n!a.tmp", ["b.tmp", "a.tmp/x.tmp"], ["a.tmp", "a.tmp/x"]),
        ("logs/\n!logs/keep", ["logs/keep"], []),
        ("/*\n!/src\n/src/*\n!/src/a", ["b", "src/b"], ["src/a", "src/a/x"]),
        ("file[0-9a].tx?", ["file3.txt", "filea.txt"], ["fileb.txt", "file.txt", "file3.tx"]),
        ("[!a-c]x\n[]-]y\n[[:digit:]]z", ["dx", "]y", "-y", "7z"], ["ax", "y", "az"]),
        ("[z-a]x\n[ab", [], ["zx", "ax", "a", "[ab"]),
        ("foo\\ \nbar  \nba\\r", ["foo ", "bar"], ["foo", "bar  "]),
        ("a\\", [], ["a", "a\\"]),
        ("a*b*c\r\n", ["abc", "axbxc", "abcbc"], ["acb"]),
    ],
)
def test_patterns_are_read_as_git_reads_them(text, inside, outside):
    """Each kind of pattern ignores just what gitignore(5) says."""
    assert [path for path in (*inside, *outside) if ignored(text, path)] == inside


def test_nearest_rules_decide():
    """A folder's own rules come before those above it; nothing in an ignored folder is taken back."""
    above, below = read_rules("*.gen\nout/\n"), read_rules("!keep.gen\n*.txt\n")
    assert ignoring((above, below), ["src", "a.gen"]) == 0
    assert ignoring((above, below), ["src", "a.txt"]) == 1
    assert ignoring((above, below), ["src", "keep.gen"]) is None
    assert ignoring((above, below), ["out", "keep.gen"]) == 0
    assert ignoring((), ["a"]) is None


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "**/a/" * 200 + "b", "?*" * 100 + "b", "*" * 2000 + "b"])
def test_hostile_pattern_takes_no_time(pattern):
    """However many wildcards a pattern has, a path is judged at once."""
    path = ["a" * 250] * 20
    rules = read_rules(pattern)
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        assert not covers(rules, path)
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.5, "backtracking would take longer than anybody can wait"


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.production",
        "deep/down/.ENV.local",
        "prod.env",
        ".envrc",
        "server.pem",
        "a/tls.key",
        "home/me/.ssh/config",
        ".ssh/known/deeper",
        "id_rsa",
        "id_ed25519",
        "id_rsa.old",
        "id_work",
        "credentials.json",
        "aws/Credentials",
        "my-app-credentials.json",
        ".aws/config",
        "home/me/.kube/config",
        ".npmrc",
        "store.JKS",
        "terraform.tfstate.backup",
        "secrets.yaml",
        ".bash_history",
        "passwords.kdbx",
        "project/.git/config",
    ],
)
def test_files_that_hold_secrets(path):
    """The built-in list knows them wherever they are, however they are spelled."""
    assert holds_secrets(path.split("/"))


@pytest.mark.parametrize(
    "path",
    [
        ".env.example",
        ".env.local.sample",
        "example.env",
        "id_generator.py",
        "id_map.go",
        "credentials.py",
        "src/credentials/store.ts",
        "key.py",
        "keys/reader.py",
        "config",
        "environment.ts",
        "secrets.py",
        "monkey.rs",
        "readme.md",
    ],
)
def test_files_that_only_speak_of_secrets(path):
    """Code about secrets, and templates without any, can be worked on."""
    assert not holds_secrets(path.split("/"))
