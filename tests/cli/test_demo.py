"""dragoman demo: every step really happens, nothing of the person's is touched, and a step that fails is told."""

from __future__ import annotations

import pytest

from dragoman.cli import demo_setup
from dragoman.cli.demo_setup import FIRST, LAST
from dragoman.cli.survey import Standing, State
from dragoman.core.settings_layers import toml_layer
from dragoman.core.settings_parse import parse
from dragoman.providers import DIALECTS, PRESETS
from dragoman.simulator.demo_script import demo_script


def files_below(folder):
    """Every file in the folder, by its path there."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_step(process, tmp_path):
    """The summary tells of actions, a failover, an edit that landed and a cancel that closed the socket at once."""
    ran = process("demo", "--scripted", "--json")
    assert (ran.code, ran.err) == (0, "")
    result = ran.json
    assert result["ok"] is True
    assert {"Explain", "Refactor", "Write tests"} <= set(result["actions"])
    edit = result["edit"]
    assert (edit["provider"], edit["attempts"], edit["failedOver"]) == (LAST, 2, True)
    assert "+    if supplier is None:" in edit["diff"]
    assert 0 < edit["firstTokenSeconds"] < edit["seconds"]
    assert edit["inputTokens"] > edit["outputTokens"] > 0
    assert result["cancel"]["hungUpMilliseconds"] < 1000
    assert files_below(tmp_path / "home") == []


def test_on_a_persons_file(process, sample):
    """Given a file, the demo shows the steps in their order on a copy, in plain text, and leaves the file alone."""
    before = sample.read_bytes()
    ran = process("demo", "sample.py", "--scripted")
    assert (ran.code, ran.err) == (0, "")
    steps = ["a copy of sample.py", "Code actions at line 1", FIRST, "⟲", f"→ {LAST}", "+++ b/sample.py", "cancelled:"]
    positions = [ran.out.find(step) for step in steps]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert "\x1b" not in ran.out
    assert sample.read_bytes() == before
    assert files_below(sample.parent) == ["sample.py"]


def test_a_step_that_does_not_happen_fails_the_demo(dragoman, monkeypatch):
    """Where the first provider is not cut off, the demo says that no failover was seen, with exit code 1."""
    monkeypatch.setattr(demo_setup, "script", demo_script)
    ran = dragoman("demo", "--scripted", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "the first provider was not cut off" in ran.err


def test_a_file_that_is_no_text(dragoman, tmp_path):
    """A file that can't be worked with is refused before anything is started."""
    (tmp_path / "picture").write_bytes(b"\x89PNG\0")
    ran = dragoman("demo", tmp_path / "picture")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("names", [(), ("ollama",), ("openai", "groq")])
def test_real_providers_stand_between_the_scripted_ones(tmp_path, names):
    """What is at hand comes after the provider that breaks off, before the scripted one; Ollama only if it is there."""
    real = [Standing(name, "http://x", False, "m", True, "", State.READY) for name in names]
    demo_setup.write_settings(tmp_path, "http://127.0.0.1:9", real)
    presets = {name: preset.dialect for name, preset in PRESETS.items()}
    layer = toml_layer("config.toml", (tmp_path / "config.toml").read_text())
    effective = parse([layer], presets=presets, dialects=tuple(DIALECTS))
    assert effective.problems == ()
    assert effective.settings.routing.fallback_order == (FIRST, *names, LAST)
    assert effective.settings.providers["ollama"].enabled is ("ollama" in names)


async def test_nothing_at_hand(tmp_path, monkeypatch):
    """Without a key and without an Ollama that answers, no provider counts as at hand."""
    monkeypatch.setenv("OPENAI_API_KEY", "")
    real = await demo_setup.real_providers(tmp_path)
    assert [standing.provider for standing in real if standing.provider != "ollama"] == []
