"""The vault's file: what survives crashes, rivals and old copies, and what is said of what does not."""

from __future__ import annotations

import fcntl
import os
import random
import resource
import shutil
import stat
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from cryptography.exceptions import UnsupportedAlgorithm

from dragoman.core.errors import (
    BadInput,
    VaultBusy,
    VaultDamaged,
    VaultError,
    VaultLocked,
    VaultMissing,
    VaultReplaced,
    WrongPassphrase,
)
from dragoman.engine import vault_format
from dragoman.engine.vault import Vault
from dragoman.engine.vault_format import PrivateKeys
from engine.vaults import CHEAP, SECRET, passphrase, read, vault_in


@pytest.fixture
def vault(tmp_path):
    """A place for a vault."""
    return vault_in(tmp_path)


@pytest.fixture
def keys(vault):
    """The keys of a new vault."""
    return vault.create(passphrase())[0]


def store(vault, keys, name, secret=SECRET):
    """Set an entry; returns the mark."""
    return vault.set(keys, name, bytearray(secret.encode()))


def copied(vault):
    """A copy of the file as it is; called, it is put back."""
    data = vault.place.file.read_bytes()
    return lambda: vault.place.file.write_bytes(data)


class TestEntries:
    def test_kept_for_the_next_process(self, vault, keys, tmp_path):
        """What was set is there for whoever unlocks the vault later, until it is removed or set anew."""
        store(vault, keys, "openai")
        store(vault, keys, "anthropic", "first")
        store(vault, keys, "anthropic", "second")
        later = vault_in(tmp_path)
        opened, _ = later.unlock(passphrase())
        assert later.names() == ("anthropic", "openai")
        assert read(later, opened, "anthropic") == "second"
        assert later.remove(opened, "openai")
        assert later.remove(opened, "openai") is None
        assert read(later, opened, "openai") is None
        assert read(later, opened, "never") is None

    @pytest.mark.parametrize("name", ["", "a\nb", "\x1b[31m", "x" * 256, "é" * 128, "\udcff"])
    def test_names_that_are_none(self, vault, keys, name):
        """A name is short and can be shown."""
        with pytest.raises(BadInput, match="printable"):
            store(vault, keys, name)

    def test_sizes(self, vault, keys):
        """Anything up to the limit is kept to the byte, and nothing beyond."""
        for secret in ("", "x" * 2**16, "schlüssel \0\r\n"):
            store(vault, keys, "a", secret)
            assert read(vault, keys, "a") == secret
        with pytest.raises(BadInput, match="64 KiB"):
            store(vault, keys, "a", "x" * (2**16 + 1))

    def test_a_full_vault(self, vault, keys, monkeypatch):
        """A vault that would grow beyond what is read again refuses the entry and stays as it was."""
        monkeypatch.setattr("dragoman.engine.vault.LARGEST_FILE_BYTES", 20_000)
        store(vault, keys, "a")
        with pytest.raises(BadInput, match="full"):
            store(vault, keys, "b", "x" * 20_000)
        assert vault.names() == ("a",)


