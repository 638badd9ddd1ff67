"""Finds and reads what settings are made of: the person's file, the project's, the environment, the command line.

Blocks on the disk, so it is called from a worker thread. Judges no setting, and never raises for a file it can't read.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_config_path

from dragoman.core.printable import printable_name
from dragoman.core.settings import Settings
from dragoman.core.settings_layers import broken_layer, environment_layers, parse_assignment, toml_layer
from dragoman.engine.trust import record_path, seal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dragoman.core.settings_layers import Layer
    from dragoman.core.trust import Seal

PROJECT_FILE = ".dragoman.toml"
_LARGEST_BYTES = 256 * 1024

Stamp = tuple[tuple[str, int, int, int], ...]
"""What files looked like: path, inode, time of change in nanoseconds, size; zeros for one that is not there."""


def default_config_path() -> Path:
    """`config.toml` in the platform's config folder."""
    return user_config_path("dragoman", appauthor=False) / "config.toml"


def config_path(environment: Mapping[str, str]) -> Path:
    """The person's own file: the one that DRAGOMAN_CONFIG names, else the default one."""
    named = environment.get("DRAGOMAN_CONFIG")
    return Path(named).expanduser() if named else default_config_path()


def settings_paths(environment: Mapping[str, str], roots: Iterable[str]) -> tuple[Path, ...]:
    """The files that settings are read from, there or not; `roots` are the workspace folders' absolute paths."""
    return config_path(environment), *(Path(root) / PROJECT_FILE for root in roots)


def watched_paths(environment: Mapping[str, str], roots: Iterable[str]) -> tuple[Path, ...]:
    """Everything whose change changes the settings: their files, and what the person has said of the projects' ones."""
    own, *projects = settings_paths(environment, roots)
    return own, *projects, *(record_path(real) for path in projects if (real := real_path(path)))


def real_path(path: Path) -> str:
    """The path with its links resolved, whether anything is there or not; "" where it can't be followed."""
    try:
        return str(path.resolve())
    except (OSError, RuntimeError, ValueError):
        return ""


def trusts_nobody(_seal: Seal) -> bool:
    """Every project is foreign."""
    return False


def read_layers(
    environment: Mapping[str, str],
    roots: Iterable[str] = (),
    editor: Sequence[Layer] = (),
    assignments: Iterable[str] = (),
    trusts: Callable[[Seal], bool] = trusts_nobody,
) -> tuple[Layer, ...]:
    """All layers, the weakest first: person's file, projects' files, editor, environment, command line (`--set`).

    `trusts` says whether a project's file with this content may set what the person's own may.
    """
    own, *projects = settings_paths(environment, roots)
    return (
        *_file_layers(own, required=bool(environment.get("DRAGOMAN_CONFIG"))),
        *(
            replace(layer, folder=str(path.parent))
            for path in projects
            for layer in _file_layers(path, project=path.parent, trusts=trusts)
        ),
        *editor,
        *environment_layers(environment, tuple(Settings.model_fields)),
        *(parse_assignment(text) for text in assignments),
    )


def stamp(paths: Iterable[Path]) -> Stamp:
    """A value that differs when one of the files has changed, appeared or gone."""
    return tuple(_stamp_of(path) for path in paths)


def _stamp_of(path: Path) -> tuple[str, int, int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return str(path), 0, 0, 0
    return str(path), status.st_ino, status.st_mtime_ns, status.st_size


def _file_layers(
    path: Path,
    *,
    required: bool = False,
    project: Path | None = None,
    trusts: Callable[[Seal], bool] = trusts_nobody,
) -> tuple[Layer, ...]:
    """The file's layer. One that is not there gives none, unless the person has named it."""
    source, trusted = _shown(path), project is None
    try:
        real = path.resolve()
        if project and not real.is_relative_to(project.resolve()):
            return (
                broken_layer(source, "is a link to a file outside the project, so it is not read", trusted=trusted),
            )
        data = _bytes(real)
    except FileNotFoundError:
        missing = broken_layer(source, "does not exist: correct DRAGOMAN_CONFIG or make the file")
        return (missing,) if required else ()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "its path can't be followed"
        return (broken_layer(source, f"can't be read ({reason}), so nothing in it has effect", trusted=trusted),)
    if data is None:
        return (broken_layer(source, "is not a file, so no settings are read from it", trusted=trusted),)
    if len(data) > _LARGEST_BYTES:
        return (
            broken_layer(source, f"is larger than {_LARGEST_BYTES // 1024} KiB, so it is not read", trusted=trusted),
        )
    # The very bytes that are parsed are the ones that are trusted: the file may be another by now.
    seal = seal_of(real, data) if project else None
    trusted = seal is None or trusts(seal)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return (broken_layer(source, "is not UTF-8, so it is not read: save it as UTF-8", line=line, trusted=trusted),)
    return (toml_layer(source, text, trusted=trusted, seal=seal),)


def _bytes(real: Path) -> bytes | None:
    """The first bytes of a file, up to one more than may be; None for what is no regular file. Raises `OSError`.

    `real` has its links resolved: if it is a link by now, or a pipe, somebody has just put it there.
    """
    if not stat.S_ISREG(real.stat().st_mode):
        return None
    guards = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")  # each of them on some platforms only
    descriptor = os.open(real, os.O_RDONLY | sum(getattr(os, name, 0) for name in guards))
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        return file.read(_LARGEST_BYTES + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _shown(path: Path) -> str:
    """The path as the person writes it."""
    with contextlib.suppress(ValueError, RuntimeError):  # not below the home folder, or there is none
        path = Path("~") / path.relative_to(Path.home())
    return printable_name(str(path))
