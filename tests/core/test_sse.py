"""The splitters against the WHATWG HTML standard, section 9.2.6, and against hostile streams."""

from __future__ import annotations

import pytest

from dragoman.core.errors import StreamingError
from dragoman.core.sse import EventSplitter, LineSplitter

EVENTS = [
    pytest.param("data: a\n\n", [("message", "a")], id="one"),
    pytest.param("data:a\n\n", [("message", "a")], id="no space"),
    pytest.param("data:  a \n\n", [("message", " a ")], id="one space only"),
    pytest.param("data: a\ndata: b\n\n", [("message", "a\nb")], id="two lines"),
    pytest.param("data\n\n", [("message", "")], id="field without colon"),
    pytest.param("data\ndata\n\ndata:", [("message", "\n")], id="the standard's third example"),
    pytest.param("event: x\ndata: a\n\ndata: b\n\n", [("x", "a"), ("message", "b")], id="type lasts one event"),
    pytest.param("event: x\n\ndata: b\n\n", [("message", "b")], id="type without data is dropped"),
    pytest.param("event:\ndata: b\n\n", [("message", "b")], id="empty type"),
    pytest.param(": c\nid: 1\nretry: 5\nfoo: bar\ndata: a\n\n", [("message", "a")], id="other fields"),
    pytest.param("data: a:b: c\n\n", [("message", "a:b: c")], id="colons in data"),
    pytest.param("Data: a\n data: b\n\n", [], id="names are exact"),
    pytest.param("\n\n\ndata: a\n\n\n", [("message", "a")], id="empty lines"),
    pytest.param("data: a", [], id="no line end"),
    pytest.param("data: a\n", [], id="no empty line"),
    pytest.param("data: a\r\rdata: b\r\n\r\ndata: c\n\r", [("message", x) for x in "abc"], id="all line ends"),
    pytest.param("\ufeffdata: a\n\n", [("message", "a")], id="BOM"),
    pytest.param("\ufeff\n\ndata: a\n\n", [("message", "a")], id="BOM alone on its line"),
    pytest.param("data: \ufeffa\n\n\ufeffdata: b\n\n", [("message", "\ufeffa")], id="BOM elsewhere"),
    pytest.param(
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\n\n", [("message", "a\u2028b\u2029c\x85d\x0be\x0cf")], id="not U+2028"
    ),
    pytest.param("data: 世界🌍\n\n", [("message", "世界🌍")], id="characters of several bytes"),
]


@pytest.mark.parametrize(("stream", "events"), EVENTS)
def test_events_are_split_as_the_standard_says(stream, events):
    """A stream read at once gives the standard's events."""
    assert EventSplitter().feed(stream.encode()) == events


@pytest.mark.parametrize(("stream", "events"), EVENTS)
def test_events_are_the_same_byte_by_byte(stream, events):
    """A stream read byte by byte gives the same events."""
    splitter = EventSplitter()
    assert [event for byte in stream.encode() for event in splitter.feed(bytes([byte]))] == events


def test_an_event_comes_with_its_last_byte():
    """No byte more is waited for: a CR ends the empty line at once, and an LF after it is part of the same end."""
    splitter = EventSplitter()
    assert splitter.feed(b"data: a\r\n\r") == [("message", "a")]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"\ndata: b\n") == []
    assert splitter.feed(b"\n") == [("message", "b")]


def test_bytes_that_are_no_utf_8_are_replaced():
    """Broken bytes harm their own character only."""
    assert EventSplitter().feed(b"data: a\xffb\xe4\n\n") == [("message", "a\ufffdb\ufffd")]


@pytest.mark.parametrize("piece", [b"a", b"abc", b"a" * 200])
@pytest.mark.parametrize("splitter", [EventSplitter, LineSplitter])
def test_an_endless_line_is_refused(splitter, piece):
    """A line that never ends is refused at the limit, however it comes."""
    endless = splitter(limit=100)
    for _ in range(100 // len(piece)):
        assert endless.feed(piece) == []
    with pytest.raises(StreamingError, match="more than 100 bytes"):
        endless.feed(piece)


def test_an_endless_event_is_refused():
    """Short lines that never end their event are refused at the same limit."""
    endless = EventSplitter(limit=100)
    for _ in range(25):
        assert endless.feed(b"data: four\n") == []
    with pytest.raises(StreamingError, match="more than 100 characters"):
        endless.feed(b"data: four\n")


def test_many_short_lines_are_no_long_one():
    """A piece far beyond the limit is fine where its lines are not."""
    assert len(EventSplitter(limit=100).feed(b"data: a\n\n" * 1000)) == 1000
    assert len(LineSplitter(limit=100).feed(b"{}\n" * 1000)) == 1000


def test_lines_are_split():
    """Lines come without their ends; empty ones and a BOM at the start say nothing; U+2028 is content."""
    splitter = LineSplitter()
    stream = "\ufeff{1}\r\n\n  \n{2\u2028}\n{3".encode()
    assert [line for byte in stream for line in splitter.feed(bytes([byte]))] == ["{1}", "{2\u2028}"]
    assert splitter.close() == ["{3"]
    assert splitter.close() == []
