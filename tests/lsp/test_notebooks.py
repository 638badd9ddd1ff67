"""Notebooks: each cell is a document, the other cells are what it is read with, and edits land on the cell."""

from __future__ import annotations

import pytest

from dragoman.core.ports import Disclosure
from lsp.clients import HELIX, NEOVIM_0_12, initialize_params
from lsp.desk import FULL, span
from lsp.orders import CODE, NEW, REPLY, answered
from lsp.project import Project, accepting

NOTEBOOK = "file:///project/sums.ipynb"
ABLE = {**FULL, "notebookDocument": {"synchronization": {"dynamicRegistration": True, "executionSummarySupport": True}}}
CODE_CELL, MARKUP = 2, 1


def cell_uri(name):
    """As VS Code writes it."""
    return f"vscode-notebook-cell:/project/sums.ipynb#{name}s{'ZmlsZQ'}%3D%3D"


def cell(name, kind=CODE_CELL):
    """A NotebookCell."""
    return {"kind": kind, "document": cell_uri(name), "metadata": {}, "executionSummary": {"executionOrder": 1}}


def text(name, content, language="python"):
    """Its TextDocumentItem."""
    return {"uri": cell_uri(name), "languageId": language, "version": 1, "text": content}


CELLS = [cell("a"), cell("m", MARKUP), cell("b"), cell("q"), cell("c"), cell("d")]
TEXTS = [
    text("a", "import math\n"),
    text("m", "# What is summed up", "markdown"),
    text("b", "RATE = 0.19"),
    text("q", "SELECT 1", "sql"),
    text("c", CODE),
    text("d", "print(total([1]))"),
]


@pytest.fixture
async def desk(open_desk):
    """A desk with the notebook open, and the editor at `desk.editor`."""
    desk = await open_desk(ABLE)
    desk.editor = accepting(desk)
    for each in TEXTS:
        desk.editor.buffers[each["uri"]], desk.editor.versions[each["uri"]] = each["text"], 1
    opened(desk)
    return desk


def opened(desk):
    """NotebookDocument/didOpen."""
    notebook = {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1, "metadata": {}, "cells": CELLS}
    desk.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": TEXTS})


def changed(desk, **cells):
    """NotebookDocument/didChange."""
    document = {"uri": NOTEBOOK, "version": 2}
    desk.notify("notebookDocument/didChange", {"notebookDocument": document, "change": {"cells": cells}})


def order(action, name="c", **more):
    """The params of a run in a cell."""
    return {"action": action, "textDocument": {"uri": cell_uri(name)}, **more}


async def shown(desk, name="c", action="explain", **more):
    """What a model would be shown: the pieces by kind, in their order, and the whole text."""
    result = await desk.request("dragoman/context", order(action, name, **more))
    return [(piece["kind"], piece["source"]) for piece in result["pieces"]], result["messages"][-1]["text"]


async def titles(desk, name, range_=None):
    """The menu in a cell."""
    context = {
        "textDocument": {"uri": cell_uri(name)},
        "range": range_ or span(0, 0, 0, 0),
        "context": {"diagnostics": []},
    }
    return [entry["title"] for entry in await desk.request("textDocument/codeAction", context)]


async def test_notebooks_are_asked_for_where_the_client_has_them(open_desk):
    """All cells of all notebooks are wanted of a client that can send them; to others nothing is said of notebooks."""
    able = await open_desk(ABLE)
    wanted = able.said[0]["result"]["capabilities"]["notebookDocumentSync"]
    assert wanted == {"notebookSelector": [{"notebook": "*", "cells": [{"language": "*"}]}]}
    for client in (NEOVIM_0_12, HELIX):
        plain = await open_desk(**initialize_params(client))
        assert "notebookDocumentSync" not in plain.said[0]["result"]["capabilities"]


