r"""Lines, positions, edits and how they move: the cases that a person can read."""

from __future__ import annotations

import pytest

from dragoman.core.text import (
    Encoding,
    Position,
    Range,
    Snapshot,
    TextEdit,
    apply,
    before_last_line_end,
    clamp,
    content_length,
    diff,
    end_of,
    from_units,
    meets_carriage_return,
    moved,
    rebase,
    splice,
    split_lines,
    touches,
    units,
    without_line_end,
)


def at(line: int, character: int) -> Position:
    """A position."""
    return Position(line, character)


def span(first: int, start: int, last: int, end: int) -> Range:
    """A range."""
    return Range(at(first, start), at(last, end))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("\n", ["\n", ""]),
        ("a\r\nb", ["a\r\n", "b"]),
        ("a\rb\r", ["a\r", "b\r", ""]),
        ("\r\r\n\n", ["\r", "\r\n", "\n", ""]),
        ("\n\r", ["\n", "\r", ""]),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g", ["a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"]),
        ("\r\x0c\u2028", ["\r", "\x0c\u2028"]),
    ],
)
def test_lines_end_where_the_protocol_says(text, lines):
    r"""Only `\n`, `\r\n` and `\r` end a line, and the last line has no end."""
    assert split_lines(text) == lines


@pytest.mark.parametrize(("line", "length"), [("", 0), ("ab", 2), ("ab\n", 2), ("ab\r", 2), ("ab\r\n", 2), ("\r\n", 0)])
def test_content_length_leaves_the_line_end_out(line, length):
    """A line's content is what stands before its end."""
    assert content_length(line) == length


@pytest.mark.parametrize(
    ("position", "nearest"),
    [
        (at(-1, 5), at(0, 0)),
        (at(0, -3), at(0, 0)),
        (at(0, 1), at(0, 1)),
        (at(0, 9), at(0, 2)),
        (at(1, 9), at(1, 1)),
        (at(2, 0), at(1, 1)),
        (at(10**9, 10**9), at(1, 1)),
    ],
)
def test_positions_past_an_end_mean_that_end(position, nearest):
    """A position past a line's end is that end, one past the last line is the text's end."""
    assert clamp(["ab\r\n", "c"], position) == nearest


@pytest.mark.parametrize(
    ("encoding", "counts"),
    [(Encoding.UTF8, [0, 1, 3, 6, 10, 11]), (Encoding.UTF16, [0, 1, 2, 3, 5, 6]), (Encoding.UTF32, [0, 1, 2, 3, 4, 5])],
)
def test_units_of_each_encoding(encoding, counts):
    """Each character counts as many units as its encoding needs, and each such count leads back to it."""
    line = "aé漢😀b\n"
    assert [units(line, character, encoding) for character in range(6)] == counts
    assert [from_units(line, count, encoding) for count in counts] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("encoding", "inside"), [(Encoding.UTF8, (1, 2, 3)), (Encoding.UTF16, (1,))])
def test_count_inside_a_character_means_the_place_before_it(encoding, inside):
    """A position in the middle of a surrogate pair or of UTF-8 bytes is the place before the character."""
    assert [from_units("😀b", count, encoding) for count in inside] == [0] * len(inside)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_units_past_the_line_mean_its_end(encoding):
    """A count past the content is the content's end, never inside the line end."""
    assert from_units("😀\r\n", 99, encoding) == 1
    assert from_units("ab\r\n", 3, encoding) == 2
    assert from_units("ab", -1, encoding) == 0


@pytest.mark.parametrize(
    ("text", "end"), [("", at(3, 4)), ("ab", at(3, 6)), ("a\n", at(4, 0)), ("a\r\nbc", at(4, 2)), ("\r\n\r", at(5, 0))]
)
def test_end_of_a_text_that_begins_somewhere(text, end):
    """A text without a line end moves along its line; with one, it ends on a later line."""
    assert end_of(at(3, 4), text) == end


