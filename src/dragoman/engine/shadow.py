"""A project's folder as it would be with some texts changed: a folder elsewhere, of links to what stays as it is.

The project is never written to. Blocks on the disk, so it is called from a worker thread.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

LARGEST_COPY_BYTES = 1_000_000
MOST_COPIES = 2000
"""In one folder; more are no project's settings, and are linked."""
LEFT_OVER_SECONDS = 86_400
_MOST_AT_ONCE = 100
_NEVER = frozenset({".git", ".hg", ".svn"})
"""A test that asks version control is not to find the project's: it could change it."""


def make(home: Path, root: Path, files: Mapping[str, str], fresh: Collection[str] = ()) -> Path:
    """A new folder below `home` that shows the project at `root` with these texts, by their paths in it.

    Folders in which a text stands are folders of copies, so that programs that follow links find their settings in
    here; everything else is linked, but for what is called as in `fresh`. Raises `OSError`, and `ValueError` for a
    path that leads out.
    """
    wanted = {_parts(path): text for path, text in files.items()}
    folders = {parts[:length] for parts in wanted for length in range(len(parts))} or {()}
    top = _new_folder(home, root)
    try:
        for folder in sorted(folders, key=len):
            (top.joinpath(*folder)).mkdir(exist_ok=True)
            if (root.joinpath(*folder)).is_dir():
                _fill(root.joinpath(*folder), top.joinpath(*folder), folder, folders | wanted.keys(), fresh)
        for parts, text in wanted.items():
            place, original = top.joinpath(*parts), root.joinpath(*parts)
            place.write_bytes(text.encode("utf-8", "surrogatepass"))
            if original.is_file():
                shutil.copymode(original, place)
    except BaseException:
        remove(top)
        raise
    return top


def remove(top: Path) -> None:
    """Remove the folder, and nothing that it links to."""
    shutil.rmtree(top, ignore_errors=True)


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(path.split("/"))
    if not all(part and part not in {".", ".."} and "\\" not in part for part in parts):
        raise ValueError(f"{path!r} is no path below a folder")
    return parts


def _new_folder(home: Path, root: Path) -> Path:
    """A free folder. A project has the same ones each time: what its tools build for a path, they build once."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = home.resolve()  # programs print paths without links, and so they are known again
    for left in home.iterdir():
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_OVER_SECONDS:
                remove(left)
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    for number in range(_MOST_AT_ONCE):
        with suppress(FileExistsError):
            top = home / f"{name}-{number}"
            top.mkdir(mode=0o700)
            return top
    raise FileExistsError(f"{home} has too many folders of this project")


def _fill(
    source: Path, place: Path, folder: tuple[str, ...], ours: Collection[tuple[str, ...]], fresh: Collection[str]
) -> None:
    copies = 0
    with os.scandir(source) as entries:
        for entry in entries:
            if (*folder, entry.name) in ours or entry.name in _NEVER or entry.name in fresh:
                continue
            if copies < MOST_COPIES and _is_copied(entry):
                copies += 1
                shutil.copy2(entry.path, place / entry.name)
            else:
                (place / entry.name).symlink_to(source.resolve() / entry.name)


def _is_copied(entry: os.DirEntry[str]) -> bool:
    """Plain small files; not hidden ones, among which are the secrets."""
    return (
        not entry.name.startswith(".")
        and entry.is_file(follow_symlinks=False)
        and entry.stat().st_size <= LARGEST_COPY_BYTES
    )
