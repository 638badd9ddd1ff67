"""What is generated from the code is up to date, and what the page says by hand is true."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest

from dragoman.core.settings import Settings
from dragoman.core.settings_layers import toml_layer
from dragoman.core.settings_parse import parse
from dragoman.core.settings_schema import json_schema, keys
from dragoman.providers import DIALECTS, PRESETS

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def generate():
    """The module scripts/generate.py."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        spec.loader.exec_module(module)
    return module


def test_generated_documents_are_up_to_date(generate):
    """Each generated document is what scripts/generate would write now."""
    stale = [path.name for path, text in generate.documents().items() if path.read_text("utf-8") != text]
    assert stale == [], "run scripts/generate"


def test_stale_document_fails_the_check(generate, monkeypatch, tmp_path, capsys):
    """`scripts/generate --check` fails and names what is missing or stale; `scripts/generate` mends it."""
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(generate, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(generate.sys, "argv", ["generate", "--check"])
    assert generate.main() == 1
    assert "docs/settings.md is stale: run scripts/generate" in capsys.readouterr().err
    monkeypatch.setattr(generate.sys, "argv", ["generate"])
    assert generate.main() == 0
    monkeypatch.setattr(generate.sys, "argv", ["generate", "--check"])
    assert generate.main() == 0


def test_every_setting_stands_on_the_page():
    """The page has a row for each setting."""
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for key in keys():
        below = 2 if key.path[1:2] == ("*",) else min(1, len(key.path) - 1)
        name = ".".join(key.path[below:])
        assert f"| `{name}` |" in page
        assert key.description


def test_example_on_the_page_is_right():
    """The page's own example is read without a word."""
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    presets = {name: row.dialect for name, row in PRESETS.items()}
    assert examples
    for example in examples:
        assert parse([toml_layer("page", example)], presets=presets, dialects=DIALECTS).problems == ()
        assert tomllib.loads(example)


def test_schema_knows_every_setting():
    """Each setting is in the JSON schema with a description, and its table allows no other key."""
    schema = json_schema()
    for key in keys():
        table = schema
        for part in key.path:
            if part in ("*", "INTENT", "MODEL", "PROVIDER"):
                table = table.get("additionalProperties", table)
            else:
                assert table["additionalProperties"] is False
                table = table["properties"][part]
            table = schema["$defs"][table["$ref"].rpartition("/")[2]] | table if "$ref" in table else table
        assert table.get("description") or table.get("type") in ("string", "array", "number")


def test_schema_holds_the_defaults():
    """The defaults in the JSON schema are those that are in effect."""
    schema = json_schema()
    defaults = json.loads(Settings().model_dump_json())
    for section in ("timeouts", "retry", "health", "context", "edits"):
        name = schema["properties"][section]["$ref"].rpartition("/")[2]
        rows = schema["$defs"][name]["properties"]
        assert {key: row["default"] for key, row in rows.items()} == defaults[section]
