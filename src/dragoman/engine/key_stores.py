"""The places in which keys can be stored, by the names that settings use. Opens none of them by itself."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from dragoman.engine.key_lookup import Manner
from dragoman.engine.keyring_door import OsKeyring

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def key_stores(environment: Mapping[str, str]) -> dict[str, KeyStore]:
    """The stores of this machine, in the order of asking."""
    del environment
    return {"keyring": OsKeyring()}
