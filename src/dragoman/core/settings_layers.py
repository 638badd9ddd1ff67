"""Where settings come from, as values: a layer is one file, one editor message, one variable or one `--set`.

Makes layers of text and JSON and finds lines in TOML. Reads no file and judges no setting.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dragoman.core.trust import Seal

Path = tuple[str, ...]
"""A setting's key, segment by segment."""


_DOTS = 100
"""Dots in one line of a foreign file. A key of many parts takes the TOML parser time and memory by their square."""


class Severity(StrEnum):
    """How loudly a problem is said. ERROR: something that the person relies on is not there."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing in the settings that is not as the person meant it; everything else stays in effect.

    `line` is one-based. `key` is dotted, or "" where the whole layer is meant. `suggestion` is what was probably meant.
    `str(problem)` is one line for the person, without any secret.
    """

    source: str
    line: int | None
    key: str
    message: str
    suggestion: str | None = None
    severity: Severity = Severity.WARNING

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source} line {self.line}"
        return f"{where}: {self.message}" + (f"; did you mean {self.suggestion}?" if self.suggestion else "")


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one source, as nested tables. A later layer wins, key by key.

    `source` is how the person knows it (a path, `environment variable NAME`). `text` is the TOML it was read from.
    `trusted` is False for what came with somebody else's project; `seal` is the very content of a project's file.
    `folder` is the absolute path that names of files in it start from, "" for the folder of the person's config.toml.
    `loose`: values are text and still to be typed. `problems` were met while it was read.
    Raw values may hold a misplaced key: they stay out of the repr.
    """

    source: str
    raw: object = field(repr=False, default=None)
    text: str = field(repr=False, default="")
    trusted: bool = True
    loose: bool = False
    from_editor: bool = False
    """Editors hand on what a project's own folder sets, too: such a layer names no command to run."""
    problems: tuple[Problem, ...] = ()
    seal: Seal | None = None
    folder: str = ""

    def problem(
        self, path: Path, message: str, suggestion: str | None = None, severity: Severity = Severity.WARNING
    ) -> Problem:
        """A problem at that key of this layer."""
        return Problem(self.source, line_of(self.text, path), dotted(path), message, suggestion, severity)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that is right by itself, and the layer that chose it."""

    path: Path
    value: Any = field(repr=False)
    layer: Layer


def toml_layer(source: str, text: str, *, trusted: bool = True, seal: Seal | None = None) -> Layer:
    """A file's layer. A text that is no TOML gives an empty one with the problem and its line."""
    if not trusted and (
        number := next((n for n, line in enumerate(text.split("\n"), 1) if line.count(".") > _DOTS), 0)
    ):
        return broken_layer(
            source, f"holds more than {_DOTS} dots in a line, so it is not read", line=number, trusted=False
        )
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        return broken_layer(source, "is nested too deeply", trusted=trusted)
    except ValueError as error:
        # Python 3.11 gives the position in words only: "... (at line 3, column 5)", "... (at end of document)".
        reason, _, position = str(error).partition(" (at ")
        line = re.match(r"line (\d+)", position)
        number = int(line[1]) if line else text.count("\n") + 1
        message = f"is not TOML ({one_line(reason)}), so nothing in it has effect until this is mended"
        return broken_layer(source, message, line=number, trusted=trusted)
    return Layer(source, raw, text, trusted, seal=seal)


def broken_layer(source: str, message: str, *, line: int | None = None, trusted: bool = True) -> Layer:
    """An empty layer that says why it is empty."""
    return Layer(source, trusted=trusted, problems=(Problem(source, line, "", message, None, Severity.ERROR),))


def editor_layer(source: str, options: object) -> Layer:
    """What an editor sends: nested objects, dotted keys ("routing.fallback_order"), or all of it under "dragoman"."""
    expanded = _expanded(options)
    inner = expanded.get("dragoman") if isinstance(expanded, dict) else None
    return Layer(source, inner if isinstance(inner, dict) else expanded, from_editor=True)


def environment_layers(environment: Mapping[str, str], sections: Collection[str]) -> tuple[Layer, ...]:
    """One layer per variable DRAGOMAN_SECTION__KEY; two underscores part the segments, case does not matter.

    A name with one underscore after one of the `sections` is a typo, and makes a layer that says so; others that begin
    with DRAGOMAN_ are no settings.
    """
    names = {
        name: key
        for name, value in sorted(environment.items())
        if value and name.startswith("DRAGOMAN_") and (key := name.removeprefix("DRAGOMAN_").lower())
    }
    openings = tuple(f"{section}_" for section in sections)
    return tuple(
        Layer(f"environment variable {name}", _nested(key.split("__"), environment[name]), loose=True)
        for name, key in names.items()
        if "__" in key or key.startswith(openings)
    )


def parse_assignment(text: str) -> Layer:
    """The layer of `--set section.key=value`."""
    key, equals, value = text.partition("=")
    path = _toml_key(key.strip())
    if not equals or not path:
        return broken_layer("--set", "wants section.key=value, for example routing.prefer_local_for=code,tests")
    return Layer(f"--set {dotted(path)}", _nested(list(path), value), loose=True)


def line_of(text: str, path: Path) -> int | None:
    """The one-based line where a TOML text sets the key, or the nearest table or inline table that holds it."""
    lines = _lines_by_key(text)
    return next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), None)


def dotted(path: Path) -> str:
    """The key as TOML writes it; a segment that is no bare key is quoted, so it is always one line."""
    bare = re.compile(r"[A-Za-z0-9_-]{1,80}")
    return ".".join(part if bare.fullmatch(part) else one_line(json.dumps(part)) for part in path)


def one_line(text: str, limit: int = 80) -> str:
    """The text without line breaks and control characters, shortened."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _nested(path: list[str], value: object) -> object:
    for part in reversed(path):
        value = {part: value}
    return value


def _expanded(value: object, depth: int = 0) -> object:
    """The value with dotted keys made nested. Settings are a few levels deep: what lies deeper is left as it is."""
    if not isinstance(value, dict) or depth > 8:
        return value
    result: dict[str, object] = {}
    for key, inner in value.items():
        _merge(result, _nested(str(key).split(".", 8), _expanded(inner, depth + 1)))
    return result


def _merge(into: dict[str, object], addition: object) -> None:
    assert isinstance(addition, dict)
    for key, value in addition.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        else:
            into[key] = value


@lru_cache(maxsize=4)
def _lines_by_key(text: str) -> Mapping[Path, int]:
    """The line where each key or table is first set. Kept for a while: a file may have many problems to place."""
    lines: dict[Path, int] = {}
    for number, key in _keys_by_line(text):
        lines.setdefault(key, number)
    return MappingProxyType(lines)


def _keys_by_line(text: str) -> Iterator[tuple[int, Path]]:
    """Line numbers with the key or the table that begins there; what stands in multi-line strings is skipped."""
    table: Path = ()
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if closing:
            closing = "" if line.count(closing) % 2 else closing
            continue
        closing = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
        header = re.match(r"\s*\[\[?([^\]]+)\]", line)
        if header and (key := _toml_key(header[1])):
            table = key
            yield number, table
        elif "=" in line and (key := _toml_key(line.partition("=")[0])):
            yield number, table + key


def _toml_key(text: str) -> Path:
    """A dotted key's segments, quotes resolved; empty where it is no key."""
    try:
        value: object = tomllib.loads(f"{text}=0")
    except (ValueError, RecursionError):
        return ()
    path: list[str] = []
    while isinstance(value, dict) and len(value) == 1:
        key, value = next(iter(value.items()))
        path.append(key)
    return tuple(path)
