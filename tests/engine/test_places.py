"""Settings and presets become endpoints."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from dragoman.core.intent import Intent
from dragoman.core.settings import Settings
from dragoman.engine.places import endpoints, with_addresses
from dragoman.engine.standing import Quota
from dragoman.providers.base import Azure, Quirks
from dragoman.providers.catalog import capabilities


def found(settings=None, intent=Intent.CODE, asked=()):
    """The endpoints by provider, the first one of each."""
    every = endpoints(Settings.model_validate(settings or {}), intent, asked)
    return {endpoint.place.provider: endpoint for endpoint in reversed(every)}


def test_without_settings_ollama_counts_and_clouds_need_a_key():
    """Ollama on its usual port is there unasked; cloud providers wait for a key; other local servers are not there."""
    there = found()
    assert there["ollama"].place.endpoint == "http://localhost:11434"
    assert there["ollama"].place.local
    assert there["ollama"].assumed
    assert not there["ollama"].needs_key
    assert there["anthropic"].needs_key
    assert there["anthropic"].configured
    assert not there["groq"].configured
    assert "lmstudio" not in there


def test_a_local_server_is_there_once_it_is_named():
    """A preset that needs no key counts when the settings or the request name it."""
    assert "lmstudio" in found({"providers": {"lmstudio": {}}})
    assert "lmstudio" in found({"routing": {"fallback_order": ["lmstudio"]}})
    assert "lmstudio" in found(asked=("lmstudio",))


def test_several_endpoints_are_several_places():
    """Each base URL once, in the settings' order."""
    settings = {"providers": {"ollama": {"endpoints": ["http://a:1", "http://b:1", "http://a:1"]}}}
    every = endpoints(Settings.model_validate(settings), Intent.CODE)
    assert [e.place.endpoint for e in every if e.place.provider == "ollama"] == ["http://a:1", "http://b:1"]


def test_the_model_depends_on_the_work():
    """A model for the intent comes before the usual one; the others stay known."""
    settings = {"providers": {"anthropic": {"model": "usual", "models": {"tests": "special"}}}}
    for_tests, for_code = found(settings, Intent.TESTS)["anthropic"], found(settings, Intent.CODE)["anthropic"]
    assert (for_tests.place.model, for_tests.models) == ("special", ("usual",))
    assert (for_code.place.model, for_code.models) == ("usual", ("special",))


def test_a_providers_own_values_win_over_the_preset():
    """Output limit, window, time limits and quotas are the person's where they are set, else the preset's."""
    settings = {
        "providers": {
            "ollama": {
                "num_ctx": 8192,
                "keep_alive": "5m",
                "timeouts": {"first_token": 90},
                "requests_per_minute": 5,
                "max_in_flight": 2,
            }
        },
        "timeouts": {"first_token": 7},
    }
    there = found(settings)
    assert there["ollama"].options.num_ctx == 8192
    assert there["ollama"].window == 8192
    assert there["ollama"].options.keep_alive == "5m"
    assert there["ollama"].timeouts.first_token == 90
    assert there["ollama"].quota == Quota(5, None, 2)
    assert there["anthropic"].timeouts.first_token == 7
    assert there["anthropic"].options.max_tokens == 4096
    assert there["anthropic"].window == capabilities("anthropic", there["anthropic"].place.model).context


def test_a_window_that_is_set_wins_over_the_known_one():
    """`context` stands over the table's window; a model that nobody knows has none."""
    settings = {
        "providers": {
            "anthropic": {"context": 1000},
            "mine": {"dialect": "openai", "base_url": "http://x", "model": "own"},
        }
    }
    there = found(settings)
    assert there["anthropic"].window == 1000
    assert there["mine"].window is None


def test_what_keeps_a_provider_from_being_asked_is_said():
    """Switched off, without a dialect or without an address: each names its key."""
    settings = {
        "providers": {
            "openai": {"enabled": False},
            "mine": {"base_url": "http://x"},
            "other": {"dialect": "openai"},
        }
    }
    there = found(settings)
    assert "providers.openai.enabled" in there["openai"].obstacle
    assert "providers.mine.dialect" in there["mine"].obstacle
    assert "providers.other.base_url" in there["other"].obstacle
    assert there["ollama"].obstacle is None


