"""What was measured, as a table for people and as JSON for programs. Measures nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Limit:
    """What is to be reached: at most so much in itself, as a multiple of the peer's, or more than the peer's."""

    most: float
    of: str = "ours"
    """`ours`, `ratio` or `difference`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its peer's, in `unit`. `peer` is None, `peer_is` "" where there is none."""

    name: str
    unit: str
    ours: float
    peer: float | None = None
    peer_is: str = ""
    limit: Limit | None = None

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def ok(self) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        if self.limit is None:
            return None
        if self.limit.of == "ours":
            return self.ours <= self.limit.most
        assert self.peer is not None
        if self.limit.of == "ratio":
            return self.ours <= self.limit.most * self.peer
        return self.ours - self.peer <= self.limit.most

    @property
    def to_reach(self) -> str:
        """The limit in words."""
        match self.limit:
            case None:
                return ""
            case Limit(most, "ratio"):
                return f"at most {most:g} x"
            case Limit(most, "difference"):
                return f"at most {most:g} {self.unit} more"
            case Limit(most):
                return f"at most {most:g} {self.unit}"

    def as_json(self) -> dict[str, Any]:
        """All of it, with the ratio and the verdict."""
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer,
            "peerIs": self.peer_is,
            "ratio": self.ratio,
            "toReach": self.to_reach,
            "ok": self.ok,
        }


def printed(rows: Iterable[Row]) -> str:
    """The rows as an aligned table."""
    cells = [("", "ours", "peer", "ratio", "to reach", "")]
    for row in rows:
        verdict = "" if row.ok is None else "ok" if row.ok else "NOT REACHED"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        peer = "" if row.peer is None else f"{_number(row.peer)} {row.unit} ({row.peer_is})"
        cells.append((row.name, f"{_number(row.ours)} {row.unit}", peer, ratio, row.to_reach, verdict))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _number(value: float) -> str:
    """Three figures that count."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
