"""Which copy of the vault was last seen, kept outside its file so that an older copy is noticed. Holds no secret.

Only what unlocked keys have vouched for may be marked: a forged file must not make the true one look old.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LAYOUT = struct.Struct(">16sQ64s")
MARK_BYTES = _LAYOUT.size


@dataclass(frozen=True, slots=True)
class Mark:
    """One state of one vault: its id, how often it was written, and its file's SHA3-512."""

    vault_id: bytes
    generation: int
    digest: bytes

    @staticmethod
    def from_bytes(data: bytes | bytearray) -> Mark:
        """What `to_bytes` gave. Raises `struct.error` for anything of another length."""
        return Mark(*_LAYOUT.unpack(data))

    def to_bytes(self) -> bytes:
        """`MARK_BYTES` bytes."""
        return _LAYOUT.pack(self.vault_id, self.generation, self.digest)

    def objection(self, seen: Mark) -> str:
        """Why this can't have come of what was seen before; "" where it can."""
        if self.vault_id != seen.vault_id:
            return "is another one than last time"
        if self.generation < seen.generation:
            return f"is an older copy (write {self.generation}, last seen {seen.generation})"
        if self.generation == seen.generation and self.digest != seen.digest:
            return f"is another copy of the same age as the one last seen (write {self.generation})"
        return ""


def read_mark(path: Path) -> Mark | None:
    """The mark in that file; None where there is none that can be read: then the next file is believed."""
    with suppress(OSError, ValueError, struct.error):
        return Mark.from_bytes(bytes.fromhex(path.read_text(encoding="ascii")))
    return None


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the file by one with this in it, readable by its owner alone: it is there whole, or not at all.

    To be called by one process at a time. Raises `OSError`; then the old file is as it was.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # of a process that was killed in the middle
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name too is to survive a power cut
    finally:
        os.close(folder)
