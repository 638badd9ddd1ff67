"""The rows of data: each points at a real dialect, a sound URL, and says how to begin."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from dragoman.core.chat import Request, user
from dragoman.providers import DIALECTS, PRESETS
from dragoman.providers.base import Options, Target
from dragoman.providers.openai_fill import WAYS

LOOPBACK = ("localhost", "127.0.0.1")


def test_the_providers_of_the_first_version_are_there():
    """Everyone whom the settings' documentation names has a row."""
    wanted = "ollama anthropic openai llamacpp lmstudio vllm xai openrouter groq mistral deepseek"
    wanted += " gemini azure together fireworks github copilot dragoman"
    assert set(wanted.split()) <= set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_row_is_sound(name):
    """Dialect, URL, key and model fit together."""
    preset = PRESETS[name]
    assert preset.name == name
    assert preset.title
    assert preset.dialect in DIALECTS
    url = urlsplit(preset.base_url or "https://a-resource")
    assert bool(preset.base_url) is not bool(preset.address_variable)
    assert url.hostname
    assert not preset.base_url.endswith("/")
    assert (url.hostname in LOOPBACK) is preset.local is bool(preset.start)
    assert url.scheme == ("http" if preset.local else "https")
    assert preset.needs_key is not preset.local
    assert bool(preset.key_page) is preset.needs_key
    assert bool(preset.model) is preset.needs_key
    assert bool(preset.key_variables) or not preset.needs_key
    assert all(variable.isupper() for variable in preset.key_variables)


@pytest.mark.parametrize("name", PRESETS)
def test_a_rows_quirks_are_known(name):
    """A quirk that no dialect knows would have no effect, and nobody would see it."""
    quirks = PRESETS[name].quirks
    assert quirks.lacks <= {"images", "tools", "json", "json_schema"}
    assert quirks.effort in ("reasoning_effort", "reasoning", "thinking")
    assert quirks.fill in ("", *WAYS)


@pytest.mark.parametrize("name", ["github", "copilot"])
def test_a_token_that_has_other_purposes_is_not_used_unasked(name):
    """A GitHub token in the environment sends nobody's code anywhere: these two want to be asked for."""
    assert PRESETS[name].opt_in


@pytest.mark.parametrize("name", PRESETS)
def test_a_row_makes_a_call(name):
    """Each row's dialect takes its URL as it stands."""
    preset = PRESETS[name]
    options = Options(
        max_tokens=preset.max_tokens, num_ctx=preset.num_ctx, stream_usage=preset.stream_usage, quirks=preset.quirks
    )
    base_url = preset.base_url or "https://a-resource"
    call = DIALECTS[preset.dialect].call(
        Request((user("Hi"),)), Target(name, base_url, preset.model or "m", "key", options)
    )
    assert call.url.startswith(base_url)
    assert "//" not in urlsplit(call.url).path
    assert (b"stream_options" in call.body) is (preset.dialect in ("openai", "azure") and preset.stream_usage)


def test_the_tables_cannot_be_changed():
    """Both tables are the same for everyone in the process."""
    with pytest.raises(TypeError):
        PRESETS["x"] = PRESETS["openai"]
    with pytest.raises(TypeError):
        DIALECTS["x"] = DIALECTS["openai"]