async def test_other_cells_are_context(desk):
    """Code cells in the same language are shown, earlier ones in their order before the target; no other cell is."""
    pieces, text = await shown(desk)
    assert ("target", "sums.ipynb (cell 5):1-5") in pieces
    kinds = [piece for piece in pieces if piece[0] in {"earlier", "later"}]
    assert kinds == [
        ("earlier", "sums.ipynb (cell 3)"),
        ("earlier", "sums.ipynb (cell 1)"),
        ("later", "sums.ipynb (cell 6)"),
    ]
    places = [text.index(part) for part in ("import math", "RATE = 0.19", "result += item")]
    assert places == sorted(places)
    assert "File: sums.ipynb (cell 5) (Python)" in text
    assert "SELECT" not in text
    assert "What is summed up" not in text


async def test_cells_that_do_not_fit_are_named(desk):
    """A cell that is too long is left out by name, and a shorter one further away is shown."""
    changed(
        desk, textContent=[{"document": {"uri": cell_uri("b"), "version": 2}, "changes": [{"text": "x = 1\n" * 9000}]}]
    )
    result = await desk.request("dragoman/context", order("explain"))
    assert ("earlier", "sums.ipynb (cell 3)") in [(piece["kind"], piece["source"]) for piece in result["leftOut"]]
    assert "import math" in result["messages"][-1]["text"]


async def test_an_edit_lands_on_its_cell(desk):
    """A refactoring changes the text document of the one cell, for its version."""
    message = await answered(desk, "dragoman/run", order("refactor", range=span(0, 0, 4, 17)))
    assert message["result"]["applied"]
    assert desk.editor.text(cell_uri("c")) == NEW
    (edit,) = desk.editor.edits
    (change,) = edit["documentChanges"]
    assert change["textDocument"] == {"uri": cell_uri("c"), "version": 1}


async def test_a_cell_without_a_definition_is_a_whole(desk):
    """Where nothing is selected and no definition is near, the cell itself is what is refactored."""
    assert {"Refactor", "Explain"} <= set(await titles(desk, "d"))
    message = await answered(desk, "dragoman/run", order("refactor", "d"), "```python\nprint(sum([1]))\n```")
    assert message["result"]["applied"]
    assert desk.editor.text(cell_uri("d")) == "print(sum([1]))"
    assert "Refactor" not in await titles(desk, "m")


async def test_a_cell_has_no_tests(desk):
    """What stands in a notebook can't be imported by a test: it is not offered, and an order says why."""
    assert "Write tests" not in await titles(desk, "c")
    error = await desk.refused("dragoman/run", order("tests"))
    assert "no file on this machine" in error["message"]


async def test_findings_stand_in_their_cell(desk):
    """A review's findings are diagnostics of the cell."""
    reply = '[{"line": 2, "text": "    result = 0", "severity": "warning", "message": "Use sum."}]'
    message = await answered(desk, "dragoman/run", order("review"), reply)
    assert [finding["uri"] for finding in message["result"]["findings"]] == [cell_uri("c")]
    (published,) = desk.notifications("textDocument/publishDiagnostics")
    assert (published["uri"], published["diagnostics"][0]["range"]["start"]["line"]) == (cell_uri("c"), 1)


async def test_the_notebook_itself_is_no_document(desk):
    """An order that names the notebook is declined: its file holds JSON, which nobody wants refactored."""
    error = await desk.refused("dragoman/run", {"action": "explain", "textDocument": {"uri": NOTEBOOK}})
    assert "name one of its cells" in error["message"]


# In step


async def test_typing_in_a_cell(desk):
    """Changes of a cell's text are followed one after the other, and an edit speaks of the cell's new version."""
    changes = [{"range": span(0, 0, 0, 0), "text": "# one\n"}, {"range": span(1, 4, 1, 9), "text": "amount"}]
    changed(desk, textContent=[{"document": {"uri": cell_uri("c"), "version": 7}, "changes": changes}])
    assert desk.lines_of(cell_uri("c")) == "# one\n" + CODE.replace("total", "amount", 1)
    assert desk.server.documents.get(cell_uri("c")).version == 7


