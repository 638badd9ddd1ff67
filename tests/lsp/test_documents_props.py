r"""The server's document stays in step with the editor's, whatever is typed and in whatever units positions come."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.text import Range, TextEdit, meets_carriage_return
from dragoman.lsp.documents import Document
from lsp.desk import FULL, Desk
from virtual_time import VirtualTimeLoop

CHARACTERS = "ab \r\n\r\n\n\t\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029é漢😀\U0001f468\u200d\u0301"
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=40)
ENCODINGS = ("utf-8", "utf-16", "utf-32")

# A change: two places as fractions of the text, how far each lies past where it could, the new text; or a whole text.
PLACES = st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 0, 0, 1, 1000]), st.sampled_from([0, 0, 0, 0, 0, 1, 50]))
CHANGES = st.one_of(
    st.tuples(PLACES, PLACES, st.text(st.sampled_from(CHARACTERS), max_size=8)),
    st.tuples(PLACES, PLACES, st.text(st.sampled_from(CHARACTERS), max_size=8)),
    st.tuples(PLACES, PLACES, st.text(st.sampled_from(CHARACTERS), max_size=8)),
    TEXTS,
)


def size(character: str, encoding: str) -> int:
    """Units of one character."""
    return {"utf-8": len(character.encode()), "utf-16": 1 + (character > "\uffff"), "utf-32": 1}[encoding]


def starts(text: str) -> list[int]:
    """Offsets at which lines begin, by counting."""
    found = [0]
    for index, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[index + 1 : index + 2] != "\n"):
            found.append(index + 1)
    return found


def position_of(text: str, offset: int, encoding: str) -> dict[str, int]:
    """The editor's position of an offset; one inside a line end is before it."""
    if text[max(0, offset - 1) : offset + 1] == "\r\n":
        offset -= 1
    begins = starts(text)
    line = max(index for index, start in enumerate(begins) if start <= offset)
    return {"line": line, "character": sum(size(character, encoding) for character in text[begins[line] : offset])}


def offset_of(text: str, position: dict[str, int], encoding: str) -> int:
    """The offset that a position means: past a line's content its end, past the last line the text's end."""
    begins = starts(text)
    if position["line"] >= len(begins):
        return len(text)
    offset = begins[position["line"]]
    count = 0
    while offset < len(text) and text[offset] not in "\r\n":
        count += size(text[offset], encoding)
        if count > position["character"]:
            break
        offset += 1
    return offset


@pytest.fixture(scope="module", params=ENCODINGS)
def typing_desk(request):
    """A desk whose client counts in one encoding, and what runs coroutines there."""

    async def started():
        desk = Desk()
        await desk.start({**FULL, "general": {"positionEncodings": [request.param]}})
        return desk

    loop = VirtualTimeLoop()
    try:
        desk = loop.run_until_complete(started())
        yield desk, loop, request.param, itertools.count()
        loop.run_until_complete(desk.leave())
    finally:
        loop.close()


@settings(max_examples=400)
@given(text=TEXTS, changes=st.lists(CHANGES, max_size=30), together=st.integers(1, 4))
def test_document_stays_in_step(typing_desk, text, changes, together):
    """Through any changes, one or several in a message, the server's text is the one that plain counting gives."""
    desk, loop, encoding, numbers = typing_desk

    async def typing():
        nonlocal text
        uri = desk.open(text, uri=f"file:///project/{next(numbers)}.txt")
        for version, first in enumerate(range(0, len(changes), together), 2):
            sent = []
            for change in changes[first : first + together]:
                if isinstance(change, str):
                    sent.append({"text": change})
                    text = change
                    continue
                ends = []
                for fraction, more_characters, more_lines in change[:2]:
                    position = position_of(text, round(fraction * len(text)), encoding)
                    ends.append(
                        {
                            "line": position["line"] + more_lines,
                            "character": position["character"] + more_characters,
                        }
                    )
                a, b = sorted(offset_of(text, end, encoding) for end in ends)
                sent.append({"range": {"start": ends[0], "end": ends[1]}, "text": change[2]})
                text = text[:a] + change[2] + text[b:]
            document = {"uri": uri, "version": version}
            desk.notify("textDocument/didChange", {"textDocument": document, "contentChanges": sent})
            assert desk.lines_of(uri) == text
            assert desk.server.documents.get(uri).snapshot().text == text
        desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    loop.run_until_complete(typing())
    assert len(desk.server.documents) == 0


