"""Keys in a real OS keyring: gnome-keyring over D-Bus, open, locked with nobody at the prompt, and absent."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import pytest

from dragoman.engine.clock import LoopClock
from dragoman.engine.key_lookup import KeyPlaceTrouble
from dragoman.engine.key_stores import VaultStore, done, key_stores
from dragoman.engine.keyring_door import OsKeyring, os_backend
from dragoman.engine.keys import Keys, KeySpec
from dragoman.engine.login_renewal import LoginRenewal
from dragoman.engine.vault_access import platform_access

pytestmark = [
    pytest.mark.services,
    # The keyring library leaves its connection open where a look-up fails.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

KEY = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"
PASSPHRASE = "correct horse battery staple"
PROMPT_SECONDS = 100
"""So long nobody answers the prompt; everything here is far quicker."""

SPEC = KeySpec(stores=("keyring", "vault"))


# No other service can be started on this bus, so that nothing is left behind.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""
PROMPTER = """[D-BUS Service]
Name=org.gnome.keyring.SystemPrompter
Exec=/bin/sh -c 'echo $$ > {folder}/prompter; exec sleep {seconds}'
"""


@pytest.fixture
def session(monkeypatch, tmp_path):
    """A D-Bus session of the test's own, in which nobody answers a prompt. All of it ends with the test."""
    folder = tmp_path / "runtime"
    (folder / "services").mkdir(parents=True)
    folder.chmod(0o700)
    (folder / "bus.conf").write_text(BUS.format(folder=folder))
    prompter = PROMPTER.format(folder=folder, seconds=PROMPT_SECONDS)
    (folder / "services" / "prompter.service").write_text(prompter)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder}/bus")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    bus = _started("dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork")
    _until_listening(folder / "bus")
    yield bus
    _ended(bus)
    if (folder / "prompter").exists():
        with suppress(ProcessLookupError):
            os.kill(int((folder / "prompter").read_text()), signal.SIGKILL)
    for thread in threading.enumerate():
        if thread.name == "keys":  # whoever waited for the prompt no longer does
            thread.join(30)
    gc.collect()


@pytest.fixture
def keyring(session):
    """An OS keyring that is open."""
    daemon = _started("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
    try:
        daemon.stdin.write(b"login password")
        daemon.stdin.close()
        _until_open()
        yield OsKeyring()
    finally:
        _ended(session)  # before the keyring, which somebody may still wait for
        _ended(daemon)


def _started(*command):
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere)


def _until_listening(path):
    """A daemon that finds no bus when it starts does without one for good."""
    for _ in range(600):
        with closing(socket.socket(socket.AF_UNIX)) as connection, suppress(OSError):
            connection.connect(str(path))
            return
        time.sleep(0.05)
    raise AssertionError("the bus never listened")


def _ended(process):
    process.kill()
    process.wait(30)
    process.stdin.close()


def _collection(connection):
    import secretstorage

    return secretstorage.get_default_collection(connection)


def _until_open():
    import secretstorage

    for _ in range(200):
        try:
            with closing(secretstorage.dbus_init()) as connection:
                if not _collection(connection).is_locked():
                    return
        except (secretstorage.exceptions.SecretStorageException, OSError):
            pass  # the bus, or the keyring on it, is not there yet
        time.sleep(0.05)
    raise AssertionError("the keyring never opened")


def lock():
    """Lock the keyring, as a screen saver may."""
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        _collection(connection).lock()
        assert _collection(connection).is_locked()


def keys_of(environment, spec=SPEC):
    """Keys as the program has them, with this machine's own stores."""

    async def unneeded(login):
        raise AssertionError(login)

    return Keys({"anthropic": spec}, environment, LoopClock(), key_stores(environment), renewal=LoginRenewal(unneeded))


async def test_a_key_is_stored_read_and_deleted(keyring):
    """The real backend is chosen, keeps the newest key, and forgets it."""
    assert type(os_backend()).__module__ == "keyring.backends.SecretService"
    assert keyring.is_there()
    assert keyring.get("anthropic") is None
    await done("keyring", lambda: keyring.set("anthropic", "old"))
    await done("keyring", lambda: keyring.set("anthropic", KEY))
    assert await keys_of(os.environ).describe("anthropic") == (True, "OS keyring")
    assert await keys_of(os.environ).secret("anthropic") == KEY
    assert keyring.delete("anthropic") is True
    assert keyring.delete("anthropic") is False
    assert await keys_of(os.environ).secret("anthropic") is None


async def test_a_locked_keyring_never_blocks(keyring):
    """A prompt that nobody answers costs a request seconds, once; the person reads what to do."""
    keyring.set("anthropic", KEY)
    lock()
    keys = keys_of(os.environ)
    began = time.monotonic()
    assert await keys.secret("anthropic") is None
    assert keys.fault("anthropic") in ("OS keyring does not answer: unlock it", "OS keyring is locked: unlock it")
    assert time.monotonic() - began < PROMPT_SECONDS / 3


async def test_a_locked_keyring_does_not_hide_the_vault(keyring, tmp_path):
    """While the prompt stands there unanswered, the vault's key is used."""
    lock()
    environment = {**os.environ, "DRAGOMAN_VAULT_PASSPHRASE": PASSPHRASE}
    platform_access(environment).create(PASSPHRASE)
    VaultStore(environment).set("anthropic", KEY)
    assert await keys_of(environment).secret("anthropic") == KEY


async def test_storing_in_a_locked_keyring_ends_in_time(keyring):
    """Whoever stores a key is not held up for ever either."""
    lock()
    began = time.monotonic()
    with pytest.raises(KeyPlaceTrouble, match="unlock it"):
        await done("keyring", lambda: keyring.set("anthropic", KEY), 1.0)
    assert time.monotonic() - began < PROMPT_SECONDS / 3


def test_a_process_ends_though_the_prompt_stands(keyring):
    """A command that met the locked keyring says so, and ends without waiting for the prompt."""
    keyring.set("anthropic", KEY)
    lock()
    command = [sys.executable, "-m", "dragoman.cli.main", "auth", "list", "--json"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--set", "providers.anthropic.api_key=keyring"],
        capture_output=True,
        text=True,
        timeout=PROMPT_SECONDS,
        check=True,
    )
    (row,) = [row for row in json.loads(done.stdout)["keys"] if row["provider"] == "anthropic"]
    assert row["found"] is False
    assert "unlock it" in row["where"]
    assert time.monotonic() - began < PROMPT_SECONDS / 2


@pytest.mark.parametrize("address", ["unix:path=/nowhere/bus", "nonsense", None])
async def test_an_absent_keyring_is_passed_over(session, monkeypatch, address):
    """Without D-Bus, as over SSH, or with one that has ended, the vault's key is used and no keyring spoken of."""
    if address is None:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    else:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    environment = {**os.environ, "DRAGOMAN_VAULT_PASSPHRASE": PASSPHRASE}
    assert not OsKeyring().is_there()
    keys = keys_of(environment)
    assert await keys.describe("anthropic") == (False, "none: run `dragoman auth login anthropic`")
    platform_access(environment).create(PASSPHRASE)
    VaultStore(environment).set("anthropic", KEY)
    assert await keys_of(environment).describe("anthropic") == (True, "vault")
    named = keys_of(environment, KeySpec("keyring"))
    assert await named.describe("anthropic") == (False, "none: OS keyring is not there on this machine")
