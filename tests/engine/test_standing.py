"""Leases, over a store that two windows share: what is lent comes back in every ending, and after every crash."""

from __future__ import annotations

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dragoman.core.errors import ContextLength, RateLimit, ServerError
from dragoman.core.route import Place
from dragoman.core.settings import Health as Thresholds
from dragoman.core.standing import LEASE_SECONDS
from dragoman.engine.clock import LoopClock
from dragoman.engine.standing import Ending, Lease, Quota, Refusal, Standing, Standings
from dragoman.engine.store import MemoryStore
from engine.virtual import virtual_time
from virtual_time import VirtualTimeLoop

HERE = Place("one", "openai", "http://one", "m", False)
THERE = Place("one", "openai", "http://two", "m", False)
OTHER = Place("two", "openai", "http://one", "m", False)
GIVEN_UP = Ending(whole=False, tokens=0)
USUAL = Thresholds()
AT_ONCE = Thresholds(failure_threshold=1)


def standings_on(store=None) -> Standings:
    """A window's view of a store, by the loop's time."""
    clock = LoopClock()
    return Standings(store or MemoryStore(clock.now), clock)


def failed(error, tokens=0) -> Ending:
    """An attempt that failed."""
    return Ending(whole=False, tokens=tokens, error=error)


@virtual_time
async def test_requests_in_flight_belong_to_the_provider():
    """Two endpoints of one provider share its places; another provider has its own."""
    standings, quota = standings_on(), Quota(max_in_flight=1)
    lease = await standings.enter(HERE, quota, 10)
    assert isinstance(await standings.enter(THERE, quota, 10), Refusal)
    assert isinstance(await standings.enter(OTHER, quota, 10), Lease)
    await standings.settle(lease, GIVEN_UP, USUAL)
    assert isinstance(await standings.enter(THERE, quota, 10), Lease)
    standings.close()


@virtual_time
async def test_a_refusal_takes_nothing():
    """Whoever is refused by one limit is not charged by another."""
    standings, quota = standings_on(), Quota(requests_per_minute=4, tokens_per_minute=400)
    assert isinstance(await standings.enter(HERE, quota, 100), Lease)
    for _ in range(50):
        assert isinstance(await standings.enter(HERE, quota, 100), Refusal)
    await asyncio.sleep(15)
    assert isinstance(await standings.enter(HERE, quota, 100), Lease)


@virtual_time
async def test_the_burst_is_what_the_person_sets():
    """With a burst of its own, so many requests are admitted at once and no more."""
    standings, quota = standings_on(), Quota(requests_per_minute=60, burst=3)
    entries = [await standings.enter(HERE, quota, 1) for _ in range(5)]
    assert [isinstance(entry, Lease) for entry in entries] == [True, True, True, False, False]


@virtual_time
async def test_a_longer_rest_extends_a_shorter_one():
    """Of two Retry-Afters the later end holds, and the reason is its own."""
    standings = standings_on()
    began = asyncio.get_running_loop().time()
    leases = [await standings.enter(HERE, Quota(), 1) for _ in range(3)]
    await standings.settle(leases[0], failed(RateLimit("long", retry_after=60)), USUAL)
    await standings.settle(leases[1], failed(RateLimit("short", retry_after=5)), USUAL)
    await asyncio.sleep(1)
    standing = standings.look(HERE)
    assert (standing.rests_until, standing.reason) == (began + 60.0, "long")
    await standings.settle(leases[2], Ending(whole=True, tokens=0), USUAL)
    await asyncio.sleep(2)
    assert standings.look(HERE).rests_until == began + 60.0
    assert standings.look(THERE) == Standing()


@virtual_time
async def test_a_trial_that_is_answered_at_all_closes_the_breaker():
    """A trial that ends in a refusal of the request shows that the provider works; another window waits meanwhile."""
    store = MemoryStore(LoopClock().now)
    standings, window = standings_on(store), standings_on(store)
    await standings.settle(await standings.enter(HERE, Quota(), 1), failed(ServerError("down")), AT_ONCE)
    assert window.look(HERE).reason == "down"
    await asyncio.sleep(5)
    trial = await standings.enter(HERE, Quota(), 1)
    assert trial.trial
    assert isinstance(await window.enter(HERE, Quota(), 1), Refusal)
    await standings.settle(trial, failed(ContextLength("long")), AT_ONCE)
    assert window.look(HERE).rests_until == 0.0


@virtual_time
async def test_an_entry_that_is_cancelled_gives_back_what_it_was_given():
    """A request that is cancelled while the store works on its lease holds no place."""

    class SlowStore(MemoryStore):
        def post(self, keys, change):
            loop = asyncio.get_running_loop()
            done = loop.create_future()
            loop.call_later(1, lambda: done.set_result(self.apply(keys, change)))
            return done

    standings, quota = standings_on(SlowStore(LoopClock().now)), Quota(max_in_flight=1)
    entering = asyncio.create_task(standings.enter(HERE, quota, 1))
    await asyncio.sleep(0.5)
    entering.cancel()
    await asyncio.sleep(5)
    assert entering.cancelled()
    entry = await standings.enter(HERE, quota, 1)
    assert isinstance(entry, Lease)
    await standings.settle(entry, GIVEN_UP, USUAL)


