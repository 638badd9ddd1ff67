"""Where keys are stored: the vault as one such place, the list of what was stored, and what is said of trouble."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from dragoman.core.errors import VaultLocked
from dragoman.engine.key_index import index_path, note_key, stored_keys
from dragoman.engine.key_lookup import KeyPlaceTrouble
from dragoman.engine.key_stores import VaultStore, done, key_stores
from dragoman.engine.vault_access import platform_access

KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """An environment with a passphrase, for a vault of the test's own."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return {**os.environ, "DRAGOMAN_VAULT_PASSPHRASE": PASSPHRASE}


class TestVaultStore:
    def test_without_a_vault(self, environment):
        """Nothing lies in a vault that is not there, and nothing can be deleted from it."""
        store = VaultStore(environment)
        assert not store.is_there()
        assert store.get("anthropic") is None
        assert store.delete("anthropic") is False

    def test_it_keeps_keys(self, environment):
        """What is stored is read back, replaced and deleted."""
        platform_access(environment).create(PASSPHRASE)
        store = VaultStore(environment)
        store.set("anthropic", "old")
        store.set("anthropic", KEY)
        assert store.is_there()
        assert VaultStore(environment).get("anthropic") == KEY
        assert store.delete("anthropic") is True
        assert store.get("anthropic") is None

    async def test_locked(self, environment):
        """A locked vault says what to do, once with its name."""
        platform_access(environment).create(PASSPHRASE)
        locked = VaultStore({**environment, "DRAGOMAN_VAULT_PASSPHRASE": ""})
        with pytest.raises(VaultLocked):
            locked.get("anthropic")
        with pytest.raises(KeyPlaceTrouble, match=r"^vault is locked: run `dragoman vault unlock`$"):
            await done("vault", lambda: locked.get("anthropic"))


def test_order_of_asking(environment):
    """The OS keyring comes before the vault."""
    assert list(key_stores(environment)) == ["keyring", "vault"]


class TestDone:
    async def test_a_silent_store_ends_in_time(self):
        """Whoever waits for a store that never answers is told what to do; its late answer is dropped."""
        unlocked = threading.Event()
        with pytest.raises(KeyPlaceTrouble, match=r"^OS keyring does not answer: unlock it$"):
            await done("keyring", lambda: unlocked.wait(30), 0.01)
        unlocked.set()

    async def test_a_strangers_words_are_not_repeated(self):
        """Of what a backend raises only the name is told."""

        def leak():
            raise ZeroDivisionError(KEY)

        with pytest.raises(KeyPlaceTrouble, match=r"^OS keyring failed \(ZeroDivisionError\)$"):
            await done("keyring", leak)


class TestIndex:
    def test_where_it_is(self, tmp_path):
        """In the platform's state folder; an environment with another one, as the demo's, has another index."""
        assert index_path({}) == index_path(os.environ)
        assert index_path({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "dragoman" / "keys.json"

    def test_what_was_stored(self, tmp_path):
        """Each provider's place is noted, changed and forgotten, in a file for the person alone."""
        path = tmp_path / "state" / "keys.json"
        assert stored_keys(path) == {}
        note_key(path, "anthropic", "keyring")
        note_key(path, "openai", "vault")
        note_key(path, "anthropic", "vault")
        assert stored_keys(path) == {"anthropic": "vault", "openai": "vault"}
        note_key(path, "openai", None)
        assert stored_keys(path) == {"anthropic": "vault"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"stored": []}', '{"stored": {"x": "/etc/passwd", "y": 7}}', "\xff", "[" * 60_000]
    )
    def test_a_broken_one_says_nothing(self, tmp_path, text):
        """It is no error, and the next note makes it whole."""
        path = tmp_path / "keys.json"
        path.write_bytes(text.encode("latin-1"))
        assert stored_keys(path) == {}
        note_key(path, "anthropic", "keyring")
        assert stored_keys(path) == {"anthropic": "keyring"}
