"""What stands above lines as code lenses: a list of functions, each of which gives its own for a document, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.lsp.documents import Document
    from dragoman.lsp.server import Server


def lens(line: int, title: str, command: str, *arguments: object) -> types.CodeLens:
    """One lens above a zero-based line."""
    start = types.Position(line, 0)
    return types.CodeLens(types.Range(start, start), types.Command(title, command, arguments=list(arguments)))


def hunk_lenses(server: Server, document: Document) -> list[types.CodeLens]:
    """Accept and reject above each proposed change."""
    return [
        lens(hunk.start, title, command, document.uri, hunk.id)
        for hunk in server.hunks.of(document)
        for title, command in (("Accept", messages.HUNK_ACCEPT), ("Reject", messages.HUNK_REJECT))
    ]


LENSES: tuple[Callable[[Server, Document], list[types.CodeLens]], ...] = (hunk_lenses,)
"""All of them."""
