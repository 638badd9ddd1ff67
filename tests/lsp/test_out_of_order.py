"""Changes that overtake each other on their way, as Helix before 25.07 sends them: each gets to where it belongs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from dragoman.core.hunks import marked
from dragoman.lsp.edits import LATE_SECONDS
from dragoman.lsp.history import LARGEST, MOST
from lsp.desk import FULL, span
from lsp.project import Editor

URI = "file:///project/a.txt"
TEXT = "before\nold text\nafter\n"
ORDER = {"action": "refactor", "textDocument": {"uri": URI}, "range": span(1, 0, 1, 8)}
REPLY = "```\nnew words\n```"
CLOSE_IT = "the editor's changes came out of order: close the file and open it again"


@dataclass
class Overtaking(Editor):
    """An editor whose changes arrive when they are told to."""

    under_way: list[Any] = field(default_factory=list)
    at_once: bool = True

    def send(self, change: Any) -> None:
        if self.at_once:
            super().send(change)
        else:
            self.under_way.append(change)

    def arrive(self, *numbers: int) -> None:
        """Those arrive, in this order, of the ones that are under way; they are counted anew after that."""
        for number in numbers:
            super().send(self.under_way[number])
        self.under_way = [change for number, change in enumerate(self.under_way) if number not in numbers]


async def opened(open_desk, text=TEXT, capabilities=FULL, **params):
    """A desk with the document open at such an editor."""
    desk = await open_desk(capabilities, **params)
    desk.on["window/showMessageRequest"] = lambda question: asyncio.sleep(10_000)
    editor = Overtaking(desk, desk.server.facts.encoding.value)
    desk.on["workspace/applyEdit"] = editor.applied
    desk.on["window/showDocument"] = editor.show
    desk.on["window/workDoneProgress/create"] = lambda params: None
    editor.open(text, URI, "plaintext")
    editor.at_once = False
    return desk, editor


async def asked(desk):
    """A run that waits for its model."""
    _, response = desk.ask("dragoman/run", ORDER)
    await desk.settle()
    return response


def same(desk, editor):
    """Whether both sides hold the same text at the same version."""
    document = desk.server.documents.get(URI)
    return (desk.lines_of(URI), document.snapshot().text, document.version, document.in_step) == (
        editor.text(URI),
        editor.text(URI),
        editor.versions[URI],
        True,
    )


# The text


@pytest.mark.parametrize("order", [(2, 0, 1), (2, 1, 0), (1, 2, 0), (0, 2, 1), (1, 0, 2)])
async def test_typing_at_a_lines_end(open_desk, order):
    """Letters that are typed one after the other stand as they were typed, however they arrive."""
    desk, editor = await opened(open_desk)
    for number, letter in enumerate("xyz"):
        editor.type(URI, span(0, 6 + number, 0, 6 + number), letter)
    editor.arrive(*order)
    assert desk.lines_of(URI) == "beforexyz\nold text\nafter\n"
    assert same(desk, editor)


@pytest.mark.parametrize("order", [(2, 0, 1), (2, 1, 0), (1, 2, 0), (0, 2, 1), (1, 0, 2)])
async def test_typing_in_the_middle(open_desk, order):
    """Positions are in units of the line as it was when they were meant, also where that was another one."""
    desk, editor = await opened(open_desk, "a😀b\nc\n")
    editor.type(URI, span(0, 0, 0, 0), "😀\n")
    editor.type(URI, span(1, 3, 1, 4), "é")
    editor.type(URI, span(1, 4, 2, 0), " ")
    editor.arrive(*order)
    assert desk.lines_of(URI) == "😀\na😀é c\n"
    assert same(desk, editor)


async def test_a_macro(open_desk):
    """Hundreds of changes at once, taken in turns by two threads, leave the text that the macro wrote."""
    desk, editor = await opened(open_desk, "line\n" * 300)
    for line in range(300):
        editor.type(URI, span(line * 2, 0, line * 2, 4), f"{line}\nnext")
    turns = [number for pair in zip(range(150, 300), range(150), strict=True) for number in pair]
    editor.arrive(*turns)
    assert same(desk, editor)


async def test_halves_of_a_line_end(open_desk):
    """A carriage return and its line feed that arrive the wrong way round are one line end."""
    desk, editor = await opened(open_desk, "one\r\ntwo")
    editor.type(URI, span(0, 3, 1, 0), "\r")
    editor.type(URI, span(1, 0, 1, 0), "\n")
    editor.type(URI, span(1, 0, 1, 3), "TWO")
    editor.arrive(1, 2, 0)
    assert desk.lines_of(URI) == "one\r\nTWO"
    assert same(desk, editor)


async def test_a_whole_text_among_them(open_desk):
    """A change that a later whole text holds already is passed over, one behind it is put there."""
    desk, editor = await opened(open_desk)
    editor.type(URI, span(0, 0, 0, 0), "early ")
    editor.versions[URI] += 1
    editor.buffers[URI] = "all anew\n"
    editor.send({"textDocument": {"uri": URI, "version": 3}, "contentChanges": [{"text": "all anew\n"}]})
    editor.type(URI, span(0, 8, 0, 8), "!")
    editor.type(URI, span(0, 9, 0, 9), "?")
    editor.arrive(3, 1, 0, 2)
    assert desk.lines_of(URI) == "all anew!?\n"
    assert same(desk, editor)


async def test_a_change_from_before_the_opening(open_desk):
    """What the text held already when it was opened is not done once more."""
    desk, editor = await opened(open_desk)
    editor.type(URI, span(0, 0, 0, 0), "typed ")
    desk.open(editor.text(URI), URI, version=7)
    editor.arrive(0)
    assert desk.lines_of(URI) == editor.text(URI)
    assert desk.server.documents.get(URI).version == 7


async def test_equal_versions_are_taken_as_they_come(open_desk):
    """A client that does not count its versions is served as before."""
    desk, _ = await opened(open_desk, "")
    for letter in "abc":
        change = [{"range": span(0, 0, 0, 0), "text": letter}]
        desk.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 1}, "contentChanges": change})
    assert desk.lines_of(URI) == "cba"
    assert desk.server.documents.get(URI).in_step


# What was made of the text


async def test_what_is_kept_for_the_text_is_found_anew(open_desk):
    """Hunks that were looked for in a wrong text are looked for again, though the version stays."""
    desk, editor = await opened(open_desk, marked("old\n", "new\n", "run", "Refactor"))
    editor.type(URI, span(0, 0, 0, 0), "top\n")
    editor.type(URI, span(6, 0, 6, 0), "end")
    editor.arrive(1)
    document = desk.server.documents.get(URI)
    snapshot, [before] = document.snapshot(), desk.server.hunks.of(document)
    editor.arrive(0)
    [after] = desk.server.hunks.of(document)
    assert (before.start, after.start) == (0, 1)
    assert document.snapshot() is not snapshot
    assert document.snapshot().version == snapshot.version
    assert same(desk, editor)


async def test_an_answer_stays_on_its_text(open_desk):
    """The hover on a line stays there while changes above it overtake each other."""
    markdown = {"textDocument": {**FULL["textDocument"], "hover": {"contentFormat": ["markdown"]}}}
    desk, editor = await opened(open_desk, capabilities={**FULL, **markdown})
    _, response = desk.ask("dragoman/run", {**ORDER, "action": "explain"})
    await desk.settle()
    desk.services.completer.say("It is old.")
    await response
    editor.type(URI, span(0, 0, 0, 0), "one\n")
    editor.type(URI, span(1, 6, 1, 6), "\ntwo")
    editor.type(URI, span(4, 0, 4, 0), "and ")
    editor.arrive(2, 1, 0)
    assert editor.text(URI) == "one\nbefore\ntwo\nold text\nand after\n"
    found = [
        await desk.request(
            "textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": line, "character": 1}}
        )
        for line in range(5)
    ]
    assert [each and each["range"] for each in found] == [None, None, None, span(3, 0, 3, 8), None]


# Edits


async def test_edit_lands_where_its_target_went(open_desk):
    """Typing elsewhere that arrives the wrong way round moves the edit as if it had come in turn."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.type(URI, span(0, 0, 0, 0), "one\n")
    editor.type(URI, span(0, 3, 1, 0), "")  # the lines of the second are others without the first
    editor.type(URI, span(0, 3, 0, 3), "\n")
    editor.arrive(2, 1, 0)
    editor.at_once = True
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == "one\nbefore\nnew words\nafter\n"
    assert [each["documentChanges"][0]["textDocument"]["version"] for each in editor.edits] == [4]


