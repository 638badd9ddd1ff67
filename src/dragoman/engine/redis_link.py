"""The way to a Redis or Valkey server, and what goes wrong on it in one line. Needs the extra `dragoman[redis]`.

The address may hold a password: it is shown to nobody.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dragoman.engine.store import StoreLost

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SOCKET_SECONDS = 0.45
CONNECTIONS = 4
"""Of one process, for one purpose."""


class RedisLink:
    """A few connections to one server. `decode`: what comes back is text, else bytes."""

    def __init__(self, url: str, *, decode: bool) -> None:
        self._url = url
        self._decode = decode
        self.client: Any = None
        """The library's own client; None until `open`."""

    async def open(self) -> None:
        """Make the client. Raises `StoreLost` where there can't be one; whether the server is there, it can't tell."""
        if self.client is None:
            await asyncio.to_thread(self._connect)  # the library takes long to import

    def _connect(self) -> None:
        try:
            from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - an extra, and slow to import
            from redis.asyncio.retry import Retry  # noqa: PLC0415
            from redis.backoff import NoBackoff  # noqa: PLC0415
        except ImportError:
            raise StoreLost('Redis needs an extra: pip install "dragoman[redis]"') from None
        try:
            pool = BlockingConnectionPool.from_url(
                self._url,
                max_connections=CONNECTIONS,
                timeout=SOCKET_SECONDS,
                decode_responses=self._decode,
                socket_timeout=SOCKET_SECONDS,
                socket_connect_timeout=SOCKET_SECONDS,
                retry=Retry(NoBackoff(), 0),
                driver_info=None,  # it would be read from the disk with every connection
            )
            self.client = Redis.from_pool(pool)
        except ValueError:
            raise StoreLost(f'{self.shown} is no address of a Redis: write "redis://HOST:6379/0"') from None

    @asynccontextmanager
    async def losses(self) -> AsyncGenerator[None, None]:
        """What goes wrong inside is a `StoreLost`."""
        from redis.exceptions import AuthenticationError, RedisError  # noqa: PLC0415 - an extra

        try:
            yield
        except AuthenticationError:
            raise StoreLost(f"{self.shown} refuses the login: check the password in the address") from None
        except (RedisError, OSError) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise StoreLost(f"{self.shown} can't be used: {reason}") from None

    async def close(self) -> None:
        """Give everything back. Never raises."""
        if self.client is not None:
            with suppress(Exception):  # whatever is wrong with a connection that is not needed any more
                await self.client.aclose()

    @property
    def shown(self) -> str:
        """The server, for people."""
        parts = urlsplit(self._url)
        try:
            return f"the store at {parts.hostname or '?'}:{parts.port or 6379}"
        except ValueError:
            return "the store"
