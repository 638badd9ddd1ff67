r"""What holds for any text, any edit and any encoding, against plain counting."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

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
    from_units,
    meets_carriage_return,
    moved,
    rebase,
    splice,
    split_lines,
    touches,
    units,
)

CHARACTERS = "ab c\r\n\r\n\n\t\x0b\x0c\x1c\x85\u2028\u2029é漢😀\u0301\u200d\ud83d"
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=30)
ENCODINGS = st.sampled_from(list(Encoding))


def lines_by_counting(text: str) -> list[str]:
    """The lines, one character at a time."""
    lines, line = [], ""
    for index, character in enumerate(text):
        line += character
        if character == "\n" or (character == "\r" and text[index + 1 : index + 2] != "\n"):
            lines.append(line)
            line = ""
    return [*lines, line]


@st.composite
def text_with_ranges(draw, count: int = 1):
    """A text and ranges in it, their starts first and never inside a line end."""
    lines = split_lines(draw(TEXTS))

    def position():
        line = draw(st.integers(0, len(lines) - 1))
        return Position(line, draw(st.integers(0, content_length(lines[line]))))

    return lines, [Range(*sorted((position(), position()))) for _ in range(count)]


@given(TEXTS)
def test_lines_are_those_of_plain_counting(text):
    """Splitting agrees with reading character by character, and joining gives the text back."""
    assert split_lines(text) == lines_by_counting(text)
    assert "".join(split_lines(text)) == text


@given(text_with_ranges(), TEXTS)
def test_splice_is_the_edit_of_the_text(document, new):
    """Editing the lines is the same as editing the text."""
    lines, (range_,) = document
    text, snapshot = "".join(lines), Snapshot.of("".join(lines))
    start, end = snapshot.offset(range_.start), snapshot.offset(range_.end)
    splice(lines, TextEdit(range_, new))
    assert lines == split_lines(text[:start] + new + text[end:])


@given(TEXTS, st.integers(-2, 9), st.integers(-2, 40))
def test_clamped_position_exists(text, line, character):
    """Any position has a nearest one that exists, and one that exists is its own."""
    lines = split_lines(text)
    nearest = clamp(lines, Position(line, character))
    assert 0 <= nearest.line < len(lines)
    assert 0 <= nearest.character <= content_length(lines[nearest.line])
    assert clamp(lines, nearest) == nearest


@given(TEXTS, ENCODINGS, st.data())
def test_units_and_characters_lead_to_each_other(text, encoding, data):
    """Every character of a line's content has its own count, and a count inside a character is the place before it."""
    line = data.draw(st.sampled_from(split_lines(text)))
    sizes = [
        {Encoding.UTF8: len(c.encode("utf-8", "surrogatepass")), Encoding.UTF16: 2 if c > "\uffff" else 1}.get(
            encoding, 1
        )
        for c in line
    ]
    for character in range(content_length(line) + 1):
        assert units(line, character, encoding) == sum(sizes[:character])
        assert from_units(line, sum(sizes[:character]), encoding) == character
        if character < content_length(line):
            for inside in range(1, sizes[character]):
                assert from_units(line, sum(sizes[:character]) + inside, encoding) == character


@given(TEXTS)
def test_offsets_and_positions_lead_to_each_other(text):
    """Every offset that is not inside a line end has one position, and the other way round."""
    snapshot = Snapshot.of(text)
    for offset in range(len(text) + 1):
        position = snapshot.position(offset)
        if text[max(0, offset - 1) : offset + 1] == "\r\n":
            assert snapshot.offset(position) == offset - 1
        else:
            assert snapshot.offset(position) == offset


@given(TEXTS, TEXTS)
def test_diff_makes_the_new_text(old, new):
    """Applying the difference gives the new text, and nothing differs from itself."""
    assert apply(split_lines(old), diff(old, new)) == new
    assert diff(old, old) == []


@given(TEXTS, TEXTS)
def test_diff_edits_are_in_order_and_apart(old, new):
    """No edit reaches into the next, and each changes something."""
    edits, snapshot = diff(old, new), Snapshot.of(old)
    for edit in edits:
        assert edit.range.start <= edit.range.end
        assert snapshot.slice(edit.range) != edit.text
    for first, second in pairwise(edits):
        assert first.range.end <= second.range.start


@given(TEXTS, TEXTS)
def test_diff_never_parts_a_line_end(old, new):
    """No edit begins or ends between a carriage return and its line feed: an editor has no position there."""
    lines = split_lines(old)
    for edit in diff(old, new):
        for position in edit.range:
            assert clamp(lines, position) == position


@given(TEXTS, TEXTS)
def test_lines_put_before_the_last_line_end_make_the_same_text(old, new):
    """Where new lines are said to come before the last line end, the same text comes of it, in places that exist."""
    lines = split_lines(old)
    edits = [before_last_line_end(lines, edit) for edit in diff(old, new)]
    assert apply(lines, edits) == new
    assert all(clamp(lines, position) == position for edit in edits for position in edit.range)


@given(text_with_ranges(), TEXTS)
def test_diff_of_a_piece_lands_in_the_whole(document, new):
    """The difference of a piece, from the piece's start, changes the document there and nowhere else."""
    lines, (range_,) = document
    snapshot = Snapshot.of("".join(lines))
    start, end = snapshot.offset(range_.start), snapshot.offset(range_.end)
    edits = diff(snapshot.slice(range_), new, range_.start)
    assert apply(lines, edits) == snapshot.text[:start] + new + snapshot.text[end:]


@given(text_with_ranges(2), TEXTS)
def test_untouched_target_keeps_its_text(document, new):
    """A target that an edit does not touch holds the same text afterwards, wherever it stands then."""
    lines, (target, changed) = document
    edit = TextEdit(changed, new)
    if touches(target, edit) or meets_carriage_return(lines, edit):
        return
    before = Snapshot.of("".join(lines)).slice(target)
    splice(lines, edit)
    assert Snapshot.of("".join(lines)).slice(rebase(target, edit)) == before


@given(text_with_ranges(2), TEXTS)
def test_touched_target_holds_all_that_was_put_in(document, new):
    """A target that an edit touches holds the new text and what is left of its own."""
    lines, (target, changed) = document
    edit = TextEdit(changed, new)
    if not touches(target, edit) or meets_carriage_return(lines, edit):
        return
    snapshot = Snapshot.of("".join(lines))
    left = (
        snapshot.slice(Range(target.start, max(target.start, changed.start))),
        snapshot.slice(Range(min(changed.end, target.end), target.end)),
    )
    splice(lines, edit)
    assert Snapshot.of("".join(lines)).slice(rebase(target, edit)) == left[0] + new + left[1]


@given(text_with_ranges(3), TEXTS)
def test_moving_keeps_the_order(document, new):
    """Positions never pass each other."""
    lines, (one, other, changed) = document
    edit = TextEdit(changed, new)
    if meets_carriage_return(lines, edit):
        return
    for first, second in ((one.start, one.end), (other.start, other.end), tuple(sorted((one.start, other.start)))):
        for after in (False, True):
            assert moved(first, edit, after_insertion=after) <= moved(second, edit, after_insertion=after)
