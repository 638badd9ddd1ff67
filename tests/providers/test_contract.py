"""What every dialect owes, checked over all recorded exchanges. New recordings are picked up by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from providers.recordings import FOLDER, Exchange, exchanges, read

if TYPE_CHECKING:
    from dragoman.core.errors import ProviderError

ALL = exchanges()


def over(chosen):
    """The test runs once for each of the exchanges, under its name."""
    return pytest.mark.parametrize("exchange", [pytest.param(exchange, id=exchange.name) for exchange in chosen])


def assert_error(error: ProviderError | None, expected: dict) -> None:
    """The error is the recorded one, in all its fields."""
    assert error is not None
    told = {"kind": error.kind, "reason": error.reason, "status": error.status, "retry_after": error.retry_after}
    assert told == {"status": None, "retry_after": None} | expected


@over([exchange for exchange in ALL if not exchange.streamed])
def test_a_refusal_is_sorted_and_told_in_the_providers_words(exchange: Exchange):
    """A response that is no stream becomes the error that it means, with status, wait and reason."""
    error = exchange.dialect.error(exchange.status, exchange.headers, exchange.body)
    assert_error(error, exchange.expected["error"])
    assert str(error) == error.reason
    assert "\n" not in error.reason
    assert len(error.reason) <= 300


@over([exchange for exchange in ALL if not exchange.streamed])
def test_a_refusal_cut_anywhere_is_still_an_error(exchange: Exchange):
    """An error body may break off at any byte: there is always an error, with a reason on one line."""
    for end in range(len(exchange.body)):
        error = exchange.dialect.error(exchange.status, exchange.headers, exchange.body[:end])
        assert error.reason
        assert error.reason.isprintable()


@over([exchange for exchange in ALL if exchange.streamed])
def test_a_stream_becomes_its_deltas(exchange: Exchange):
    """A whole response read at once gives the recorded deltas, or the recorded error."""
    outcome = read(exchange, [exchange.body])
    if exchange.whole:
        assert outcome.error is None
        assert list(outcome.deltas) == exchange.expected["deltas"]
    else:
        assert_error(outcome.error, exchange.expected["error"])
        assert not outcome.finished


@over([exchange for exchange in ALL if exchange.streamed])
def test_what_is_skipped_is_counted(exchange: Exchange):
    """A reader says how many events it could not read, so that the log can."""
    if exchange.whole:
        reader = exchange.reader()
        reader.feed(exchange.body)
        assert reader.skipped == exchange.expected.get("skipped", 0)


@over([exchange for exchange in ALL if exchange.streamed])
def test_a_stream_split_at_any_byte_gives_the_same(exchange: Exchange):
    """The place where the network cuts a stream into pieces never shows in its deltas or its error."""
    body = exchange.body
    whole = read(exchange, [body])
    for cut in range(len(body) + 1):
        split = read(exchange, [body[:cut], body[cut:]])
        assert type(split.error) is type(whole.error), cut
        if whole.error is None:
            assert split.deltas == whole.deltas, cut


@over([exchange for exchange in ALL if exchange.streamed])
def test_a_stream_read_byte_by_byte_gives_the_same(exchange: Exchange):
    """Even single bytes give the same deltas, each as early as it can be known."""
    whole = read(exchange, [exchange.body])
    bytewise = read(exchange, [exchange.body[at : at + 1] for at in range(len(exchange.body))])
    assert type(bytewise.error) is type(whole.error)
    if whole.error is None:
        assert bytewise.deltas == whole.deltas


@over([exchange for exchange in ALL if exchange.streamed])
def test_a_stream_cut_anywhere_is_whole_or_an_error(exchange: Exchange):
    """A truncated stream is an error, unless nothing but its counts or its sentinel was lost."""
    said = [delta for delta in read(exchange, [exchange.body]).deltas if delta[0] != "usage"]
    for end in range(len(exchange.body)):
        cut = read(exchange, [exchange.body[:end]])
        assert cut.finished is (cut.error is None), end
        if cut.finished:
            assert exchange.whole
            assert [delta for delta in cut.deltas if delta[0] != "usage"] == said, end


@over([exchange for exchange in ALL if exchange.streamed and exchange.whole])
def test_nothing_comes_after_the_finish(exchange: Exchange):
    """After the finish the connection need not be read: whatever still comes changes nothing."""
    reader = exchange.reader()
    deltas = reader.feed(exchange.body) + reader.close()
    assert [delta for delta in deltas if type(delta).__name__ == "FinishDelta"] == deltas[-1:]
    assert reader.feed(exchange.body) == []
    assert reader.close() == []


def test_every_recording_is_complete():
    """Each response has its expectation with one sentence about it, and no expectation stands alone."""
    responses = {path.with_suffix("") for path in FOLDER.glob("*/*.http")}
    expectations = {path.with_suffix("") for path in FOLDER.glob("*/*.json")}
    assert responses == expectations
    assert all(exchange.expected["about"].endswith(".") for exchange in ALL)
    assert all(("deltas" in exchange.expected) is not ("error" in exchange.expected) for exchange in ALL)
