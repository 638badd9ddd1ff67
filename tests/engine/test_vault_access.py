"""The vault as a process uses it: what opens it, what does not, and that nothing ever waits or shows a secret."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

import keyring.backend
import pytest
from keyring.backends.chainer import ChainerBackend
from keyring.core import load_keyring
from keyring.errors import PasswordDeleteError, PasswordSetError

from dragoman.core.errors import BadInput, VaultLocked, VaultMissing, VaultReplaced, WrongPassphrase
from dragoman.engine.vault_access import PASSPHRASE_VARIABLE, VaultAccess, platform_access
from dragoman.engine.vault_agent_client import AgentClient
from dragoman.engine.vault_backend import SERVICE, VaultKeyring
from engine.vaults import PASSPHRASE, SECRET, vault_in

WITH_PASSPHRASE = {PASSPHRASE_VARIABLE: PASSPHRASE}


@pytest.fixture
def folder():
    """A folder with a path short enough for a socket's; at the end no agent runs in it."""
    with tempfile.TemporaryDirectory(prefix="dragoman-") as name:
        yield Path(name)
        agent_in(Path(name)).lock()


def agent_in(folder):
    """The agent of the vault in that folder."""
    return AgentClient(folder / "run" / "socket")


def access_in(folder, environment=()):
    """The vault in that folder as a process with that environment has it."""
    return VaultAccess(vault_in(folder), agent_in(folder), dict(environment))


@pytest.fixture
def access(folder):
    """A new vault, unlocked by an agent, with one entry."""
    access = access_in(folder)
    access.create(PASSPHRASE)
    access.set("anthropic", SECRET)
    return access


class TestAgent:
    def test_unlocked_once_for_every_process(self, folder, access):
        """What one process unlocked is open to the next, until it is locked."""
        assert access_in(folder).get("anthropic") == SECRET
        assert access.lock()
        for use in (
            lambda: access.get("anthropic"),
            lambda: access.set("a", "b"),
            lambda: access.delete("anthropic"),
            access.check_unlocked,
        ):
            with pytest.raises(VaultLocked, match="dragoman vault unlock"):
                use()
        assert access.names() == ("anthropic",)
        access.unlock(PASSPHRASE)
        assert access_in(folder).get("anthropic") == SECRET

    def test_it_notices_an_old_copy_by_itself(self, folder, access):
        """Though the mark's file be put back with the vault's, the agent has seen more."""
        place = vault_in(folder).place
        old = [(path, path.read_bytes()) for path in (place.file, place.mark)]
        access.set("anthropic", "new")
        for path, data in old:
            path.write_bytes(data)
        with pytest.raises(VaultReplaced, match="older copy"):
            access.get("anthropic")
        with pytest.raises(VaultReplaced, match="older copy"):
            access.unlock(PASSPHRASE)
        assert "older copy" in access.state().fault
        access.unlock(PASSPHRASE, accept=True)
        assert access.get("anthropic") == SECRET

    def test_keys_from_before_a_change_are_as_none(self, folder, access):
        """Where the passphrase was changed by a process that the agent did not hear of, the vault is locked."""
        held = agent_in(folder).fetch()
        access.change_passphrase(PASSPHRASE, "battery staple")
        agent_in(folder).start(*held)
        with pytest.raises(VaultLocked):
            access.get("anthropic")
        access.unlock("battery staple")
        assert access.get("anthropic") == SECRET

    def test_a_new_passphrase_keeps_the_idle_time(self, folder, access):
        """After a change the agent goes on with the new keys, and with the idle time that it had."""
        access.unlock(PASSPHRASE, 77)
        access.change_passphrase(PASSPHRASE, "battery staple")
        assert agent_in(folder).status().idle_seconds == 77
        assert access.get("anthropic") == SECRET

    def test_state(self, folder, access):
        """The state tells file, entries and who unlocked it, and asking for it does not keep the agent alive."""
        state = access.state()
        assert (state.exists, state.entries, state.fault, state.unlocked_by) == (True, 1, "", "agent")
        assert access.state().seconds_left <= state.seconds_left
        access.reset()
        assert access.state().exists is False
        with pytest.raises(VaultMissing):
            access.get("anthropic")