async def test_edit_waits_for_what_was_overtaken(open_desk):
    """While a version is missing, an edit waits a moment: for the text of now it would land in a wrong place."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.type(URI, span(0, 0, 0, 0), "one\n")
    editor.type(URI, span(0, 0, 0, 0), "two\n")
    editor.arrive(1)
    desk.services.completer.say(REPLY)
    await asyncio.sleep(LATE_SECONDS / 2)
    assert editor.edits == []
    editor.arrive(0)
    editor.at_once = True
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == "two\none\nbefore\nnew words\nafter\n"
    assert len(editor.edits) == 1


async def test_versions_that_never_come(open_desk):
    """Versions need not follow each other: where nothing comes for the one left out, the edit lands."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.versions[URI] += 5
    editor.at_once = True
    editor.type(URI, span(0, 0, 0, 0), "one\n")
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == "one\nbefore\nnew words\nafter\n"


async def test_order_that_came_in_between(open_desk):
    """What was asked about a text that lacked a change is not put in unasked: nobody knows which text was meant."""
    desk, editor = await opened(open_desk)
    editor.type(URI, span(0, 0, 0, 0), "one\n")
    editor.type(URI, span(3, 5, 3, 5), "!")
    editor.arrive(1)
    response = await asked(desk)
    editor.arrive(0)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert result["kept"]
    assert editor.edits == []
    # Later changes, out of order too, do it no harm.
    for line in ("a\n", "b\n", "c\n"):
        editor.type(URI, span(0, 0, 0, 0), line)
    editor.arrive(2, 0, 1)
    assert same(desk, editor)


