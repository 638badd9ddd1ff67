"""The one door to the OS keyring: reads, writes and deletes keys under one service. Blocks; called from threads only.

Never asks a keyring backend that nobody chose.
"""

from __future__ import annotations

import contextlib
import os
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "dragoman"
"""The service under which keys lie in the OS keyring; the user is the provider's name."""

_BACKENDS = MappingProxyType(
    {"darwin": ("keyring.backends.macOS.Keyring",), "win32": ("keyring.backends.Windows.WinVaultKeyring",)}
)
_LINUX_BACKENDS = (
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.libsecret.Keyring",
)


class OsKeyring:
    """`key_stores.KeyStore` in the platform's own keyring. Every method raises whatever the backend raises."""

    def get(self, name: str) -> str | None:
        """The key of that name, or None."""
        return _required().get_password(SERVICE, name)

    def set(self, name: str, secret: str) -> None:
        """Store the key under that name, over an older one."""
        _required().set_password(SERVICE, name, secret)

    def delete(self, name: str) -> bool:
        """Delete the key of that name; whether there was one."""
        keyring = _required()
        if keyring.get_password(SERVICE, name) is None:
            return False
        keyring.delete_password(SERVICE, name)
        return True

    def is_there(self) -> bool:
        """Whether this machine has a keyring; it may still be locked."""
        return os_backend() is not None


def os_backend() -> KeyringBackend | None:
    """The backend that PYTHON_KEYRING_BACKEND names, else the best of the platform's own, or None.

    keyring's default is a chain of every backend that is installed, in which a locked one breaks every look-up.
    """
    from keyring.core import load_keyring  # noqa: PLC0415 - keyring is slow to import and seldom needed

    if chosen := os.environ.get("PYTHON_KEYRING_BACKEND"):
        return load_keyring(chosen)
    usable: list[KeyringBackend] = []
    for name in _BACKENDS.get(sys.platform, _LINUX_BACKENDS):
        # Modules whose libraries are not there fail in these ways; a backend that can't work here has no priority; and
        # a D-Bus session may be named that has ended, as in a terminal that outlived its login.
        with contextlib.suppress(ImportError, AttributeError, RuntimeError, OSError):
            usable.append(load_keyring(name))
    return max(usable, key=lambda backend: float(backend.priority), default=None)


def _required() -> KeyringBackend:
    from keyring.errors import NoKeyringError  # noqa: PLC0415 - as above

    backend = os_backend()
    if backend is None:
        raise NoKeyringError
    return backend
