"""Which values of the environment are hidden wherever they stand."""

from __future__ import annotations

import pytest

from dragoman.engine.secret_variables import secrets_of


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "APIKEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "db_password", "VAULT_PASSPHRASE", "SECRET"],
)
def test_names_that_tell_of_a_secret(name):
    """The name's last word decides, however it is written."""
    assert secrets_of({name: " correct-horse-battery "}) == {"correct-horse-battery"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "correct-horse"),
        ("KEYBOARD", "correct-horse"),
        ("GNOME_KEYRING_CONTROL", "correct-horse"),
        ("TOKENIZERS_PARALLELISM", "correct-horse"),
        ("SSH_KEY", "~/.ssh/id_ed25519"),
        ("TLS_KEY", "/etc/ssl/server.key"),
        ("TLS_KEY", "C:\\keys\\server.key"),
        ("VAULT_TOKEN", "https://vault.example/token"),
        ("EMPTY_TOKEN", "  "),
    ],
)
def test_values_that_are_none(name, value):
    """Other names, and places where a secret is, are no secrets."""
    assert secrets_of({name: value}) == frozenset()
