"""Logging in by the device flow: a code for the person, polls on the clock until they have entered it; and renewing.

What is sent and what an answer means is `providers.device_flow`'s. Stores nothing, shows nothing itself.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from dragoman.core.errors import Authentication, NetworkError, ProviderError
from dragoman.engine.http import shown_url, whole_body
from dragoman.providers import device_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.core.ports import Clock
    from dragoman.engine.http import Transport
    from dragoman.providers.base import Call
    from dragoman.providers.device_flow import Client, DeviceCode, SavedLogin

ANSWER_SECONDS = 10.0
"""How long one answer of the login's server is waited for."""

LONGEST_WAIT_SECONDS = 60.0
"""Polls of a server that is in trouble get no rarer than this."""


class DeviceLogins:
    """Logins at one transport. `wall` tells Unix seconds: the ends of tokens are told in them."""

    def __init__(self, transport: Transport, clock: Clock, wall: Callable[[], float] = time.time) -> None:
        self._transport = transport
        self._clock = clock
        self._wall = wall

    async def login(self, client: Client, show: Callable[[DeviceCode], None]) -> SavedLogin:
        """A new login. `show` brings code and page before the person, and must not block.

        Raises a `ProviderError`: `Authentication` where the person denies it, or the code runs out.
        """
        code = device_flow.device_code(*await self._answer(device_flow.code_call(client)))
        show(code)
        return await self._polled(client, code)

    async def renewed(self, login: SavedLogin) -> SavedLogin:
        """The login with a new token. Raises `Authentication` where it is over, another `ProviderError` for a fault."""
        return device_flow.refreshed(login, *await self._answer(device_flow.refresh_call(login)), self._wall())

    async def _polled(self, client: Client, code: DeviceCode) -> SavedLogin:
        end = self._clock.now() + code.seconds
        interval, faults, trouble = code.interval, 0, ""
        wait = interval
        while self._clock.now() + wait < end:
            await self._clock.sleep(wait)
            try:
                answer = await self._answer(device_flow.poll_call(client, code))
                step = device_flow.polled(client, *answer, self._wall())
            except Authentication:
                raise
            except ProviderError as error:  # a network that comes and goes; polls get rarer (RFC 8628, 3.5)
                faults, trouble = faults + 1, f"; the last try: {error.reason}"
                wait = max(interval, min(interval * 2**faults, LONGEST_WAIT_SECONDS), error.retry_after or 0.0)
                continue
            if not isinstance(step, device_flow.Pending):
                return step
            interval += device_flow.SLOWER_SECONDS if step.slower else 0.0
            faults, trouble, wait = 0, "", interval
        raise Authentication(f"the code ran out before it was entered{trouble}")

    async def _answer(self, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._transport.stream(call, connect_seconds=ANSWER_SECONDS) as response,
            ):
                return response.status, response.headers, await whole_body(response)
        except TimeoutError:
            raise NetworkError(f"no answer from {shown_url(call.url)} within {ANSWER_SECONDS:g} s") from None