@virtual_time
async def test_a_running_request_keeps_its_place_for_as_long_as_it_runs():
    """A long answer is not taken for lost, because its window says again and again that it runs."""
    standings, quota = standings_on(), Quota(max_in_flight=1)
    lease = await standings.enter(HERE, quota, 1)
    await asyncio.sleep(10 * LEASE_SECONDS)
    assert isinstance(await standings.enter(HERE, quota, 1), Refusal)
    await standings.settle(lease, GIVEN_UP, USUAL)
    assert isinstance(await standings.enter(HERE, quota, 1), Lease)
    standings.close()


@virtual_time
async def test_what_is_usual_is_known_after_a_few_answers():
    """The time to the first content and the share of whole answers are there for the decision."""
    standings = standings_on()
    for seconds in (1.0, 3.0):
        lease = await standings.enter(HERE, Quota(), 1)
        await standings.settle(lease, Ending(whole=True, tokens=5, first_token_seconds=seconds), USUAL)
    await standings.settle(await standings.enter(HERE, Quota(), 1), failed(ServerError("down")), USUAL)
    standing = standings.look(HERE)
    assert 1.9 < standing.latency_seconds < 2.1
    assert 0.6 < standing.reliability < 0.7


class Leases(RuleBasedStateMachine):
    """Two windows on one store: attempts begin and end in any way and order, and windows crash with theirs running."""

    quota = Quota(requests_per_minute=40, tokens_per_minute=600, max_in_flight=3)

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.loop = self.runner.get_loop()
        self.began = self.loop.time()
        self.store = MemoryStore(self.loop.time)
        self.windows = [(standings_on(self.store), []) for _ in range(2)]
        self.entered = 0
        self.used = 0
        self.lost = []

    def teardown(self):
        for standings, _ in self.windows:
            standings.close()
        self.runner.close()

    def done(self, action):
        async def act():
            return await action

        return self.runner.run(act())

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds):
        self.done(asyncio.sleep(seconds))

    @rule(which=st.integers(0, 1), tokens=st.integers(1, 150))
    def enters(self, which, tokens):
        standings, leases = self.windows[which]
        entry = self.done(standings.enter(HERE, self.quota, tokens))
        if isinstance(entry, Refusal):
            assert entry.seconds > 0
            assert entry.reason
        else:
            self.entered += 1
            leases.append(entry)

    @precondition(lambda self: any(leases for _, leases in self.windows))
    @rule(which=st.integers(0, 9), end=st.sampled_from(("whole", "failed", "given up")), part=st.floats(0, 1))
    def ends(self, which, end, part):
        running = [(standings, leases, lease) for standings, leases in self.windows for lease in leases]
        standings, leases, lease = running[which % len(running)]
        leases.remove(lease)
        tokens = int(lease.tokens * part)
        self.used += tokens
        error = ServerError("x") if end == "failed" else None

        async def settled():
            await standings.settle(lease, Ending(end == "whole", tokens, error), USUAL)

        self.done(settled())

    @rule(which=st.integers(0, 1))
    def crashes(self, which):
        standings, leases = self.windows[which]
        standings.close()
        self.lost += [(self.loop.time(), lease) for lease in leases]
        self.used += sum(lease.tokens for lease in leases)  # nobody knows: they may all have been used
        self.windows[which] = (standings_on(self.store), [])

    @invariant()
    def no_more_run_than_allowed(self):
        assert sum(len(leases) for _, leases in self.windows) <= 3

    @invariant()
    def no_more_is_admitted_than_the_rate_and_the_burst(self):
        passed = self.loop.time() - self.began
        reserved = sum(lease.tokens for _, leases in self.windows for lease in leases)
        assert self.used + reserved <= 150 + passed * 10 + 1e-6
        assert self.entered <= 10 + passed * 40 / 60 + 1e-6

    @precondition(lambda self: not any(leases for _, leases in self.windows))
    @rule()
    def nothing_leaks(self):
        """With everything ended or lost, and time to refill and to recover, as many are let in as are allowed."""
        self.done(asyncio.sleep(60))
        standings = standings_on(self.store)

        async def three():
            entries = [await standings.enter(HERE, self.quota, 1)]
            for entry in entries:
                await standings.settle(entry, Ending(whole=True, tokens=1), USUAL)
            entries += [await standings.enter(HERE, self.quota, 1) for _ in range(3)]
            for entry in entries[1:]:
                await standings.settle(entry, Ending(whole=True, tokens=1), USUAL)
            return entries

        entries = self.done(three())
        standings.close()
        self.entered += 4
        self.used += 4
        assert all(isinstance(entry, Lease) for entry in entries)


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLeases.__doc__ = "Leases neither overspend nor leak, in whatever order attempts begin, end and are lost."
