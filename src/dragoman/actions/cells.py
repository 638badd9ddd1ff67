"""What a notebook's other cells are to the one that is worked on: context, the nearest one first. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.actions.places import document_name

if TYPE_CHECKING:
    from dragoman.actions.base import Scene
    from dragoman.core.context import Piece

EARLIER, LATER = "earlier", "later"
"""Kinds of pieces, each nearest first, the order of worth; a reader wants the earlier ones the other way round."""


def cell_pieces(scene: Scene) -> list[Piece]:
    """A piece for each other code cell that holds something, most worthy first: what was run before comes first."""
    from dragoman.core.context import piece  # noqa: PLC0415 - the menu, for which an editor waits, needs none of it

    filled = [cell for cell in scene.cells if cell.text.strip()]
    earlier = [cell for cell in reversed(filled) if cell.number < scene.cell]
    later = [cell for cell in filled if cell.number > scene.cell]
    return [
        piece(
            kind, document_name(replace(scene, cell=cell.number)), f"{article} {kind} cell of the notebook", cell.text
        )
        for kind, article, cells in ((EARLIER, "an", earlier), (LATER, "a", later))
        for cell in cells
    ]
