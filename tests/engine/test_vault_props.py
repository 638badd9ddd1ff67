"""Whatever is done to a vault, in whatever order, it holds what a dict would."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vaults import passphrase, read, vault_in

NAMES = st.sampled_from(("anthropic", "openai", "Überbank", "x"))
SECRETS = st.text(max_size=40).filter(lambda text: text.isascii() or text.isprintable())
STEPS = st.one_of(
    st.tuples(st.just("set"), NAMES, SECRETS),
    st.tuples(st.just("remove"), NAMES),
    st.tuples(st.just("reopen")),
    st.tuples(st.just("change"), st.text(min_size=1, max_size=8).filter(str.isprintable)),
)


@settings(max_examples=40)
@given(st.lists(STEPS, max_size=12))
def test_any_sequence_equals_a_dict(steps):
    """After any sequence of setting, removing, reopening and new passphrases, the vault equals a dict."""
    with tempfile.TemporaryDirectory() as folder:
        vault, secret, expected = vault_in(Path(folder)), "first", {}
        keys, _ = vault.create(passphrase(secret))
        for step in steps:
            match step:
                case "set", name, text:
                    vault.set(keys, name, bytearray(text.encode()))
                    expected[name] = text
                case "remove", name:
                    assert (vault.remove(keys, name) is not None) == (expected.pop(name, None) is not None)
                case "change", text:
                    secret = text
                    keys, _ = vault.change_passphrase(keys, passphrase(secret))
                case _:
                    vault = vault_in(Path(folder))
                    keys, _ = vault.unlock(passphrase(secret))
            assert set(vault.names()) == set(expected)
        assert {name: read(vault, keys, name) for name in vault.names()} == expected