class TestFile:
    def test_the_persons_alone(self, vault, keys):
        """Files and folders are their owner's alone, whatever the mask, and no other file is left."""
        store(vault, keys, "a")
        folder = vault.place.file.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {entry.name for entry in folder.iterdir()} == {"vault", "vault.lock"}
        for entry in (*folder.iterdir(), vault.place.mark):
            assert stat.S_IMODE(entry.stat().st_mode) == 0o600

    def test_a_copy_that_others_can_read(self, vault, keys):
        """A file that was opened to others is the person's alone again after the next write."""
        vault.place.file.chmod(0o644)
        store(vault, keys, "a")
        assert stat.S_IMODE(vault.place.file.stat().st_mode) == 0o600

    def test_a_link_laid_in_the_way(self, vault, keys, tmp_path):
        """A link under the name of the next file is replaced, and what it points to left alone."""
        victim = tmp_path / "victim"
        victim.write_text("mine")
        vault.place.file.with_name("vault.new").symlink_to(victim)
        store(vault, keys, "a")
        assert victim.read_text() == "mine"
        assert read(vault, keys, "a") == SECRET

    def test_there_is_one_vault(self, vault, keys):
        """A second one is not made over the first."""
        with pytest.raises(BadInput, match="already"):
            vault.create(passphrase("other"))
        assert vault.unlock(passphrase())

    def test_none_is_there(self, vault):
        """Without a vault everything says how to make one."""
        keys = PrivateKeys(bytearray(128))
        for use in (
            vault.names,
            vault.mark,
            vault.objection,
            lambda: vault.unlock(passphrase()),
            lambda: vault.unlock(passphrase(), accept=True),
            lambda: vault.get(keys, "a"),
            lambda: store(vault, keys, "a"),
            lambda: vault.remove(keys, "a"),
            lambda: vault.change_passphrase(keys, passphrase()),
        ):
            with pytest.raises(VaultMissing, match="dragoman vault create"):
                use()

    @pytest.mark.parametrize("missing", ["MLDSA87PublicKey", "MLKEM1024PrivateKey"])
    def test_a_library_without_the_newer_primitives(self, vault, keys, monkeypatch, missing, tmp_path):
        """Where the cryptography library was built without them, it is said what to install."""

        class Lacking:
            def __getattr__(self, name):
                raise UnsupportedAlgorithm("not in this build")

        monkeypatch.setattr(vault_format, missing, Lacking())
        use = vault.names if missing == "MLDSA87PublicKey" else lambda: vault_in(tmp_path / "b").create(passphrase())
        with pytest.raises(VaultError, match="install its wheel"):
            use()

    def test_a_wrong_passphrase(self, vault, keys):
        """A wrong passphrase opens nothing and changes nothing."""
        before = vault.place.file.read_bytes()
        for accept in (False, True):
            with pytest.raises(WrongPassphrase):
                vault.unlock(passphrase("wrong"), accept=accept)
        assert vault.place.file.read_bytes() == before

    def test_a_place_that_can_not_be_read(self, vault):
        """Something else under the vault's name is told with its path."""
        vault.place.file.mkdir(parents=True)
        with pytest.raises(VaultError, match=str(vault.place.file)):
            vault.names()

    def test_a_place_that_can_not_be_written(self, vault):
        """A folder that can't be made is told with its path."""
        vault.place.file.parent.write_text("a file")
        with pytest.raises(VaultError, match=r"can't be written .*data"):
            vault.create(passphrase())

    def test_a_file_far_too_large(self, vault, keys):
        """A file larger than any vault is not read to its end."""
        with vault.place.file.open("r+b") as file:
            file.truncate(2**34)  # sparse
        with pytest.raises(VaultDamaged, match="larger"):
            vault.names()

    @pytest.mark.parametrize("cost", [replace(CHEAP, memory_kib=2**31), replace(CHEAP, memory_kib=8, iterations=0)])
    def test_a_derivation_beyond_its_limits_is_not_tried(self, vault, keys, cost):
        """A file that asks for too cheap or too dear a derivation is refused before the passphrase is touched."""
        contents = _read(vault)
        head = replace(contents.head, derivation=cost)
        vault.place.file.write_bytes(_encoded(replace(contents, head=head, generation=2), keys))
        with pytest.raises(VaultDamaged, match="cheap"):
            vault.unlock(passphrase())

    def test_a_cheap_vault_is_not_believed(self, vault, keys):
        """As the program runs, a vault as cheap as these tests' is refused."""
        with pytest.raises(VaultDamaged, match="cheap"):
            Vault(vault.place).unlock(passphrase())


