"""Which of the environment's values are secrets, by their names: they are hidden wherever they stand. Reads nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"(?:.*_)?(?:API)?(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE)", re.IGNORECASE)
_PLACE = re.compile(r"[~./]|[a-z][a-z0-9+.-]*://|[A-Za-z]:[\\/]")
"""How a path or an address begins: those are where a secret is, not the secret."""


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """The values of the variables whose names say that they hold a key, a token or a password."""
    held = (value.strip() for name, value in environment.items() if _NAME.fullmatch(name))
    return frozenset(value for value in held if value and not _PLACE.match(value))
