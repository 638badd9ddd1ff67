"""Finished answers as Markdown files in the platform's state folder, for editors that can open a file.

They may quote the person's code, so only the person can read them, and old ones are cleared away.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import TYPE_CHECKING

from platformdirs import user_state_path

if TYPE_CHECKING:
    from pathlib import Path

    from dragoman.core.ports import Workers

KEPT_FILES = 50


class AnswerFolder:
    """`core.ports.Answers` in a folder; None means the platform's own."""

    def __init__(self, workers: Workers, folder: Path | None = None) -> None:
        self._workers = workers
        self._folder = folder

    async def keep(self, title: str, markdown: str) -> str:
        """The absolute path of a new file with the Markdown. Raises `OSError` where the folder can't be written to."""
        return await self._workers.run(lambda: self._write(title, markdown))

    def _write(self, title: str, markdown: str) -> str:
        folder = self._folder or user_state_path("dragoman", appauthor=False) / "answers"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "answer"
        stem = f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S-%f}-{name}"
        path = folder / f"{stem}.md"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(markdown if markdown.endswith("\n") else markdown + "\n")
        for old in sorted(folder.glob("*.md"))[:-KEPT_FILES]:
            old.unlink(missing_ok=True)
        return str(path)
