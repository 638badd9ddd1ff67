"""Vaults of the tests' own: as every vault, but with a derivation that costs next to nothing."""

from __future__ import annotations

from dragoman.engine.vault import Vault, VaultPlace
from dragoman.engine.vault_format import Derivation, new_head, passphrase_bytes, seal, unseal

CHEAP = Derivation(memory_kib=8, iterations=1, lanes=1)
PASSPHRASE = "correct horse"
SECRET = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"


def vault_in(folder, busy_seconds=60.0):
    """The vault in that folder, whether it is there or not."""
    return Vault(VaultPlace(folder / "data" / "vault", folder / "state" / "seen"), CHEAP, CHEAP, busy_seconds)


def passphrase(text=PASSPHRASE):
    """As the vault takes it."""
    return passphrase_bytes(text)


def read(vault, keys, name):
    """An entry as text, or None."""
    secret, _ = vault.get(keys, name)
    return None if secret is None else secret.decode()


def head_and_keys(text=PASSPHRASE):
    """A new vault's head."""
    return new_head(passphrase(text), CHEAP)


def sealed(head, name, secret=SECRET, written=1):
    """One entry."""
    return seal(head, name, written, bytearray(secret.encode()))


def opened(head, keys, name, entry):
    """One entry's text."""
    return unseal(head, keys, name, entry).decode()
