"""The pages for people and the pieces of configuration must not part. Drives no editor."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from editors.desk import REPOSITORY

PIECES = (
    ("neovim", "init.lua"),
    ("helix", "languages.toml"),
    ("helix", "config.toml"),
    ("zed", "settings.json"),
)


@pytest.mark.parametrize(("editor", "piece"), PIECES)
def test_page_shows_the_piece(editor, piece):
    """What an editor's page says to copy is what lies in the repository, and what the scenarios run on."""
    page = (REPOSITORY / "docs" / "editors" / f"{editor}.md").read_text(encoding="utf-8")
    text = (REPOSITORY / "editors" / editor / piece).read_text(encoding="utf-8")
    assert f"```{piece.rpartition('.')[2]}\n{text}```\n" in page


def test_pictures_are_there_and_small():
    """Each picture on an editor's page lies in the repository, and is light enough for it."""
    for page in (REPOSITORY / "docs" / "editors").glob("*.md"):
        for picture in re.findall(r"!\[[^\]]+\]\((\S+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / picture).stat().st_size < 200_000, picture


def test_pieces_can_be_read():
    """The pieces that no scenario runs are at least well formed."""
    for name in ("zed/settings.json", "vscode/package.json"):
        json.loads((REPOSITORY / "editors" / name).read_text(encoding="utf-8"))
    tomllib.loads((REPOSITORY / "editors" / "helix" / "languages.toml").read_text(encoding="utf-8"))
