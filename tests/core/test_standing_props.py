"""States that processes share: written down and read again, they are the same; rubbish is as nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.limits import Breaker, Bucket, Rest
from dragoman.core.standing import HALF_LIFE_SECONDS, LEASE_SECONDS, Decaying, Flights, LimitState, PlaceState

numbers = st.floats(0, 1e9)
buckets = st.none() | st.builds(Bucket, numbers, numbers, st.floats(-1e6, 1e6), numbers)
places = st.builds(
    PlaceState,
    st.builds(Breaker, st.integers(0, 9), st.integers(0, 9), st.none() | numbers, st.none() | numbers),
    st.builds(Rest, numbers, st.text()),
    st.text(),
    st.builds(Decaying, numbers, numbers, numbers),
    st.builds(Decaying, numbers, numbers, numbers),
)


@given(places)
def test_a_place_survives_as_text(state):
    """Nothing of a place's standing is lost."""
    assert PlaceState.read(state.text()) == state


@given(buckets, buckets)
def test_buckets_survive_as_text(requests, tokens):
    """Nor of its limits."""
    state = LimitState(requests, tokens)
    assert LimitState.read(state.text(), None, None, None, 0.0) == state


@given(st.lists(st.tuples(st.text(min_size=1), st.floats(10, 1e9)), max_size=5))
def test_leases_survive_as_text_until_they_are_lost(leases):
    """Nor of who is asking; who has not been heard of is left out."""
    flights = Flights(tuple(leases))
    assert Flights.read(flights.text(), 5.0) == flights
    assert Flights.read(flights.text(), 2e9) == Flights()


@pytest.mark.parametrize("text", [None, "", "x", "[]", "[1]", "{}", '["a"]', "[[1,2,3,4,5,6]]"])
def test_rubbish_is_as_nothing(text):
    """What can't be read is a place never tried, a full bucket, nobody asking."""
    assert PlaceState.read(text) == PlaceState()
    limits = LimitState.read(text, 60, 600, None, 7.0)
    assert (limits.requests.level, limits.tokens.level) == (15, 150)
    assert Flights.read(text, 0.0) == Flights()


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1000)), min_size=1, max_size=20))
def test_a_mean_stays_between_its_values(samples):
    """A fading mean never leaves the range of what was measured, and the newest value weighs most."""
    mean, now = Decaying(), 0.0
    for value, pause in samples:
        now += pause
        mean = mean.with_sample(value, now)
    values = [value for value, _ in samples]
    assert min(values) - 1e-9 <= mean.mean <= max(values) + 1e-9
    assert mean.weight_at(now + HALF_LIFE_SECONDS) == pytest.approx(mean.weight / 2)


def test_a_lease_is_renewed_only_while_it_is_there():
    """Who was taken for lost does not come back by saying that it still runs."""
    flights = Flights().with_lease("a", 0.0)
    assert Flights.read(flights.renewed("a", 20.0).text(), 45.0) != Flights()
    assert Flights.read(flights.text(), LEASE_SECONDS + 1).renewed("a", 45.0) == Flights()
