"""textDocument/completion, where `inline.as_completion` asks for it: the same proposal as one entry of the list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.core.text import Position, Range
from dragoman.lsp.convert import position_from, range_to

if TYPE_CHECKING:
    from dragoman.lsp.documents import Document
    from dragoman.lsp.inline import Offered
    from dragoman.lsp.server import Server

METHOD = types.TEXT_DOCUMENT_COMPLETION
LONGEST_LABEL = 60
NOTHING = types.CompletionList(is_incomplete=True, items=())

_WORD = re.compile(r"\w*\Z")


async def handle(server: Server, params: types.CompletionParams) -> types.CompletionList:
    """At most one item; the list is never complete, as each key may bring another one."""
    document = server.documents.get(params.text_document.uri)
    services = await server.ready()
    if document is None or not services.settings.inline.as_completion:
        return NOTHING
    position = position_from(document.lines, params.position, server.facts.encoding)
    # The kind of trigger says nothing here: typing a word counts as invoked too (LSP 3.17, "CompletionTriggerKind").
    offered = await server.inline.at(document, position, invoked=False)
    if offered is None:
        return NOTHING
    return types.CompletionList(is_incomplete=True, items=(_item(server, document, position, offered),))


def _item(server: Server, document: Document, position: Position, offered: Offered) -> types.CompletionItem:
    """It replaces the word before the cursor by itself and more: editors pass over what does not begin as that word."""
    line = document.lines[position.line][: position.character]
    match = _WORD.search(line)
    word = match[0] if match else ""
    replaced = Range(Position(position.line, position.character - len(word)), position)
    text = word + offered.text.replace("\n", document.snapshot().line_end)
    first = (word + offered.text).strip().partition("\n")[0]
    return types.CompletionItem(
        label=first if len(first) <= LONGEST_LABEL else first[: LONGEST_LABEL - 1] + "…",
        kind=types.CompletionItemKind.Text,
        detail=f"{offered.provider} · {offered.model}",
        documentation=word + offered.text if "\n" in offered.text else None,
        filter_text=word + offered.text.partition("\n")[0],
        sort_text="~",  # behind what the language's own server knows for certain
        text_edit=types.TextEdit(range_to(document.lines, replaced, server.facts.encoding), text),
    )
