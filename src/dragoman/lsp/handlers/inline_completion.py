"""textDocument/inlineCompletion (LSP 3.18): what a model would write at the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.lsp.convert import position_from

if TYPE_CHECKING:
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_INLINE_COMPLETION


async def handle(server: Server, params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
    """One item, to be put in at the cursor; None where there is nothing to propose."""
    document = server.documents.get(params.text_document.uri)
    if document is None:
        return None
    position = position_from(document.lines, params.position, server.facts.encoding)
    invoked = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    offered = await server.inline.at(document, position, invoked=invoked)
    if offered is None:
        return None
    cursor = types.Range(params.position, params.position)
    text = offered.text.replace("\n", document.snapshot().line_end)
    return types.InlineCompletionList([types.InlineCompletionItem(text, range=cursor)])
