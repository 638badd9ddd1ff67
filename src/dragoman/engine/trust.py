"""Which projects' files the person has trusted or declined: one small record per file in the state folder.

A record speaks of one content of one file. Blocks on the disk, so it is called from a worker thread; reads no settings.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from dragoman.core.trust import Seal

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Record:
    """What the person has said of a content: `trusted` is False where they want to be asked of it no more."""

    seal: Seal
    trusted: bool


def seal_of(real: Path, data: bytes) -> Seal:
    """The seal of these bytes, read from that path, whose links are resolved."""
    return Seal(str(real), hashlib.sha256(data).hexdigest())


def verdict(seal: Seal) -> bool | None:
    """What the person has said of this very content; None where they have said nothing."""
    record = _read(record_path(seal.path))
    return record.trusted if record is not None and record.seal == seal else None


def is_trusted(seal: Seal) -> bool:
    """Whether the person has trusted this very content."""
    return verdict(seal) is True


def decide(seal: Seal, *, trusted: bool) -> None:
    """Keep what the person says; it replaces what they said of the file before. Raises `OSError`."""
    path = record_path(seal.path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The folder and the file are for the person's eyes alone: paths tell what somebody works on.
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"path": seal.path, "sha256": seal.digest, "trusted": trusted}, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def forget(path: str) -> bool:
    """Forget what was said of the file, whose links are resolved. Returns whether anything was. Raises `OSError`."""
    try:
        record_path(path).unlink()
    except FileNotFoundError:
        return False
    return True


def records() -> Iterator[Record]:
    """All of them."""
    for path in sorted(_folder().glob("*.json")):
        if (record := _read(path)) is not None:
            yield record


def record_path(path: str) -> Path:
    """Where the record of a file is, or would be: its links are resolved."""
    return _folder() / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"


def _folder() -> Path:
    return user_state_path("dragoman", appauthor=False) / "trust"


def _read(path: Path) -> Record | None:
    """The record; one that is missing or broken says nothing."""
    with suppress(OSError, ValueError):
        match json.loads(path.read_text(encoding="utf-8")):
            case {"path": str(file), "sha256": str(digest), "trusted": bool(trusted)}:
                return Record(Seal(file, digest), trusted)
    return None
