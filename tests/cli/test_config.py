"""dragoman config: the settings file is made, shown, checked and opened, and never overwritten."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.resources import files

import pytest

from dragoman.cli.config import TEMPLATE
from dragoman.core.settings_layers import toml_layer
from dragoman.core.settings_parse import parse
from dragoman.core.settings_schema import keys
from dragoman.providers import DIALECTS, PRESETS


def template() -> str:
    """The file that `init` writes."""
    return files("dragoman.cli").joinpath(TEMPLATE).read_text(encoding="utf-8")


def everything_in_effect() -> str:
    """The template with every setting uncommented."""
    return re.sub(r"^# (?=\[|\w+ = )", "", template(), flags=re.MULTILINE)


def parsed(text: str):
    """What the settings make of a config.toml."""
    presets = {name: preset.dialect for name, preset in PRESETS.items()}
    return parse([toml_layer("config.toml", text)], presets=presets, dialects=tuple(DIALECTS))


def test_the_template_changes_nothing():
    """As it is written, the new file leaves every default in effect and names no problem."""
    effective = parsed(template())
    assert (effective.settings, effective.problems, effective.sources) == (parsed("").settings, (), {})


def test_the_template_holds_every_setting_with_its_default():
    """Every setting there is stands in the template; uncommented, all are right, and the defaults are the defaults."""
    effective = parsed(everything_in_effect())
    assert effective.problems == ()
    generic = {re.sub(r"^providers\.[^.]+", "providers.*", key) for key in effective.sources}
    intents = "analysis|code|tests|regex|explanation|general"
    generic = {re.sub(rf"\.(?:{intents})$", ".INTENT", key) for key in generic}
    generic = {re.sub(r"\.deployments\..+", ".deployments.MODEL", key) for key in generic}
    generic = {re.sub(r"^(prices|actions)\.[^.]+", r"\1.*", key) for key in generic}
    generic = {re.sub(r"\.priority_weights\..+", ".priority_weights.PROVIDER", key) for key in generic}
    assert {".".join(key.path) for key in keys()} <= generic
    default = parsed("").settings
    routing = effective.settings.routing.model_copy(update={"priority_weights": {}})  # shown by an example
    assert routing == default.routing
    for name in ("store", "timeouts", "retry", "health", "context", "edits"):
        assert getattr(effective.settings, name) == getattr(default, name)


def test_init_and_path(dragoman, monkeypatch, tmp_path):
    """`init` writes the file where `path` says, and never over one that is there."""
    target = tmp_path / "new" / "config.toml"
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(target))
    assert dragoman("config", "path").out == f"{target}\n"
    assert dragoman("config", "init").code == 0
    tomllib.loads(target.read_text())
    target.write_text("# mine\n")
    ran = dragoman("config", "init")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert target.read_text() == "# mine\n"


def test_show_names_every_source(dragoman, settings, monkeypatch, tmp_path):
    """Every effective setting is shown with where it comes from: file, environment, command line or default."""
    project = tmp_path / "project"
    project.mkdir()
    (project / ".dragoman.toml").write_text("context.max_tokens = 500\n")
    monkeypatch.chdir(project)
    path = settings("retry.max_retries = 1\n[providers.ollama]\nmodel = 'm'\n")
    monkeypatch.setenv("DRAGOMAN_HEALTH__TIMEOUT_MS", "700")
    ran = dragoman("config", "show", "--json", "--set", "timeouts.connect=9")
    found = {row["key"]: (row["value"], row["source"]) for row in ran.json["settings"]}
    assert found["retry.max_retries"] == (1, str(path))
    assert found["providers.ollama.model"] == ("m", str(path))
    assert found["health.timeout_ms"] == (700, "environment variable DRAGOMAN_HEALTH__TIMEOUT_MS")
    assert found["context.max_tokens"] == (500, str(project / ".dragoman.toml"))
    assert found["timeouts.connect"] == (9.0, "--set timeouts.connect")
    assert found["timeouts.total"] == (180.0, "default")
    text = dragoman("config", "show").out
    assert tomllib.loads(text)["retry"]["max_retries"] == 1


def test_show_names_what_is_wrong(dragoman, settings):
    """A typo is warned of on stderr with the nearest key and its line; the rest is shown."""
    settings("[retry]\nmax_retrys = 1\n")
    ran = dragoman("config", "show")
    assert ran.code == 0
    assert "line 2" in ran.err
    assert "retry.max_retries" in ran.err


def test_schema(dragoman):
    """The schema is JSON that describes every table."""
    schema = dragoman("config", "schema").json
    assert {"routing", "providers", "timeouts"} <= set(schema["properties"])


def test_edit_opens_a_file_that_is_there_then(dragoman, monkeypatch, tmp_path):
    """`edit` makes the file, opens it in the person's editor, and names what is wrong in it afterwards."""
    target = tmp_path / "config.toml"
    editor = tmp_path / "editor.py"
    editor.write_text("import sys; open(sys.argv[1], 'a').write('\\nnonsense = 1\\n')")
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(target))
    monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
    monkeypatch.delenv("VISUAL", raising=False)
    ran = dragoman("config", "edit")
    assert ran.code == 0
    assert target.read_text().startswith("# Dragoman's settings")
    assert "nonsense" in ran.err


@pytest.mark.parametrize("editor", ["no-such-editor-anywhere", "'unclosed"])
def test_edit_without_an_editor(dragoman, settings, monkeypatch, editor):
    """An editor that is not there is named, and what to set."""
    monkeypatch.setenv("VISUAL", editor)
    ran = dragoman("config", "edit")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "EDITOR" in ran.err


def test_alone_it_shows_its_help(dragoman):
    """Without a subcommand the help lists them."""
    ran = dragoman("config")
    assert ran.code == 0
    assert all(f"  {name} " in ran.out for name in ("init", "show", "schema", "edit", "path"))
    assert ran.err == ""