class TestCopies:
    def test_an_older_copy_is_noticed(self, vault, keys):
        """An older copy put back is named as one, for every use, and by what it was and should be."""
        put_back = copied(vault)
        store(vault, keys, "a", "old")
        store(vault, keys, "a", "new")
        put_back()
        for use in (
            lambda: vault.unlock(passphrase()),
            lambda: vault.get(keys, "a"),
            lambda: store(vault, keys, "b"),
            lambda: vault.remove(keys, "a"),
            lambda: vault.change_passphrase(keys, passphrase("other")),
        ):
            with pytest.raises(VaultReplaced, match=r"older copy \(write 1, last seen 3\).*unlock --accept"):
                use()
        assert "older copy" in vault.objection()

    def test_an_older_copy_can_be_accepted(self, vault, keys):
        """A person who restored a backup takes it, and from then on every other copy there was is an old one."""
        store(vault, keys, "a", "old")
        put_back = copied(vault)
        store(vault, keys, "a", "new")
        put_newest_back = copied(vault)
        put_back()
        keys, _ = vault.unlock(passphrase(), accept=True)
        assert read(vault, keys, "a") == "old"
        for put_other in (put_back, put_newest_back):
            put_other()
            with pytest.raises(VaultReplaced, match="older copy"):
                vault.get(keys, "a")

    def test_a_copy_of_the_same_age_is_noticed(self, vault, keys, tmp_path):
        """A copy that was written elsewhere as often as this one is not taken for it."""
        shutil.copytree(tmp_path / "data", tmp_path / "elsewhere" / "data")
        elsewhere = vault_in(tmp_path / "elsewhere")
        store(elsewhere, keys, "a", "theirs")
        store(vault, keys, "a", "ours")
        shutil.copy(elsewhere.place.file, vault.place.file)
        with pytest.raises(VaultReplaced, match="same age"):
            vault.get(keys, "a")

    def test_another_vault_is_noticed(self, vault, keys, tmp_path):
        """A whole other vault is not taken for the person's, though its passphrase be the same."""
        other = vault_in(tmp_path / "other")
        other.create(passphrase())
        shutil.copy(other.place.file, vault.place.file)
        with pytest.raises(VaultReplaced, match="another one"):
            vault.unlock(passphrase())
        vault.unlock(passphrase(), accept=True)
        vault.unlock(passphrase())

    def test_what_another_has_seen_counts_too(self, vault, keys):
        """With the mark's file gone, an old copy is noticed by what the agent has seen."""
        put_back = copied(vault)
        seen = store(vault, keys, "a")
        put_back()
        vault.place.mark.unlink()
        with pytest.raises(VaultReplaced):
            vault.get(keys, "a", seen)
        with pytest.raises(VaultReplaced):
            vault.unlock(passphrase(), seen)
        assert vault.unlock(passphrase(), seen, accept=True)[1].generation > seen.generation

    @pytest.mark.parametrize("mark", [b"", b"zz", b"\xff\xfe", b"00" * 10])
    def test_a_mark_that_says_nothing(self, vault, keys, mark):
        """A mark that is missing or broken is as none, and the next look makes it anew."""
        put_back = copied(vault)
        store(vault, keys, "a")
        vault.place.mark.write_bytes(mark)
        assert read(vault, keys, "a") == SECRET
        put_back()
        with pytest.raises(VaultReplaced):
            vault.get(keys, "a")

    @pytest.mark.parametrize(
        "see", [lambda vault, keys: vault.get(keys, "a"), lambda vault, _: vault.unlock(passphrase())]
    )
    def test_a_newer_copy_is_marked_when_it_is_seen(self, vault, keys, tmp_path, see):
        """A vault that another machine has written is believed, and the copy before it is not from then on."""
        shutil.copytree(tmp_path / "data", tmp_path / "elsewhere" / "data")
        put_back = copied(vault)
        elsewhere = vault_in(tmp_path / "elsewhere")
        store(elsewhere, keys, "a")
        shutil.copy(elsewhere.place.file, vault.place.file)
        see(vault, keys)
        put_back()
        with pytest.raises(VaultReplaced):
            vault.get(keys, "a")

    def test_a_forgery_marks_nothing(self, vault, keys, tmp_path):
        """A file of somebody else's with this vault's id and a high number does not make the true one look old."""
        contents = _read(vault)
        foreign = vault_in(tmp_path / "foreign")
        foreign_keys, _ = foreign.create(passphrase("theirs"))
        head = replace(_read(foreign).head, vault_id=contents.head.vault_id)
        put_back = copied(vault)
        vault.place.file.write_bytes(_encoded(replace(contents, head=head, generation=2**40), foreign_keys))
        assert vault.objection() == ""
        with pytest.raises(VaultLocked):
            vault.get(keys, "a")
        with pytest.raises(WrongPassphrase):
            vault.unlock(passphrase())
        put_back()
        assert vault.unlock(passphrase())