async def test_typing_while_a_model_writes(desk):
    """What is typed into the cell meanwhile stays, and the result lands where its target has moved to."""
    _, response = desk.ask("dragoman/run", order("refactor", range=span(0, 0, 4, 17)))
    await desk.settle()
    uri, editor = cell_uri("c"), desk.editor
    editor.buffers[uri], editor.versions[uri] = "# one\n" + CODE, 2
    change = {"range": span(0, 0, 0, 0), "text": "# one\n"}
    changed(desk, textContent=[{"document": {"uri": uri, "version": 2}, "changes": [change]}])
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(uri) == "# one\n" + NEW


async def test_cells_come_go_and_move(desk):
    """A new cell is a document and context from then on, one that is taken away neither; numbers follow."""
    structure = {
        "array": {"start": 0, "deleteCount": 3, "cells": [cell("b"), cell("n")]},
        "didOpen": [text("n", "LIMIT = 3")],
        "didClose": [{"uri": cell_uri("a")}, {"uri": cell_uri("m")}],
    }
    changed(desk, structure=structure)
    assert desk.server.documents.get(cell_uri("a")) is None
    pieces, shown_text = await shown(desk)
    assert ("earlier", "sums.ipynb (cell 1)") in pieces
    assert ("earlier", "sums.ipynb (cell 2)") in pieces
    assert ("target", "sums.ipynb (cell 4):1-5") in pieces
    assert shown_text.index("RATE") < shown_text.index("LIMIT")
    assert "import math" not in shown_text
    assert await titles(desk, "n")


async def test_a_cell_becomes_code(desk):
    """A cell whose kind or language changes is context from then on, or no longer."""
    changed(desk, data=[cell("b", MARKUP)])
    assert "RATE" not in (await shown(desk))[1]
    structure = {
        "array": {"start": 3, "deleteCount": 1, "cells": [cell("q")]},
        "didClose": [{"uri": cell_uri("q")}],
        "didOpen": [text("q", "QUERY = 1", "python")],
    }
    changed(desk, structure=structure)
    assert "QUERY" in (await shown(desk))[1]


@pytest.mark.parametrize(
    "array",
    [{"start": 99, "deleteCount": 99}, {"start": 0, "deleteCount": 0, "cells": []}, {"start": 5, "deleteCount": 50}],
    ids=str,
)
async def test_splices_past_the_end(desk, array):
    """A splice that reaches past the last cell takes what there is."""
    changed(desk, structure={"array": array})
    assert (await shown(desk, "a"))[0]


