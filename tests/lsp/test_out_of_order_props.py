"""However changes overtake each other, the text, its version and what is followed in it are the true ones."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.text import Range, Snapshot, TextEdit
from dragoman.lsp.documents import Document
from lsp.test_documents_props import in_loop

FRACTIONS = st.floats(0, 1)
TEXTS = st.text(st.sampled_from("ab\n\r\r\n😀"), max_size=24)
EDITS = st.lists(st.tuples(FRACTIONS, FRACTIONS, st.text(st.sampled_from("xy\n\r"), max_size=3)), max_size=3)
DELAYS = st.lists(st.integers(0, 6), min_size=9, max_size=9)
STEPS = st.lists(st.integers(1, 3), min_size=9, max_size=9)


def place(text: str, start: float, end: float) -> Range:
    """A range between two fractions of a text."""
    snapshot = Snapshot.of(text)
    first, last = sorted(snapshot.position(round(fraction * len(text))) for fraction in (start, end))
    return Range(first, last)


def typed(text, messages, steps):
    """What an editor sends for the messages, each with its version, and the text that it has after each."""
    version, sent, texts = 1, [], [text]
    for message, step in zip(messages, steps, strict=False):
        edits = []
        model = Document("file:///model", "plaintext", 1, text)
        for change in [message] if isinstance(message, str) else message:
            edit = change if isinstance(change, str) else TextEdit(place(text, *change[:2]), change[2])
            model.change(model.version + 1, [edit])
            text = model.snapshot().text
            edits.append(edit)
        version += step
        sent.append((version, edits))
        texts.append(text)
    return sent, texts


def overtaking(sent, delays):
    """The same, each one delayed by so many places."""
    numbered = sorted(enumerate(sent), key=lambda pair: (pair[0] + delays[pair[0]], -pair[0]))
    return [change for _, change in numbered]


@settings(max_examples=300)
@given(
    text=TEXTS, messages=st.lists(EDITS, max_size=8), steps=STEPS, delays=DELAYS, ends=st.tuples(FRACTIONS, FRACTIONS)
)
def test_followed_as_if_all_had_come_in_turn(text, messages, steps, delays, ends):
    """A range that was taken from a text that was whole goes exactly where it would have gone; one from a text that
    lacked a change counts as touched.
    """

    async def check():
        sent, texts = typed(text, messages, steps)
        arriving = overtaking(sent, delays)
        document = Document("file:///a", "plaintext", 1, text)
        followed = []
        for count in range(len(sent) + 1):
            snapshot = document.snapshot()
            lacking = any(version < document.version for version, _ in arriving[count:])
            assert lacking or snapshot.text == texts[count]
            target = place(snapshot.text, *ends)
            followed.append((document.version, lacking, target, document.start_journal()))
            if count < len(sent):
                document.change(*arriving[count])
        assert document.snapshot().text == texts[-1]
        assert document.version == max((version for version, _ in sent), default=1)
        assert document.in_step
        for version, lacking, target, journal in followed:
            in_turn = Document("file:///a", "plaintext", 1, text)
            reference = None
            for each in [(1, []), *sent]:
                in_turn.change(*each)
                if each[0] == version:
                    reference = in_turn.start_journal()
            carried = journal.carry(target)
            assert carried.touched if lacking else carried == reference.carry(target)
            assert document.snapshot().clamp(carried.range) == carried.range

    in_loop(check)


@settings(max_examples=300)
@given(
    text=TEXTS,
    messages=st.lists(st.one_of(EDITS, EDITS, TEXTS), max_size=8),
    steps=STEPS,
    delays=DELAYS,
    ends=st.tuples(FRACTIONS, FRACTIONS),
)
def test_whole_texts_among_them(text, messages, steps, delays, ends):
    """With whole texts among them too the text is the true one, and what is not touched holds the text that it held."""

    async def check():
        sent, texts = typed(text, messages, steps)
        document = Document("file:///a", "plaintext", 1, text)
        followed = []
        for change in overtaking(sent, delays):
            snapshot = document.snapshot()
            target = place(snapshot.text, *ends)
            followed.append((document.start_journal(), target, snapshot.slice(target)))
            document.change(*change)
        snapshot = document.snapshot()
        assert snapshot.text == texts[-1]
        assert document.version == max((version for version, _ in sent), default=1)
        for journal, target, held in followed:
            carried = journal.carry(target)
            assert snapshot.clamp(carried.range) == carried.range
            assert carried.touched or snapshot.slice(carried.range) == held

    in_loop(check)
