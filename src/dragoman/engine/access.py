"""What an endpoint needs before it can be asked: its key as it is, a grant, or a server that we run ourselves."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from dragoman.core.errors import Authentication, GrantRefused, ProviderError
from dragoman.engine.grants import Grants
from dragoman.engine.local import LocalServers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from contextlib import AbstractAsyncContextManager

    from dragoman.core.ports import Workers
    from dragoman.engine.http import Transport
    from dragoman.engine.local import LocalModel
    from dragoman.engine.places import Endpoint
    from dragoman.providers.base import Target

REFUSED = 401


class Access(Protocol):
    """Makes targets of endpoints."""

    def opened(self, endpoint: Endpoint, target: Target, seconds: float) -> AbstractAsyncContextManager[Target]:
        """The target as it can be called inside the block, which is one attempt. Raises a `ProviderError`.

        A grant is got within so many seconds.
        """
        ...


class DirectAccess:
    """`Access` to endpoints that need nothing more than their key."""

    @asynccontextmanager
    async def opened(self, endpoint: Endpoint, target: Target, seconds: float) -> AsyncGenerator[Target, None]:  # noqa: ARG002
        """See `Access`."""
        yield target


class FullAccess:
    """`Access` with grants and servers of our own."""

    def __init__(self, transport: Transport, workers: Workers, environment: Mapping[str, str]) -> None:
        self._grants = Grants(transport, workers, environment)
        self._servers = LocalServers(workers)

    @asynccontextmanager
    async def opened(self, endpoint: Endpoint, target: Target, seconds: float) -> AsyncGenerator[Target, None]:
        """See `Access`."""
        if endpoint.server is not None:
            model = replace(endpoint.server, path=target.model or endpoint.server.path)
            async with self._servers.using(model, endpoint.timeouts.total) as (base_url, key):
                yield replace(target, base_url=base_url, secret=key)
            return
        if endpoint.login is None:
            yield target
            return
        credential = target.secret or ""
        grant = await self._grants.grant(endpoint.login, credential, seconds)
        base_url = grant.base_url if grant.base_url and endpoint.login.moves else target.base_url
        try:
            yield replace(target, secret=grant.secret, base_url=base_url)
        except Authentication as error:
            if error.status == REFUSED and self._grants.refused(endpoint.login, credential, grant):
                raise GrantRefused(error.reason, status=REFUSED, retry_after=0.0) from error
            raise

    async def server_problem(self, model: LocalModel) -> str:
        """Why the model can't be served, or ""; nothing is started for it."""
        try:
            await self._servers.check(model)
        except ProviderError as error:
            return error.reason
        return ""

    async def close(self) -> None:
        """Stops the servers."""
        await self._servers.close()
