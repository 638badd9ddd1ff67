"""docs/privacy.md: what it promises is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from dragoman.core.ignore_rules import WITHHELD_FILES, holds_secrets
from dragoman.core.settings import Privacy
from dragoman.engine.audit import KEPT_FILES
from dragoman.engine.ignores import IGNORE_FILES, LARGEST_BYTES

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")


def test_every_setting_is_explained():
    """The page speaks of each setting of the section."""
    for name in Privacy.model_fields:
        assert re.search(rf"\b{name}\b", PAGE), name


def test_files_that_are_named_are_withheld():
    """Each name in the list of files that hold secrets is withheld by the code, and the exception is none."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith("- what holds secrets as a rule")]
    names = re.findall(r"`([^`]+)`", line)
    exception = names.index(".env.example")
    for name in (*names[:exception], *names[exception + 1 :]):
        if name.startswith("core/"):
            continue
        path = [name, "file"] if name in {".ssh", ".gnupg"} else [name.replace("*", ".json")]
        assert holds_secrets(path), name
    assert not holds_secrets([".env.example"])
    assert not any(letter.isupper() for letter in WITHHELD_FILES), "names are compared in small letters"


def test_numbers_and_names_are_those_of_the_code():
    """Bounds and files that the page names are the code's own."""
    assert KEPT_FILES == 30
    assert "newest thirty" in PAGE
    assert LARGEST_BYTES == 1024 * 1024
    assert all(f"`{name}`" in PAGE for name in IGNORE_FILES)
    for link in re.findall(r"\]\(([a-z]+\.md)", PAGE):
        assert (Path(__file__).parents[2] / "docs" / link).exists(), link
