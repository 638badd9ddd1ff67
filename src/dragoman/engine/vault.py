"""The vault's file on disk: read and written whole, by one process at a time. Asks for no passphrase and keeps no key.

`vault_format` says what is in it, `vault_access` how a process comes by its keys.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm

from dragoman.core.errors import BadInput, VaultBusy, VaultDamaged, VaultError, VaultLocked, VaultMissing, VaultReplaced
from dragoman.engine import vault_format
from dragoman.engine.vault_format import (
    CEILING,
    FLOOR,
    LARGEST_FILE_BYTES,
    LARGEST_NAME_BYTES,
    LARGEST_SECRET_BYTES,
    Contents,
    Derivation,
    new_head,
    seal,
    unseal,
    wipe,
)
from dragoman.engine.vault_mark import Mark, read_mark, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dragoman.engine.vault_format import PrivateKeys, Sealed

BUSY_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class VaultPlace:
    """Where a vault is: its file, and the file that tells which copy of it was last seen."""

    file: Path
    mark: Path


class Vault:
    """One vault. Every method blocks on the disk, and raises a `VaultError` where it can't do what it is asked.

    `seen` is what another keeper of marks, the agent, has seen last: the file must have come of that too.
    `least` is the weakest derivation that is believed.
    """

    def __init__(
        self,
        place: VaultPlace,
        derivation: Derivation | None = None,
        least: Derivation = FLOOR,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.place = place
        self._derivation = derivation or Derivation()
        self._least = least
        self._busy_seconds = busy_seconds

    def exists(self) -> bool:
        """Whether there is one, sound or not."""
        return self.place.file.exists()

    def names(self) -> tuple[str, ...]:
        """The names of the entries, as the file tells them: locked, it could be somebody else's."""
        return tuple(self._read()[0].entries)

    def mark(self) -> Mark:
        """The file's state, whether or not it is the one last seen."""
        return self._read()[1]

    def objection(self, seen: Mark | None = None) -> str:
        """What is wrong with the file's age, seen from here; "" if nothing is."""
        try:
            self._checked(seen)
        except VaultReplaced as error:
            return error.fault
        return ""

    def create(self, passphrase: bytearray) -> tuple[PrivateKeys, Mark]:
        """A new, empty vault. Raises `BadInput` where there is one."""
        with self._alone():
            if self.exists():
                raise BadInput("There is a vault already: `dragoman vault status` shows it.")
            with _supported():
                head, keys = new_head(passphrase, self._derivation)
            return keys, self._write(Contents(head), keys)

    def unlock(
        self, passphrase: bytearray, seen: Mark | None = None, *, accept: bool = False
    ) -> tuple[PrivateKeys, Mark]:
        """The private keys, and the file's state, which is marked as seen.

        accept: even if the file is not the one last seen. It is then written anew, as the newest of all.
        """
        if not accept:
            contents, mark = self._checked(seen)
            keys = self._unwrap(contents, passphrase)
            self._see(mark)
            return keys, mark
        with self._alone():
            contents, mark = self._read()
            keys = self._unwrap(contents, passphrase)
            marks = (mark, seen, read_mark(self.place.mark))
            newest = max(one.generation for one in marks if one)
            return keys, self._write(replace(contents, generation=newest + 1), keys)

    def get(self, keys: PrivateKeys, name: str, seen: Mark | None = None) -> tuple[bytearray | None, Mark]:
        """The entry's secret, or None where there is none, and which copy it is from."""
        contents, mark = self._checked(seen, keys)
        self._see(mark)
        sealed = contents.entries.get(name)
        return (None if sealed is None else unseal(contents.head, keys, name, sealed)), mark

    def set(self, keys: PrivateKeys, name: str, secret: bytearray, seen: Mark | None = None) -> Mark:
        """Keep the secret under that name, instead of what lay there."""
        if not (name.isprintable() and 0 < len(name.encode()) <= LARGEST_NAME_BYTES):
            raise BadInput(f"A name in the vault has 1 to {LARGEST_NAME_BYTES} bytes, all printable.")
        if len(secret) > LARGEST_SECRET_BYTES:
            raise BadInput(f"The vault keeps nothing larger than {LARGEST_SECRET_BYTES // 1024} KiB.")
        with self._alone():
            contents, _ = self._checked(seen, keys)
            sealed = seal(contents.head, name, contents.generation + 1, secret)
            return self._write_next(contents, {**contents.entries, name: sealed}, keys)

    def remove(self, keys: PrivateKeys, name: str, seen: Mark | None = None) -> Mark | None:
        """Forget the entry. None, and nothing is written, where there is none."""
        with self._alone():
            contents, _ = self._checked(seen, keys)
            if name not in contents.entries:
                return None
            entries = {other: sealed for other, sealed in contents.entries.items() if other != name}
            return self._write_next(contents, entries, keys)

    def change_passphrase(
        self, keys: PrivateKeys, passphrase: bytearray, seen: Mark | None = None
    ) -> tuple[PrivateKeys, Mark]:
        """Make all keys anew, so that an old copy with the old passphrase opens nothing that is written from now on."""
        with self._alone():
            old, _ = self._checked(seen, keys)
            head, new_keys = new_head(passphrase, self._derivation, old.head.vault_id)
            new = Contents(head, old.generation)
            return new_keys, self._write_next(new, dict(_sealed_anew(old, keys, new)), new_keys)

    def reset(self) -> None:
        """Delete the vault, whatever state it is in. No copy of it is believed again without a word of the person."""
        with self._alone():
            seen = read_mark(self.place.mark)
            self.place.file.unlink(missing_ok=True)
            if seen:
                self._write_mark(replace(seen, generation=seen.generation + 1, digest=bytes(len(seen.digest))))

    def _unwrap(self, contents: Contents, passphrase: bytearray) -> PrivateKeys:
        if not contents.head.derivation.within(self._least, CEILING):
            raise VaultDamaged("its file makes the passphrase too cheap to guess, or too dear to try")
        return vault_format.unwrap(contents.head, passphrase)

    def _checked(self, seen: Mark | None, keys: PrivateKeys | None = None) -> tuple[Contents, Mark]:
        """The file as it is, if it came of what was seen before and belongs to these keys."""
        # The mark first: whoever writes does the file first, so a file read later is never older than this mark.
        marks = (seen, read_mark(self.place.mark))
        contents, mark = self._read()
        for one in filter(None, marks):
            if objection := mark.objection(one):
                raise VaultReplaced(objection)
        if keys is not None and not contents.head.fits(keys):
            raise VaultLocked  # the passphrase was changed since they were unlocked
        return contents, mark

    def _read(self) -> tuple[Contents, Mark]:
        try:
            with self.place.file.open("rb") as file:
                data = file.read(LARGEST_FILE_BYTES + 1)
        except FileNotFoundError:
            raise VaultMissing from None
        except OSError as error:
            raise VaultError(f"can't be read ({error.strerror}): check {self.place.file}") from None
        if len(data) > LARGEST_FILE_BYTES:
            raise VaultDamaged("its file is larger than any vault")
        with _supported():
            contents = vault_format.decode(data)
        return contents, _mark_of(contents, data)

    def _write_next(self, contents: Contents, entries: Mapping[str, Sealed], keys: PrivateKeys) -> Mark:
        return self._write(Contents(contents.head, contents.generation + 1, entries), keys)

    def _write(self, contents: Contents, keys: PrivateKeys) -> Mark:
        """Write the file, then the mark: a crash between the two leaves a file that is newer than its mark."""
        data = vault_format.encode(contents, keys)
        if len(data) > LARGEST_FILE_BYTES:
            raise BadInput("The vault is full: remove entries first.")
        mark = _mark_of(contents, data)
        try:
            write_atomically(self.place.file, data)
        except OSError as error:
            raise VaultError(f"can't be written ({error.strerror}): check {self.place.file}") from None
        self._write_mark(mark)
        return mark

    def _see(self, mark: Mark) -> None:
        """Mark this copy as seen, now that keys have vouched for it. Where that can't be done, the next time does."""
        seen = read_mark(self.place.mark)
        if seen and seen.generation >= mark.generation:
            return
        with suppress(VaultError), self._alone(seconds=0):
            seen = read_mark(self.place.mark)
            if seen is None or seen.generation < mark.generation:
                self._write_mark(mark)

    def _write_mark(self, mark: Mark) -> None:
        try:
            self.place.mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self.place.mark, mark.to_bytes().hex().encode())
        except OSError as error:
            raise VaultError(
                f"is written, but older copies would not be noticed ({error.strerror}): check {self.place.mark}"
            ) from None

    @contextmanager
    def _alone(self, seconds: float | None = None) -> Iterator[None]:
        """No other process writes meanwhile. The lock is the system's: it ends with the process, however that ends."""
        limit = time.monotonic() + (self._busy_seconds if seconds is None else seconds)
        try:
            self.place.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.place.file.with_name(f"{self.place.file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise VaultError(f"can't be written ({error.strerror}): check {self.place.file.parent}") from None
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= limit:
                        raise VaultBusy from None
                    time.sleep(_LOOK_AGAIN_SECONDS)
            yield
        finally:
            os.close(lock)


@contextmanager
def _supported() -> Iterator[None]:
    """What a `cryptography` that was built without the newer primitives comes to, for the person."""
    try:
        yield
    except UnsupportedAlgorithm:
        raise VaultError(
            "can't be used with this build of the cryptography package, which lacks ML-KEM or ML-DSA: "
            "install its wheel (`pip install --force-reinstall cryptography`)"
        ) from None


def _mark_of(contents: Contents, data: bytes) -> Mark:
    return Mark(contents.head.vault_id, contents.generation, vault_format.digest(data))


def _sealed_anew(old: Contents, keys: PrivateKeys, new: Contents) -> Iterator[tuple[str, Sealed]]:
    for name, sealed in old.entries.items():
        secret = unseal(old.head, keys, name, sealed)
        try:
            yield name, seal(new.head, name, new.generation + 1, secret)
        finally:
            wipe(secret)
