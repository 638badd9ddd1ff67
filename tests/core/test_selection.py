"""Each way to order candidates, on tables, and the laws of all of them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.hints import Selection
from dragoman.core.intent import Intent
from dragoman.core.selection import Contender, Facts, Health, Score, Wishes, ordered, scores_of


def contender(name, rank, *, local=False, **facts):
    """Somebody who may be asked."""
    return Contender(name, local, Facts(**facts), (rank,), f"number {rank + 1}")


def names(contenders, selection, *, local_first=False, intent=Intent.CODE, **wishes):
    """Who is asked, in order."""
    chosen = ordered(contenders, selection, Wishes(intent, **wishes), local_first=local_first)
    return [contenders[number].name for number, _ in chosen]


THREE = [contender("b", 1), contender("a", 0), contender("c", 2)]


def test_priority_is_the_settings_own_order():
    """The rank decides, and its reason is told."""
    assert names(THREE, Selection.PRIORITY) == ["a", "b", "c"]
    assert ordered(THREE, Selection.PRIORITY, Wishes(Intent.CODE), local_first=False)[0] == (1, "number 1")


def test_round_robin_takes_whose_turn_is_longest_ago():
    """The one with the oldest turn is first; who never had one comes before all."""
    turned = [contender("a", 0, turns=30), contender("b", 1, turns=20), contender("c", 2)]
    assert names(turned, Selection.ROUND_ROBIN) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("selection", "shares"),
    [
        (Selection.RANDOM, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}),
        (Selection.WEIGHTED, {"a": 4 / 7, "b": 2 / 7, "c": 1 / 7}),
    ],
)
def test_draws_are_as_likely_as_they_should_be(selection, shares):
    """Over all chances each one is first as often as its weight says, and the second draw is a draw too."""
    drawn = [
        contender("a", 0, latency_seconds=0.5),
        contender("b", 1, latency_seconds=1.0),
        contender("c", 2, latency_seconds=2.0),
    ]
    steps = 3000
    orders = [names(drawn, selection, chance=step / steps) for step in range(steps)]
    firsts = Counter(order[0] for order in orders)
    assert {name: pytest.approx(share, abs=0.01) for name, share in shares.items()} == {
        name: number / steps for name, number in firsts.items()
    }
    seconds = Counter(order[1] for order in orders if order[0] == "a")
    left = shares["b"] + shares["c"]
    assert seconds["b"] / firsts["a"] == pytest.approx(shares["b"] / left, abs=0.02)


def test_the_score_is_forty_thirty_twenty_ten():
    """Health, latency, cost and reliability, each between 0 and 1, weighed and multiplied by the request's weight."""
    scored = [
        contender("good", 0, health=Health.HEALTHY, latency_seconds=1.0, reliability=1.0, cost_usd=0.02),
        contender("cheap", 1, health=Health.DEGRADED, latency_seconds=2.0, reliability=0.5, cost_usd=0.0),
        contender("new", 2),
    ]
    good, cheap, new = scores_of(scored, {"new": 3.0})
    assert good == Score(1.0, 1.0, 0.0, 1.0)
    assert good.total == pytest.approx(0.4 + 0.3 + 0.0 + 0.1)
    assert cheap.total == pytest.approx(0.4 * 0.5 + 0.3 * 0.5 + 0.2 * 1.0 + 0.1 * 0.5)
    assert new.total == pytest.approx(3 * (0.4 * 0.5 + 0.3 * 1.0 + 0.2 * 0.0 + 0.1 * 0.5))
    assert names(scored, Selection.SCORED) == ["good", "cheap", "new"]
    assert names(scored, Selection.SCORED, weights={"new": 3.0})[0] == "new"
    _, reason = ordered(scored, Selection.SCORED, Wishes(Intent.CODE), local_first=False)[0]
    assert reason.startswith("score 0.80 (health 1.00, latency 1.00, cost 0.00, reliability 1.00")


def test_cheapest_puts_unknown_prices_last():
    """What is free comes first, then by price, then what nobody knows the price of."""
    priced = [contender("dear", 0, cost_usd=0.5), contender("unknown", 1), contender("free", 2, cost_usd=0.0)]
    assert names(priced, Selection.CHEAPEST) == ["free", "dear", "unknown"]


def test_manual_is_the_requests_own_order():
    """Exactly the order in which the request names them; the rest behind."""
    assert names(THREE, Selection.MANUAL, order=("c", "b")) == ["c", "b", "a"]


def test_who_is_not_well_comes_last():
    """An unhealthy one is asked last in every order; a degraded one gives way for general work alone."""
    sick = [
        contender("sick", 0, health=Health.UNHEALTHY),
        contender("slow", 1, health=Health.DEGRADED),
        contender("well", 2),
    ]
    for selection in Selection:
        assert names(sick, selection, order=("sick", "slow", "well"))[-1] == "sick"
    assert names(sick, Selection.PRIORITY) == ["slow", "well", "sick"]
    assert names(sick, Selection.PRIORITY, intent=Intent.GENERAL) == ["well", "slow", "sick"]
    reasons = dict(ordered(sick, Selection.PRIORITY, Wishes(Intent.CODE), local_first=False))
    assert reasons[0].endswith("; unhealthy")


contenders = st.lists(
    st.builds(
        Contender,
        st.sampled_from(("a", "b", "c")),
        st.booleans(),
        st.builds(
            Facts,
            st.sampled_from(Health),
            st.none() | st.floats(0, 1000),
            st.none() | st.floats(0, 1),
            st.none() | st.floats(0, 100),
            st.integers(0, 10),
        ),
        st.tuples(st.integers(0, 9)),
        st.just("because"),
    ),
    max_size=8,
)


@given(
    contenders, st.sampled_from(Selection), st.floats(0, 1, exclude_max=True), st.booleans(), st.sampled_from(Intent)
)
def test_an_order_is_an_order_of_all(given_contenders, selection, chance, local_first, intent):
    """Everybody stands in it once, with a reason; local ones first where that is wanted, unhealthy ones last."""
    chosen = ordered(given_contenders, selection, Wishes(intent, chance), local_first=local_first)
    assert sorted(number for number, _ in chosen) == list(range(len(given_contenders)))
    assert all(reason for _, reason in chosen)
    tiers = [
        (local_first and not given_contenders[number].local, given_contenders[number].facts.health is Health.UNHEALTHY)
        for number, _ in chosen
    ]
    assert tiers == sorted(tiers)


@given(contenders, st.dictionaries(st.sampled_from(("a", "b")), st.floats(0.1, 10)))
def test_every_part_of_a_score_is_between_zero_and_one(given_contenders, weights):
    """No part leaves its range, whatever is known or not."""
    for score in scores_of(given_contenders, weights):
        for part in (score.health, score.latency, score.cost, score.reliability):
            assert 0.0 <= part <= 1.0
