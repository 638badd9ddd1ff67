"""A terminal's screen as a picture: what `tmux capture-pane -e` gives (text with SGR colours, ECMA-48 8.3.117) as SVG.

Knows nothing of editors. The picture holds its text as text, and needs no font but some monospaced one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FOREGROUND, BACKGROUND = "#d4d4d4", "#14161b"
WIDTH, HEIGHT, MARGIN = 8.4, 18, 12
"""Of a cell, and around all of them, in pixels."""

_BASIC = ("000000", "cd3131", "0dbc79", "e5e510", "2472c8", "bc3fbc", "11a8cd", "e5e5e5")
_BRIGHT = ("666666", "f14c4c", "23d18b", "f5f543", "3b8eea", "d670d6", "29b8db", "ffffff")
_LEVELS = (0, 95, 135, 175, 215, 255)
_SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b[^m]*?[\x07\\]|(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Style:
    """How a cell looks. A colour of None is the terminal's own."""

    foreground: str | None = None
    background: str | None = None
    bold: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False

    @property
    def ink(self) -> str:
        """The colour of its text."""
        return (self.background or BACKGROUND) if self.reverse else (self.foreground or FOREGROUND)

    @property
    def paper(self) -> str:
        """The colour behind it."""
        return (self.foreground or FOREGROUND) if self.reverse else (self.background or BACKGROUND)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one style in one row, from a column on; `columns` is its width."""

    column: int
    text: str
    columns: int
    style: Style


def svg_of(screen: str, columns: int, *, title: str) -> str:
    """The picture of a captured screen of that many columns. `title` says what it shows to who can't see it."""
    rows = [list(_pieces(row)) for row in _rows(screen)]
    width, height = columns * WIDTH + 2 * MARGIN, len(rows) * HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" xml:space="preserve">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>',
        '<g font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="14">',
    ]
    for number, row in enumerate(rows):
        top = MARGIN + number * HEIGHT
        parts += [_paper(piece, top) for piece in row if piece.style.paper != BACKGROUND]
        parts += [_ink(piece, top) for piece in row if piece.text.strip() or piece.style.underline]
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _rows(screen: str) -> Sequence[str]:
    """Each with the style that it begins with written out: a capture lets a style run on into the next row."""
    style, rows = "", []
    for row in screen.rstrip("\n").split("\n"):
        rows.append(style + row)
        codes = re.findall(r"\x1b\[[0-9;:]*m", style + row)
        resets = [index for index, code in enumerate(codes) if code in {"\x1b[m", "\x1b[0m"}]
        style = "".join(codes[resets[-1] :] if resets else codes)
    return rows


def _pieces(row: str) -> Iterator[Piece]:
    style, column, start, text = Style(), 0, 0, ""
    for match in _SEQUENCE.finditer(row):
        if match[2] is None:
            if text:
                yield Piece(start, text, column - start, style)
            start, text = column, ""
            if match[1] is not None:
                style = _styled(style, [int(code or 0) for code in re.split("[;:]", match[1])])
        else:
            text += match[2]
            column += _columns(match[2])
    if text:
        yield Piece(start, text, column - start, style)


def _columns(character: str) -> int:
    """How many it takes, as terminals count (Unicode's annex 11)."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _styled(style: Style, codes: Iterable[int]) -> Style:
    """The style after one "select graphic rendition"."""
    rest = iter(codes)
    for code in rest:
        match code:
            case 0:
                style = Style()
            case 1:
                style = replace(style, bold=True)
            case 3:
                style = replace(style, italic=True)
            case 4:
                style = replace(style, underline=True)
            case 7:
                style = replace(style, reverse=True)
            case 22:
                style = replace(style, bold=False)
            case 23:
                style = replace(style, italic=False)
            case 24:
                style = replace(style, underline=False)
            case 27:
                style = replace(style, reverse=False)
            case 38:
                style = replace(style, foreground=_chosen(rest))
            case 48:
                style = replace(style, background=_chosen(rest))
            case 58:  # the colour of an underline, which is not drawn in another
                _chosen(rest)
            case 39:
                style = replace(style, foreground=None)
            case 49:
                style = replace(style, background=None)
            case _ if (tens := code // 10) in {3, 4, 9, 10}:
                colour = "#" + (_BASIC if tens in {3, 4} else _BRIGHT)[code % 10]
                style = replace(style, foreground=colour) if tens in {3, 9} else replace(style, background=colour)
    return style


def _chosen(codes: Iterator[int]) -> str:
    """The colour that `38` or `48` goes on with: `2;r;g;b`, or `5;n` of the 256."""
    if next(codes, 0) == 2:
        red, green, blue = (next(codes, 0) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    number = next(codes, 0)
    if number < 16:
        return "#" + (_BASIC + _BRIGHT)[number]
    if number < 232:
        number -= 16
        red, green, blue = (_LEVELS[number // step % 6] for step in (36, 6, 1))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return "#" + f"{8 + (number - 232) * 10:02x}" * 3


def _paper(piece: Piece, top: int) -> str:
    x, width = MARGIN + piece.column * WIDTH, piece.columns * WIDTH
    return f'<rect x="{x:g}" y="{top}" width="{width:g}" height="{HEIGHT}" fill="{piece.style.paper}"/>'


def _ink(piece: Piece, top: int) -> str:
    style, x = piece.style, MARGIN + piece.column * WIDTH
    looks = f' fill="{style.ink}"'
    looks += ' font-weight="bold"' if style.bold else ""
    looks += ' font-style="italic"' if style.italic else ""
    looks += ' text-decoration="underline"' if style.underline else ""
    length = f' textLength="{piece.columns * WIDTH:g}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x:g}" y="{top + 13}"{length}{looks} xml:space="preserve">{escape(piece.text)}</text>'
