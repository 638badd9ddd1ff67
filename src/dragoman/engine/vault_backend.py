"""The vault as a backend for `keyring`. Chosen by name alone: with its priority it joins no chain of backends.

A locked vault raises `VaultLocked` at once; nothing here waits for a person.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

from dragoman.engine.vault_access import platform_access

if TYPE_CHECKING:
    from dragoman.engine.vault_access import VaultAccess

SERVICE = "dragoman"
"""The only service whose passwords it keeps; the user is the entry's name."""


class VaultKeyring(KeyringBackend):
    """Without an argument the person's own vault. Every method may raise a `VaultError`."""

    priority = -1  # keyring chains whatever is above zero, and one locked backend breaks a chain's every look-up

    def __init__(self, access: VaultAccess | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.access = access or platform_access(os.environ)

    def get_password(self, service: str, username: str) -> str | None:
        """None where there is none."""
        return self.access.get(username) if service == SERVICE else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it, instead of what lay there."""
        if service != SERVICE:
            raise PasswordSetError(f"the vault keeps passwords for {SERVICE} alone")
        self.access.set(username, password)

    def delete_password(self, service: str, username: str) -> None:
        """Raises `PasswordDeleteError` where there is none."""
        if service != SERVICE or not self.access.delete(username):
            raise PasswordDeleteError("the vault holds no such password")
