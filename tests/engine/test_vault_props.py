"""Whatever is done to a vault, in whatever order, it holds what a dict would."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.errors import VaultDamaged
from dragoman.engine.vault_format import Contents, decode, digest, encode
from engine.vaults import head_and_keys, passphrase, read, sealed, vault_in

HEAD, KEYS = head_and_keys()
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


WHOLE = encode(Contents(HEAD, 3, {name: sealed(HEAD, name) for name in "ab"}), KEYS)
ENTRIES = WHOLE[4402 : -64 - 4627]


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=4000),
        st.tuples(st.integers(0, len(ENTRIES)), st.integers(0, len(ENTRIES)), st.binary(max_size=40)).map(
            lambda edit: ENTRIES[: min(edit[:2])] + edit[2] + ENTRIES[max(edit[:2]) :]
        ),
    )
)
def test_anything_signed_is_read_or_damaged(entries):
    """Whatever stands where the entries should, and though it be signed, is read to the byte or told as damaged."""
    body = WHOLE[:4402] + entries
    body += digest(body)
    data = body + KEYS.signing.sign(body, b"dragoman vault 1 file")
    try:
        contents = decode(data)
    except VaultDamaged:
        return
    assert encode(contents, KEYS)[: len(body)] == body
