"""The places in which keys can be stored, by the names that settings use: the OS keyring and the vault.

Unlocks neither: what is locked says so.
"""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeVar

from dragoman.core.errors import VaultMissing
from dragoman.engine.key_lookup import KeyPlaceTrouble, Manner, in_daemon, words
from dragoman.engine.keyring_door import OsKeyring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.engine.vault_access import VaultAccess

T = TypeVar("T")

PERSON_SECONDS = 60.0
"""How long a store is waited for where a person sits before it, who may have to unlock it."""


class KeyStore(Protocol):
    """A place in which keys lie by provider. Every method blocks, and may raise anything: it may be locked."""

    def get(self, name: str) -> str | None:
        """The key of that name, or None."""
        ...

    def set(self, name: str, secret: str) -> None:
        """Store the key under that name, over an older one."""
        ...

    def delete(self, name: str) -> bool:
        """Delete the key of that name; whether there was one."""
        ...

    def is_there(self) -> bool:
        """Whether there is such a place on this machine; it may still be locked."""
        ...


MANNERS: Mapping[str, Manner] = MappingProxyType(
    {
        "keyring": Manner("OS keyring"),
        # Asking it costs no prompt, and it may be unlocked at any moment.
        "vault": Manner("vault", silence="does not answer: try again", trouble_kept=5.0),
    }
)
"""In the order of asking."""


class VaultStore:
    """`KeyStore` in the person's vault. Where there is none, nothing lies in it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str | None:
        """See `KeyStore`."""
        try:
            return self._vault().get(name)
        except VaultMissing:
            return None

    def set(self, name: str, secret: str) -> None:
        """See `KeyStore`."""
        self._vault().set(name, secret)

    def delete(self, name: str) -> bool:
        """See `KeyStore`."""
        try:
            return self._vault().delete(name)
        except VaultMissing:
            return False

    def is_there(self) -> bool:
        """See `KeyStore`."""
        return self._vault().is_there()

    def _vault(self) -> VaultAccess:
        from dragoman.engine.vault_access import platform_access  # noqa: PLC0415 - cryptography is slow to import

        return platform_access(self._environment)


def key_stores(environment: Mapping[str, str]) -> dict[str, KeyStore]:
    """The stores of this machine, in the order of asking."""
    return {"keyring": OsKeyring(), "vault": VaultStore(environment)}


async def done(store: str, work: Callable[[], T], seconds: float = PERSON_SECONDS) -> T:
    """What the work with that store comes to. Raises `KeyPlaceTrouble` for whatever goes wrong with it."""
    name = MANNERS[store].name
    doing = in_daemon(work)
    await asyncio.wait({doing}, timeout=seconds)
    if not doing.done():
        doing.cancel()
        raise KeyPlaceTrouble(f"{name} {MANNERS[store].silence}")
    if error := doing.exception():
        raise KeyPlaceTrouble(f"{name} {words(error)}")
    return doing.result()