def test_a_key_is_needed_where_one_is_named_or_usual():
    """A named key must be there; a cloud preset at an address of the person's own may do without."""
    there = found(
        {
            "providers": {
                "openai": {"base_url": "http://gateway:1/v1"},
                "mine": {"dialect": "openai", "base_url": "http://x", "api_key": "env:MINE"},
                "ollama": {"api_key": "env:OLLAMA_KEY"},
            }
        }
    )
    assert not there["openai"].needs_key
    assert there["mine"].needs_key
    assert "env:MINE" in there["mine"].key_help
    assert there["ollama"].needs_key
    assert "ANTHROPIC_API_KEY" in there["anthropic"].key_help


def test_local_is_what_the_person_says_else_the_preset_else_the_address():
    """A server on loopback without a preset counts as local, a cloud preset moved there does not."""
    there = found(
        {
            "providers": {
                "near": {"dialect": "openai", "base_url": "http://127.0.0.1:1"},
                "far": {"dialect": "openai", "base_url": "http://gpu-box:1"},
                "said": {"dialect": "openai", "base_url": "http://gpu-box:2", "local": True},
                "openai": {"base_url": "http://127.0.0.1:2"},
            }
        }
    )
    assert {name for name, endpoint in there.items() if endpoint.place.local} == {"near", "said", "ollama"}


AZURE = MappingProxyType({"AZURE_OPENAI_ENDPOINT": "https://team.openai.azure.com/"})


def addressed(settings, environment):
    """The endpoints by provider, with the addresses that the environment holds."""
    known = with_addresses(Settings.model_validate(settings), environment)
    return {endpoint.place.provider: endpoint for endpoint in endpoints(known, Intent.CODE)}


def test_azure_is_there_where_its_address_is():
    """Without an address nobody has set Azure up; with the usual variable it counts, and wants its key."""
    assert "azure" not in addressed({}, {})
    azure = addressed({}, AZURE)["azure"]
    assert azure.place.endpoint == "https://team.openai.azure.com/"
    assert azure.place.dialect == "azure"
    assert azure.needs_key
    assert not azure.place.local
    assert azure.obstacle is None


def test_an_address_may_stand_in_another_variable_or_in_the_settings():
    """The settings name a variable, or the address itself, which wins over the usual variable."""
    named = {"providers": {"azure": {"endpoint": "env:TEAM"}}}
    assert addressed(named, {"TEAM": "https://a"})["azure"].place.endpoint == "https://a"
    written = {"providers": {"azure": {"endpoint": "https://b"}}}
    assert addressed(written, AZURE)["azure"].place.endpoint == "https://b"
    usual = {"providers": {"azure": {"model": "gpt-4o"}}}
    assert addressed(usual, AZURE)["azure"].place.endpoint == AZURE["AZURE_OPENAI_ENDPOINT"]


@pytest.mark.parametrize("value", ["", "team.openai.azure.com", "https://user:word@h", "sk-key"])
def test_a_variable_without_an_address_is_said(value):
    """The obstacle names the setting and the variable, never what is in it."""
    azure = addressed({"providers": {"azure": {"endpoint": "env:TEAM"}}}, {"TEAM": value})["azure"]
    assert azure.obstacle == "no address: set the variable of providers.azure.endpoint (env:TEAM) to an address"
    assert "providers.azure.endpoint" in addressed({"providers": {"azure": {}}}, {})["azure"].obstacle


def test_azures_options_come_from_its_settings():
    """Version, deployments and the kind of key; the first deployment's model is asked where none is named."""
    settings = {"providers": {"azure": {"api_version": "2024-10-21", "deployments": {"gpt-4.1": "team"}}}}
    azure = addressed(settings, AZURE)["azure"]
    assert azure.options.azure == Azure("2024-10-21", {"gpt-4.1": "team"})
    assert azure.place.model == "gpt-4.1"
    assert addressed({}, AZURE)["azure"].options.azure == Azure()
    entra = {"providers": {"azure": {"auth": "az"}}}
    assert addressed(entra, AZURE)["azure"].options.azure == Azure(bearer=True)


def test_a_presets_quirks_come_with_it():
    """What a row does otherwise reaches its calls; a server of one's own has none but plain completions."""
    own = {"dialect": "openai", "base_url": "http://h", "responses": True}
    there = found({"providers": {"openrouter": {"fallback_models": ["a", "b"]}, "mine": own}})
    assert there["openrouter"].options.quirks.effort == "reasoning"
    assert there["openrouter"].options.fallback_models == ("a", "b")
    assert there["mine"].options.quirks == Quirks(fill="template")
    assert there["mine"].options.responses is True
    assert there["mine"].options.azure is None
