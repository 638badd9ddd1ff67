"""The project's files, read in worker threads and only below the workspace's folders. Never writes."""

from __future__ import annotations

import os
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.engine.ignores import Ignores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dragoman.core.ports import Disclosure, Workers

LARGEST_FILE_BYTES = 1_000_000
MOST_LISTED = 500


class ProjectFiles:
    """`core.ports.Files` below some folders, given by their absolute paths. `local_only` are the setting's patterns."""

    def __init__(
        self, roots: Sequence[str], workers: Workers, ignores: Ignores | None = None, local_only: Sequence[str] = ()
    ) -> None:
        self._roots = tuple(roots)
        self._workers = workers
        self._ignores = ignores or Ignores()
        self._local_only = tuple(local_only)

    async def read_text(self, path: str) -> str | None:
        """The file's text, or None where it is withheld, outside, missing, too large, binary or not UTF-8."""
        return await self._workers.run(lambda: None if self._look(path).withheld else _read(path, self._roots))

    async def disclosures(self, paths: Iterable[str]) -> Mapping[str, Disclosure]:
        """See `core.ports.Files`."""
        asked = tuple(paths)
        return await self._workers.run(lambda: {path: self._look(path) for path in asked})

    def last_disclosure(self, path: str) -> Disclosure:
        """See `core.ports.Files`."""
        return self._ignores.known(path)

    def _look(self, path: str) -> Disclosure:
        return self._ignores.look(path, self._roots, self._local_only)

    async def existing(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the absolute paths that are files or folders below the roots."""
        asked = tuple(paths)
        return await self._workers.run(lambda: frozenset(path for path in asked if _confined(path, self._roots)))

    async def inside(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the absolute paths that lie below the roots with every link followed, whatever is there."""
        asked = tuple(paths)
        return await self._workers.run(lambda: frozenset(path for path in asked if is_inside(path, self._roots)))

    async def listed(self, folder: str) -> Sequence[str]:
        """See `core.ports.Files`."""
        return await self._workers.run(lambda: _listed(folder, self._roots))

    def recent(self) -> Sequence[str]:
        """None: what a person works on is known to their editor."""
        return ()


def is_inside(path: str, roots: Iterable[str]) -> bool:
    """Whether the absolute path lies below one of the folders, links resolved, though nothing need be there yet."""
    try:
        real = Path(path).resolve()  # follows a link to nowhere too, to where a new file would come into being
        return Path(path).is_absolute() and any(real.is_relative_to(Path(root).resolve()) for root in roots)
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that can't be one
        return False


def _confined(path: str, roots: Iterable[str]) -> Path | None:
    """The existing path with its links resolved, or None where it is not below one of the roots."""
    if not os.path.lexists(path):  # at a tenth of the price: most places that are looked at are empty
        return None
    try:
        real = Path(path).resolve(strict=True)
        below = Path(path).is_absolute() and any(real.is_relative_to(Path(root).resolve()) for root in roots)
    except (OSError, RuntimeError, ValueError):  # missing, a loop of links, a name that can't be one
        return None
    return real if below else None


def _listed(folder: str, roots: Iterable[str]) -> tuple[str, ...]:
    real = _confined(folder, roots)
    try:
        with os.scandir(real) if real is not None else nullcontext(()) as entries:
            return tuple(sorted(entry.name for entry in islice(entries, MOST_LISTED) if entry.is_file()))
    except OSError:  # no folder, or one that may not be read
        return ()


def _read(path: str, roots: Iterable[str]) -> str | None:
    real = _confined(path, roots)
    try:
        # Anything but a regular file (a pipe, a device) could block for ever.
        if real is None or not real.is_file() or real.stat().st_size > LARGEST_FILE_BYTES:
            return None
        with real.open("rb") as file:
            data = file.read(LARGEST_FILE_BYTES + 1)
    except OSError:
        return None
    if len(data) > LARGEST_FILE_BYTES or b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
