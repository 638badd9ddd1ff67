"""Opening, changing and closing documents, and following a place in them."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.text import Position, Range
from lsp.desk import FULL, at, span

URI = "file:///project/a.txt"


def change(desk, version, *changes, uri=URI):
    """A didChange."""
    desk.notify(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}
    )


async def test_fault_4_lines_end_where_the_protocol_says(desk):
    """A form feed, U+0085 or U+2028 ends no line, so positions behind them are where the editor has them."""
    uri = desk.open("a\x0cb\x85c\u2028d\nsecond")
    change(desk, 2, {"range": span(0, 6, 0, 7), "text": "D"})
    change(desk, 3, {"range": span(1, 0, 1, 6), "text": "SECOND"})
    assert desk.lines_of(uri) == "a\x0cb\x85c\u2028D\nSECOND"


async def test_changes_of_one_message_follow_each_other(desk):
    """Each change of a didChange speaks of the text after the one before it."""
    uri = desk.open("😀b")
    change(
        desk,
        2,
        {"range": span(0, 0, 0, 2), "text": "one\ntwo😀"},
        {"range": span(1, 5, 1, 6), "text": "B"},
        {"text": "x\r\n"},
    )
    assert desk.lines_of(uri) == "x\r\n"


async def test_fault_3_change_that_makes_no_sense_lets_the_document_go(desk):
    """After a change that can't be understood the document is out of step: it is let go, and the person told once."""
    uri = desk.open("one two")
    change(desk, 2, {"range": {"start": at(-1, 0), "end": at(0, 0)}, "text": "x"})
    change(desk, 3, {"range": span(0, 0, 0, 0), "text": "y"})
    assert desk.server.documents.get(uri) is None
    assert desk.messages() == [
        "Dragoman: a.txt is out of step: its last change can't be understood. Close it and open it again."
    ]
    desk.open("again")
    assert desk.lines_of(uri) == "again"


async def test_change_of_an_unopened_document_is_passed_over(desk):
    """A change of what was never opened, or was closed, does nothing."""
    change(desk, 2, {"text": "x"})
    uri = desk.open("one")
    desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    change(desk, 2, {"text": "x"})
    desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert len(desk.server.documents) == 0
    assert desk.server.documents.last_touched is None


async def test_second_open_starts_anew(desk):
    """A didOpen without a didClose before it replaces the document."""
    uri = desk.open("one", version=7)
    before = desk.server.documents.get(uri)
    desk.open("two", version=1)
    assert before.is_closed()
    assert desk.lines_of(uri) == "two"
    assert desk.server.documents.get(uri).version == 1


@pytest.mark.parametrize(
    ("opened", "asked"),
    [
        ("file:///project/%28group%29/a%40b.py", "file:///project/(group)/a@b.py"),
        ("file:///project/a b.py", "file:///project/a%20b.py"),
        ("file:///project/%C3%A9.py", "file:///project/é.py"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
    ],
)
async def test_spellings_of_one_uri(desk, opened, asked):
    """Editors differ in which characters of a URI they escape; the document is the same."""
    desk.open("text", uri=opened)
    assert desk.server.documents.get(asked).uri == opened
    desk.notify("textDocument/didClose", {"textDocument": {"uri": asked}})
    assert len(desk.server.documents) == 0


async def test_last_touched_document_is_the_one_last_typed_in(desk):
    """Commands that name no document mean the one where the person was last."""
    first, second = desk.open("1", uri="file:///project/1"), desk.open("2", uri="file:///project/2")
    assert desk.server.documents.last_touched == second
    change(desk, 2, {"text": "one"}, uri=first)
    assert desk.server.documents.last_touched == first
    desk.notify("textDocument/didClose", {"textDocument": {"uri": first}})
    assert desk.server.documents.last_touched is None


async def test_answer_that_opens_by_itself_is_not_where_the_person_is(desk):
    """Commands that name no document go on meaning the code when an answer opens, until something is done there."""
    code, answer = desk.open("code", uri="file:///project/1"), "file:///answers/1.md"
    desk.server.documents.expect_answer(answer)
    desk.open("answer", uri=answer)
    assert desk.server.documents.last_touched == code
    change(desk, 2, {"text": "and why?"}, uri=answer)
    assert desk.server.documents.last_touched == answer


async def test_typing_moves_the_selection_that_is_assumed(desk):
    """What the person typed last is where a command without a range works."""
    uri = desk.open("one\ntwo\n")
    change(desk, 2, {"range": span(1, 3, 1, 3), "text": "!"})
    assert desk.server.documents.get(uri).selection == Range(Position(1, 4), Position(1, 4))


async def test_snapshot_does_not_change(desk):
    """A snapshot is for good, and asking twice costs nothing."""
    uri = desk.open("one")
    document = desk.server.documents.get(uri)
    snapshot = document.snapshot()
    assert document.snapshot() is snapshot
    change(desk, 2, {"text": "two"})
    assert (snapshot.text, snapshot.version) == ("one", 1)
    assert (document.snapshot().text, document.snapshot().version) == ("two", 2)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], "utf-16"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-7", "utf-8"], "utf-8"),
        (["utf-7"], "utf-16"),
        (None, "utf-16"),
    ],
)
async def test_position_encoding(open_desk, offered, chosen):
    """The client's first known encoding is taken, UTF-16 where it names none, and initialize says which."""
    general = {} if offered is None else {"general": {"positionEncodings": offered}}
    desk = await open_desk({**FULL, "general": {}, **general})
    assert desk.server.facts.encoding == chosen
    assert (
        next(message for message in desk.said if "result" in message)["result"]["capabilities"]["positionEncoding"]
        == chosen
    )


async def test_recent_documents(desk):
    """What was changed last comes first, closed or not; then what was opened last; nothing that is no file."""
    for name in ("a", "b", "c", "d"):
        desk.open("text", f"file:///project/{name}.txt")
    desk.open("text", "untitled:Untitled-1")
    for name, version in (("c", 2), ("a", 2)):
        await asyncio.sleep(1)
        change(desk, version, {"text": "new"}, uri=f"file:///project/{name}.txt")
    for name in ("b", "c"):
        desk.notify("textDocument/didClose", {"textDocument": {"uri": f"file:///project/{name}.txt"}})
    assert desk.server.documents.recent() == ("/project/a.txt", "/project/c.txt", "/project/d.txt")
    desk.open("text", "file:///project/c.txt")
    assert desk.server.documents.recent()[:2] == ("/project/a.txt", "/project/c.txt")


async def test_of_closed_documents_only_the_last_are_remembered(desk):
    """However many are edited and closed."""
    for number in range(50):
        uri = f"file:///project/{number}.txt"
        desk.open("text", uri)
        await asyncio.sleep(1)
        change(desk, 2, {"text": "new"}, uri=uri)
        desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    recent = desk.server.documents.recent()
    assert recent[0] == "/project/49.txt"
    assert len(recent) == 20


async def test_a_notebooks_cell_is_no_recent_file(desk):
    """A cell is a part of a file: neither open nor closed after an edit is it one that could be read."""
    uri = desk.open("text", "file:///project/n.ipynb#c1")
    await asyncio.sleep(1)
    change(desk, 2, {"text": "new"}, uri=uri)
    assert desk.server.documents.recent() == ()
    desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert desk.server.documents.recent() == ()
