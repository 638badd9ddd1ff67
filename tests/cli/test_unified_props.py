"""Patches: whatever the texts, `git apply` makes the new one of the old one."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.cli.unified import counts, unified_diff

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "end"]), max_size=20).map("".join)


def applied(old: str | None, patch: str) -> bytes:
    """What `git apply` makes of a file with that patch."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "f.txt")
        if old is not None:
            path.write_bytes(old.encode())
        subprocess.run(["git", "apply", "--whitespace=nowarn"], input=patch.encode(), cwd=folder, check=True)
        return path.read_bytes()


@settings(max_examples=60)
@given(old=TEXTS.filter(bool), new=TEXTS.filter(bool))
def test_git_applies_every_patch(old, new):
    """A patch carries one text into the other, with its line ends and without a final newline too."""
    patch = unified_diff(old, new, "f.txt")
    assert (applied(old, patch) if patch else old.encode()) == new.encode()


def test_a_new_file():
    """A patch that makes a file comes from nothing."""
    patch = unified_diff(None, "one\ntwo\n", "f.txt")
    assert patch == "--- /dev/null\n+++ b/f.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n"
    assert applied(None, patch) == b"one\ntwo\n"


def test_changes_far_apart_make_two_hunks():
    """Three lines of context stand around each change; what lies between distant ones is left out."""
    old = "".join(f"{number}\n" for number in range(30))
    new = old.replace("2\n", "two\n", 1).replace("27\n", "twenty-seven\n")
    patch = unified_diff(old, new, "f.txt")
    assert patch.count("@@ -") == 2
    assert counts(patch) == (2, 2)


@pytest.mark.parametrize("text", ["", "same\n"])
def test_nothing_differs(text):
    """Equal texts make no patch."""
    assert unified_diff(text, text, "f.txt") == ""
