"""textDocument/hover: the last answer about what is hovered over, and null wherever there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.convert import position_from, range_to

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_HOVER


def handle(server: Server, params: types.HoverParams) -> types.Hover | None:
    """The answer, as Markdown where the client shows it as such."""
    document = server.documents.get(params.text_document.uri)
    if document is None or not server.hovers.has(document.uri) or not server.services.settings.answers.hover:
        return None
    encoding = server.facts.encoding
    found = server.hovers.at(document, position_from(document.lines, params.position, encoding))
    if found is None:
        return None
    kind = types.MarkupKind.Markdown if server.facts.hover_markdown else types.MarkupKind.PlainText
    contents = types.MarkupContent(kind, f"**Dragoman: {found.title}**\n\n{found.markdown}")
    return types.Hover(contents, range_to(document.lines, found.span, encoding))
