"""Keeps logins that lie in a place of keys fresh: renews a token before it ends, and puts the new one back there.

Several windows share one login whose refresh token is good for once: whoever comes too late takes what the other got.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from dragoman.core.errors import Authentication, ProviderError
from dragoman.engine.key_lookup import Found
from dragoman.providers.device_flow import saved_login

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dragoman.engine.key_lookup import SlowPlace
    from dragoman.providers.device_flow import SavedLogin

MARGIN_SECONDS = 300.0
"""A token is renewed so long before its end."""

REST_SECONDS = 60.0
"""After a renewal that failed, nobody waits for another one while the old token is good."""

logger = logging.getLogger(__name__)


class LoginRenewal:
    """The renewals of one process. `renew` asks the login's server; `wall` tells Unix seconds."""

    def __init__(
        self, renew: Callable[[SavedLogin], Awaitable[SavedLogin]], wall: Callable[[], float] = time.time
    ) -> None:
        self._renew = renew
        self._wall = wall
        self._turns: dict[str, asyncio.Lock] = {}
        self._rests: dict[str, float] = {}

    async def usable(self, provider: str, found: Found, place: SlowPlace) -> Found:
        """The token where a login was found, renewed if its end is near; what was found where it is a plain key."""
        login = saved_login(found.value or "")
        if login is None:
            return found
        if self._is_fresh(login) or (self._lasts(login) and self._rests.get(provider, 0.0) > self._wall()):
            return Found(found.place, login.token)
        async with self._turns.setdefault(provider, asyncio.Lock()):
            # Whoever had the turn, or another window, may have renewed it.
            anew = await place.find_anew(provider)
            current = saved_login(anew.value or "")
            if current is None:  # the place is locked now, or the person has stored a key instead
                return Found(anew.place, login.token) if anew.fault and self._lasts(login) else anew
            if self._is_fresh(current):
                return Found(anew.place, current.token)
            return await self._renewed(provider, current, anew, place)

    async def _renewed(self, provider: str, login: SavedLogin, found: Found, place: SlowPlace) -> Found:
        ended = f"holds a login that has ended: run `dragoman auth login {provider}`"
        if not login.refresh_token:
            return Found(found.place, login.token) if self._lasts(login) else Found(found.place, fault=ended)
        try:
            renewed = await self._renew(login)
        except ProviderError as error:
            self._rests[provider] = self._wall() + REST_SECONDS
            if isinstance(error, Authentication):
                other = saved_login((await place.find_anew(provider)).value or "")
                login = other or login
            if self._lasts(login):
                return Found(found.place, login.token)
            if isinstance(error, Authentication):
                return Found(found.place, fault=ended)
            return Found(found.place, fault=f"holds a login that can't be renewed now: {error.reason}")
        if not await place.store(provider, renewed.text()):
            logger.warning("the renewed login of %s could not be stored: after this session log in again", provider)
        return Found(found.place, renewed.token)

    def _is_fresh(self, login: SavedLogin) -> bool:
        return not login.expires_at or self._wall() < login.expires_at - MARGIN_SECONDS

    def _lasts(self, login: SavedLogin) -> bool:
        return not login.expires_at or self._wall() < login.expires_at
