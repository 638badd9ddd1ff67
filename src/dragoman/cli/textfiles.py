"""The person's files: read as text, replaced whole or not at all. Never writes over what changed meanwhile."""

from __future__ import annotations

import codecs
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dragoman.core.errors import BadInput

LARGEST_BYTES = 10_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read. `path` has its links resolved; `mark` is its byte order mark, or empty."""

    path: Path
    data: bytes = field(repr=False)
    text: str = field(repr=False)
    encoding: str
    mark: bytes

    def encoded(self, text: str) -> bytes:
        """The text in the file's own encoding."""
        return self.mark + text.encode(self.encoding)


def read_text_file(path: Path) -> TextFile:
    """The file. Raises `BadInput` where it is missing, a folder, too large or no text."""
    try:
        real = path.resolve(strict=True)
        if not stat.S_ISREG(real.stat().st_mode):
            raise BadInput(f"{path} is not a file: name a source file.")
        with real.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist: check the name.") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f"{path} can't be read ({getattr(error, 'strerror', None) or 'no such path'}).") from None
    if len(data) > LARGEST_BYTES:
        raise BadInput(f"{path} is larger than {LARGEST_BYTES // 1_000_000} MB: too large to work on.")
    mark, encoding = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadInput(f"{path} is not text in UTF-8: nothing can be done with it.")
    return TextFile(real, data, text, encoding, mark)


def replace_text_file(file: TextFile, text: str) -> None:
    """Write the new text in one step: whoever reads the file sees the old or the new one.

    Permissions, line ends and encoding stay. Raises `BadInput` where the file changed since it was read, or may not be
    written; `OSError` where the disk refuses.
    """
    path = file.path
    if not os.access(path, os.W_OK):
        raise BadInput(f"{path} is write-protected: nothing was changed.")
    status = path.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(file.encoded(text))
            new.flush()
            os.fsync(new.fileno())
        with suppress(PermissionError):  # only the owner of both may
            os.chown(name, status.st_uid, status.st_gid)
        Path(name).chmod(stat.S_IMODE(status.st_mode))
        _refuse_other_text(file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _refuse_other_text(file: TextFile) -> None:
    if file.path.read_bytes() != file.data:
        raise BadInput(f"{file.path} has changed meanwhile: nothing was written. Run the command again.")


def create_text_file(path: Path, text: str) -> None:
    """Write a new file. Raises `BadInput` where there is one by now, `OSError` where the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise BadInput(f"{path} has appeared meanwhile: nothing was written. Run the command again.") from None
