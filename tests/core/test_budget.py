"""Budgets as values: what is admitted, what a crash leaves, what is told, and the law that holds them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dragoman.core.budget import LEASE_SECONDS, Budget, Purse, budgets
from dragoman.core.settings import Budget as Limits

TODAY = date(2026, 11, 21)
DAILY = Budget("budget/day/x", 10.0, "daily budget", "budget.daily_usd", ", wait until tomorrow")


def test_an_attempt_touches_four_budgets():
    """The day's, the month's, all there ever is, and the provider's day; each in its own period."""
    touched = list(budgets(Limits(daily_usd=10, monthly_usd=100), {"openai": 3.0}, "openai", TODAY))
    assert [budget.key for budget in touched] == [
        "budget/day/2026-11-21",
        "budget/month/2026-11",
        "budget/total",
        "budget/provider/2026-11-21/openai",
    ]
    assert [budget.limit for budget in touched] == [10, 100, 0, 3.0]


def test_a_refusal_says_which_how_much_and_what_to_do():
    """The person reads which budget it is, what is spent, and how to go on."""
    purse = Purse(9.5).with_lease("a", 0.3, 0.0)
    assert DAILY.refusal(purse, 0.1) is None
    refusal = DAILY.refusal(purse, 0.3)
    for words in (
        "daily budget of 10 USD",
        "9.5000 spent",
        "0.3000 reserved",
        "raise budget.daily_usd",
        "tomorrow",
        "local",
    ):
        assert words in refusal
    assert "\n" not in refusal


def test_without_a_limit_nothing_is_refused():
    """A budget of 0 only counts."""
    counted = Budget("budget/total", 0.0, "total budget", "budget.total_usd")
    assert counted.refusal(Purse(1e6), 1e6) is None
    assert counted.warning(Purse(1e6), 0.8) is None


def test_a_reservation_grows_while_it_is_there():
    """More is reserved under the same lease, until the same time; what was settled does not come back."""
    purse = Purse(1.0).with_lease("a", 0.5, 0.0, 5.0).with_lease("b", 0.1, 0.0).grown("a", 0.25)
    assert purse.reserved == (("a", 0.75, 5.0), ("b", 0.1, LEASE_SECONDS))
    settled = purse.settled("a", 0.6)
    assert settled.grown("a", 1.0) == settled


def test_what_is_left_is_neither_spent_nor_reserved():
    """Nothing is left of what is overspent; without a limit there is always more."""
    assert DAILY.left(Purse(4.0).with_lease("a", 2.0, 0.0)) == 4.0
    assert DAILY.left(Purse(11.0)) == 0.0
    assert Budget("budget/total", 0.0, "total budget", "budget.total_usd").left(Purse(1e6)) == float("inf")


def test_a_warning_comes_once():
    """At four fifths the person is told, and not again in the period."""
    assert DAILY.warning(Purse(7.9), 0.8) is None
    assert "8.00 of the daily budget of 10 USD" in DAILY.warning(Purse(8.0), 0.8)
    assert DAILY.warning(Purse(9.0, warned=True), 0.8) is None


def test_what_a_crash_leaves_counts_as_spent():
    """A reservation that nobody settled was probably billed."""
    purse = Purse(1.0).with_lease("a", 0.5, 0.0)
    assert Purse.read(purse.text(), LEASE_SECONDS - 1).spent == 1.0
    lost = Purse.read(purse.text(), LEASE_SECONDS + 1)
    assert (lost.spent, lost.reserved) == (1.5, ())


@pytest.mark.parametrize("text", [None, "", "x", "[]", "{}", "[1, 2]", '[1, ["a"], false]'])
def test_rubbish_is_an_untouched_purse(text):
    """What can't be read is as nothing."""
    assert Purse.read(text) == Purse()


@given(
    st.builds(
        Purse,
        st.floats(0, 1e6),
        st.lists(st.tuples(st.text(), st.floats(0, 100), st.floats(1, 1e9))).map(tuple),
        st.booleans(),
    )
)
def test_a_purse_survives_as_text(purse):
    """Nothing is lost by writing it down."""
    assert Purse.read(purse.text(), 0.0) == purse


class Spending(RuleBasedStateMachine):
    """Attempts reserve what they are estimated to cost, and cost up to twice of it, or are never heard of again."""

    def __init__(self):
        super().__init__()
        self.purse = Purse()
        self.now = 0.0
        self.running = {}
        self.number = 0
        self.billed = 0.0
        self.underestimated = 0.0

    @rule(seconds=st.floats(0, LEASE_SECONDS))
    def time_passes(self, seconds):
        self.now += seconds
        self.purse = Purse.read(self.purse.text(), self.now)
        # Who is that slow is taken for crashed; its end is not heard of.
        self.running = {lease: entry for lease, entry in self.running.items() if entry[1] > self.now}

    @rule(estimate=st.floats(0.001, 4))
    def reserves(self, estimate):
        if DAILY.refusal(self.purse, estimate) is None:
            self.number += 1
            self.purse = self.purse.with_lease(str(self.number), estimate, self.now)
            self.running[str(self.number)] = (estimate, self.now + LEASE_SECONDS)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 9), more=st.floats(0.001, 4))
    def grows(self, which, more):
        lease = sorted(self.running)[which % len(self.running)]
        granted = min(more, DAILY.left(self.purse))
        self.purse = self.purse.grown(lease, granted)
        self.running[lease] = (self.running[lease][0] + granted, self.running[lease][1])

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 9), share=st.floats(0, 2))
    def settles(self, which, share):
        lease = sorted(self.running)[which % len(self.running)]
        estimate, _ = self.running.pop(lease)
        self.purse = self.purse.settled(lease, estimate * share)
        self.billed += estimate * share
        self.underestimated += max(0.0, estimate * (share - 1))

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 9))
    def crashes(self, which):
        lease = sorted(self.running)[which % len(self.running)]
        estimate, _ = self.running.pop(lease)
        self.billed += estimate  # at worst

    @invariant()
    def no_more_is_billed_than_the_limit_and_the_estimates_error(self):
        assert self.billed <= DAILY.limit + self.underestimated + 1e-6

    @invariant()
    def everything_billed_and_settled_is_counted(self):
        assert self.purse.taken >= self.billed - 1e-6


TestSpending = Spending.TestCase
TestSpending.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestSpending.__doc__ = "A budget is overspent by no more than what was estimated too low, whatever crashes."
