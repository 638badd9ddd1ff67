"""The rotating log file, which only the person can read. Imported with its first line: a server must start quickly."""

from __future__ import annotations

import os
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from platformdirs import user_log_path

_LARGEST_BYTES = 2_000_000
_OLD_FILES = 3


def log_path() -> Path:
    """Where the log file is: in the platform's log folder."""
    return user_log_path("dragoman", appauthor=False) / "dragoman.log"


class LogFile(RotatingFileHandler):
    """Makes its folder where it is not there. Where the file can't be opened, the lines go nowhere."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_LARGEST_BYTES, backupCount=_OLD_FILES, encoding="utf-8", delay=True)

    def _open(self) -> IO[str]:  # type: ignore[override]  # the base class says so of its own encoding wrapper
        path = Path(self.baseFilename)
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
        return Path(os.devnull).open("a", encoding="utf-8")