class TestPassphrase:
    def test_change(self, vault, keys):
        """After a change the new passphrase opens everything, and the old one and the old keys nothing."""
        store(vault, keys, "a", "one")
        store(vault, keys, "b", "two")
        new_keys, mark = vault.change_passphrase(keys, passphrase("battery staple"))
        assert [read(vault, new_keys, name) for name in ("a", "b")] == ["one", "two"]
        assert mark == vault.mark()
        with pytest.raises(WrongPassphrase):
            vault.unlock(passphrase())
        with pytest.raises(VaultLocked):
            vault.get(keys, "a")
        opened, _ = vault.unlock(passphrase("battery staple"))
        assert opened.seeds == new_keys.seeds

    def test_what_comes_later_is_closed_to_an_old_copy(self, vault, keys):
        """Keys from an old copy with its old passphrase open nothing that is written after the change."""
        new_keys, _ = vault.change_passphrase(keys, passphrase("battery staple"))
        store(vault, new_keys, "a")
        contents = _read(vault)
        with pytest.raises(VaultDamaged):
            _unsealed(contents, keys, "a")
        assert _unsealed(contents, new_keys, "a") == SECRET

    def test_reset(self, vault, keys):
        """A reset vault is gone, a new one can be made, and no copy of the old one is believed in between."""
        store(vault, keys, "a")
        put_back = copied(vault)
        vault.reset()
        with pytest.raises(VaultMissing):
            vault.names()
        put_back()
        with pytest.raises(VaultReplaced):
            vault.unlock(passphrase())
        vault.reset()
        vault.create(passphrase("new"))
        put_back()
        with pytest.raises(VaultReplaced, match="another one"):
            vault.unlock(passphrase())

    @pytest.mark.parametrize("damage", [b"", b"garbage" * 5000])
    def test_reset_of_a_damaged_one(self, vault, keys, damage):
        """A vault in any state can be reset."""
        vault.place.file.write_bytes(damage)
        vault.reset()
        vault.reset()
        vault.create(passphrase())


