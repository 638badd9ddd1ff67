"""A server's health, from probes and real requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dragoman.core.health import ServerState
from dragoman.core.selection import Health
from dragoman.core.settings import Health as Thresholds

USUAL = Thresholds(failure_threshold=3, recovery_threshold=2, degraded_threshold_ms=2000)


def test_nothing_is_known_at_first():
    """A server that nobody has met is neither well nor ill."""
    assert ServerState().health is Health.UNKNOWN
    assert ServerState.read(None).health is Health.UNKNOWN
    assert ServerState.read("rubbish").health is Health.UNKNOWN
    assert ServerState.read('{"a": 1}').health is Health.UNKNOWN


def test_a_slow_probe_is_a_degraded_server():
    """Slower than the threshold: degraded, until a quick one."""
    slow = ServerState().probed(2.5, USUAL)
    assert (slow.health, slow.seconds) == (Health.DEGRADED, 2.5)
    assert slow.probed(0.1, USUAL).health is Health.HEALTHY


def test_three_failures_and_two_answered_probes():
    """Unhealthy after the third failure in a row, healthy after the second probe that is answered."""
    state = ServerState()
    for _ in range(2):
        state = state.probed(None, USUAL)
        assert state.health is not Health.UNHEALTHY
    state = state.failed(USUAL)
    assert state.health is Health.UNHEALTHY
    state = state.probed(0.1, USUAL)
    assert state.health is Health.UNHEALTHY
    assert state.probed(0.1, USUAL).health is Health.HEALTHY


def test_a_real_answer_says_more_than_probes():
    """One whole answer makes it healthy at once."""
    state = ServerState()
    for _ in range(5):
        state = state.failed(USUAL)
    assert state.answered().health is Health.HEALTHY


@given(
    st.builds(
        ServerState,
        st.integers(0, 99),
        st.integers(0, 99),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.none() | st.floats(0, 100),
        st.floats(0, 1e12),
    )
)
def test_a_state_survives_as_text(state):
    """Written down and read again, nothing is lost."""
    assert ServerState.read(state.text()) == state


class Server(RuleBasedStateMachine):
    """Probes and requests succeed and fail in any order, under any thresholds."""

    def __init__(self):
        super().__init__()
        self.thresholds = USUAL
        self.state = ServerState()
        self.failures = 0

    @precondition(lambda self: not self.state.known)
    @rule(failure=st.integers(1, 5), recovery=st.integers(1, 5))
    def other_thresholds(self, failure, recovery):
        self.thresholds = Thresholds(failure_threshold=failure, recovery_threshold=recovery)

    @rule(seconds=st.none() | st.floats(0, 10))
    def probe(self, seconds):
        self.failures = self.failures + 1 if seconds is None else 0
        self.state = self.state.probed(seconds, self.thresholds)

    @rule(whole=st.booleans())
    def request(self, whole):
        self.failures = 0 if whole else self.failures + 1
        self.state = self.state.answered() if whole else self.state.failed(self.thresholds)

    @invariant()
    def it_is_ill_only_after_enough_failures(self):
        if self.failures >= self.thresholds.failure_threshold:
            assert self.state.health is Health.UNHEALTHY

    @invariant()
    def it_always_recovers(self):
        state = self.state
        for _ in range(self.thresholds.recovery_threshold):
            state = state.probed(0.01, self.thresholds)
        assert state.health in (Health.HEALTHY, Health.DEGRADED)
        assert self.state.answered().health is not Health.UNHEALTHY


TestServer = Server.TestCase
TestServer.__doc__ = "A server is ill after enough failures in a row, and always recovers."
