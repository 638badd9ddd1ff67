"""`dragoman vault`: what a person types, what they read, and what no output ever holds."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

import pytest

from dragoman.cli import vault as vault_command
from dragoman.engine import keyring_door, vault_access
from dragoman.engine.key_index import index_path, note_key, stored_keys
from dragoman.engine.vault import Vault
from dragoman.engine.vault_access import PASSPHRASE_VARIABLE, platform_access
from engine.vaults import CHEAP

PASSPHRASE = "correct horse"
KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"


class Keyring:
    """An OS keyring in memory; `locked` is what it raises."""

    def __init__(self):
        self.entries = {}
        self.locked = None

    def get_password(self, service, user):
        assert service == "dragoman"
        if self.locked:
            raise self.locked
        return self.entries.get(user)

    def set_password(self, service, user, password):
        assert service == "dragoman"
        if self.locked:
            raise self.locked
        self.entries[user] = password


@pytest.fixture(autouse=True)
def vault_agent(monkeypatch):
    """A runtime folder with a short path, vaults that cost little, and no agent left at the end."""
    make = Vault
    with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setattr(vault_access, "Vault", lambda place: make(place, CHEAP, CHEAP))
        yield
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        platform_access({}).lock()


@pytest.fixture
def keyring(monkeypatch):
    """The OS keyring."""
    keyring = Keyring()
    monkeypatch.setattr(keyring_door, "os_backend", lambda: keyring)
    return keyring


@pytest.fixture
def typed(monkeypatch, dragoman):
    """Runs a command with these lines on its stdin, which is no terminal."""

    def run(*arguments, lines=()):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        ran = dragoman("vault", *arguments)
        assert KEY not in ran.out + ran.err
        assert PASSPHRASE not in ran.out + ran.err
        return ran

    return run


@pytest.fixture
def made(typed):
    """A vault with one key, unlocked."""
    assert typed("create", lines=[PASSPHRASE]).code == 0
    assert typed("set", "anthropic", "--stdin", lines=[KEY]).code == 0
    return platform_access({})


def test_a_day_with_a_vault(typed):
    """Made, filled, listed, locked, unlocked: each step says in one line what is so and what comes next."""
    ran = typed("status")
    assert (ran.code, ran.out) == (0, "there is no vault: `dragoman vault create` makes one\n")
    ran = typed("create", lines=[PASSPHRASE])
    assert (ran.code, ran.err) == (0, "")
    assert "dragoman vault set NAME" in ran.out
    assert typed("set", "anthropic", "--stdin", lines=[KEY]).out == "anthropic is in the vault\n"
    assert platform_access({}).get("anthropic") == KEY
    assert typed("list").out == "anthropic\n"
    assert "unlocked by agent for 480 minutes more" in typed("status").out
    assert typed("lock").out == "the vault is locked\n"
    assert typed("lock").out == "the vault was not unlocked\n"
    assert "  1 entry\n  locked: run `dragoman vault unlock`" in typed("status").out
    assert typed("list", "--json").json == {"names": ["anthropic"]}
    assert typed("unlock", "--idle", "5", lines=[PASSPHRASE]).code == 0
    state = typed("status", "--json").json
    assert 0 < state.pop("secondsLeft") <= 300
    assert state.pop("file").endswith("dragoman/vault")
    assert state == {"exists": True, "entries": 1, "unlockedBy": "agent", "fault": ""}
    assert typed("remove", "anthropic").out == "anthropic is no longer in the vault\n"
    assert typed("list").out == ""


@pytest.mark.parametrize("command", [["set", "a", "--stdin"], ["remove", "a"], ["export"], ["import", "a"]])
def test_locked_it_says_how_to_unlock(typed, made, keyring, command):
    """Whatever needs the vault open says so at once where it is locked, and asks nothing."""
    typed("lock")
    ran = typed(*command, lines=[KEY])
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "dragoman: the vault is locked: run `dragoman vault unlock`\n"


@pytest.mark.parametrize(
    "command", [["set", "a", "--stdin"], ["unlock"], ["list"], ["remove", "a"], ["passphrase"], ["export"]]
)
def test_without_a_vault_it_says_how_to_make_one(typed, keyring, command):
    """Whatever needs a vault names the command that makes one."""
    ran = typed(*command, lines=[KEY])
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "dragoman: the vault is not there: `dragoman vault create` makes one\n"


def test_a_wrong_passphrase(typed, made):
    """A wrong passphrase leaves the vault locked."""
    typed("lock")
    ran = typed("unlock", lines=["wrong"])
    assert ran.code == 1
    assert "does not open with this passphrase" in ran.err
    assert "wrong" not in ran.err
    assert typed("status", "--json").json["unlockedBy"] == ""


def test_a_second_vault_is_not_made(typed, made):
    """Where there is a vault, `create` asks for no passphrase and changes nothing."""
    ran = typed("create", lines=["another one"])
    assert (ran.code, ran.out) == (2, "")
    assert made.get("anthropic") == KEY


def test_a_vault_without_an_agent(monkeypatch, typed):
    """Where no agent can be started the vault is made all the same, and it is said how to use it."""
    folder = Path(os.environ["XDG_RUNTIME_DIR"]) / "dragoman"
    folder.mkdir(mode=0o755)
    ran = typed("create", lines=[PASSPHRASE])
    assert (ran.code, "is new" in ran.out) == (1, True)
    assert "not yours alone" in ran.err
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    assert typed("set", "openai", "--stdin", lines=[KEY]).code == 0


@pytest.mark.parametrize("lines", [[], [""], ["short"]])
def test_a_passphrase_that_is_none(typed, lines):
    """A new passphrase that is missing or short makes no vault."""
    ran = typed("create", lines=lines)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert not platform_access({}).is_there()


def test_at_a_terminal(monkeypatch, typed, dragoman):
    """At a terminal the passphrase is asked twice and the key once, unseen; two that differ make no vault."""
    asked, answers = [], [PASSPHRASE, "another one", PASSPHRASE, PASSPHRASE, KEY]

    def unseen(prompt):
        asked.append(prompt)
        return answers.pop(0)

    monkeypatch.setattr(vault_command, "getpass", unseen)
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert dragoman("vault", "create").code == 2
    assert dragoman("vault", "create").code == 0
    assert dragoman("vault", "set", "anthropic").code == 0
    assert asked == ["New passphrase: ", "The same again: "] * 2 + ["Key for anthropic: "]
    assert platform_access({}).get("anthropic") == KEY


def test_the_input_ends_at_the_prompt(monkeypatch, made, dragoman):
    """Ctrl-D at a prompt changes nothing, and is told in one line."""

    def ended(prompt):
        raise EOFError

    monkeypatch.setattr(vault_command, "getpass", ended)
    monkeypatch.setattr(sys, "stdin", Terminal())
    ran = dragoman("vault", "set", "anthropic")
    assert (ran.code, ran.err) == (2, "dragoman: No key came: nothing was changed.\n")
    assert made.get("anthropic") == KEY


class Terminal(io.StringIO):
    """A stdin that is a terminal."""

    def isatty(self):
        return True


def test_with_the_passphrase_in_the_environment(monkeypatch, typed):
    """With the variable set nothing is asked, and no agent is needed."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    assert typed("create").code == 0
    assert typed("set", "openai", "--stdin", lines=[KEY]).code == 0
    assert typed("status", "--json").json["unlockedBy"] == PASSPHRASE_VARIABLE
    assert not (Path(os.environ["XDG_RUNTIME_DIR"]) / "dragoman").exists()
    assert platform_access(os.environ).get("openai") == KEY
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    assert "locked" in typed("remove", "openai").err