class TestPassphraseInTheEnvironment:
    def test_it_opens_without_an_agent(self, folder):
        """With the variable set no agent is started and none is needed."""
        access = access_in(folder, WITH_PASSPHRASE)
        access.create(PASSPHRASE)
        access.set("anthropic", SECRET)
        assert access.get("anthropic") == SECRET
        assert access.delete("anthropic")
        assert not access.delete("anthropic")
        assert agent_in(folder).status() is None
        with pytest.raises(VaultLocked):
            access_in(folder).get("anthropic")

    def test_a_wrong_one(self, folder, access):
        """A wrong passphrase in the variable is told as such, though an agent could open the vault."""
        with pytest.raises(WrongPassphrase):
            access_in(folder, {PASSPHRASE_VARIABLE: "wrong"}).get("anthropic")
        assert access.get("anthropic") == SECRET

    def test_the_state_with_a_wrong_one(self, folder, access):
        """The state tells that the passphrase in the variable does not open the vault."""
        assert "does not open" in access_in(folder, {PASSPHRASE_VARIABLE: "wrong"}).state().fault
        assert access_in(folder, WITH_PASSPHRASE).state().fault == ""

    def test_an_empty_one_is_none(self, folder, access):
        """An empty variable is as one that is not set."""
        assert access_in(folder, {PASSPHRASE_VARIABLE: ""}).get("anthropic") == SECRET


def test_what_is_no_text_is_not_kept(access):
    """A secret that no file can hold as text is refused, and what lay there stays."""
    with pytest.raises(BadInput, match="no text"):
        access.set("anthropic", "\udcff")
    assert access.get("anthropic") == SECRET


def test_nothing_shows_a_secret(folder, access, caplog):
    """Neither secrets nor passphrase are in any repr, log, error or file."""
    caplog.set_level(logging.DEBUG)
    access.get("anthropic")
    told = [repr(access), repr(vars(access)), repr(access.state()), repr(VaultKeyring(access)), caplog.text]
    for wrong in (lambda: access.unlock("wrong passphrase"), lambda: access.set("", SECRET)):
        with pytest.raises((WrongPassphrase, BadInput)) as raised:
            wrong()
        told.append(str(raised.value))
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    for hidden in (SECRET, PASSPHRASE, "wrong passphrase"):
        assert hidden not in "".join(told)
        assert not any(hidden.encode() in data for data in files)
    assert len(files) >= 3


class TestBackend:
    def test_passwords(self, access):
        """It gets, sets and deletes as any keyring backend does."""
        backend = VaultKeyring(access)
        assert backend.get_password(SERVICE, "anthropic") == SECRET
        assert backend.get_password(SERVICE, "never") is None
        backend.set_password(SERVICE, "openai", "sk-other")
        assert backend.get_password(SERVICE, "openai") == "sk-other"
        backend.delete_password(SERVICE, "openai")
        with pytest.raises(PasswordDeleteError):
            backend.delete_password(SERVICE, "openai")

    def test_other_services_have_nothing_in_it(self, access):
        """Other programs' passwords are neither kept nor found, and none of ours is found under their names."""
        backend = VaultKeyring(access)
        assert backend.get_password("other", "anthropic") is None
        with pytest.raises(PasswordSetError):
            backend.set_password("other", "anthropic", "x")
        with pytest.raises(PasswordDeleteError):
            backend.delete_password("other", "anthropic")
        assert access.get("anthropic") == SECRET

    def test_locked_or_missing_it_says_so_at_once(self, folder):
        """A vault that is missing or locked raises for every use, and prompts nobody."""
        backend = VaultKeyring(access_in(folder))
        uses = (
            lambda: backend.get_password(SERVICE, "a"),
            lambda: backend.set_password(SERVICE, "a", "b"),
            lambda: backend.delete_password(SERVICE, "a"),
        )
        for use in uses:
            with pytest.raises(VaultMissing):
                use()
        access_in(folder, WITH_PASSPHRASE).create(PASSPHRASE)
        for use in uses:
            with pytest.raises(VaultLocked):
                use()

    def test_it_joins_no_chain(self):
        """The chain that keyring makes of its backends leaves it out: a locked one would break every look-up there."""
        assert VaultKeyring in keyring.backend.KeyringBackend._classes
        assert not any(isinstance(backend, VaultKeyring) for backend in ChainerBackend.backends)

    def test_it_can_be_chosen_by_name(self, monkeypatch):
        """Named in PYTHON_KEYRING_BACKEND it is the person's own vault."""
        backend = load_keyring("dragoman.engine.vault_backend.VaultKeyring")
        with pytest.raises(VaultMissing):
            backend.get_password(SERVICE, "a")


def test_the_persons_own_vault(monkeypatch):
    """File and mark lie in the platform's data and state folders, the agent's socket in the runtime folder."""
    with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        access = platform_access(os.environ)
        assert access.state().file == Path(os.environ["XDG_DATA_HOME"]) / "dragoman" / "vault"
        assert access._vault.place.mark == Path(os.environ["XDG_STATE_HOME"]) / "dragoman" / "vault-seen"
        assert access._agent._path == Path(folder) / "dragoman" / "vault.socket"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a folder without being told")
def test_no_shared_folder_where_the_session_has_none(monkeypatch):
    """Without a runtime folder the agent's socket lies beside the mark, in nobody else's reach, and nothing is said."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    access = platform_access(os.environ)
    assert access._agent._path == Path(os.environ["XDG_STATE_HOME"]) / "dragoman" / "agent" / "vault.socket"
