"""What is shown to a model, in order of worth, under a token budget: each piece with its source and reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of what is sent. `source` is `path:first-last` (one-based lines) or a name; `reason` a few words."""

    kind: str
    source: str
    reason: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Context:
    """The pieces that fit, most worthy first, and those that did not."""

    pieces: tuple[Piece, ...]
    left_out: tuple[Piece, ...]