async def test_text_that_changes_while_the_editor_refuses(open_desk):
    """A change that is put in its place while an edit is under way is a reason to try again, with the same version."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.type(URI, span(0, 0, 0, 0), "one\n")
    editor.type(URI, span(0, 0, 0, 0), "two\n")
    editor.arrive(1)
    tries = []

    def apply(params):
        tries.append(params["edit"]["documentChanges"][0])
        if len(tries) == 1:
            editor.arrive(0)
            return {"applied": False, "failureReason": "not now"}
        editor.at_once = True
        return editor.applied(params)

    desk.on["workspace/applyEdit"] = apply
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert [each["textDocument"]["version"] for each in tries] == [3, 3]
    assert editor.text(URI) == "two\none\nbefore\nnew words\nafter\n"


# Too late


def too_many(editor):
    """A change that arrives when more have come after it than are remembered."""
    editor.type(URI, span(0, 0, 0, 0), "late ")
    editor.at_once = True
    for _ in range(MOST + 1):
        editor.type(URI, span(2, 0, 2, 0), "x")


def too_large(editor):
    """One that arrives after a change that is too large to be remembered."""
    editor.type(URI, span(0, 0, 0, 0), "late ")
    editor.at_once = True
    editor.type(URI, span(2, 0, 2, 5), "x" * LARGEST)


def known_before(editor):
    """One whose version has been: what counts so says nothing of the order."""
    editor.at_once = True
    for _ in range(3):
        editor.type(URI, span(2, 0, 2, 0), "x")
    editor.at_once = False
    editor.versions[URI] -= 2
    editor.type(URI, span(2, 0, 2, 0), "x")


@pytest.mark.parametrize("happening", [too_many, too_large, known_before])
async def test_too_late(open_desk, happening):
    """A change that can't be put in its place any more ends our edits there: the result is shown, with what to do."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    happening(editor)
    editor.at_once = False
    editor.arrive(0)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert editor.edits == []
    assert CLOSE_IT in desk.messages()[-1]
    assert "new words" in result["markdown"]
    assert len(editor.shown) == 1
    assert not desk.server.documents.get(URI).in_step


async def test_change_that_overtakes_the_opening(open_desk):
    """A change that comes before its document is opened is missing there, and so nothing is put in."""
    desk, editor = await opened(open_desk)
    editor.type(URI, span(0, 0, 0, 0), "typed ")
    desk.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    editor.arrive(0)
    desk.open(TEXT, URI)
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert not (await response)["result"]["applied"]
    assert editor.edits == []
    assert CLOSE_IT in desk.messages()[-1]


async def test_changes_after_the_document_was_let_go(open_desk):
    """What was passed over until the person closed the document is of no matter when it is opened again."""
    desk, _ = await opened(open_desk)
    document = {"uri": URI, "version": 9}
    nonsense = {"range": {"start": {"line": -1, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "x"}
    for change in (nonsense, {"text": "x"}):
        desk.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    desk.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    desk.open(TEXT, URI)
    assert desk.server.documents.get(URI).in_step


async def out_of_step(open_desk):
    """A document to which a change came too late."""
    desk, editor = await opened(open_desk)
    too_large(editor)
    editor.arrive(0)
    assert not desk.server.documents.get(URI).in_step
    return desk, editor


async def test_result_that_was_kept_before(open_desk):
    """What waits to be applied is shown then, for it would go with the closing."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.at_once = True
    editor.type(URI, span(1, 3, 1, 4), "_")
    desk.services.completer.say(REPLY)
    kept = (await response)["result"]["kept"]
    editor.at_once = False
    too_large(editor)
    editor.arrive(0)
    result = await desk.request("workspace/executeCommand", {"command": "dragoman.kept.apply", "arguments": [kept]})
    assert not result["applied"]
    assert CLOSE_IT in desk.messages()[-1]
    assert "new words" in result["markdown"]


@pytest.mark.parametrize("way", ["opened", "closed and opened", "whole text"])
async def test_in_step_again(open_desk, way):
    """Opened again or sent whole, the document takes edits as before."""
    desk, editor = await out_of_step(open_desk)
    if way == "whole text":
        editor.versions[URI] += 1
        document = {"uri": URI, "version": editor.versions[URI]}
        desk.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": TEXT}]})
        editor.buffers[URI] = TEXT
    else:
        if way == "closed and opened":
            editor.close(URI)
        editor.open(TEXT, URI, "plaintext")
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert same(desk, editor)
