"""Settings of the vocabulary that this version does not act on yet: neither a typo nor silently taken.

Plain data, without pydantic. A row goes when its setting comes into effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.core.settings_layers import Path


@dataclass(frozen=True, slots=True)
class Later:
    """One setting, or a whole table, without effect in this version.

    key: dotted; `*` stands for any name.
    meanwhile: what happens instead, for the person.
    agrees: values that ask for just what this version does anyway; in a table, (key, value).
    only: the row is about these values alone.
    """

    key: str
    meanwhile: str
    agrees: tuple[object, ...] = ()
    only: tuple[object, ...] = ()

    def matches(self, path: Path, value: object) -> bool:
        """Whether this row is about exactly that key, with that value."""
        parts = self.key.split(".")
        about = len(parts) == len(path) and all(part in ("*", name) for part, name in zip(parts, path, strict=True))
        return about and (not self.only or value in self.only)

    def disagreement(self, value: object) -> Path | None:
        """Where below the key something is asked for that does not happen: () for the value itself, else None."""
        if isinstance(value, dict):
            return next(((str(key),) for key, inner in value.items() if not self._agrees(inner, str(key))), None)
        return None if self._agrees(value) else ()

    def _agrees(self, value: object, key: str | None = None) -> bool:
        known = (
            self.agrees
            if key is None
            else [pair[1] for pair in self.agrees if isinstance(pair, tuple) and pair[0] == key]
        )
        # From the environment and the command line, values come as text.
        return any(value == item or (isinstance(value, str) and value.lower() == str(item).lower()) for item in known)


LATER: tuple[Later, ...] = ()

PROVIDERS = (
    "google", "vertex",
)  # fmt: skip
"""Names that get a preset in a later version."""
