"""Logging set-up: to stderr, and to a rotating file in the platform's log folder. Costs nothing before the first line.

Nothing here writes code or prompts: that is the one logger `CONTENT_LOGGER`, which stays shut unless a person opens it.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from dragoman import CONTENT_LOGGER

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS = ("debug", "info", "warning", "error")
_DEFAULT = "info"
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


def configure_logging(level: str | None, *, content: bool, for_editor: bool = True) -> None:
    """Log from here on, at `level`, else what DRAGOMAN_LOG says, else info. A level that is none is named on stderr.

    for_editor: stderr gets all of it, for editors show it in a log of their own. A person at a terminal gets there
    only what they asked for by `level`.
    """
    chosen = _level(level, os.environ)
    to_file, to_stderr = _ToFile(), logging.StreamHandler(sys.stderr)
    if not for_editor and level is None:
        to_stderr.setLevel(logging.CRITICAL)
    logging.basicConfig(level=chosen, format=_FORMAT, handlers=[to_file, to_stderr], force=True)
    content_logger = logging.getLogger(CONTENT_LOGGER)
    content_logger.setLevel(logging.DEBUG if content else logging.CRITICAL + 1)
    logging.raiseExceptions = False  # a full disk must not fill the editor's log with tracebacks


class _ToFile(logging.Handler):
    """Hands every line to the log file, which is made with the first one."""

    def __init__(self) -> None:
        super().__init__()
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._file is None:
            from dragoman.cli.log_file import LogFile, log_path

            self._file = LogFile(log_path())
            self._file.setFormatter(self.formatter)
        self._file.handle(record)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


def _level(level: str | None, environment: Mapping[str, str]) -> int:
    asked = level if level is not None else environment.get("DRAGOMAN_LOG") or _DEFAULT
    name = asked.strip().lower()
    if name not in LEVELS:
        print(f"dragoman: there is no log level {asked[:20]!r}; it is one of {', '.join(LEVELS)}", file=sys.stderr)
        name = _DEFAULT
    return logging.getLevelNamesMapping()[name.upper()]
