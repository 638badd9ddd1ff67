"""How every place stands: breaker, rest, limits, requests in flight, in a store that other processes may share.

The loop enters a place, and settles what it was given in every ending. Looking costs no I/O; asks no provider.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dragoman.core.failover import is_unhealthy
from dragoman.core.health import ServerState
from dragoman.core.selection import Health
from dragoman.core.standing import IN_FLIGHT_SECONDS, LEASE_SECONDS, Flights, LimitState, PlaceState

if TYPE_CHECKING:
    from dragoman.core.errors import ProviderError
    from dragoman.core.health import Thresholds
    from dragoman.core.ports import Clock
    from dragoman.core.route import Place
    from dragoman.engine.store import Store, Values

RENEW_SECONDS = LEASE_SECONDS / 3
"""How often a running attempt says that it still runs."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person allows one provider; None is without limit. `burst`: requests at once."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_in_flight: int | None = None
    burst: int | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one attempt. `trial` says that the breaker let this one alone through."""

    id: str
    place: Place
    tokens: int
    trial: bool
    quota: Quota


@dataclass(frozen=True, slots=True)
class Refusal:
    """No attempt now; worth asking again in so many seconds. `resting`: the place itself is to be left alone."""

    seconds: float
    reason: str
    resting: bool = False


class Standing(NamedTuple):
    """How a place stands, for the decision.

    rests_until: the engine's clock until which it rests (0.0: it does not), and `reason` why. latency_seconds is its
    usual time to the first content, reliability in [0, 1]; None where nothing is known. `turns` grows with every turn
    that any place has in a round, so that the one with the smallest is next.
    """

    rests_until: float = 0.0
    reason: str = ""
    health: Health = Health.UNKNOWN
    latency_seconds: float | None = None
    reliability: float | None = None
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: whole, failed with `error`, or given up (neither). `tokens` is what it took in all."""

    whole: bool
    tokens: int
    error: ProviderError | None = None
    first_token_seconds: float | None = None


_UNTRIED = PlaceState()


@dataclass(frozen=True, slots=True)
class _AnyThresholds:
    """For an ending that none of them decides anything about."""

    failure_threshold: int = 1
    recovery_threshold: int = 1
    degraded_threshold_ms: int = 0


_ANY_THRESHOLDS = _AnyThresholds()


class Standings:
    """The standing of all places, in a store. `clock` is the engine's own, by which it waits."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._read: dict[str, tuple[str, PlaceState]] = {}
        self._healths: dict[str, tuple[str, Health]] = {}
        self._renewals: dict[str, asyncio.TimerHandle] = {}

    def look(self, place: Place) -> Standing:
        """How the place stands, as far as this process has heard."""
        state = self._state(place)
        turns = int(self._store.peek(_turn_key(place)) or 0)
        if state is _UNTRIED:
            return Standing(health=self._server_health(place), turns=turns)
        now = self._store.now()
        due, reason = state.due(now)
        return Standing(
            self._clock.now() + due - now if due else 0.0,
            reason,
            self._health(place, state),
            latency_seconds=state.first_token.mean if state.first_token.weight else None,
            reliability=state.success.mean if state.success.weight else None,
            turns=turns,
        )

    def chosen(self, place: Place) -> None:
        """It is the place's turn in a round."""
        self._store.post((_turn_key(place),), _had_its_turn)

    def freshen(self) -> None:
        """See soon what others have done. Waits for nothing."""
        self._store.freshen()

    async def enter(self, place: Place, quota: Quota, tokens: int) -> Lease | Refusal:
        """The right to one attempt that is estimated to take so many tokens."""
        lease = Lease(secrets.token_hex(6), place, tokens, not self._state(place).breaker.closed, quota)
        # Also where there is nothing to count: another window may have learned a moment ago that the place is down.
        entering = self._store.post(_keys(place, quota), partial(_entered, lease))
        try:
            entered = await asyncio.shield(entering)
        except asyncio.CancelledError:
            entering.add_done_callback(self._give_back)
            raise
        if isinstance(entered, Lease) and quota.max_in_flight is not None:
            self._renew_later(entered)
        return entered

    def answering(self, lease: Lease, threshold: int) -> None:
        """The attempt has shown its first content."""
        if lease.trial:
            self._store.post((_place_key(lease.place),), partial(_answering, threshold))

    def settle(self, lease: Lease, ending: Ending, thresholds: Thresholds) -> asyncio.Future[None]:
        """Gives back what was lent and takes note of the ending. Begun at once; done even if nobody waits for it."""
        if renewal := self._renewals.pop(lease.id, None):
            renewal.cancel()
        keys = (*_keys(lease.place, lease.quota), server_key(lease.place))
        return self._store.post(keys, partial(_settled, lease, ending, thresholds))

    def close(self) -> None:
        """Renews nothing any more."""
        for renewal in self._renewals.values():
            renewal.cancel()
        self._renewals.clear()

    def _state(self, place: Place) -> PlaceState:
        key = _place_key(place)
        text = self._store.peek(key)
        if text is None:
            return _UNTRIED
        known, state = self._read.get(key, ("", _UNTRIED))
        if known is not text:
            state = PlaceState.read(text)
            self._read[key] = (text, state)
        return state

    def _health(self, place: Place, state: PlaceState) -> Health:
        health = self._server_health(place)
        # Once it has rested, one request tries it in its usual place: else nobody would ever learn that it is back.
        return Health.UNKNOWN if health is Health.UNHEALTHY and not state.breaker.closed else health

    def _server_health(self, place: Place) -> Health:
        key = server_key(place)
        text = self._store.peek(key)
        if text is None:
            return Health.UNKNOWN
        known, health = self._healths.get(key, ("", Health.UNKNOWN))
        if known is not text:
            health = ServerState.read(text).health
            self._healths[key] = (text, health)
        return health

    def _give_back(self, entering: asyncio.Future[Lease | Refusal]) -> None:
        if entering.cancelled():
            return
        entered = entering.result()
        if isinstance(entered, Lease):
            self.settle(entered, Ending(whole=False, tokens=0), _ANY_THRESHOLDS)

    def _renew_later(self, lease: Lease) -> None:
        loop = asyncio.get_running_loop()
        self._renewals[lease.id] = loop.call_later(RENEW_SECONDS, self._renew, lease)

    def _renew(self, lease: Lease) -> None:
        self._store.post((_flight_key(lease.place),), partial(_renewed, lease.id))
        self._renew_later(lease)


