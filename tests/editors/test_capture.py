"""A captured screen becomes a picture with the same texts in the same places and colours. Drives no editor."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from editors.capture import BACKGROUND, FOREGROUND, HEIGHT, MARGIN, WIDTH, svg_of

SVG = "{http://www.w3.org/2000/svg}"


def drawn(screen, columns=20):
    """The texts, each with its column, row and colour; and the colours behind them with column, row and width."""
    root = ET.fromstring(svg_of(screen, columns, title="A title"))
    inks, papers = [], []
    for element in root.iter(f"{SVG}text"):
        column, row = (float(element.get("x")) - MARGIN) / WIDTH, (float(element.get("y")) - MARGIN) // HEIGHT
        inks.append((element.text, round(column), row, element.get("fill")))
    for element in list(root.iter(f"{SVG}rect"))[1:]:
        column, row = (float(element.get("x")) - MARGIN) / WIDTH, (float(element.get("y")) - MARGIN) // HEIGHT
        papers.append((element.get("fill"), round(column), row, round(float(element.get("width")) / WIDTH)))
    return inks, papers


def test_plain_text():
    """Text without colours has the terminal's own, row by row; blank rows draw nothing."""
    assert drawn("one\n\n  two\n") == ([("one", 0, 0, FOREGROUND), ("  two", 0, 2, FOREGROUND)], [])


@pytest.mark.parametrize(
    ("codes", "colour"),
    [("31", "#cd3131"), ("92", "#23d18b"), ("38;2;1;2;3", "#010203"), ("38;5;196", "#ff0000"), ("38;5;255", "#eeeeee")],
)
def test_colours(codes, colour):
    """Named colours, those of the 256 and any other are drawn as they are."""
    assert drawn(f"a\x1b[{codes}mb\x1b[0mc")[0] == [
        ("a", 0, 0, FOREGROUND),
        ("b", 1, 0, colour),
        ("c", 2, 0, FOREGROUND),
    ]


def test_background_and_reverse():
    """What stands behind text is drawn, and reversed text swaps both."""
    inks, papers = drawn("\x1b[48;2;9;9;9m  \x1b[0m\x1b[7mab\x1b[27mc")
    assert inks == [("ab", 2, 0, BACKGROUND), ("c", 4, 0, FOREGROUND)]
    assert papers == [("#090909", 0, 0, 2), (FOREGROUND, 2, 0, 2)]


def test_style_runs_on_into_the_next_row():
    """A style that no reset ends goes on in the row below."""
    assert drawn("\x1b[31mone\ntwo\x1b[0m three")[0][1:] == [("two", 0, 1, "#cd3131"), (" three", 3, 1, FOREGROUND)]


def test_wide_characters_take_two_columns():
    """What follows a wide character stands where the terminal shows it."""
    assert drawn("漢字\x1b[31mx")[0][1] == ("x", 4, 0, "#cd3131")


def test_markup_is_text():
    """What looks like markup on the screen is shown, not obeyed."""
    assert drawn("<b>&amp;</b>")[0][0][0] == "<b>&amp;</b>"
