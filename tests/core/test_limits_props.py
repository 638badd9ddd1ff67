"""Laws of bucket, breaker and rest, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dragoman.core.limits import LONGEST_OPEN_SECONDS, TRIAL_SECONDS, Breaker, Bucket, Rest, burst


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50)), max_size=60),
)
def test_no_window_admits_more_than_the_limit_and_the_burst(per_minute, requests):
    """In any window what was admitted is at most rate times time plus the burst, plus one that is larger than it."""
    bucket = Bucket.full(per_minute, burst(per_minute), 0.0)
    now, admitted = 0.0, []
    for pause, cost in requests:
        now += pause
        if bucket.wait(cost, now) == 0.0:
            bucket = bucket.taken(cost, now)
            admitted.append((now, cost))
    for first, (start, _) in enumerate(admitted):
        for last in range(first, len(admitted)):
            window = admitted[first : last + 1]
            excess = max(0.0, window[-1][1] - bucket.capacity)
            allowed = bucket.capacity + (window[-1][0] - start) * bucket.per_second + excess
            assert sum(cost for _, cost in window) <= allowed + 1e-6


@given(st.integers(1, 1000), st.lists(st.floats(0, 5), min_size=1, max_size=30))
def test_waiting_as_told_is_enough(per_minute, pauses):
    """Whoever waits for as long as the bucket says is admitted then."""
    bucket, now = Bucket.full(per_minute, burst(per_minute), 0.0), 0.0
    for pause in pauses:
        now += pause
        now += bucket.wait(1, now)
        assert bucket.wait(1, now) < 1e-6
        bucket = bucket.taken(1, now)


@given(st.lists(st.tuples(st.floats(0, 1000), st.text(max_size=3)), min_size=1))
def test_a_rest_only_grows(rests):
    """The rest is the longest of all that were asked for."""
    rest = Rest()
    for until, reason in rests:
        rest = rest.extended(until, reason)
    assert rest.until == max(until for until, _ in rests)


class BreakerMachine(RuleBasedStateMachine):
    """Attempts begin, succeed, fail, are given up or never heard of again, in any order."""

    def __init__(self):
        super().__init__()
        self.breaker = Breaker()
        self.now = 0.0
        self.running = []
        self.trial_began = None

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds):
        self.now += seconds

    @precondition(lambda self: self.breaker.due(self.now) <= self.now)
    @rule()
    def an_attempt_begins(self):
        trial = not self.breaker.closed
        if trial:
            if self.trial_began is not None:
                assert self.now - self.trial_began >= TRIAL_SECONDS, "two trials at a time"
            self.trial_began = self.now
        self.breaker = self.breaker.begun(self.now)
        self.running.append((self.now, trial))

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 100), end=st.sampled_from(("succeeded", "failed", "answering", "abandoned", "lost")))
    def an_attempt_ends(self, which, end):
        _, trial = self.running.pop(which % len(self.running))
        if end == "failed":
            self.breaker = self.breaker.failed(self.now, 3, trial=trial)
        elif end == "succeeded":
            self.breaker = self.breaker.succeeded()
        elif end == "answering" and trial:
            self.breaker = self.breaker.answering(3)
        elif end == "abandoned" and trial:
            self.breaker = self.breaker.abandoned()
        if end == "succeeded" or (trial and end != "lost"):
            self.trial_began = None

    @invariant()
    def it_always_recovers(self):
        """Left alone for half a minute, a trial is let in, and its success closes the breaker."""
        later = self.now + max(LONGEST_OPEN_SECONDS, TRIAL_SECONDS)
        assert self.breaker.due(later) <= later
        assert self.breaker.begun(later).succeeded().closed


TestBreaker = BreakerMachine.TestCase
TestBreaker.__doc__ = (
    "A breaker has at most one trial at a time and always recovers, whatever happens in whatever order."
)
