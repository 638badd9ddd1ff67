"""Which vectors are near to another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.similar import most_similar


def test_the_nearest_come_first():
    """By the angle alone: a longer vector is not nearer."""
    found = most_similar((1.0, 0.0), [(0.0, 5.0), (100.0, 0.0), (-1.0, 0.0), (1.0, 1.0)], 3)
    assert [index for index, _ in found] == [1, 3, 0]
    assert [score for _, score in found] == pytest.approx([1.0, 0.5**0.5, 0.0])


@pytest.mark.parametrize(("k", "length"), [(0, 0), (2, 2), (9, 3)])
def test_as_many_as_are_wanted(k, length):
    """At the most k, and no more than there are."""
    assert len(most_similar((1.0,), [(1.0,), (2.0,), (-1.0,)], k)) == length


def test_equals_keep_their_order():
    """Of two that are as near, the first one comes first."""
    assert [index for index, _ in most_similar((1.0,), [(2.0,), (3.0,), (1.0,)], 3)] == [0, 1, 2]


def test_a_vector_without_length_is_like_nothing():
    """Zero vectors score 0 and break nothing."""
    assert most_similar((0.0, 0.0), [(1.0, 2.0)], 1) == ((0, 0.0),)
    assert most_similar((1.0, 2.0), [(0.0, 0.0)], 1) == ((0, 0.0),)


def test_vectors_of_different_models_are_refused():
    """Different dimensions can't be compared."""
    with pytest.raises(ValueError, match="dimensions"):
        most_similar((1.0,), [(1.0, 2.0)], 1)


VECTORS = st.integers(1, 5).flatmap(
    lambda size: st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * size), min_size=1, max_size=20)
)


@given(VECTORS, st.integers(0, 25))
def test_scores_are_cosines_in_falling_order(vectors, k):
    """Every score lies in [-1, 1], they fall, and no index comes twice."""
    found = most_similar(vectors[0], vectors, k)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert all(-1 <= score <= 1 for score in scores)
    assert len({index for index, _ in found}) == len(found) == min(k, len(vectors))
