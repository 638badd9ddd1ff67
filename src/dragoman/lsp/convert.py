"""Between lsprotocol's types, in the client's units, and the core's, in code points. No decisions here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types

from dragoman.actions.base import Diagnostic, Severity
from dragoman.core.text import Encoding, Position, Range, TextEdit, before_last_line_end, from_units, units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dragoman.lsp.client import ClientFacts

_SEVERITIES: Mapping[types.DiagnosticSeverity, Severity] = MappingProxyType(
    {
        types.DiagnosticSeverity.Error: Severity.ERROR,
        types.DiagnosticSeverity.Warning: Severity.WARNING,
        types.DiagnosticSeverity.Information: Severity.INFORMATION,
        types.DiagnosticSeverity.Hint: Severity.HINT,
    }
)


def position_from(lines: Sequence[str], position: types.Position, encoding: Encoding) -> Position:
    """The core's position; past a line's or the text's end it is that end."""
    if position.line >= len(lines):
        return Position(len(lines) - 1, len(lines[-1]))
    return Position(position.line, from_units(lines[position.line], position.character, encoding))


def range_from(lines: Sequence[str], range: types.Range, encoding: Encoding) -> Range:  # noqa: A002 - LSP's word
    """The core's range, its start first."""
    start, end = sorted((position_from(lines, range.start, encoding), position_from(lines, range.end, encoding)))
    return Range(start, end)


def position_to(lines: Sequence[str], position: Position, encoding: Encoding) -> types.Position:
    """The client's position."""
    line, character = position
    return types.Position(line, units(lines[line], character, encoding))


def range_to(lines: Sequence[str], range: Range, encoding: Encoding) -> types.Range:  # noqa: A002
    """The client's range."""
    return types.Range(position_to(lines, range.start, encoding), position_to(lines, range.end, encoding))


def edits_to(lines: Sequence[str], edits: Iterable[TextEdit], facts: ClientFacts) -> list[types.TextEdit]:
    """The client's edits, all of which speak of the text in `lines`."""
    said = (before_last_line_end(lines, edit) for edit in edits) if facts.ends_texts else edits
    return [types.TextEdit(range_to(lines, edit.range, facts.encoding), edit.text) for edit in said]


def diagnostic_from(lines: Sequence[str], diagnostic: types.Diagnostic, encoding: Encoding) -> Diagnostic:
    """The core's diagnostic."""
    return Diagnostic(
        range=range_from(lines, diagnostic.range, encoding),
        message=diagnostic.message,
        severity=_SEVERITIES.get(diagnostic.severity or types.DiagnosticSeverity.Error, Severity.ERROR),
        source=diagnostic.source or "",
        code=str(diagnostic.code) if diagnostic.code is not None else "",
    )


def path_of(uri: str) -> str:
    """The absolute path that a file URI names, or "" for any other URI."""
    scheme, host, path = _parts(uri)
    return path if scheme == "file" and host in {"", "localhost"} else ""


def origin_of(uri: str) -> str:
    """The absolute path in a URI of any other kind: where the text comes from, as far as its name tells. Else "".

    A notebook that a cell stands in, an older state that git keeps, a file on another machine.
    """
    _, _, path = _parts(uri)
    return path if not path_of(uri) and (path.startswith("/") or path[1:3] == ":/") else ""


def scheme_of(uri: str) -> str:
    """A URI's scheme, in small letters; "" where it has none."""
    return _parts(uri)[0]


def _parts(uri: str) -> tuple[str, str, str]:
    """Scheme, host and path; nothing at all where it is no URI that can be read."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "", "", ""
    path = unquote(parts.path)
    # file:///c:/x names a Windows path without its leading slash.
    bare = path[1:] if len(path) > 2 and path[0] == "/" and path[2] == ":" else path
    return parts.scheme, parts.netloc, bare


def uri_of(path: str) -> str:
    """The file URI of an absolute path."""
    path = path.replace("\\", "/")
    return "file://" + quote(path if path.startswith("/") else "/" + path, safe="/:@!$&'()*+,;=~-._")


def root_of(path: str, roots: tuple[str, ...]) -> str:
    """The innermost workspace folder that holds the path, or ""."""
    holding = [root for root in roots if path == root or path.startswith(root.rstrip("/") + "/")]
    return max(holding, key=len, default="")
