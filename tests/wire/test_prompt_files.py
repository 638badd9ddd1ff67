"""Prompt files in a whole app: what is changed in one of them counts from the next order on."""

from __future__ import annotations

import pytest

from dragoman.actions.catalog import Catalog
from dragoman.app import App


@pytest.mark.parametrize("there", [True, False])
async def test_a_prompt_file_changes_while_running(tmp_path, there):
    """A prompt file that comes, or changes, is read with the next look at the settings."""
    config, prompt = tmp_path / "config.toml", tmp_path / "p.md"
    config.write_text('store = "memory"\n[actions.x]\nprompt_file = "p.md"\n', "utf-8")
    if there:
        prompt.write_text("Before.", "utf-8")
    async with await App.open(environment={"DRAGOMAN_CONFIG": str(config)}) as app:
        before = app.settings.actions
        assert [own.prompt for own in before.values()] == (["Before."] if there else [])
        prompt.write_text("What it is afterwards.", "utf-8")
        await app.refresh()
        assert app.settings.actions["x"].prompt == "What it is afterwards."
        assert [own.name for own in Catalog.of(app.settings).own] == ["x"]
        assert app.settings.actions is not before
