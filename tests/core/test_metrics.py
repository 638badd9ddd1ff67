"""Counters: what they count, and that sums of sums are sums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.chat import Usage
from dragoman.core.metrics import Counters, Sort, summed


def counted(*attempts) -> Counters:
    """The sums over attempts of (outcome, follows, tokens out, cost, seconds, first token)."""
    counters = Counters()
    for outcome, follows, tokens, cost, seconds, first in attempts:
        counters.count(outcome, follows, Usage(10, tokens), cost, seconds, first)
    return counters


def test_a_days_work():
    """Requests, answers, errors by kind, retries, failovers, limits, tokens, money and speed."""
    counters = counted(
        ("server_error", "", 0, 0.0, 0.1, None),
        ("rate_limit", "retry", 0, 0.0, 0.1, None),
        ("done", "failover", 90, 0.02, 3.5, 0.5),
        ("cancelled", "", 5, None, 1.0, 0.9),
    )
    assert (counters.requests, counters.successes, counters.cancelled) == (2, 1, 1)
    assert (counters.retries, counters.failovers, counters.rate_limit_hits) == (1, 1, 1)
    assert counters.errors == {"server_error": 1, "rate_limit": 1}
    assert (counters.input_tokens, counters.output_tokens) == (40, 95)
    assert (counters.cost_usd, counters.unpriced) == (pytest.approx(0.02), 1)
    assert counters.tokens_per_second == pytest.approx(30)
    assert counters.first_token_percentile(0.5) == 0.5
    assert counters.first_token_percentile(0.95) == 1.0


def test_of_nothing_nothing_is_known():
    """Without an answer there is no speed and no percentile."""
    assert Counters().tokens_per_second is None
    assert Counters().first_token_percentile(0.5) is None
    assert Counters.read(None) == Counters.read("rubbish") == Counters.read('{"other": 1}') == Counters()


def test_a_very_late_token_has_a_class_too():
    """What is later than every bound is counted in the open class."""
    assert counted(("done", "", 1, 0.0, 500.0, 400.0)).first_token_percentile(0.5) == float("inf")


attempts = st.tuples(
    st.sampled_from(("done", "cancelled", "server_error", "rate_limit", "timeout")),
    st.sampled_from(("", "retry", "failover")),
    st.integers(0, 1000),
    st.none() | st.integers(0, 1000).map(lambda cents: cents / 1024),
    st.integers(0, 100).map(float),
    st.none() | st.integers(0, 100).map(float),
)


@given(st.lists(attempts, max_size=20), st.lists(attempts, max_size=20))
def test_sums_add_up(some, others):
    """Two windows' sums together are the sums of all attempts, also after they were written down."""
    both = Counters.read(counted(*some).text())
    both.add(Counters.read(counted(*others).text()))
    assert both == counted(*some, *others)


names = st.text(st.characters(exclude_characters="|¦", exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(st.dates(), names, names, names)
def test_a_sort_survives_as_a_key(day, provider, model, intent):
    """Whatever a model is called, its counters are found again."""
    sort = Sort(day.isoformat(), provider.replace("/", ""), model, intent)
    assert Sort.of(sort.key()) == sort


def test_sums_by_one_property():
    """By provider, model, intent or day; the most asked first."""
    sorts = [
        Sort("2026-11-20", "a", "m", "code"),
        Sort("2026-11-21", "b", "m", "tests"),
        Sort("2026-11-21", "b", "n", "code"),
    ]
    counters = [(sort, counted(("done", "", 1, 0.0, 1.0, 0.5))) for sort in sorts]
    assert {name: each.requests for name, each in summed(counters, "provider").items()} == {"b": 2, "a": 1}
    assert list(summed(counters, "provider")) == ["b", "a"]
    assert {name: each.requests for name, each in summed(counters, "intent").items()} == {"code": 2, "tests": 1}
