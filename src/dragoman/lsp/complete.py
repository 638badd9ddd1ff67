"""dragoman.complete: what is proposed at the cursor is put in there, for editors that show no proposals.

Like every edit of ours it is versioned, and nothing is put in where the person has typed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import BadInput
from dragoman.core.text import Range
from dragoman.lsp.convert import position_from
from dragoman.lsp.edits import Landing, land

if TYPE_CHECKING:
    from dragoman.lsp.messages import Order, RunResult
    from dragoman.lsp.server import Server

TITLE = "Complete"


async def complete(server: Server, order: Order) -> RunResult:
    """The result once the text is there. Raises a `DragomanError` where there is nothing to put in."""
    if not order.apply:
        raise BadInput("dragoman.complete puts in what is proposed; textDocument/inlineCompletion brings it alone.")
    document = server.documents.get(order.uri or server.documents.last_touched or "")
    if document is None:
        raise BadInput("A proposal needs an open document: open the file in the editor first.")
    where = order.range
    cursor = document.selection.end
    if where is not None:
        cursor = position_from(document.lines, where.end, server.facts.encoding)
    tokens = () if order.work_done_token is None else (order.work_done_token,)
    journal = document.start_journal()
    try:
        with server.runner.running(TITLE, tokens):
            offered = await server.inline.at(document, cursor, invoked=True)
        if offered is None:
            raise BadInput("There is nothing to propose at the cursor.")
        text = offered.text.replace("\n", document.snapshot().line_end)
        landed = await land(server, document, journal, Range(cursor, cursor), text, TITLE)
    finally:
        document.stop_journal(journal)
    if landed.landing is not Landing.APPLIED:
        raise BadInput(f"{TITLE}: the editor did not take it ({landed.reason or landed.landing.value}). Try again.")
    return {"kind": "edit", "applied": True, "provider": offered.provider, "model": offered.model}
