"""Probes the servers that are in use, once an interval for all windows together. Never asks a model anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from dragoman.core.errors import ProviderError
from dragoman.core.failover import is_unhealthy
from dragoman.core.health import ServerState, Thresholds
from dragoman.engine.standing import server_key
from dragoman.providers.base import Target

if TYPE_CHECKING:
    from dragoman.core.ports import Clock
    from dragoman.core.settings import Health
    from dragoman.engine.access import Access
    from dragoman.engine.models import ModelLists
    from dragoman.engine.places import Endpoint
    from dragoman.engine.store import Store, Values

IN_USE_SECONDS = 300.0
"""A server that nobody was to ask for so long is left alone."""


@dataclass(frozen=True, slots=True)
class _Used:
    endpoint: Endpoint
    secret: str | None = field(repr=False)
    settings: Health
    at: float


class Prober:
    """Probes what it is told is in use. Nothing runs while nothing is."""

    def __init__(self, store: Store, models: ModelLists, access: Access, clock: Clock) -> None:
        self._store = store
        self._models = models
        self._access = access
        self._clock = clock
        self._used: dict[str, _Used] = {}
        self._task: asyncio.Task[None] | None = None

    def use(self, endpoint: Endpoint, secret: str | None, settings: Health) -> None:
        """The server may be asked now. A local model that we would have to start for it is not probed."""
        if endpoint.server is not None or endpoint.obstacle is not None or settings.check_interval_s == 0:
            return
        self._used[server_key(endpoint.place)] = _Used(endpoint, secret, settings, self._clock.now())
        if self._task is None:
            self._task = asyncio.create_task(self._keep_probing())

    async def close(self) -> None:
        """Probe no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _keep_probing(self) -> None:
        while True:
            now = self._clock.now()
            self._used = {key: used for key, used in self._used.items() if now - used.at < IN_USE_SECONDS}
            if not self._used:
                self._task = None
                return
            await self._clock.sleep(min(used.settings.check_interval_s for used in self._used.values()))
            await asyncio.gather(*(self._probe(key, used) for key, used in self._used.items()))

    async def _probe(self, key: str, used: _Used) -> None:
        if not await self._store.post((key,), partial(_claimed, used.settings.check_interval_s)):
            return  # another window did
        began = self._clock.now()
        seconds = used.settings.timeout_ms / 1000
        place = used.endpoint.place
        target = Target(place.provider, place.endpoint, place.model, used.secret, used.endpoint.options)
        took: float | None
        try:
            async with self._access.opened(used.endpoint, target, seconds) as ready:
                await self._models.ask(place, ready, seconds)
            took = self._clock.now() - began
        except ProviderError as error:
            # A refusal is an answer too: it says nothing against the server's health.
            took = None if is_unhealthy(error) else self._clock.now() - began
        self._store.post((key,), partial(_probed, took, used.settings))


def _claimed(interval_seconds: float, values: Values, now: float) -> tuple[Values, bool]:
    """A `store.Change`: whether this process is to probe now."""
    state = ServerState.read(values[0])
    # Other windows' intervals are no more exact than their loops.
    if state.probe_after > now + interval_seconds / 10:
        return values, False
    return (state.claimed(now, interval_seconds).text(),), True


def _probed(seconds: float | None, thresholds: Thresholds, values: Values, _now: float) -> tuple[Values, None]:
    """A `store.Change`: what the probe says."""
    return (ServerState.read(values[0]).probed(seconds, thresholds).text(),), None