BREAKS = ("\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
"""Everything that somebody takes for a line's end (Unicode 5.8, Python's `splitlines`); to LSP the first three are."""


def test_every_break_at_every_place(typing_desk):
    """Around each kind of break, whatever is put in or taken out at each place is what plain counting says."""
    desk, loop, encoding, numbers = typing_desk

    async def typing(line_break):
        uri = desk.open("", uri=f"file:///project/{next(numbers)}.txt")
        text = f"é😀{line_break}x\r\n{line_break}\U0001f468y"
        version = itertools.count(2)
        for start in range(len(text) + 1):
            for length, new in ((0, "z"), (1, ""), (1, line_break), (2, f"{line_break}\n")):
                ends = [position_of(text, min(place, len(text)), encoding) for place in (start, start + length)]
                a, b = (offset_of(text, end, encoding) for end in ends)
                changes = [{"text": text}, {"range": {"start": ends[0], "end": ends[1]}, "text": new}]
                document = {"uri": uri, "version": next(version)}
                desk.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
                assert desk.lines_of(uri) == text[:a] + new + text[b:]
        desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    for line_break in BREAKS:
        loop.run_until_complete(typing(line_break))


SMALL = st.text(st.sampled_from("ab\n\r\r\n😀"), max_size=24)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.text(st.sampled_from("xy\n\r"), max_size=3)), max_size=8
)


class Followed:
    """A document, and its characters as objects with an identity."""

    def __init__(self, text: str) -> None:
        self.document = Document("file:///a", "plaintext", 1, text)
        self.characters = [[character] for character in text]

    def range(self, start: float, end: float) -> tuple[int, int, Range]:
        """A range between two fractions of the text, as offsets and as positions."""
        snapshot = self.document.snapshot()
        first, last = sorted(round(fraction * len(self.characters)) for fraction in (start, end))
        found = Range(snapshot.position(first), snapshot.position(last))
        return snapshot.offset(found.start), snapshot.offset(found.end), found


def in_loop(check) -> None:
    """A document wants a loop's clock."""
    loop = VirtualTimeLoop()
    try:
        loop.run_until_complete(asyncio.wait_for(check(), 10))
    finally:
        loop.close()


@settings(max_examples=600)
@given(text=SMALL, ends=st.tuples(st.floats(0, 1), st.floats(0, 1)), edits=EDITS)
def test_carried_target_is_the_same_characters(text, ends, edits):
    """An untouched target holds the very characters it held; a touched one says so, and has those that are left."""

    async def check():
        followed = Followed(text)
        start, end, target = followed.range(*ends)
        journal = followed.document.start_journal()
        held, touched = followed.characters[start:end], False
        for version, (a, b, new) in enumerate(edits, 2):
            first, last, changed = followed.range(a, b)
            edit = TextEdit(changed, new)
            if meets_carriage_return(followed.document.lines, edit):
                continue  # journalled as a difference of texts, where equal characters have no identity
            if not touched:
                inside = (start < first < end) if first == last else (first < end and last > start)
                touched = (first <= start <= last) if start == end else inside
                if not touched and last <= start:
                    start, end = start + len(new) - (last - first), end + len(new) - (last - first)
            followed.characters[first:last] = [[character] for character in new]
            followed.document.change(version, [edit])
        carried = journal.carry(target)
        assert carried.touched is touched
        snapshot = followed.document.snapshot()
        first, last = snapshot.offset(carried.range.start), snapshot.offset(carried.range.end)
        now = followed.characters[first:last]
        if touched:
            left = [one for one in followed.characters if any(one is other for other in held)]
            assert all(any(one is other for other in now) for one in left)
        else:
            assert (first, last) == (start, end)
            assert all(one is other for one, other in zip(now, held, strict=True))

    in_loop(check)


@settings(max_examples=400)
@given(
    text=SMALL, ends=st.tuples(st.floats(0, 1), st.floats(0, 1)), edits=st.lists(st.one_of(EDITS, SMALL), max_size=4)
)
def test_carried_target_through_whole_texts(text, ends, edits):
    """Through whole texts and halves of line ends too, an untouched target holds the text that it held."""

    async def check():
        followed = Followed(text)
        _, _, target = followed.range(*ends)
        before = followed.document.snapshot().slice(target)
        journal = followed.document.start_journal()
        for version, change in enumerate(edits, 2):
            if isinstance(change, str):
                changes = [change]
                followed.characters = [[character] for character in change]
            else:
                changes = []
                for a, b, new in change[:1]:
                    first, last, changed = followed.range(a, b)
                    followed.characters[first:last] = [[character] for character in new]
                    changes.append(TextEdit(changed, new))
            followed.document.change(version, changes)
            assert followed.document.snapshot().text == "".join(one for (one,) in followed.characters)
        carried = journal.carry(target)
        snapshot = followed.document.snapshot()
        assert snapshot.clamp(carried.range) == carried.range
        if not carried.touched:
            assert snapshot.slice(carried.range) == before

    in_loop(check)
