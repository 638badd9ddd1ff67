"""Which planted secrets redaction finds, what it takes for one in clean source, and what a hostile text costs."""

from __future__ import annotations

import hashlib
import shutil
import sys
import sysconfig
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bench.table import Limit, Row
from dragoman.core.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.stage import Stage

REPOSITORY = Path(__file__).parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))  # where the planted secrets and the hostile texts are made

FILES_OF_A_KIND = 40
CLEAN_PYTHON, CLEAN_OTHERS = 1_500_000, 500_000
HOSTILE = 100_000
SLOWEST = 12
"""So many of the hostile texts, those that are slowest when they are short, are measured at full length."""


def measure(stage: Stage) -> list[Row]:
    """Percent of planted secrets, findings in clean source, and processor time."""
    return [*_missed(stage.times(FILES_OF_A_KIND)), *_clean(), _worst()]


def _missed(rounds: int) -> Iterator[Row]:
    from planted_secrets import leaks, planted

    files, missed = Counter[str](), Counter[str]()
    for file in planted(seed=1, rounds=max(4, rounds)):
        files[file.kind] += 1
        missed[file.kind] += leaks(file.secret, redact(file.text).text)
    yield Row(
        f"planted secrets missed, {files.total()} of {len(files)} kinds",
        "%",
        missed.total() / files.total() * 100,
        limit=Limit(2),
    )
    for kind in files:
        if missed[kind]:
            yield Row(f"  of these {kind}", "%", missed[kind] / files[kind] * 100, limit=Limit(20))


def _clean() -> Iterator[Row]:
    characters, findings, seconds = 0, 0, 0.0
    for text in _clean_source():
        characters += len(text)
        began = time.process_time()
        findings += len(redact(text).findings)
        seconds += time.process_time() - began
    name = f"findings in {characters / 1e6:.1f} MB of clean source, per 100 KB"
    yield Row(name, "", findings / characters * 1e5, limit=Limit(1))
    yield Row("redacting 100 KB of it", "ms", seconds / characters * 1e5 * 1e3)


def _clean_source() -> Iterator[str]:
    """Python's own library and the packages beside it; npm's, and ours for editors. The same on the same machine."""
    folders = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
    yield from _texts(folders, {".py"}, CLEAN_PYTHON)
    npm = shutil.which("npm")
    folders = [REPOSITORY / "editors", *([Path(npm).resolve().parent.parent] if npm else [])]
    yield from _texts(folders, {".js", ".ts", ".lua", ".rs", ".toml", ".el"}, CLEAN_OTHERS)


def _texts(folders: Iterable[Path], endings: set[str], enough: int) -> Iterator[str]:
    paths = {
        path: str(path.relative_to(folder))
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in endings
    }
    for path in sorted(paths, key=lambda path: hashlib.sha256(paths[path].encode()).digest()):
        if enough <= 0:
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        enough -= len(text)
        yield text


def _worst() -> Row:
    from hostile_texts import hostile_texts

    short = {name: _seconds(text, 1) for name, text in hostile_texts(HOSTILE // 10)}
    slowest = set(sorted(short, key=short.__getitem__)[-SLOWEST:])
    seconds, name = max((_seconds(text, 3), name) for name, text in hostile_texts(HOSTILE, only=slowest))
    return Row(f"the slowest of {len(short)} hostile texts of 100 KB: {name}", "ms", seconds * 1e3, limit=Limit(50))


def _seconds(text: str, rounds: int) -> float:
    """Of processor time, the least of so many rounds."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        redact(text)
        spent.append(time.process_time() - began)
    return min(spent)
