"""Findings of a review in the editor: diagnostics on the right lines, moved, fixed, cleared."""

from __future__ import annotations

import asyncio
import json

import pytest

from lsp.desk import FULL, Bench, Desk, span
from lsp.orders import CODE, URI, answered, open_code
from virtual_time import run

FOUND = [
    {"line": 2, "text": "    result = 0", "severity": "warning", "code": "float", "message": "Use a float."},
    {
        "line": 5,
        "text": "    return result",
        "severity": "error",
        "message": "Never negative.",
        "fix": {"from": 5, "to": 5, "code": "    return max(result, 0)"},
    },
]


def reply(found=FOUND):
    """What the model answers."""
    return f"```json\n{json.dumps(found)}\n```"


class Published:
    """What the editor was told of findings, oldest first."""

    def __init__(self, desk):
        self._desk = desk

    def __iter__(self):
        return iter(self._desk.notifications("textDocument/publishDiagnostics"))

    def __getitem__(self, number):
        return list(self)[number]


async def rest(desk):
    """A pause in the typing that is long enough."""
    await desk.settle()
    await asyncio.sleep(1)


async def reviewed(found=FOUND, **more):
    """A client whose file was reviewed: desk, editor, the response, and what was published, oldest first."""
    desk = Desk(Bench())
    published = Published(desk)
    await desk.start(FULL)
    editor = await open_code(desk)
    order = {"action": "review", "textDocument": {"uri": URI}, "range": span(0, 0, 4, 17), **more}
    response = await answered(desk, "dragoman/run", order, reply(found))
    await desk.settle()
    return desk, editor, response, published


def lines(published):
    """Where the last publication has its diagnostics."""
    return [each["range"]["start"]["line"] for each in published[-1]["diagnostics"]]


async def actions(desk, line, title):
    """The menu's entries of a title on a line."""
    params = {"textDocument": {"uri": URI}, "range": span(line, 0, line, 0), "context": {"diagnostics": []}}
    return [each for each in await desk.request("textDocument/codeAction", params) if each["title"].startswith(title)]


async def carry_out(desk, entry):
    """Do what a menu entry does."""
    result = await desk.request("workspace/executeCommand", {k: entry["command"][k] for k in ("command", "arguments")})
    await desk.settle()
    return result


def test_findings_are_diagnostics():
    """They stand on their lines with severity, code and source, for the version that was reviewed."""

    async def story():
        desk, _, response, published = await reviewed()
        assert response["result"]["kind"] == "findings"
        assert len(response["result"]["findings"]) == 2
        (sent,) = published
        first, second = sent["diagnostics"]
        assert (sent["uri"], sent["version"]) == (URI, 1)
        assert first["range"] == span(1, 4, 1, 14)
        assert (first["severity"], first["code"], first["source"]) == (2, "float", "dragoman")
        assert (second["severity"], second["message"]) == (1, "Never negative.")
        assert any("1 error, 1 warning." in line for line in desk.messages())
        await desk.leave()

    run(story())


def test_nothing_found_is_said():
    """A review without findings says so, and takes away those of the review before."""

    async def story():
        desk, _, _, published = await reviewed()
        order = {"action": "review", "textDocument": {"uri": URI}, "range": span(0, 0, 4, 17)}
        await answered(desk, "dragoman/run", order, reply([]))
        await desk.settle()
        assert published[-1]["diagnostics"] == []
        assert any("nothing found" in line for line in desk.messages())
        await desk.leave()

    run(story())


def test_they_move_with_the_text_above():
    """Lines put in above move the findings; they are published again when typing rests."""

    async def story():
        desk, editor, _, published = await reviewed()
        editor.type(URI, span(0, 0, 0, 0), "import os\n\n")
        await rest(desk)
        assert lines(published) == [3, 6]
        assert published[-1]["version"] == 2
        await desk.leave()

    run(story())


def test_a_changed_line_loses_its_finding():
    """Whoever edits the line has dealt with it: that finding goes at once, the others stay."""

    async def story():
        desk, editor, _, published = await reviewed()
        editor.type(URI, span(1, 13, 1, 14), "0.0")
        await rest(desk)
        assert lines(published) == [4]
        await desk.leave()

    run(story())


def test_a_fix_is_applied_where_its_line_is_now():
    """The fix is offered on its line, lands where that line has moved to, and takes its finding along."""

    async def story():
        desk, editor, _, published = await reviewed()
        editor.type(URI, span(0, 0, 0, 0), "import os\n")
        await rest(desk)
        assert await actions(desk, 2, "Fix:") == []
        (entry,) = await actions(desk, 5, "Fix:")
        assert (entry["title"], entry["kind"]) == ("Fix: Never negative.", "quickfix")
        await carry_out(desk, entry)
        assert editor.text(URI) == "import os\n" + CODE.replace("return result", "return max(result, 0)")
        assert lines(published) == [2]
        await desk.leave()

    run(story())


def test_a_fix_is_offered_once():
    """Where the review has given the fix, the menu does not offer to ask for another one under the same title."""

    async def story():
        desk, _, _, published = await reviewed()
        found = next(each for each in published[-1]["diagnostics"] if each["message"] == "Never negative.")
        context = {"diagnostics": [found]}
        params = {"textDocument": {"uri": URI}, "range": found["range"], "context": context}
        titles = [each["title"] for each in await desk.request("textDocument/codeAction", params)]
        assert titles.count("Fix: Never negative.") == 1
        await desk.leave()

    run(story())


def test_a_fix_whose_lines_were_changed_is_refused():
    """A menu that was open while the person typed can't bring back what they have replaced."""

    async def story():
        desk, editor, _, _ = await reviewed()
        (entry,) = await actions(desk, 4, "Fix:")
        editor.type(URI, span(4, 11, 4, 17), "other")
        await rest(desk)
        before = editor.text(URI)
        command = {k: entry["command"][k] for k in ("command", "arguments")}
        _, response = desk.ask("workspace/executeCommand", command)
        assert "is gone" in (await response)["error"]["message"]
        assert editor.text(URI) == before
        await desk.leave()

    run(story())


def test_they_are_cleared_by_command():
    """The menu clears them, and offers it only while there are some."""

    async def story():
        desk, _, _, published = await reviewed()
        (entry,) = await actions(desk, 0, "Clear findings")
        await carry_out(desk, entry)
        assert published[-1]["diagnostics"] == []
        assert await actions(desk, 0, "Clear findings") == []
        await desk.leave()

    run(story())


@pytest.mark.parametrize(
    ("text", "left"),
    [(CODE, [1, 4]), ("# new\n" + CODE, [2, 5]), ("print()\n", [])],
    ids=["the same text", "moved", "gone"],
)
def test_a_file_that_is_opened_again(text, left):
    """Findings outlive the buffer; in a text that has changed meanwhile they are found again by their lines, or go."""

    async def story():
        desk, editor, _, published = await reviewed()
        editor.close(URI)
        editor.open(text, URI, "python")
        await rest(desk)
        assert lines(published) == left
        await desk.leave()

    run(story())


def test_a_client_that_keeps_the_result_to_itself():
    """With `apply: false` nothing is published; the response holds the fix as edits."""

    async def story():
        desk, _, response, published = await reviewed(apply=False)
        assert list(published) == []
        values = response["result"]["findings"]
        assert [value["severity"] for value in values] == [2, 1]
        assert values[1]["edits"][0]["newText"] == "    return max(result, 0)"
        await desk.leave()

    run(story())
