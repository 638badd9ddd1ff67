"""What a project asks for and may not have until the person trusts it. Values only: reads nothing, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Seal:
    """One content of one file: its absolute path with links resolved, and the SHA-256 of its bytes in hex.

    Whatever is trusted is trusted as this: another content, or the same one elsewhere, is foreign again.
    """

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class Wish:
    """One setting that only a trusted project may set: its dotted key, and its value as JSON has it."""

    key: str
    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A project's file that wishes for more than an untrusted one may have.

    `source` is the path as the person writes it. `str(foreign)` is one line for the person, without any value.
    """

    seal: Seal
    source: str
    wishes: tuple[Wish, ...]

    def __str__(self) -> str:
        more = f" and {len(self.wishes) - 1} more" if len(self.wishes) > 1 else ""
        return f"{self.source} sets {self.wishes[0].key}{more}, which only a trusted project may"
