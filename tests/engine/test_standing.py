"""Leases: what is lent for an attempt comes back in every ending."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dragoman.core.errors import ContextLength, RateLimit, ServerError
from dragoman.core.route import Place
from dragoman.engine.standing import Lease, MemoryStandings, Quota, Refusal, Standing

HERE = Place("one", "openai", "http://one", "m", False)
THERE = Place("one", "openai", "http://two", "m", False)
OTHER = Place("two", "openai", "http://one", "m", False)


def test_requests_in_flight_belong_to_the_provider():
    """Two endpoints of one provider share its places; another provider has its own."""
    standings, quota = MemoryStandings(), Quota(max_in_flight=1)
    lease = standings.enter(HERE, quota, 10, 0.0)
    assert isinstance(standings.enter(THERE, quota, 10, 0.0), Refusal)
    assert isinstance(standings.enter(OTHER, quota, 10, 0.0), Lease)
    standings.abandoned(lease, 0, 1.0)
    assert isinstance(standings.enter(THERE, quota, 10, 1.0), Lease)


def test_a_refusal_takes_nothing():
    """Whoever is refused by one limit is not charged by another."""
    standings, quota = MemoryStandings(), Quota(requests_per_minute=4, tokens_per_minute=400)
    lease = standings.enter(HERE, quota, 100, 0.0)
    assert isinstance(lease, Lease)
    for _ in range(50):
        assert isinstance(standings.enter(HERE, quota, 100, 0.0), Refusal)
    assert isinstance(standings.enter(HERE, quota, 100, 15.0), Lease)


def test_a_longer_rest_extends_a_shorter_one():
    """Of two Retry-Afters the later end holds, and the reason is its own."""
    standings = MemoryStandings()
    leases = [standings.enter(HERE, Quota(), 1, 0.0) for _ in range(3)]
    standings.failed(leases[0], RateLimit("long", retry_after=60), 0, 3, 0.0)
    standings.failed(leases[1], RateLimit("short", retry_after=5), 0, 3, 0.0)
    assert standings.look(HERE, 1.0) == Standing(60.0, "long")
    standings.succeeded(leases[2], 0, 2.0)
    assert standings.look(HERE, 3.0).rests_until == 60.0
    assert standings.look(THERE, 1.0) == Standing()


def test_a_trial_that_is_answered_at_all_closes_the_breaker():
    """A trial that ends in a refusal of the request shows that the provider works."""
    standings = MemoryStandings()
    standings.failed(standings.enter(HERE, Quota(), 1, 0.0), ServerError("down"), 0, 1, 0.0)
    assert standings.look(HERE, 1.0) == Standing(5.0, "down")
    trial = standings.enter(HERE, Quota(), 1, 5.0)
    assert trial.trial
    assert isinstance(standings.enter(HERE, Quota(), 1, 5.0), Refusal)
    standings.failed(trial, ContextLength("long"), 0, 1, 6.0)
    assert standings.look(HERE, 6.0) == Standing()


class Leases(RuleBasedStateMachine):
    """Attempts enter and end in any way and order, at three at a time and 600 tokens a minute."""

    quota = Quota(tokens_per_minute=600, max_in_flight=3)

    def __init__(self):
        super().__init__()
        self.standings = MemoryStandings()
        self.now = 0.0
        self.leases = []
        self.used = 0

    @rule(seconds=st.floats(0, 20))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(tokens=st.integers(1, 150))
    def enters(self, tokens):
        entry = self.standings.enter(HERE, self.quota, tokens, self.now)
        if isinstance(entry, Refusal):
            assert entry.seconds > 0
            assert entry.reason
        else:
            self.leases.append(entry)

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 9), end=st.sampled_from(("whole", "failed", "abandoned")), part=st.floats(0, 1))
    def ends(self, which, end, part):
        lease = self.leases.pop(which % len(self.leases))
        tokens = int(lease.tokens * part)
        self.used += tokens
        if end == "whole":
            self.standings.succeeded(lease, tokens, self.now)
        elif end == "failed":
            self.standings.failed(lease, ServerError("x"), tokens, 3, self.now)
        else:
            self.standings.abandoned(lease, tokens, self.now)

    @invariant()
    def no_more_run_than_allowed(self):
        assert len(self.leases) <= 3

    @invariant()
    def no_more_is_used_than_the_rate_and_the_burst(self):
        reserved = sum(lease.tokens for lease in self.leases)
        assert self.used + reserved <= 150 + self.now * 10 + 1e-6

    @invariant()
    def nothing_leaks(self):
        """With everything ended, and time to refill, the next one is let in."""
        if not self.leases:
            later = self.now + 60
            assert not isinstance(self._probe(later), Refusal)

    def _probe(self, later):
        lease = self.standings.enter(OTHER, self.quota, 150, later)
        if isinstance(lease, Lease):
            self.standings.abandoned(lease, 0, later)
        standing = self.standings.look(HERE, later)
        return Refusal(1, standing.reason) if standing.rests_until else lease


TestLeases = Leases.TestCase
TestLeases.__doc__ = "Leases neither overspend nor leak, in whatever order attempts begin and end."
