"""The one door to HTTP. Knows no provider and no policy: a `Call` goes out, bytes come in, errors are named.

httpx is imported and its clients are built in a worker thread, at the first call: both would hold the loop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit, urlunsplit

from dragoman.core.errors import AttemptTimeout, NetworkError, StreamingError, UnknownProviderError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager

    import httpx

    from dragoman.core.errors import ProviderError
    from dragoman.core.ports import Workers
    from dragoman.providers.base import Call

LARGEST_RESPONSE_BYTES = 64_000_000
"""No answer is so long: what goes on beyond it is a fault, or an attack by compression."""

LARGEST_ERROR_BYTES = 64_000
"""So much of a refusal is read; its reason stands at the start."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response whose body is still coming. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]


class Transport(Protocol):
    """What the engine needs of HTTP."""

    def stream(self, call: Call, *, connect_seconds: float) -> AbstractAsyncContextManager[Response]:
        """The response to the call. Leaving the context before the body's end closes the connection at once.

        Raises `NetworkError`, `AttemptTimeout` (limit connect), `StreamingError` or `UnknownProviderError`.
        """
        ...


async def whole_body(response: Response, largest: int = LARGEST_ERROR_BYTES) -> bytes:
    """The body up to `largest` bytes; what came, where the connection broke."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in response.body:
            pieces.append(piece)
            size += len(piece)
            if size >= largest:
                break
    except StreamingError:
        pass
    return b"".join(pieces)[:largest]


class HttpTransport:
    """`Transport` on two pooled clients: one for the world, by the environment's proxies; one for this machine."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._building = asyncio.Lock()
        self._clients: _Clients | None = None

    async def warm(self) -> None:
        """Builds the clients, so that the first call need not wait for it."""
        await self._built()

    async def close(self) -> None:
        """Closes every connection."""
        if self._clients is not None:
            await self._clients.world.aclose()
            await self._clients.loopback.aclose()
            self._clients = None

    async def _built(self) -> _Clients:
        if self._clients is None:
            async with self._building:
                if self._clients is None:
                    self._clients = await self._workers.run(_clients)
        return self._clients

    @asynccontextmanager
    async def stream(self, call: Call, *, connect_seconds: float) -> AsyncGenerator[Response, None]:
        """See `Transport`."""
        clients = await self._built()
        with _named(call.url, connect_seconds):
            client = clients.loopback if is_loopback(call.url) else clients.world
            request = client.build_request(
                call.method,
                call.url,
                # A compressed stream would be held back by whoever compresses it.
                headers=[*call.headers, ("accept-encoding", "identity")],
                content=call.body or None,
                # All but the connect limit are the engine's, which knows what a token is.
                timeout=clients.time_limits(None, connect=connect_seconds),
            )
            response = await client.send(request, stream=True)
        try:
            async with aclosing(_pieces(response)) as pieces:
                yield Response(response.status_code, response.headers, pieces)
        finally:
            await response.aclose()


@dataclass(frozen=True, slots=True)
class _Clients:
    world: httpx.AsyncClient
    loopback: httpx.AsyncClient
    time_limits: type[httpx.Timeout]


def _clients() -> _Clients:
    """Both clients on one SSL context. Runs in a worker thread: the imports and the context take long."""
    import httpx  # noqa: PLC0415 - its import would hold the loop

    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they would log every URL
    context = httpx.create_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # How many requests run at a time is the engine's to limit; a pool's queue would be silent.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=60)
    return _Clients(
        world=httpx.AsyncClient(verify=context, limits=limits, follow_redirects=False),
        loopback=httpx.AsyncClient(verify=context, limits=limits, follow_redirects=False, trust_env=False),
        time_limits=httpx.Timeout,
    )


async def _pieces(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body's bytes as they come, decompressed, with httpx's errors named."""
    import httpx  # noqa: PLC0415 - imported long ago by the time a response is there

    left = LARGEST_RESPONSE_BYTES
    try:
        # Nearly no answer is compressed, and httpx's decoders cost something for every token.
        pieces = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
        async for piece in pieces:
            left -= len(piece)
            if left < 0:
                raise StreamingError(f"the answer is longer than {LARGEST_RESPONSE_BYTES // 1_000_000} MB")
            yield piece
    except httpx.DecodingError:
        raise StreamingError("the answer's compression is broken") from None
    except httpx.TransportError:
        raise StreamingError("the connection broke off in mid-answer") from None


@contextmanager
def _named(url: str, connect_seconds: float) -> Iterator[None]:
    """What httpx raises before the response, as our errors. Its own texts are dropped: they may quote a key."""
    import httpx  # noqa: PLC0415 - the client is built, so it is imported

    where = shown_url(url)
    try:
        yield
    except httpx.ConnectTimeout:
        raise AttemptTimeout(f"no connection to {where} within {connect_seconds:g} s", limit="connect") from None
    except httpx.ProxyError:
        raise NetworkError(f"the proxy refused the way to {where}: check HTTPS_PROXY and NO_PROXY") from None
    except httpx.ConnectError as error:
        raise _unreachable(where, error) from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise UnknownProviderError(f"{where} is not a web address: check its base_url") from None
    except (httpx.LocalProtocolError, UnicodeError):
        raise UnknownProviderError("a header can't be sent as it is: check the key and the headers") from None
    except httpx.TransportError:
        raise NetworkError(f"{where} closed the connection without an answer") from None


def _unreachable(where: str, error: BaseException) -> ProviderError:
    """Why no connection could be made, from the operating system's own error."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NetworkError(
                f"the certificate of {where} is not trusted ({cause.verify_message}): "
                "name your own authority's file in SSL_CERT_FILE"
            )
        if isinstance(cause, ssl.SSLError):
            return NetworkError(f"{where} does not speak TLS as it should ({cause.reason or 'handshake failed'})")
    names = {type(cause).__name__ for cause in causes}
    if "gaierror" in names:
        return NetworkError(f"the name of {where} can't be found: check the address and the network")
    if "ConnectionRefusedError" in names:
        return NetworkError(f"nothing answers at {where}")
    return NetworkError(f"{where} can't be reached: check the network")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it."""
    yield error
    for inner in getattr(error, "exceptions", ()):
        yield from _causes(inner)
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _causes(cause)


def is_loopback(url: str) -> bool:
    """Whether the address is this machine, which no proxy leads to."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    return host in {"localhost", "::1"} or host.endswith(".localhost") or host.startswith("127.")


def shown_url(url: str) -> str:
    """Scheme, host and port of an address for a person's eyes: no name, password, path or query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the address"
    return urlunsplit((parts.scheme, host, "", "", "")) if host else "the address"
