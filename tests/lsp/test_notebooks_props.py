"""The server's notebook stays in step with the editor's, whatever happens to its cells."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from lsp.desk import FULL, Desk, span
from virtual_time import run

URI = "file:///project/any.ipynb"
TEXTS = st.text(st.sampled_from("ab \r\n\u2028é😀"), max_size=12)
PLACES = st.integers(0, 8)
NEW_CELLS = st.lists(st.tuples(st.sampled_from([1, 2]), st.sampled_from(["python", "sql"]), TEXTS), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("splice"), PLACES, st.integers(0, 3), NEW_CELLS),
        st.tuples(st.just("move"), PLACES, PLACES),
        st.tuples(st.just("kind"), PLACES, st.sampled_from([1, 2])),
        st.tuples(st.just("language"), PLACES, st.sampled_from(["python", "sql"])),
        st.tuples(st.just("whole"), PLACES, TEXTS),
        st.tuples(st.just("front"), PLACES, TEXTS),
        st.tuples(st.just("reopen")),
    ),
    max_size=12,
)


class Notebook:
    """The editor's own: a list of cells, each a dictionary, and what it tells the server of each change."""

    def __init__(self, desk):
        self.desk, self.cells, self.numbers = desk, [], itertools.count()
        self.open()

    def open(self):
        notebook = {"uri": URI, "notebookType": "x", "version": 1, "cells": [self.entry(cell) for cell in self.cells]}
        texts = [self.item(cell) for cell in self.cells]
        self.desk.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": texts})

    def entry(self, cell):
        return {"kind": cell["kind"], "document": cell["uri"], "metadata": {"nested": [{"a": None}]}}

    def item(self, cell):
        return {"uri": cell["uri"], "languageId": cell["language"], "version": cell["version"], "text": cell["text"]}

    def tell(self, **cells):
        params = {"notebookDocument": {"uri": URI, "version": 2}, "change": {"cells": cells}}
        self.desk.notify("notebookDocument/didChange", params)

    def structure(self, start, count, put_in, opened, closed):
        self.cells[start : start + count] = put_in
        array = {"start": start, "deleteCount": count, "cells": [self.entry(cell) for cell in put_in]}
        close = [{"uri": cell["uri"]} for cell in closed]
        self.tell(structure={"array": array, "didOpen": [self.item(cell) for cell in opened], "didClose": close})

    def step(self, kind, *values):
        if kind == "reopen":
            self.open()
        elif kind == "splice":
            place, count, new = values
            place = min(place, len(self.cells))
            gone = self.cells[place : place + count]
            put_in = [
                {"uri": f"cell:{next(self.numbers)}", "kind": kind, "language": language, "version": 1, "text": text}
                for kind, language, text in new
            ]
            self.structure(place, len(gone), put_in, put_in, gone)
        elif self.cells:
            self.change(kind, values[0] % len(self.cells), values[1])

    def change(self, kind, place, value):
        cell = self.cells[place]
        if kind == "move":
            order = [each for each in self.cells if each is not cell]
            order.insert(value % len(self.cells), cell)
            self.structure(0, len(order), order, [], [])
        elif kind == "kind":
            cell["kind"] = value
            self.tell(data=[self.entry(cell)])
        elif kind == "language":
            cell["language"] = value
            self.structure(place, 1, [cell], [cell], [cell])
        else:
            whole = kind == "whole"
            cell["text"] = value if whole else value + cell["text"]
            cell["version"] += 1
            change = {"text": value} if whole else {"text": value, "range": span(0, 0, 0, 0)}
            document = {"uri": cell["uri"], "version": cell["version"]}
            self.tell(textContent=[{"document": document, "changes": [change]}])

    def check(self):
        server = self.desk.server
        assert len(server.documents) == len(self.cells)
        for number, cell in enumerate(self.cells, start=1):
            document = server.documents.get(cell["uri"])
            assert (document.snapshot().text, document.version) == (cell["text"], cell["version"])
            assert server.notebooks.place_of(cell["uri"]) == (URI, number)
            expected = [
                (other, each["text"])
                for other, each in enumerate(self.cells, start=1)
                if each is not cell and each["kind"] == 2 and each["language"] == cell["language"]
            ]
            assert [(other.number, other.text) for other in server.notebooks.others(cell["uri"])] == expected


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_notebook_stays_in_step(steps):
    """After any steps every cell's text, version and place are the editor's, and so is what it is read with."""

    async def story():
        desk = Desk()
        await desk.start({**FULL, "notebookDocument": {"synchronization": {}}})
        notebook = Notebook(desk)
        for step in steps:
            notebook.step(*step)
            notebook.check()
        assert desk.messages() == []
        await desk.leave()

    run(story())
