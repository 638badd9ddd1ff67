"""The notebooks that the editor holds open (LSP 3.17, "Notebook Document Synchronization"): which cell stands where.

A cell's text is a document like any other, in `documents`; here is only their order. Never reads a notebook's file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from dragoman.actions.base import Cell
from dragoman.core.printable import printable_name
from dragoman.lsp.handlers import did_change, did_close, did_open

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dragoman.lsp.server import Server


class Place(NamedTuple):
    """A cell's notebook, and its place among all the cells, from one."""

    uri: str
    number: int


@dataclass(slots=True)
class _Notebook:
    uri: str
    cells: list[types.NotebookCell]


class Notebooks:
    """Those of one connection, by URI."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._open: dict[str, _Notebook] = {}

    # What the editor tells

    def open(self, notebook: types.NotebookDocument, texts: Iterable[types.TextDocumentItem]) -> None:
        """Take a notebook over, and its cells' texts. A second time without a close it starts anew."""
        self.close(notebook.uri)
        self._open[notebook.uri] = _Notebook(notebook.uri, list(notebook.cells))
        self._take(texts)

    def change(self, uri: str, change: types.NotebookDocumentCellChanges) -> None:
        """Cells were put in, taken away, moved, made into something else, or their texts were changed."""
        notebook = self._open.get(uri)
        if notebook is None:
            return
        structure = change.structure
        if structure is not None:
            start = structure.array.start
            notebook.cells[start : start + structure.array.delete_count] = structure.array.cells or ()
            self._let_go(each.uri for each in structure.did_close or ())
            self._take(structure.did_open or ())
        renewed = {cell.document: cell for cell in change.data or ()}
        notebook.cells = [renewed.get(cell.document, cell) for cell in notebook.cells]
        for content in change.text_content or ():
            params = types.DidChangeTextDocumentParams(content.document, content.changes)
            did_change.handle(self._server, params)

    def close(self, uri: str) -> None:
        """Let a notebook go, with all its cells."""
        notebook = self._open.pop(uri, None)
        if notebook is not None:
            self._let_go(cell.document for cell in notebook.cells)

    def out_of_step(self, params: object) -> None:
        """A change can't be understood: the notebook is no longer what stands in the editor."""
        notebook = params.get("notebookDocument") if isinstance(params, dict) else None
        uri = notebook.get("uri") if isinstance(notebook, dict) else None
        if isinstance(uri, str) and uri in self._open:
            self.close(uri)
            name = printable_name(uri.rpartition("/")[2])
            text = f"{name} is out of step: its last change can't be understood. Close it and open it again."
            self._server.message(types.MessageType.Error, text)

    def _take(self, texts: Iterable[types.TextDocumentItem]) -> None:
        for item in texts:
            did_open.handle(self._server, types.DidOpenTextDocumentParams(item))

    def _let_go(self, uris: Iterable[str]) -> None:
        for uri in uris:
            identifier = types.TextDocumentIdentifier(uri)
            did_close.handle(self._server, types.DidCloseTextDocumentParams(identifier))

    # What is asked

    def __contains__(self, uri: object) -> bool:
        return uri in self._open

    def place_of(self, uri: str) -> Place | None:
        """Where the cell of that URI stands; None for what is no cell."""
        for notebook in self._open.values():
            for number, cell in enumerate(notebook.cells, start=1):
                if cell.document == uri:
                    return Place(notebook.uri, number)
        return None

    def others(self, uri: str) -> tuple[Cell, ...]:
        """The other code cells of the cell's notebook that are written in its language, in their order."""
        place, document = self.place_of(uri), self._server.documents.get(uri)
        if place is None or document is None:
            return ()
        found = []
        for number, cell in enumerate(self._open[place.uri].cells, start=1):
            other = self._server.documents.get(cell.document)
            if other is None or other is document or cell.kind != types.NotebookCellKind.Code:
                continue
            if other.language == document.language:
                found.append(Cell(number, other.snapshot().text))
        return tuple(found)