def spliced(text: str, edit: TextEdit) -> list[str]:
    """The lines of the edited text."""
    lines = split_lines(text)
    splice(lines, edit)
    return lines


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ("ab\ncd", TextEdit(span(0, 1, 1, 1), "X"), ["aXd"]),
        ("ab\ncd", TextEdit(span(1, 1, 0, 1), "X"), ["aXd"]),
        ("ab\ncd", TextEdit(span(0, 2, 0, 2), "\nnew"), ["ab\n", "new\n", "cd"]),
        ("ab\ncd", TextEdit(span(9, 9, 9, 9), "\n"), ["ab\n", "cd\n", ""]),
        ("a\rb", TextEdit(span(1, 0, 1, 0), "\n"), ["a\r\n", "b"]),
        ("ab\n", TextEdit(span(0, 1, 0, 2), "\r"), ["a\r\n", ""]),
        ("a\rx\nb", TextEdit(span(1, 0, 1, 1), ""), ["a\r\n", "b"]),
        ("", TextEdit(span(0, 0, 0, 0), "x\r"), ["x\r", ""]),
    ],
)
def test_splice(before, edit, after):
    """One edit changes the lines as it would change the text, also where a carriage return meets a line feed."""
    lines = spliced(before, edit)
    assert lines == after
    assert lines == split_lines("".join(lines))


def test_halves_of_a_line_end_that_meet_are_noticed():
    """An edit that joins a carriage return and a line feed says so, others do not."""
    assert meets_carriage_return(["a\r", "b"], TextEdit(span(1, 0, 1, 0), "\n"))
    assert meets_carriage_return(["a\n", "b"], TextEdit(span(0, 1, 0, 1), "\r"))
    assert meets_carriage_return(["a\r", "x\n", ""], TextEdit(span(1, 0, 1, 1), ""))
    assert not meets_carriage_return(["a\r", "b"], TextEdit(span(1, 1, 1, 1), "\n"))
    assert not meets_carriage_return(["a\n", "b"], TextEdit(span(1, 0, 1, 0), "\n"))


@pytest.mark.parametrize(
    ("position", "edit", "early", "late"),
    [
        (at(0, 1), TextEdit(span(0, 2, 0, 3), "xyz"), at(0, 1), at(0, 1)),
        (at(0, 5), TextEdit(span(0, 2, 0, 3), "xyz"), at(0, 7), at(0, 7)),
        (at(0, 5), TextEdit(span(0, 2, 0, 3), "x\nyz"), at(1, 4), at(1, 4)),
        (at(4, 1), TextEdit(span(0, 2, 2, 0), ""), at(2, 1), at(2, 1)),
        (at(0, 2), TextEdit(span(0, 2, 0, 2), "xy"), at(0, 2), at(0, 4)),
        (at(0, 3), TextEdit(span(0, 2, 0, 5), "xy"), at(0, 2), at(0, 4)),
        (at(0, 5), TextEdit(span(0, 2, 0, 5), "xy"), at(0, 4), at(0, 4)),
    ],
)
def test_positions_move_with_the_text(position, edit, early, late):
    """A position keeps its place in the text; where its own place is replaced it goes to one end of what is new."""
    assert moved(position, edit, after_insertion=False) == early
    assert moved(position, edit, after_insertion=True) == late


@pytest.mark.parametrize(
    ("edit", "touched"),
    [
        (TextEdit(span(1, 0, 1, 0), "right before"), False),
        (TextEdit(span(1, 4, 1, 4), "right behind"), False),
        (TextEdit(span(1, 2, 1, 2), "inside"), True),
        (TextEdit(span(0, 0, 1, 0), ""), False),
        (TextEdit(span(0, 0, 1, 1), ""), True),
        (TextEdit(span(1, 3, 2, 0), ""), True),
        (TextEdit(span(1, 4, 2, 0), ""), False),
        (TextEdit(span(0, 0, 9, 0), ""), True),
    ],
)
def test_what_touches_a_target(edit, touched):
    """A change of the target's own text touches it; typing right beside it does not."""
    assert touches(span(1, 0, 1, 4), edit) is touched


def test_typing_at_an_empty_target_touches_it():
    """An empty target has no text of its own: whatever is put in there competes with it."""
    target = span(1, 2, 1, 2)
    assert touches(target, TextEdit(span(1, 2, 1, 2), "x"))
    assert touches(target, TextEdit(span(1, 0, 1, 2), ""))
    assert not touches(target, TextEdit(span(1, 3, 1, 3), "x"))


def test_touched_target_grows_over_what_was_put_in():
    """After an edit that touches it, the target holds all of the new text, so that nothing of it is left beside."""
    target = span(1, 2, 1, 6)
    assert rebase(target, TextEdit(span(1, 0, 1, 3), "abcdef")) == span(1, 0, 1, 9)
    assert rebase(target, TextEdit(span(1, 5, 2, 1), "\n\n")) == span(1, 2, 3, 0)