class TestRivals:
    def test_a_holder_is_not_waited_for_long(self, tmp_path, keys):
        """While another process holds the vault, reading goes on and writing says that it is busy."""
        hurried = vault_in(tmp_path, busy_seconds=0)
        with hurried.place.file.with_name("vault.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            hurried.place.mark.unlink()
            assert read(hurried, keys, "a") is None
            assert not hurried.place.mark.exists()
            with pytest.raises(VaultBusy):
                store(hurried, keys, "a")
        store(hurried, keys, "a")

    def test_writers_at_once_lose_nothing(self, tmp_path, vault, keys):
        """Processes that write at once all find their entries in the end, and none is told of an old copy meanwhile."""
        writers = [_writer(tmp_path, name, 12, tmp_path / f"said-{name}") for name in ("a", "b", "c", "d")]
        assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
        assert sorted(vault.names()) == sorted(f"{name}-{number}" for name in "abcd" for number in range(12))
        assert vault.mark().generation == 1 + 4 * 12
        assert all(read(vault, keys, name) == name for name in vault.names())

    def test_killed_at_any_moment(self, tmp_path, vault, keys):
        """Whenever a writer is killed, the vault opens, and holds all that the writer was told is kept."""
        chance = random.Random(7)
        kept = set()
        for turn in range(8):
            said = tmp_path / f"said-{turn}"
            writer = _writer(tmp_path, f"turn{turn}", 10_000, said)
            while said.read_text().count("\n") < 1 + chance.randrange(5):
                assert writer.poll() is None
                time.sleep(chance.random() / 200)
            writer.kill()
            writer.wait()
            kept |= set(said.read_text().split("\n")[:-1])
            opened, _ = vault_in(tmp_path).unlock(passphrase())
            names = set(vault.names())
            assert kept <= names
            assert all(read(vault, opened, name) == name for name in chance.sample(sorted(names), min(5, len(names))))
        store(vault, keys, "after")

    def test_killed_at_every_step(self, tmp_path, vault, keys):
        """At whichever call into the system a writer is killed, the vault is as before or as after, and marked so."""
        done = subprocess.run(
            [sys.executable, "-c", _KILLED_AT_EVERY_STEP, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        steps, before, after = map(int, done.stdout.split())
        assert steps > 8
        assert before > 2
        assert after > 2
        store(vault, keys, "a")
        assert read(vault, keys, "a") == SECRET

    def test_a_full_disk(self, vault, keys, tmp_path):
        """Where the new file can't be written, the old one stays, nothing is left beside it, and it is told."""
        store(vault, keys, "a")
        before = vault.place.file.read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            with pytest.raises(VaultError, match="can't be written"):
                store(vault, keys, "b")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert vault.place.file.read_bytes() == before
        assert not vault.place.file.with_name("vault.new").exists()

    def test_a_mark_that_can_not_be_written(self, vault, keys):
        """An entry that is kept without a mark is told, for older copies would not be noticed."""
        shutil.rmtree(vault.place.mark.parent)
        vault.place.mark.parent.write_text("a file")
        with pytest.raises(VaultError, match="older copies would not be noticed"):
            store(vault, keys, "a")
        assert read(vault, keys, "a") == SECRET


def _writer(folder, name, count, said):
    """A process that writes entries whose secrets are their names, and says into the file what it was told is kept."""
    with said.open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-c", _WRITING, str(folder), name, str(count)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=file,
        )


_WRITING = """
import sys
from pathlib import Path
from engine.vaults import passphrase, vault_in

vault = vault_in(Path(sys.argv[1]))
keys, _ = vault.unlock(passphrase())
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}-{number}"
    vault.set(keys, name, bytearray(name.encode()))
    print(name, flush=True)
"""

_KILLED_AT_EVERY_STEP = """
import os, signal, sys
from pathlib import Path
from engine.vaults import passphrase, read, vault_in

vault = vault_in(Path(sys.argv[1]))
keys, _ = vault.unlock(passphrase())
SYSTEM = ("open", "os.", "fcntl.")
seen = {"before": 0, "after": 0}


def killed_at(step, secret):
    left = step

    def count(event, _):
        nonlocal left
        if event.startswith(SYSTEM) and event != "os.kill":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        sys.addaudithook(count)
        vault.set(keys, "a", bytearray(secret.encode()))
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


step, old = 0, None
while True:
    secret = f"secret {step}"
    was_killed = killed_at(step, secret)
    again, _ = vault.unlock(passphrase())
    now = read(vault, again, "a")
    assert now in (old, secret), (step, old, now)
    assert vault.objection() == ""
    if not was_killed:
        assert now == secret
        break
    seen["after" if now == secret else "before"] += 1
    step, old = step + 1, now
print(step, seen["before"], seen["after"])
"""


def _read(vault):
    from dragoman.engine.vault_format import decode

    return decode(vault.place.file.read_bytes())


def _encoded(contents, keys):
    from dragoman.engine.vault_format import encode

    return encode(contents, keys)


def _unsealed(contents, keys, name):
    from dragoman.engine.vault_format import unseal

    return unseal(contents.head, keys, name, contents.entries[name]).decode()
