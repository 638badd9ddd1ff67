"""The vault as a process uses it: opened with the agent's keys or with DRAGOMAN_VAULT_PASSPHRASE. Never asks a person.

Every method blocks, for a derivation or the disk: call it off the loop. Locked, it says so at once.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platformdirs import user_data_path, user_runtime_path, user_state_path

from dragoman.core.errors import BadInput, VaultError, VaultLocked, VaultMissing
from dragoman.engine.vault import Vault, VaultPlace
from dragoman.engine.vault_agent_client import IDLE_SECONDS, AgentClient
from dragoman.engine.vault_format import PrivateKeys, passphrase_bytes, wipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dragoman.engine.vault_mark import Mark

PASSPHRASE_VARIABLE = "DRAGOMAN_VAULT_PASSPHRASE"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class VaultState:
    """How the vault stands. `fault` is what is wrong with its file, "" if nothing; `unlocked_by` is "" if locked."""

    file: Path
    exists: bool
    entries: int = 0
    fault: str = ""
    unlocked_by: str = ""
    seconds_left: float | None = None


class VaultAccess:
    """A vault, its agent, and the environment in which a passphrase may lie."""

    def __init__(self, vault: Vault, agent: AgentClient, environment: Mapping[str, str]) -> None:
        self._vault = vault
        self._agent = agent
        self._environment = environment

    @property
    def passphrase(self) -> str:
        """The one in the environment, or ""."""
        return self._environment.get(PASSPHRASE_VARIABLE, "")

    @property
    def file(self) -> Path:
        """Where the vault is, or would be."""
        return self._vault.place.file

    def is_there(self) -> bool:
        """Whether there is a vault; it may still be locked."""
        return self._vault.exists()

    def get(self, name: str) -> str | None:
        """The secret of that name, None where there is none. Raises a `VaultError`: see `core.errors`."""
        with self._unlocked() as (keys, seen):
            secret, mark = self._vault.get(keys, name, seen)
            self._note(mark, seen)
        if secret is None:
            return None
        try:
            return secret.decode()
        finally:
            wipe(secret)

    def set(self, name: str, secret: str) -> None:
        """Keep it. Raises a `VaultError`, or `BadInput` for what no vault keeps."""
        try:
            data = bytearray(secret.encode())
        except UnicodeEncodeError:
            raise BadInput("That is no text, so the vault does not keep it.") from None
        try:
            with self._unlocked() as (keys, seen):
                self._note(self._vault.set(keys, name, data, seen), seen)
        finally:
            wipe(data)

    def delete(self, name: str) -> bool:
        """Whether there was one to forget. Raises a `VaultError`."""
        with self._unlocked() as (keys, seen):
            mark = self._vault.remove(keys, name, seen)
            if mark is not None:
                self._note(mark, seen)
        return mark is not None

    def check_unlocked(self) -> None:
        """Raises a `VaultError` where nothing could be kept now: it is not there, or locked."""
        with self._unlocked():
            pass

    def names(self) -> tuple[str, ...]:
        """The names of all entries, locked or not. Raises a `VaultError`."""
        return self._vault.names()

    def create(self, passphrase: str) -> None:
        """A new vault, unlocked. Raises `BadInput` where there is one."""
        with _wiped(passphrase) as data:
            keys, mark = self._vault.create(data)
        with keys:
            if not self.passphrase:
                self._agent.start(keys.seeds, mark)

    def unlock(self, passphrase: str, idle_seconds: float = IDLE_SECONDS, *, accept: bool = False) -> None:
        """Have the agent hold the keys; see `Vault.unlock` for `accept`."""
        running = self._agent.status()
        with _wiped(passphrase) as data:
            keys, mark = self._vault.unlock(data, running.mark if running else None, accept=accept)
        with keys:
            self._agent.start(keys.seeds, mark, idle_seconds)

    def lock(self) -> bool:
        """Have the agent wipe the keys and end. Whether there was one."""
        return self._agent.lock()

    def change_passphrase(self, old: str, new: str) -> None:
        """Everything is encrypted anew. Where an agent holds the vault unlocked, it does so with the new keys."""
        running = self._agent.status()
        seen = running.mark if running else None
        with _wiped(old) as data:
            keys, _ = self._vault.unlock(data, seen)
        with keys, _wiped(new) as data:
            new_keys, mark = self._vault.change_passphrase(keys, data, seen)
        with new_keys:
            if running:
                self._agent.start(new_keys.seeds, mark, running.idle_seconds)

    def reset(self) -> None:
        """Delete the vault with all that is in it."""
        self._agent.lock()
        self._vault.reset()

    def state(self) -> VaultState:
        """How it stands; a vault that can't be used is told, not raised."""
        file, running = self.file, self._agent.status()
        if not self._vault.exists():
            return VaultState(file, exists=False)
        entries, fault = 0, ""
        try:
            entries = len(self.names())
            fault = self._vault.objection(running.mark if running else None)
            if self.passphrase and not fault:
                self.check_unlocked()
        except VaultError as error:
            fault = error.fault
        unlocked_by = PASSPHRASE_VARIABLE if self.passphrase else "agent" if running else ""
        return VaultState(file, True, entries, fault, unlocked_by, running.seconds_left if running else None)

    @contextmanager
    def _unlocked(self) -> Iterator[tuple[PrivateKeys, Mark | None]]:
        """The keys, wiped afterwards, and what the agent has seen."""
        if not self._vault.exists():
            raise VaultMissing
        if self.passphrase:
            with _wiped(self.passphrase) as data:
                keys, seen = self._vault.unlock(data)[0], None
        elif held := self._agent.fetch():
            keys, seen = PrivateKeys(held[0]), held[1]
        else:
            raise VaultLocked
        with keys:
            yield keys, seen

    def _note(self, mark: Mark, seen: Mark | None) -> None:
        if seen is not None and mark != seen:
            self._agent.note(mark)


def platform_access(environment: Mapping[str, str]) -> VaultAccess:
    """The person's vault: file, mark and agent's socket lie in the platform's data, state and runtime folders.

    Where the session has no runtime folder (a container, `su`), the socket lies in a folder of its own beside the mark:
    never in a shared one such as /tmp, where others could wait under its name.
    """
    state = user_state_path("dragoman", appauthor=False)
    place = VaultPlace(
        user_data_path("dragoman", appauthor=False) / "vault",
        state / "vault-seen",
    )
    has_runtime = sys.platform != "linux" or os.environ.get("XDG_RUNTIME_DIR")
    runtime = user_runtime_path("dragoman", appauthor=False) if has_runtime else state / "agent"
    agent = AgentClient(runtime / "vault.socket")
    return VaultAccess(Vault(place), agent, environment)


@contextmanager
def _wiped(passphrase: str) -> Iterator[bytearray]:
    data = passphrase_bytes(passphrase)
    try:
        yield data
    finally:
        wipe(data)