def test_snapshot_knows_its_places():
    """Offsets and positions lead to each other, and the end is behind the last character."""
    snapshot = Snapshot.of("ab\r\n😀c\n")
    assert snapshot.end == at(2, 0)
    assert snapshot.offset(at(1, 1)) == 5
    assert snapshot.position(5) == at(1, 1)
    assert snapshot.position(3) == at(0, 2), "inside a line end is before it"
    assert snapshot.position(99) == at(2, 0)
    assert snapshot.slice(span(0, 1, 1, 1)) == "b\r\n😀"
    assert snapshot.slice(snapshot.whole) == snapshot.text


@pytest.mark.parametrize(
    ("selected", "widened"),
    [
        (span(0, 1, 1, 1), span(0, 0, 1, 2)),
        (span(0, 1, 1, 0), span(0, 0, 0, 2)),
        (span(1, 0, 1, 0), span(1, 0, 1, 2)),
        (span(2, 0, 2, 0), span(2, 0, 2, 0)),
    ],
)
def test_selection_widened_to_whole_lines(selected, widened):
    """Whole lines without the last one's end; an end at a line's start leaves that line out."""
    assert Snapshot.of("ab\ncd\n").full_lines(selected) == widened


@pytest.mark.parametrize(
    ("text", "line_end"), [("", "\n"), ("a", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\rb", "\r"), ("a\nb\r\n", "\n")]
)
def test_line_end_that_a_document_uses_most(text, line_end):
    """New lines take the line end that is there already; the plain one where there is none."""
    assert Snapshot.of(text).line_end == line_end


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("same", "same", []),
        ("a\nb\nc\n", "a\nX\nc\n", [TextEdit(span(1, 0, 1, 1), "X")]),
        ("a\nb\n", "a\nb\nc\n", [TextEdit(span(2, 0, 2, 0), "c\n")]),
        ("a\nb\nc\n", "a\nc\n", [TextEdit(span(1, 0, 2, 0), "")]),
        ("call(one)\n", "call(two)\n", [TextEdit(span(0, 5, 0, 8), "two")]),
        ("", "x", [TextEdit(span(0, 0, 0, 0), "x")]),
        ("a\r\nb", "a\nb", [TextEdit(span(0, 1, 1, 0), "\n")]),
    ],
)
def test_diff_is_small(old, new, edits):
    """Only what differs is replaced."""
    assert diff(old, new) == edits


@pytest.mark.parametrize(
    ("text", "edit", "said"),
    [
        ("a\nb\n", TextEdit(span(2, 0, 2, 0), "c\n"), TextEdit(span(1, 1, 1, 1), "\nc")),
        ("a\r\n", TextEdit(span(1, 0, 1, 0), "b\r\n"), TextEdit(span(0, 1, 0, 1), "\r\nb")),
        ("a\r\n", TextEdit(span(1, 0, 1, 0), "b\n"), None),
        ("a\n", TextEdit(span(1, 0, 1, 0), "b"), None),
        ("a\nb", TextEdit(span(1, 1, 1, 1), "c\n"), None),
        ("a\nb\n", TextEdit(span(1, 0, 2, 0), "c\n"), None),
        ("", TextEdit(span(0, 0, 0, 0), "a\n"), None),
    ],
)
def test_lines_put_before_the_last_line_end(text, edit, said):
    """Only whole lines behind the last line end can be said to come before it."""
    assert before_last_line_end(split_lines(text), edit) == (said or edit)


@pytest.mark.parametrize("text", ["a", "a\n", "a\r\n", "a\r"])
def test_text_without_its_line_end(text):
    """One line end is taken away, where there is one."""
    assert without_line_end(text) == "a"
    assert without_line_end(f"a\n{text}") == "a\na"


def test_diff_of_a_piece_speaks_of_the_whole():
    """A piece that begins in mid-line gives edits in the document's own positions."""
    document = Snapshot.of("let x = old(1);\nrest\n")
    edits = diff("old(1);\nrest", "new(1);\nmore", at(0, 8))
    assert apply(document.lines, edits) == "let x = new(1);\nmore\n"


def test_edits_speak_of_the_text_before_any_of_them():
    """Edits in any order are applied as LSP means them: none sees another's result."""
    edits = [TextEdit(span(0, 0, 0, 1), "first\n"), TextEdit(span(1, 0, 1, 1), "second")]
    assert apply(["a\n", "b"], edits) == "first\n\nsecond"
    assert apply(["a\n", "b"], edits[::-1]) == "first\n\nsecond"


def test_large_document_is_edited_in_place():
    """Editing one line of a large text leaves every other line the very same object."""
    lines = [f"line {number}\n" for number in range(50_000)]
    kept = lines[40_000]
    splice(lines, TextEdit(span(10, 0, 10, 4), "Line"))
    assert lines[10] == "Line 10\n"
    assert lines[40_000] is kept
