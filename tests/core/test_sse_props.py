"""Properties of the splitters: chunking never shows, and what was written is read."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.sse import EventSplitter, LineSplitter

PIECES = st.lists(
    st.sampled_from(
        [b"data", b":", b" ", b"\n", b"\r", b"\r\n", b"event", b"x", "世".encode(), b"\xff", b"\xef\xbb\xbf"]
    ),
    max_size=40,
)


@given(PIECES, st.data())
def test_any_chunking_gives_the_same_events_and_lines(pieces, data):
    """Where the network cuts never shows, with any mixture of line ends."""
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    for splitter in (EventSplitter, LineSplitter):
        whole, split = splitter(), splitter()
        assert [item for chunk in chunks for item in split.feed(chunk)] == whole.feed(stream)


@given(
    st.lists(
        st.tuples(st.sampled_from(["message", "delta"]), st.text(st.characters(exclude_characters="\r", codec="utf-8")))
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_is_written_as_events_is_read_again(events, line_end):
    """Any text, split at its newlines into data lines, comes back whole."""
    stream = "".join(
        f"event: {name}{line_end}" + "".join(f"data: {line}{line_end}" for line in text.split("\n")) + line_end
        for name, text in events
    )
    assert EventSplitter().feed(stream.encode()) == events
