"""The pages for people and the pieces of configuration must not part. Drives no editor."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from dragoman.core.languages import LANGUAGES
from dragoman.core.settings_layers import editor_layer
from editors.conftest import EDITORS
from editors.desk import REPOSITORY
from editors.table import BEGIN, END, PAGE, scenarios

PIECES = (
    ("neovim", "init.lua"),
    ("helix", "languages.toml"),
    ("helix", "config.toml"),
    ("zed", "settings.json"),
    ("zed", "extension-settings.json"),
    ("emacs", "dragoman.el"),
    ("emacs", "init.el"),
)


@pytest.mark.parametrize(("editor", "piece"), PIECES)
def test_page_shows_the_piece(editor, piece):
    """What an editor's page says to copy is what lies in the repository, and what the scenarios run on."""
    page = (REPOSITORY / "docs" / "editors" / f"{editor}.md").read_text(encoding="utf-8")
    text = (REPOSITORY / "editors" / editor / piece).read_text(encoding="utf-8")
    assert f"```{piece.rpartition('.')[2]}\n{text}```\n" in page


def test_table_is_of_these_scenarios_and_editors():
    """The table has a line for every scenario, a column for every editor, and no hole without a reason."""
    made = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    heads, _, *rows = [line.strip("| ").split(" | ") for line in made.split("\n") if line.startswith("|")]
    assert [head.rpartition(" ")[0] for head in heads] == [editor.name for editor in EDITORS]
    assert [row[0] for row in rows] == list(scenarios())
    for scenario, *cells in rows:
        assert [cell == "yes" for cell in cells] == [scenario not in editor.lacks for editor in EDITORS], scenario


def test_lacks_are_of_scenarios():
    """What an editor is said to lack is a scenario that there is."""
    assert not {lack for editor in EDITORS for lack in editor.lacks} - set(scenarios())


def test_pictures_are_there_and_small():
    """Each picture on an editor's page lies in the repository, and is light enough for it."""
    for page in (REPOSITORY / "docs" / "editors").glob("*.md"):
        for picture in re.findall(r"!\[[^\]]+\]\((\S+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / picture).stat().st_size < 200_000, picture


def test_pieces_can_be_read():
    """The pieces that no scenario runs are at least well formed."""
    for name in ("zed/settings.json", "zed/extension-settings.json", "vscode/package.json"):
        json.loads((REPOSITORY / "editors" / name).read_text(encoding="utf-8"))
    for name in ("helix/languages.toml", "zed/extension.toml", "zed/Cargo.toml"):
        tomllib.loads((REPOSITORY / "editors" / name).read_text(encoding="utf-8"))


def test_zed_names_each_language_as_the_server_knows_it():
    """Each language that the Zed extension starts Dragoman for is called in Zed by an id that the server knows."""
    manifest = tomllib.loads((REPOSITORY / "editors" / "zed" / "extension.toml").read_text(encoding="utf-8"))
    server = manifest["language_servers"]["dragoman"]
    assert set(server["language_ids"]) < set(server["languages"])
    ids = [server["language_ids"].get(language, language.lower()) for language in server["languages"]]
    assert [known for known in ids if known not in LANGUAGES] == []


def test_zed_lends_a_name_without_its_options():
    """What Zed says of itself to the server whose name is lent is not taken for settings with a typo."""
    lent = json.loads((REPOSITORY / "editors" / "zed" / "settings.json").read_text(encoding="utf-8"))["lsp"]
    mixed = {"provideFormatter": True, "hostInfo": "zed"} | lent["typescript-language-server"]["initialization_options"]
    assert editor_layer("Zed", mixed) == editor_layer("Zed", {})
