"""Where a document is, by its URI and by the notebook it stands in: on this machine, elsewhere, or in no file at all.

Says what can be known without a look at any disk. Decides nothing about whether a text may go to a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.errors import BadInput
from dragoman.lsp.convert import origin_of, path_of, root_of, scheme_of

if TYPE_CHECKING:
    from dragoman.actions.base import Action, Scene
    from dragoman.core.text import Snapshot
    from dragoman.lsp.server import Server

UNEDITABLE = frozenset(
    {"ftp", "git", "gitlens", "gitlens-git", "http", "https", "jar", "jdt", "man", "output", "zipfile"}
)
"""Schemes of documents that editors show and let nobody change: older states, logs, what lies in archives."""


class Whereabouts(NamedTuple):
    """Of one document; see `Scene` for `path`, `origin`, `root`, `cell` and `cells`."""

    path: str
    origin: str
    root: str
    cell: int = 0

    @property
    def file(self) -> str:
        """The path by which it is judged whether the text may go to a model; "" where there is none."""
        return self.path or self.origin


def whereabouts(server: Server, uri: str) -> Whereabouts:
    """Those of a document, open or not."""
    path = path_of(uri)
    place = server.notebooks.place_of(uri)
    origin = origin_of(uri) if place is None else path_of(place.uri) or origin_of(place.uri) or origin_of(uri)
    if place is not None:
        path = ""  # whatever the cell's URI is, it names no file of its own
    root = root_of(path or origin, server.editor_settings.roots)
    return Whereabouts(path, origin, root, place.number if place is not None else 0)


def refuse_edit(action: Action, scene: Scene) -> None:
    """Raise `BadInput` where the action would change a document that nobody can change: before anybody is asked."""
    if changes_document(action, scene) and not is_editable(scene.snapshot):
        kind = scheme_of(scene.snapshot.uri)
        raise BadInput(f"This {kind}: document can only be read. Open the file itself, or ask about the text.")


def changes_document(action: Action, scene: Scene) -> bool:
    """Whether what the action makes in this scene is an edit of the document."""
    variant = action.variant(scene) if action.variant is not None else action
    return variant.result.is_edit


def is_editable(snapshot: Snapshot) -> bool:
    """Whether the document can be changed, as far as its URI tells."""
    return scheme_of(snapshot.uri) not in UNEDITABLE