def _place_key(place: Place) -> str:
    return f"place/{place.provider}|{place.endpoint}|{place.model}"


def server_key(place: Place) -> str:
    """Where the health of the place's server stands in the store."""
    return f"server/{place.provider}|{place.endpoint}"


def _flight_key(place: Place) -> str:
    return f"flight/{place.provider}"


def _turn_key(place: Place) -> str:
    return f"turn/{place.provider}|{place.endpoint}|{place.model}"


def _keys(place: Place, quota: Quota) -> tuple[str, ...]:
    """What an attempt there touches: always in this order."""
    keys = [_place_key(place)]
    if quota.requests_per_minute is not None or quota.tokens_per_minute is not None:
        # A window with other limits in force counts by them: its buckets are its own.
        limits = f"{quota.requests_per_minute}|{quota.tokens_per_minute}|{quota.burst}"
        keys.append(f"limit/{place.provider}|{limits}")
    if quota.max_in_flight is not None:
        keys.append(_flight_key(place))
    return tuple(keys)


def _split(quota: Quota, values: Values, now: float) -> tuple[PlaceState, LimitState | None, Flights | None]:
    """The states behind the values of `_keys`; one more may follow."""
    limited = quota.requests_per_minute is not None or quota.tokens_per_minute is not None
    limits = (
        LimitState.read(values[1], quota.requests_per_minute, quota.tokens_per_minute, quota.burst, now)
        if limited
        else None
    )
    flights = Flights.read(values[2 if limited else 1], now) if quota.max_in_flight is not None else None
    return PlaceState.read(values[0]), limits, flights


def _texts(*states: PlaceState | LimitState | Flights | ServerState | None) -> Values:
    return tuple(state.text() for state in states if state is not None)


def _entered(lease: Lease, values: Values, now: float) -> tuple[Values, Lease | Refusal]:
    """A `store.Change`: the lease, if it can be given."""
    place, limits, flights = _split(lease.quota, values, now)
    due, reason = place.due(now)
    if due:
        return values, Refusal(due - now, f"rests: {reason}", resting=True)
    if flights is not None and len(flights.until) >= (lease.quota.max_in_flight or 0):
        return values, Refusal(IN_FLIGHT_SECONDS, f"runs {len(flights.until)} requests at a time (max_in_flight)")
    if limits is not None:
        seconds, limit = limits.wait(lease.tokens, now)
        if seconds:
            return values, Refusal(seconds, f"its limit of {limit} per minute is used up")
        limits = limits.taken(lease.tokens, now)
    if flights is not None:
        flights = flights.with_lease(lease.id, now)
    trial = not place.breaker.closed
    return _texts(place.begun(now), limits, flights), replace(lease, trial=trial)


def _settled(lease: Lease, ending: Ending, thresholds: Thresholds, values: Values, now: float) -> tuple[Values, None]:
    """A `store.Change`: what the ending means for place and server, and what was lent given back."""
    place, limits, flights = _split(lease.quota, values, now)
    server = ServerState.read(values[-1])
    place = place.timed(ending.first_token_seconds, now)
    if ending.whole:
        place = place.succeeded(now, trial=lease.trial)
        server = server.answered()
    elif ending.error is not None:
        place = place.failed(ending.error, thresholds.failure_threshold, now, trial=lease.trial)
        server = server.failed(thresholds) if is_unhealthy(ending.error) else server
    else:
        place = place.abandoned(trial=lease.trial)
    if limits is not None:
        limits = limits.returned(lease.tokens - ending.tokens, now)
    if flights is not None:
        flights = flights.without(lease.id)
    after = _texts(place, limits, flights, server)
    # What stays as it is need not be written.
    return tuple(old if old == new else new for old, new in zip(values, after, strict=True)), None


def _answering(threshold: int, values: Values, _now: float) -> tuple[Values, None]:
    """A `store.Change`: the trial has shown its first content."""
    return (PlaceState.read(values[0]).answering(threshold).text(),), None


def _renewed(lease: str, values: Values, now: float) -> tuple[Values, None]:
    """A `store.Change`: the lease is still used."""
    return (Flights.read(values[0], now).renewed(lease, now).text(),), None


def _had_its_turn(_values: Values, now: float) -> tuple[Values, None]:
    """A `store.Change`: the time says whose turn was longest ago, also for places that came later."""
    return (str(int(now * 1000)),), None
