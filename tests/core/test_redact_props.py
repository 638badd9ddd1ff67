"""What holds for redaction whatever the text, the secrets, and the splitting of the reply."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.redact import Restorer, Table, mangled, place_in, redact, restore

ALNUM = string.ascii_letters + string.digits
# fmt: off
PIECES = st.sampled_from([
    "REDACTED_1_KEY", "REDACTED_1_TOKEN", "REDACTED_12_TEXT", "REDACTED_", "REDACTED", "RED", "_1_KEY", "1", "_KEY",
    "redacted 1", "password = '", "token: ", "ghp_", "-----BEGIN PRIVATE KEY-----", "://u:", "@", "'", '"', "\n",
    "\r\n", " ", "=", "é", "😀", "İ", "\ud800", "s3cr3t!pw", "aB3dE5gH1jK9mN2p" + "Q4rS6tU8vW0yZ7cF3hJ5",
])
# fmt: on
TEXTS = st.one_of(st.lists(PIECES, max_size=14).map("".join), st.text(max_size=80))
SECRETS = st.text(ALNUM + "-_/+=!", min_size=8, max_size=40).filter(lambda text: "REDACTED" not in text)
MODEST = settings(max_examples=150, deadline=None)


@MODEST
@given(TEXTS, st.lists(SECRETS, max_size=3))
def test_restoring_gives_back_the_text(text, known):
    """Whatever the text holds, restoring what was redacted gives it back."""
    redacted = redact(text, known)
    assert restore(redacted.text, redacted.table) == text


@MODEST
@given(TEXTS, st.lists(SECRETS, max_size=3), st.data())
def test_a_place_is_found_again(text, known, data):
    """What stands before a place, and behind it, is the same once it is restored; what was hidden has no places."""
    redacted = redact(text, known)
    at = data.draw(st.integers(0, len(text)))
    place = place_in(redacted.text, redacted.table, at)
    if place is not None:
        assert restore(redacted.text[:place], redacted.table) == text[:at]
        assert restore(redacted.text[place:], redacted.table) == text[at:]
    else:
        assert any(secret in text for _, secret in redacted.table.entries)


@MODEST
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_one_table_restores_all_texts_of_a_conversation(texts):
    """The table at the end restores each text that was redacted on the way."""
    table = Table()
    sent = []
    for text in texts:
        redacted = redact(text, table=table)
        assert redacted.table.entries[: len(table.entries)] == table.entries
        table = redacted.table
        sent.append(redacted.text)
    assert [restore(text, table) for text in sent] == texts
    assert all(mangled(text, table) == () for text in sent)


@MODEST
@given(TEXTS, TEXTS, st.data())
def test_any_splitting_of_a_reply_restores_the_same(text, more, data):
    """Restored piece by piece, a reply is what it is when restored whole; and nothing is held back for long."""
    redacted = redact(text + "\nghp_" + "aB3dE5gH1jK9mN2pQ4rS6tU8vW0yZ7cF3hJ5")
    reply = redacted.text + more + "REDACTED_1"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=8)))
    restorer = Restorer(redacted.table)
    shown = []
    for start, end in zip([0, *cuts], [*cuts, len(reply)], strict=True):
        shown.append(restorer.feed(reply[start:end]))
    assert "".join([*shown, restorer.close()]) == restore(reply, redacted.table)


@MODEST
@given(SECRETS, TEXTS, TEXTS)
def test_no_known_secret_survives(secret, before, after):
    """A known secret is in no part of the redacted text."""
    redacted = redact(f"{before}{secret}{after}", [secret])
    assert secret not in redacted.text


@MODEST
@given(TEXTS)
def test_a_table_does_not_grow_by_repeats(text):
    """The same text again has the same placeholders, and adds nothing to the table."""
    once = redact(text)
    again = redact(text, table=once.table)
    assert again.table == once.table
    assert again.text == once.text
