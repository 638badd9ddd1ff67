"""Which providers' keys were stored, and where: names only, in the state folder. Holds no key.

Keyrings can't be listed alike on all platforms, and asking one may put an unlock prompt before the person: this says
where asking is worth it. Its change also tells every window that a key was stored, changed or deleted.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_BYTES = 64_000


def index_path(environment: Mapping[str, str] | None = None) -> Path:
    """The file; it need not be there. An environment with another state folder than this process's has another one."""
    own = (environment or os.environ).get("XDG_STATE_HOME")
    folder = Path(own) / "dragoman" if own else user_state_path("dragoman", appauthor=False)
    return folder / "keys.json"


def stored_keys(path: Path) -> dict[str, str]:
    """Provider -> `keyring` or `vault`. A file that can't be read says nothing. Blocks."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_LARGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    rows = value.get("stored") if isinstance(value, dict) else None
    rows = rows if isinstance(rows, dict) else {}
    return {name: place for name, place in rows.items() if place in ("keyring", "vault")}


def note_key(path: Path, provider: str, place: str | None) -> None:
    """The provider's key lies there now; None: nowhere any more. Blocks. Raises `OSError`."""
    rows = {name: where for name, where in stored_keys(path).items() if name != provider}
    if place is not None:
        rows[provider] = place
    _replace(path, {"version": 1, "stored": rows})


def _replace(path: Path, value: Mapping[str, object]) -> None:
    """Written beside it and renamed: nobody ever reads half a file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file)
    beside.replace(path)
