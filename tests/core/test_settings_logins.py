"""Settings of logins and of the way out: places of secrets only, and what is missing is named."""

from __future__ import annotations

import pytest

from dragoman.core.settings_layers import toml_layer
from dragoman.core.settings_parse import parse
from dragoman.providers import DIALECTS, PRESETS

PRESET_DIALECTS = {name: preset.dialect for name, preset in PRESETS.items()}


def read(text, *, trusted=True):
    """What a file with that text gives."""
    layer = toml_layer("config.toml" if trusted else ".dragoman.toml", text, trusted=trusted)
    return parse((layer,), presets=PRESET_DIALECTS, dialects=tuple(DIALECTS))


def said(text):
    """The problems as a person reads them."""
    return [str(problem) for problem in read(text).problems]


def test_every_login_can_be_set():
    """An app's login, a machine's, the command's, a service account's, and the network's settings are taken whole."""
    for text in (
        '[providers.openai]\nauth = "entra"\ntenant = "t"\nclient_id = "c"\nclient_secret = "env:MY_SECRET"',
        '[providers.openai]\nauth = "managed_identity"\nclient_id = "c"',
        '[providers.openai]\nauth = "az"\ntenant = "t"',
        '[network]\nproxy = "http://proxy:3128"\nno_proxy = ["corp.example"]\nca_bundle = "~/ca.pem"',
        '[providers.local]\nmodel = "~/m.gguf"\nnum_ctx = 4096\nthreads = 4\nkeep_alive = "10m"',
    ):
        assert not said(text)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('[providers.openai]\nauth = "entra"\nclient_id = "c"', "providers.openai.tenant"),
        ('[providers.openai]\nauth = "entra"\ntenant = "t"', "providers.openai.client_id"),
        ('[providers.openai]\nauth = "service_account"', "providers.openai.project"),
        ('[providers.openai]\nclient_secret = "env:X_SECRET"', 'providers.openai.auth = "entra"'),
    ],
)
def test_half_a_login_names_what_is_missing(text, missing):
    """One problem, with both keys."""
    (problem,) = said(text)
    assert missing in problem


@pytest.mark.parametrize(
    "text",
    [
        'providers.openai.client_secret = "pr0bably~a-s3cret"',
        'network.proxy = "http://a:s3cret@b:1"',
        'providers.openai.authority = "x:s3cret@y"',
        """providers.openai.credentials = '{"a":"s3cret"}'""",
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_not_repeated(text):
    """Where a place is wanted, a secret is not taken, and stays out of the message."""
    (problem,) = said(text)
    assert "s3cret" not in problem
    assert text.split(" = ", maxsplit=1)[0] in problem


@pytest.mark.parametrize(
    "text",
    [
        'network.proxy = "http://evil.example"',
        'network.ca_bundle = "evil.pem"',
        'providers.openai.auth = "az"',
        'providers.openai.authority = "http://evil.example"',
        'providers.local.model = "evil.gguf"',
        "providers.copilot.enabled = true",
    ],
)
def test_a_foreign_project_sets_none_of_it(text):
    """Logins, proxies, authorities and models to be started are the person's own to set."""
    effective = read(text, trusted=False)
    (problem,) = effective.problems
    assert "untrusted" in str(problem)
    assert not effective.sources