def test_a_new_passphrase(monkeypatch, typed, made):
    """After a change the agent goes on with the new keys, and only the new passphrase unlocks."""
    assert typed("passphrase", lines=[PASSPHRASE, "battery staple"]).code == 0
    assert made.get("anthropic") == KEY
    typed("lock")
    assert typed("unlock", lines=[PASSPHRASE]).code == 1
    assert typed("unlock", lines=["battery staple"]).code == 0
    assert made.get("anthropic") == KEY
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "battery staple")
    assert "still holds the old one" in typed("passphrase", lines=["a third one"]).err


def test_a_locked_vault_stays_locked(typed, made):
    """Changing the passphrase of a locked vault does not unlock it."""
    typed("lock")
    assert typed("passphrase", lines=[PASSPHRASE, "battery staple"]).code == 0
    assert typed("status", "--json").json["unlockedBy"] == ""


def test_an_old_copy_is_named_and_can_be_accepted(typed, made):
    """With an old copy put back, `status` and `unlock` name it, and `unlock --accept` takes it."""
    file = Path(typed("status", "--json").json["file"])
    old = file.read_bytes()
    typed("set", "openai", "--stdin", lines=[KEY])
    file.write_bytes(old)
    state = typed("status")
    assert state.code == 1
    assert "older copy" in state.out
    for command in (["remove", "anthropic"], ["unlock"]):
        assert "unlock --accept" in typed(*command, lines=[PASSPHRASE]).err
    assert typed("unlock", "--accept", lines=[PASSPHRASE]).code == 0
    assert made.get("anthropic") == KEY
    assert typed("status").code == 0


def test_a_damaged_vault(typed, made):
    """A damaged file is told by every command, with what to do; `reset` clears it away."""
    file = Path(typed("status", "--json").json["file"])
    file.write_bytes(file.read_bytes()[:-1])
    assert "cut short" in typed("status").out
    for command in (["list"], ["unlock"], ["remove", "a"], ["set", "a", "--stdin"]):
        ran = typed(*command, lines=[KEY])
        assert ran.code == 1
        assert "dragoman vault reset" in ran.err
    assert typed("reset", "--yes").code == 0
    assert typed("create", lines=[PASSPHRASE]).code == 0


def test_reset(typed, made):
    """`reset` asks first; then vault, agent and the notes of what lay there are gone."""
    assert typed("reset", lines=["n"]).code == 130
    assert made.get("anthropic") == KEY
    note_key(index_path(), "xai", "keyring")
    assert typed("reset", lines=["y"]).code == 0
    assert not made.is_there()
    assert not typed("lock").out.startswith("the vault is locked")
    assert stored_keys(index_path()) == {"xai": "keyring"}
    assert typed("reset").out == "there is no vault\n"


