"""Settings of logins and of our own server become what the engine does with them."""

from __future__ import annotations

import math

import pytest

from dragoman.core.intent import Intent
from dragoman.core.settings import Settings
from dragoman.engine.grants import Login
from dragoman.engine.keys import key_specs
from dragoman.engine.local import LocalModel
from dragoman.engine.logins import keep_alive_seconds
from dragoman.engine.places import endpoints
from dragoman.providers import PRESETS, copilot
from dragoman.providers.base import Vertex


def endpoint(name, **provider):
    """The provider's endpoint by these settings."""
    settings = Settings.model_validate({"providers": {name: provider}})
    return next(one for one in endpoints(settings, Intent.CODE) if one.place.provider == name)


def test_a_key_is_sent_as_it_is_where_nothing_else_is_said():
    """Without `auth` there is no login."""
    assert endpoint("openai").login is None
    assert endpoint("openai", auth="key").login is None
    assert endpoint("openai").server is None


def test_an_app_logs_in_with_its_secret():
    """Entra ID by client secret: the secret is needed, at its own place, and trouble leads to all three settings."""
    azure = {"base_url": "https://x.openai.azure.com", "auth": "entra", "tenant": "t", "client_id": "c"}
    app = endpoint("azure", **azure)
    assert app.login == Login("entra", "t", "c")
    assert app.options.azure.bearer
    assert app.needs_key
    assert all(part in app.key_help for part in ("providers.azure.tenant", "client_id", "client_secret"))
    specs = key_specs(Settings.model_validate({"providers": {"azure": azure}}), PRESETS)
    assert specs["azure"].variables == ("AZURE_CLIENT_SECRET",)
    named = key_specs(
        Settings.model_validate({"providers": {"azure": azure | {"client_secret": "env:MY_APP"}}}), PRESETS
    )
    assert named["azure"].reference == "env:MY_APP"


@pytest.mark.parametrize(
    ("provider", "login", "advice"),
    [
        ({"auth": "managed_identity", "client_id": "c"}, Login("managed_identity", client_id="c"), "identity"),
        ({"auth": "az", "tenant": "t"}, Login("az", "t"), "az login"),
    ],
)
def test_machines_and_the_command_need_no_key(provider, login, advice):
    """No key is looked for, and the advice is about the login."""
    found = endpoint("azure", base_url="https://x.openai.azure.com", **provider)
    assert (found.login, found.needs_key, found.obstacle) == (login, False, None)
    assert advice in found.key_help


def test_a_project_makes_it_vertex():
    """`project` alone is enough: everywhere, by the usual credentials."""
    found = endpoint("gemini", dialect="openai", base_url="https://x", project="p")
    assert found.login == Login("service_account")
    assert found.options.vertex == Vertex("p", "global")
    assert not found.needs_key
    found = endpoint(
        "gemini", dialect="openai", base_url="https://x", project="p", location="europe-west1", credentials="a.json"
    )
    assert (found.login.credentials, found.options.vertex.location) == ("a.json", "europe-west1")


def test_copilot_is_off_unless_it_is_opted_in_to():
    """A table alone, or a default, is no consent; `enabled = true` is; the refusal says where the terms are told."""
    assert "docs/providers.md" in endpoint("copilot").obstacle
    assert "docs/providers.md" in endpoint("copilot", model="gpt-4o").obstacle
    assert endpoint("copilot", enabled=True).obstacle is None
    assert "copilot" not in {one.place.provider for one in endpoints(Settings(), Intent.CODE)}


def test_copilot_is_told_who_asks():
    """Dragoman names itself, and another integration only where the person has written its id."""
    assert endpoint("copilot", enabled=True).options.headers == copilot.HEADERS
    named = endpoint("copilot", enabled=True, integration_id="mine").options.headers
    assert (copilot.INTEGRATION_HEADER, "mine") in named


def test_copilot_moves_only_from_its_own_address():
    """An address of the person's own stays; the login's authority is the setting's."""
    assert endpoint("copilot", enabled=True).login == Login("copilot", moves=True)
    own = endpoint("copilot", enabled=True, base_url="https://c.example", authority="https://api.x.ghe.com")
    assert own.login == Login("copilot", authority="https://api.x.ghe.com")


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ({"auth": "entra", "tenant": "t"}, "providers.azure.client_id"),
        ({"auth": "service_account"}, "providers.azure.project"),
    ],
)
def test_half_a_login_is_an_obstacle(provider, key):
    """What is missing is named, and nothing is asked."""
    assert key in endpoint("azure", base_url="https://x.openai.azure.com", **provider).obstacle


def test_our_own_server_is_made_of_its_settings():
    """Path, window, threads and patience; without a model it says what to set."""
    found = endpoint("local", model="~/m.gguf", num_ctx=2048, threads=3, keep_alive="1m")
    assert found.server == LocalModel("~/m.gguf", 2048, 3, 60.0)
    assert found.place.local
    assert not found.needs_key
    assert found.window == 2048
    assert endpoint("local", model="m.gguf").server == LocalModel("m.gguf", PRESETS["local"].num_ctx)
    assert "providers.local.model" in endpoint("local").obstacle
    assert "providers.local.keep_alive" in endpoint("local", model="m", keep_alive="soon").obstacle
    assert "local" not in {one.place.provider for one in endpoints(Settings(), Intent.CODE)}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("1h30m", 5400),
        ("45s", 45),
        ("250ms", 0.25),
        ("0", 0),
        ("300", 300),
        ("1.5h", 5400),
        ("-1", math.inf),
        ("-1m", math.inf),
        ("soon", None),
        ("5 m", None),
        ("", None),
        ("m", None),
    ],
)
def test_keep_alive_is_written_as_ollama_has_it(text, seconds):
    """Units in a row, plain seconds, a negative number for ever; anything else is no time."""
    assert keep_alive_seconds(text) == seconds
