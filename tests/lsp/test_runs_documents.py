"""Runs in documents of every sort: unopened, empty, huge, binary, with any line ends, in any language."""

from __future__ import annotations

import pytest

from lsp.desk import Bench, span
from lsp.orders import CODE, NEW, REPLY, URI, WHOLE, answered, open_code, order
from lsp.project import Project, accepting


def files(**texts):
    """Services whose project holds these files."""
    services = Bench()
    services.project = Project({f"/project/{name}": text for name, text in texts.items()})
    return services


async def test_unopened_file_is_read(open_desk):
    """A file that no editor holds open is read, and its edit carries no version."""
    services = files()
    services.project.texts["/project/b.py"] = CODE
    desk = await open_desk(services=services)
    editor = accepting(desk)
    editor.disk["file:///project/b.py"] = CODE
    document = {"uri": "file:///project/b.py"}
    message = await answered(desk, "dragoman/run", order("refactor", textDocument=document))
    assert message["result"]["applied"]
    assert editor.disk["file:///project/b.py"] == NEW
    assert editor.edits[0]["documentChanges"][0]["textDocument"]["version"] is None


async def test_unopened_file_that_changes_meanwhile_is_left_alone(open_desk):
    """A file that was changed on the disk while the model wrote is not edited; the result is shown."""
    services = files()
    services.project.texts["/project/b.py"] = CODE
    desk = await open_desk(services=services)
    editor = accepting(desk)
    _, response = desk.ask("dragoman/run", order("refactor", textDocument={"uri": "file:///project/b.py"}))
    await desk.settle()
    services.project.texts["/project/b.py"] = CODE.replace("total", "sum_of")
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert "changed meanwhile" in result["message"]
    assert NEW.rstrip() in result["markdown"]
    assert editor.edits == []


async def test_unopened_file_whose_edit_is_refused_is_shown(open_desk):
    """A result that the editor refuses is shown: it was paid for."""
    services = files()
    services.project.texts["/project/b.py"] = CODE
    desk = await open_desk(services=services)
    desk.on["workspace/applyEdit"] = lambda params: {"applied": False, "failureReason": "read only"}
    message = await answered(desk, "dragoman/run", order("refactor", textDocument={"uri": "file:///project/b.py"}))
    assert not message["result"]["applied"]
    assert "read only" in message["result"]["message"]
    assert NEW.rstrip() in message["result"]["markdown"]


@pytest.mark.parametrize(
    "uri",
    ["file:///project/gone.py", "untitled:Untitled-1", "https://example.org/a.py", "not a uri", "file://host/a.py"],
)
async def test_document_that_can_not_be_read(desk, uri):
    """A deleted file and a URI that names no file: one line that says what to do."""
    error = await desk.refused("dragoman/run", order("explain", textDocument={"uri": uri}))
    assert error["message"] == f"{uri} is not open and can't be read; open it in the editor first."


async def test_untitled_document_that_is_open(desk):
    """A document without a file is a document like any other."""
    editor = await open_code(desk, uri="untitled:Untitled-1")
    message = await answered(desk, "dragoman/run", order("refactor", textDocument={"uri": "untitled:Untitled-1"}))
    assert message["result"]["applied"]
    assert editor.text("untitled:Untitled-1") == NEW


async def test_untitled_document_has_no_place_for_tests(desk):
    """Tests of a document without a file have no place yet; nothing is asked."""
    await open_code(desk, uri="untitled:Untitled-1")
    error = await desk.refused("dragoman/run", order("tests", textDocument={"uri": "untitled:Untitled-1"}))
    assert "Save it first" in error["message"]
    assert desk.services.completer.jobs == []


@pytest.mark.parametrize("action", ["explain", "refactor", "document", "fix", "tests"])
@pytest.mark.parametrize("text", ["", "\n", "   \n\t\n"])
async def test_empty_file(desk, action, text):
    """In an empty file there is nothing to work on: one line, nobody asked, nothing changed."""
    editor = await open_code(desk, text)
    error = await desk.refused(
        "dragoman/run", {"action": action, "textDocument": {"uri": URI}, "range": span(0, 0, 0, 0)}
    )
    assert error["code"] == -32602
    assert "\n" not in error["message"]
    assert desk.services.completer.jobs == []
    assert editor.text(URI) == text