def test_windows_are_told_where_keys_lie(typed, made):
    """What is put in and taken out is noted, by name, where every window looks."""
    assert stored_keys(index_path()) == {"anthropic": "vault"}
    typed("remove", "anthropic")
    assert stored_keys(index_path()) == {}


def test_removing_what_is_not_there(typed, made):
    """What is there is removed, what is not is named."""
    ran = typed("remove", "never", "anthropic")
    assert (ran.code, ran.out) == (1, "anthropic is no longer in the vault\n")
    assert "'never'" in ran.err


class TestKeyring:
    def test_export(self, typed, made, keyring):
        """All keys, or those that are named, are copied to the OS keyring, and stay in the vault."""
        typed("set", "openai", "--stdin", lines=["sk-other"])
        assert typed("export", "anthropic").out == "anthropic is in the OS keyring too\n"
        assert keyring.entries == {"anthropic": KEY}
        assert typed("export").code == 0
        assert keyring.entries == {"anthropic": KEY, "openai": "sk-other"}
        assert made.names() == ("anthropic", "openai")

    def test_import(self, typed, made, keyring):
        """Keys that are named are copied to the vault, and stay in the OS keyring."""
        keyring.entries = {"openai": "sk-other", "xai": "sk-third"}
        assert typed("import", "openai").out == "openai is in the vault too\n"
        assert made.get("openai") == "sk-other"
        assert keyring.entries["openai"] == "sk-other"
        assert stored_keys(index_path())["openai"] == "vault"

    def test_import_of_what_was_noted(self, typed, made, keyring):
        """Without names, what `dragoman auth` noted is copied; where it noted nothing, names are asked for."""
        assert "name the providers" in typed("import").err
        keyring.entries = {"openai": "sk-other", "xai": "sk-third"}
        note_key(index_path(), "xai", "keyring")
        assert typed("import").code == 0
        assert made.names() == ("anthropic", "xai")

    def test_what_is_not_there(self, typed, made, keyring):
        """A name that is in neither is told, and the others are copied all the same."""
        ran = typed("export", "never", "anthropic")
        assert (ran.code, ran.out) == (1, "anthropic is in the OS keyring too\n")
        assert ran.err == "dragoman: never was not copied: it is not in the vault\n"
        assert "not in the OS keyring" in typed("import", "never").err

    def test_a_locked_keyring(self, typed, made, keyring):
        """A keyring that refuses is told by name, without its own words."""
        keyring.locked = type("KeyringLocked", (Exception,), {})(KEY)
        ran = typed("export")
        assert ran.code == 1
        assert ran.err == "dragoman: anthropic was not copied: OS keyring is locked: unlock it\n"

    def test_a_keyring_that_keeps_nothing(self, typed, made, keyring):
        """A keyring that takes a key and does not have it afterwards is found out."""
        keyring.set_password = lambda *_: None
        assert "the OS keyring did not keep it" in typed("export").err

    def test_trouble_with_the_vault_is_told_as_the_vaults(self, monkeypatch, typed, made, keyring):
        """A vault that is locked in the middle is named itself, not the keyring."""
        monkeypatch.setattr(vault_access.VaultAccess, "check_unlocked", lambda _: None)
        typed("lock")
        assert typed("export").err == "dragoman: the vault is locked: run `dragoman vault unlock`\n"

    def test_no_keyring(self, typed, made, monkeypatch):
        """Without an OS keyring there is nowhere to copy to."""
        monkeypatch.setattr(keyring_door, "os_backend", lambda: None)
        assert "OS keyring is not there on this machine" in typed("export").err


@pytest.mark.parametrize("command", vault_command._EXAMPLES)
def test_help_has_an_example(dragoman, command):
    """Every subcommand's help ends with an example that begins as it is typed."""
    ran = dragoman("vault", command, "--help")
    assert ran.code == 0
    assert f"dragoman vault {command}" in ran.out.split("Example: ")[1]


def test_alone_it_shows_its_help(dragoman):
    """Without a subcommand the help lists every one."""
    ran = dragoman("vault")
    assert all(f"\n  {command} " in ran.out for command in vault_command._EXAMPLES)


def test_as_a_process_with_the_usual_cost(process, monkeypatch):
    """As it is run, with the derivation that everybody gets: made, unlocked in another process, read in a third."""
    environment = {**os.environ}
    ran = process("vault", "create", input=f"{PASSPHRASE}\n", env=environment)
    assert (ran.code, ran.err) == (0, "")
    assert process("vault", "set", "anthropic", "--stdin", input=KEY, env=environment).code == 0
    assert process("vault", "lock", env=environment).code == 0
    assert process("vault", "unlock", input=f"{PASSPHRASE}\n", env=environment).code == 0
    assert process("vault", "status", "--json", env=environment).json["unlockedBy"] == "agent"
    monkeypatch.setattr(vault_access, "Vault", Vault)
    assert platform_access({}).get("anthropic") == KEY
