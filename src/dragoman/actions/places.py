"""Where an action works: what is selected, which definition the cursor is in. Pure and quick; never reads a file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dragoman.core.errors import BadInput
from dragoman.core.languages import defined_name, language
from dragoman.core.syntax import indentation, paragraph_at, whole_lines
from dragoman.core.text import Position, Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.actions.base import Scene
    from dragoman.core.languages import Language
    from dragoman.core.syntax import Syntax

SMALL_FILE = 300
"""Lines up to which a whole file is worth explaining or testing at once."""

_FURTHEST = 400
"""Lines above the cursor that are looked at for an offer."""
_LEAD_LINES = 20
"""Lines of comments, decorators and attributes above a definition."""


def posix(path: str) -> str:
    """The path with slashes, as Python and every editor take it on each platform."""
    return path.replace("\\", "/") if path[1:3] == ":\\" or path.startswith("\\\\") else path


def folder_of(path: str) -> str:
    """The folder that holds the file."""
    return posixpath.dirname(posix(path))


def document_name(scene: Scene) -> str:
    """The document's path inside its workspace folder, its file name, or "" for one that has neither."""
    path, root = posix(scene.path or scene.origin), posix(scene.root).rstrip("/")
    inside = root and path.startswith(root + "/")
    name = path[len(root) + 1 :] if inside else posixpath.basename(path)
    return f"{name or 'notebook'} (cell {scene.cell})" if scene.cell else name


def has_selection(scene: Scene) -> bool:
    """Whether the selection holds more than blanks. Costs no more than its first lines, as a rule."""
    start, end = scene.selection
    if start.line == end.line:
        # One character is where a block cursor stands (Helix): nobody means that one alone.
        text = scene.snapshot.lines[start.line][start.character : end.character]
        return len(text) > 1 and bool(text.strip())
    if scene.snapshot.lines[start.line][start.character :].strip():
        return True
    lines = scene.snapshot.lines
    return any(lines[n].strip() for n in range(start.line + 1, end.line)) or bool(
        lines[end.line][: end.character].strip()
    )


def has_text(scene: Scene) -> bool:
    """Whether the document holds more than blanks."""
    return any(line.strip() for line in scene.snapshot.lines)


def near_definition(scene: Scene) -> bool:
    """Whether the cursor seems to stand in a definition, or on what leads to one: a guess for the menu alone.

    Only lines that are less indented than those below them are looked at.
    """
    lines, of = scene.snapshot.lines, language(scene.snapshot.language)
    cursor = scene.selection.start.line
    if defined_name(lines[cursor], of) is not None or _leads_to_definition(lines, cursor, of):
        return True
    depth = _depth(lines, cursor)
    for number in range(cursor - 1, max(-1, cursor - _FURTHEST), -1):
        if not depth:
            return False
        if lines[number][:depth].isspace():
            continue
        if defined_name(lines[number], of) is not None:
            return True
        depth = indentation(lines[number])
    return False


def _depth(lines: Sequence[str], cursor: int) -> int:
    """How deep the cursor's line stands; a blank one as deep as the next, a closing one as what it closes holds."""
    line = next((line for line in lines[cursor : cursor + _LEAD_LINES] if line.strip()), "")
    closes = line is lines[cursor] and line.strip()[:1] in {"}", ")", "]"}
    return indentation(line) + closes


def _leads_to_definition(lines: Sequence[str], cursor: int, of: Language) -> bool:
    """Whether a comment, a decorator or an attribute stands here, and a definition right below."""
    for number in range(cursor, min(len(lines) - 1, cursor + _LEAD_LINES)):
        if not lines[number].strip().startswith(("@", "#", "//", "/*", "*", "--")):
            return False
        if defined_name(lines[number + 1], of) is not None:
            return True
    return False


def selected(scene: Scene) -> Range | None:
    """The selection, widened to whole lines where only blanks stand beside it; None where nothing is selected."""
    return whole_lines(scene.snapshot, scene.selection) if has_selection(scene) else None


def definition(scene: Scene, syntax: Syntax) -> Range | None:
    """The whole lines of the smallest definition around the selection, or None."""
    around = selected(scene) or scene.selection
    symbol = syntax.symbol_at(_without_margin(syntax, around))
    return None if symbol is None else whole_lines(scene.snapshot, symbol.range)


def selection_or_definition(scene: Scene, syntax: Syntax) -> Range:
    """What is selected, else the definition at the cursor, else a notebook's cell. Raises `BadInput` where there is
    nothing of these.
    """
    found = selected(scene) or definition(scene, syntax) or whole_cell(scene)
    if found is None:
        raise BadInput(
            "There is nothing here to work on. Select the code, or put the cursor inside a function or class."
        )
    return found


def whole_file(scene: Scene) -> Range | None:
    """The whole text where it is small and holds something, else None."""
    return scene.snapshot.whole if len(scene.snapshot.lines) <= SMALL_FILE and has_text(scene) else None


def whole_cell(scene: Scene) -> Range | None:
    """The whole text where the document is a notebook's cell that holds code, else None."""
    code = scene.cell and not language(scene.snapshot.language).prose
    return scene.snapshot.whole if code and has_text(scene) else None


def paragraph(scene: Scene, line: int) -> Range | None:
    """The lines around this one up to blank lines, or None on a blank line."""
    return paragraph_at(scene.snapshot, line)


def _without_margin(syntax: Syntax, range_: Range) -> Range:
    """The range without the blanks at its start: whole selected lines then stand inside an indented definition."""
    line = syntax.snapshot.lines[range_.start.line]
    start = Position(range_.start.line, max(range_.start.character, indentation(line)))
    return Range(start, max(start, range_.end)) if start <= range_.end else range_