async def test_empty_file_takes_new_text(desk):
    """An instruction in an empty file writes it."""
    editor = await open_code(desk, "")
    params = {"action": "edit", "textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "instruction": "a sum"}
    message = await answered(desk, "dragoman/run", params)
    assert message["result"]["applied"]
    assert editor.text(URI).strip() == NEW.strip()


async def test_empty_selection_means_the_definition(desk):
    """A cursor inside a definition stands for it."""
    editor = await open_code(desk, CODE + "\n\nother = 1\n")
    message = await answered(desk, "dragoman/run", order("refactor", range=span(2, 6, 2, 6)))
    assert message["result"]["applied"]
    assert editor.text(URI) == NEW + "\n\nother = 1\n"


@pytest.mark.parametrize(
    ("text", "range_", "expected"),
    [
        (CODE.replace("\n", "\r\n"), WHOLE, NEW.replace("\n", "\r\n")),
        (CODE.replace("\n", "\r"), WHOLE, NEW.replace("\n", "\r")),
        ("x = 1\r\n" + CODE, span(1, 0, 5, 17), "x = 1\r\n" + NEW),
        (CODE.replace("    ", "\t"), span(0, 0, 4, 14), NEW.replace("    ", "\t")),
        (
            "# 😀👨\u200d👩\u200d👧 e\u0301\n" + CODE + "y = '😀'",
            span(1, 0, 5, 17),
            "# 😀👨\u200d👩\u200d👧 e\u0301\n" + NEW + "y = '😀'",
        ),
        (CODE.rstrip("\n"), WHOLE, NEW.rstrip("\n")),
        ("x = '\u2028\x0c\x85'\n" + CODE, span(1, 0, 5, 17), "x = '\u2028\x0c\x85'\n" + NEW),
    ],
    ids=["crlf", "cr", "mixed", "tabs", "emoji", "no-final-newline", "unicode-breaks"],
)
async def test_text_of_every_sort_keeps_its_sort(desk, text, range_, expected):
    """Line ends, tabs, emoji, a missing final newline: the new text is as the document has it, the rest untouched."""
    editor = await open_code(desk, text)
    message = await answered(desk, "dragoman/run", order("refactor", range=range_))
    assert message["result"]["applied"], message
    assert editor.text(URI) == expected
    assert desk.lines_of(URI) == expected


async def test_language_that_nobody_knows(desk):
    """An unknown language has no parser; a selection in it is refactored all the same."""
    editor = await open_code(desk, "zorp a\nzorp b\nzorp c\n", "file:///project/a.zorp", "zorp")
    params = order("refactor", textDocument={"uri": "file:///project/a.zorp"}, range=span(1, 0, 1, 6), diagnostics=[])
    message = await answered(desk, "dragoman/run", params, "```\nzorp bee\n```")
    assert message["result"]["applied"]
    assert editor.text("file:///project/a.zorp") == "zorp a\nzorp bee\nzorp c\n"


async def test_ten_megabytes(desk):
    """In a file of 10 MB a function is refactored as in any other, and the prompt stays small."""
    filler = "value = 'some text that fills a line of the file'\n" * 200_000
    editor = await open_code(desk, filler + CODE + filler[:500])
    params = order("refactor", range=span(200_000, 0, 200_004, 17), diagnostics=[])
    message = await answered(desk, "dragoman/run", params)
    assert message["result"]["applied"], message
    assert editor.text(URI) == filler + NEW + filler[:500]
    (job,) = desk.services.completer.jobs
    assert sum(len(one.text) for one in job.request.messages) < 60_000


async def test_binary_file(desk):
    """A binary that an editor has opened as text is a text: what is selected is replaced, the rest stays."""
    text = "\x00\x01\x02PNG\n\ufffd\ufffd\x00\nplain\n\x00"
    editor = await open_code(desk, text, "file:///project/a.bin", "plaintext")
    params = order("refactor", textDocument={"uri": "file:///project/a.bin"}, range=span(2, 0, 2, 5), diagnostics=[])
    message = await answered(desk, "dragoman/run", params, "```\nPLAIN\n```")
    assert message["result"]["applied"]
    assert editor.text("file:///project/a.bin") == text.replace("plain", "PLAIN")


async def test_range_past_the_end(desk):
    """A range past the end means the end."""
    editor = await open_code(desk)
    message = await answered(desk, "dragoman/run", order("refactor", range=span(0, 0, 10**9, 10**9)))
    assert message["result"]["applied"]
    assert editor.text(URI) == NEW


async def test_reply_that_changes_nothing(desk):
    """A reply that is the text itself sends no edit, and says so."""
    editor = await open_code(desk)
    message = await answered(desk, "dragoman/run", order("refactor"), f"```python\n{CODE}```")
    assert message["result"] | {"provider": "", "model": ""} == {
        "kind": "edit",
        "applied": False,
        "message": "the model proposes no change",
        "provider": "",
        "model": "",
    }
    assert editor.edits == []
    assert desk.messages() == ["Dragoman: Refactor: the model proposes no change."]