async def test_closing_lets_go_of_every_cell(desk):
    """With its notebook a cell is gone: no menu, no run, nothing kept."""
    documents = [{"uri": each["uri"]} for each in TEXTS]
    desk.notify("notebookDocument/didClose", {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": documents})
    assert len(desk.server.documents) == 0
    assert await titles(desk, "c") == []
    error = await desk.refused("dragoman/run", order("explain"))
    assert "open it in the editor first" in error["message"]


async def test_opened_twice(desk):
    """A second didOpen without a didClose starts the notebook anew."""
    changed(desk, structure={"array": {"start": 0, "deleteCount": 5}, "didClose": [{"uri": cell_uri("a")}]})
    opened(desk)
    assert (await shown(desk))[0][-1] == ("later", "sums.ipynb (cell 6)")
    assert len(desk.server.documents) == len(CELLS)


async def test_a_change_that_can_not_be_understood(desk):
    """The notebook's cells are let go, and the person is told: none is edited that is out of step."""
    desk.notify("notebookDocument/didChange", {"notebookDocument": {"uri": NOTEBOOK}, "change": {"cells": 5}})
    assert len(desk.server.documents) == 0
    assert desk.messages() == [
        "Dragoman: sums.ipynb is out of step: its last change can't be understood. Close it and open it again."
    ]
    opened(desk)
    assert await titles(desk, "c")


@pytest.mark.parametrize("method", ["didChange", "didClose", "didSave", "didExplode"])
@pytest.mark.parametrize("params", [None, {}, {"notebookDocument": {"uri": "file:///other.ipynb", "version": 1}}])
async def test_notebook_that_nobody_has_opened(desk, method, params):
    """What is said of an unknown notebook, or of none, changes nothing and is answered with nothing."""
    before = len(desk.said)
    desk.notify(f"notebookDocument/{method}", params)
    await desk.settle()
    assert len(desk.said) == before
    assert len(desk.server.documents) == len(CELLS)


async def test_change_of_the_metadata_alone(desk):
    """A change that is about no cell changes nothing here."""
    document = {"uri": NOTEBOOK, "version": 2}
    change = {"notebookDocument": document, "change": {"metadata": {"kernel": "python"}}}
    desk.notify("notebookDocument/didChange", change)
    assert desk.messages() == []
    assert desk.lines_of(cell_uri("c")) == CODE


# What may leave the machine


@pytest.mark.parametrize("synchronised", [True, False], ids=["as-notebook", "as-documents"])
async def test_cells_of_an_ignored_notebook_go_to_no_model(open_desk, synchronised):
    """An ignored notebook's cells are as ignored as its file, however the client sends them."""
    desk = await open_desk(ABLE)
    desk.services.project = Project(rules={"/project/sums.ipynb": Disclosure("sums.ipynb is ignored by .gitignore.")})
    if synchronised:
        opened(desk)
    else:
        for each in TEXTS:
            desk.notify("textDocument/didOpen", {"textDocument": each})
    await desk.settle()
    assert await titles(desk, "c") == []
    for method in ("dragoman/run", "dragoman/context", "dragoman/route"):
        error = await desk.refused(method, order("explain"))
        assert error["message"] == "sums.ipynb is ignored by .gitignore."
    assert desk.services.completer.jobs == []


@pytest.mark.parametrize(
    "uris", [("cell:1", "cell:2"), (f"{NOTEBOOK}#1", f"{NOTEBOOK}#2"), ("untitled:1", "untitled:2")]
)
async def test_cells_with_uris_of_any_kind(open_desk, uris):
    """Whatever a client calls its cells, they are documents of their own, and belong to their notebook's file."""
    desk = await open_desk(ABLE)
    desk.services.project = Project({"/project/AGENTS.md": "Be brief."})
    cells = [{"kind": 2, "document": uri} for uri in uris]
    notebook = {"uri": NOTEBOOK, "notebookType": "x", "version": 1, "cells": cells}
    contents = ("RATE = 0.19", CODE)
    texts = [
        {"uri": uri, "languageId": "python", "version": 1, "text": text}
        for uri, text in zip(uris, contents, strict=True)
    ]
    desk.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": texts})
    explain = {"action": "explain", "textDocument": {"uri": uris[1]}}
    text = (await desk.request("dragoman/context", explain))["messages"][-1]["text"]
    assert all(part in text for part in ("Be brief.", "RATE = 0.19", "sums.ipynb (cell 2)", "def total"))
    error = await desk.refused("dragoman/run", {**explain, "action": "tests"})
    assert "no file on this machine" in error["message"]
    desk.services.project.rules["/project/sums.ipynb"] = Disclosure("not this one")
    error = await desk.refused("dragoman/run", explain)
    assert error["message"] == "not this one"


async def test_untitled_notebook(open_desk):
    """A notebook that is in no file yet has cells like any other."""
    desk = await open_desk(ABLE)
    notebook = {"uri": "untitled:Untitled-1.ipynb", "notebookType": "x", "version": 1, "cells": [cell("a"), cell("c")]}
    texts = [text("a", "import math\n"), text("c", CODE)]
    desk.notify("notebookDocument/didOpen", {"notebookDocument": notebook, "cellTextDocuments": texts})
    pieces, shown_text = await shown(desk)
    assert "import math" in shown_text
    assert pieces[-1][0] == "earlier"
