"""Whose text may leave this machine: ignore files, the files that hold secrets, and the setting `privacy.local_only`.

Ignore files are read on worker threads, again only where they have changed. What they speak of is not looked into.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.core.ignore_rules import covers, holds_secrets, ignoring, listed, read_rules
from dragoman.core.ports import Disclosure
from dragoman.core.settings_layers import one_line
from dragoman.engine.settings_files import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.core.ignore_rules import Rules
    from dragoman.engine.settings_files import Stamp

IGNORE_FILES = (".gitignore", ".dragomanignore")
"""Each judges alone: what one of them takes back, the other one may still ignore."""

LARGEST_BYTES = 1024 * 1024
"""A larger ignore file can't be meant for reading: it then counts as ignoring everything."""

_HOME = "~/"
_MOST_KNOWN = 10_000


class Ignores:
    """What is known of ignore files and of what they ignore. `look` is safe to call from several threads."""

    def __init__(self) -> None:
        self._rules: dict[Path, tuple[Stamp, Rules]] = {}
        self._known: dict[str, Disclosure] = {}

    def known(self, path: str) -> Disclosure:
        """What the last look at the file came to, else what its name alone tells. Costs no I/O."""
        return self._known.get(path) or Disclosure(_by_name(Path(path)))

    def look(self, path: str, roots: Sequence[str], local_only: Sequence[str] = ()) -> Disclosure:
        """Where the file's text may go, there or not. Blocks on the disk.

        path, roots: absolute, as the editor has them. Where a link leads counts as much as its own place.
        """
        plain = Path(os.path.normpath(path))
        if not plain.is_absolute():  # a document that is in no file
            return Disclosure()
        try:
            real = plain.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links, a name that can't be one
            real = plain
        found = [self._judged(place, roots, local_only) for place in dict.fromkeys((plain, real))]
        withheld = next((judged.withheld for judged in found if judged.withheld), "")
        disclosure = Disclosure(withheld, any(judged.local_only for judged in found))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[path] = disclosure
        return disclosure

    def _judged(self, path: Path, roots: Sequence[str], local_only: Sequence[str]) -> Disclosure:
        root = _root_of(path, roots)
        top = _top(root)
        stays = any(_is_covered(path, folder, local_only) for folder in dict.fromkeys((root, top)))
        return Disclosure(_by_name(path) or self._by_files(path, top), stays)

    def _by_files(self, path: Path, top: Path) -> str:
        """The reason of an ignore file from the outermost folder to the file's own, or ""."""
        names = path.relative_to(top).parts
        if ".git" in names:  # git's own files are no part of what it follows: a commit message is written in one
            return ""
        folders = [top.joinpath(*names[:depth]) for depth in range(len(names))]
        for name in IGNORE_FILES:
            levels = [self._read(folder / name) for folder in folders]
            if name == ".gitignore":
                levels[:1] = [(*self._read(top / ".git" / "info" / "exclude"), *rules) for rules in levels[:1]]
            depth = ignoring(levels, names)
            if depth is not None:
                by = (folders[depth] / name).relative_to(top).as_posix()
                return (
                    f"{_shown(path)} is ignored by {_shown(by)}, so nothing of it is sent to a model. "
                    "Take it out of there to work on it."
                )
        return ""

    def _read(self, path: Path) -> Rules:
        present = stamp((path,))
        known = self._rules.get(path)
        if known is None or known[0] != present:
            if len(self._rules) >= _MOST_KNOWN:
                self._rules.clear()
            known = self._rules[path] = (present, _rules_in(path))
        return known[1]


def _rules_in(path: Path) -> Rules:
    """The file's rules; those that ignore everything where it is there and can't be read."""
    try:
        if not path.is_file():
            return ()
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError):
        return read_rules("**")
    if len(data) > LARGEST_BYTES:
        return read_rules("**")
    return read_rules(data.decode("utf-8", "surrogateescape"))


@lru_cache(maxsize=1000)
def _by_name(path: Path) -> str:
    if not holds_secrets(path.parts or ("",)):
        return ""
    return f"{_shown(path)} is of a kind that holds secrets, so nothing of it is sent to a model."


def _root_of(path: Path, roots: Sequence[str]) -> Path:
    """The innermost workspace folder that holds the path, else its own folder."""
    holding = [root for root in map(Path, roots) if root in path.parents]
    real = [root.resolve() for root in map(Path, roots)]
    holding += [root for root in real if root in path.parents]
    return max(holding, key=lambda root: len(root.parts), default=path.parent)


def _top(root: Path) -> Path:
    """The nearest folder from there upwards that is a repository's, for ignore files above count too; else the root."""
    return next((folder for folder in (root, *root.parents) if any(stamp((folder / ".git",))[0][1:])), root)


def _is_covered(path: Path, folder: Path, patterns: Sequence[str]) -> bool:
    """Whether the setting's patterns are about the file, from that folder on or from the person's own."""
    here, from_home = _lists(tuple(patterns))
    if here and covers(here, _names(path, folder)):
        return True
    homes: list[Path] = []
    with suppress(RuntimeError):  # nobody's home
        homes = [Path.home(), Path.home().resolve()] if from_home else []
    return any(home in path.parents and covers(from_home, _names(path, home)) for home in homes)


@lru_cache(maxsize=8)
def _lists(patterns: tuple[str, ...]) -> tuple[Rules, Rules]:
    """The patterns from the project's folder on, and those from the person's own."""
    from_home = [pattern.removeprefix("~") for pattern in patterns if pattern.startswith(_HOME)]
    return listed([pattern for pattern in patterns if not pattern.startswith(_HOME)]), listed(from_home)


def _names(path: Path, folder: Path) -> tuple[str, ...]:
    return tuple(name.casefold() for name in path.relative_to(folder).parts)


def _shown(path: Path | str) -> str:
    return one_line(path if isinstance(path, str) else path.name, 100)
