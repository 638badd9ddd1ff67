"""Bucket, breaker, rest and backoff at chosen moments."""

from __future__ import annotations

import pytest

from dragoman.core.limits import Breaker, Bucket, Rest, backoff, burst


def test_a_bucket_says_how_long_to_wait():
    """An empty bucket names the seconds until the next request, and admits it then."""
    bucket = Bucket.full(60, 2, now=0.0).taken(1, 0.0).taken(1, 0.0)
    assert bucket.wait(1, 0.0) == pytest.approx(1.0)
    assert bucket.wait(1, 0.5) == pytest.approx(0.5)
    assert bucket.wait(1, 1.0) == 0.0


def test_what_is_larger_than_the_bucket_is_admitted_by_a_full_one():
    """A request above the capacity passes a full bucket, and is paid for before the next."""
    bucket = Bucket.full(60, 10, now=0.0)
    assert bucket.wait(30, 0.0) == 0.0
    assert bucket.taken(30, 0.0).wait(1, 0.0) == pytest.approx(21.0)


def test_what_was_not_used_comes_back():
    """A reservation that was too large is given back, never beyond the capacity."""
    bucket = Bucket.full(60, 10, now=0.0).taken(8, 0.0)
    assert bucket.returned(5, 0.0).level == pytest.approx(7.0)
    assert bucket.returned(50, 0.0).level == 10


def test_a_burst_is_a_quarter_of_the_minute():
    """The burst is a quarter of the minute's limit and at least one request."""
    assert burst(1) == 1
    assert burst(40_000) == 10_000


def test_a_breaker_opens_after_failures_in_a_row():
    """Failures in a row open it; a success in between starts the count anew."""
    breaker = Breaker().failed(0, 3).failed(0, 3).succeeded().failed(0, 3).failed(0, 3)
    assert breaker.closed
    assert breaker.due(0) == 0
    assert not breaker.failed(0, 3).closed


def test_an_open_breaker_lets_one_trial_in_when_it_is_due():
    """After its time one trial begins; nobody else is let in while it runs."""
    breaker = Breaker().failed(0, 1)
    due = breaker.due(0)
    assert due > 0
    assert breaker.due(due) == due
    trying = breaker.begun(due)
    assert trying.due(due) > due


def test_a_trial_decides():
    """A trial that succeeds closes the breaker, one that fails opens it for longer, one that is given up for nobody."""
    trying = Breaker().failed(0, 1).begun(5)
    assert trying.succeeded() == Breaker()
    again = trying.failed(5, 1, trial=True)
    assert again.due(5) - 5 > Breaker().failed(0, 1).due(0)
    assert trying.abandoned().due(5) <= 5


def test_a_trial_that_shows_something_lets_everybody_in():
    """With its first content the trial closes the breaker, though the next failure opens it at once."""
    probation = Breaker().failed(0, 1).begun(5).answering(3)
    assert probation.closed
    assert not probation.failed(6, 3).closed


def test_an_old_attempts_failure_does_not_prolong():
    """A failure of an attempt from before the breaker opened changes nothing."""
    breaker = Breaker().failed(0, 1)
    assert breaker.failed(3, 1) == breaker


def test_a_longer_rest_extends_a_shorter_one():
    """Of two rests the later end holds, whichever came first."""
    assert Rest().extended(10, "a").extended(5, "b") == Rest(10, "a")
    assert Rest().extended(5, "b").extended(10, "a") == Rest(10, "a")


@pytest.mark.parametrize(("retry", "bound"), [(0, 1.0), (1, 2.0), (4, 16.0), (10, 60.0), (1000, 60.0)])
def test_backoff_is_jittered_below_a_doubling_bound(retry, bound):
    """The bound doubles up to the longest; the jitter is the whole of it."""
    assert backoff(retry, 1.0, 60.0, 0.0) == 0.0
    assert backoff(retry, 1.0, 60.0, 0.5) == pytest.approx(bound / 2)
