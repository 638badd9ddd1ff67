"""The one door to HTTP. Knows no provider and no policy: a `Call` goes out, bytes come in, errors are named.

httpx is imported and its clients are built in a worker thread, at the first call: both would hold the loop.
HTTP/1.1 only: a handful of long answers at a time gain nothing from HTTP/2's shared connection, where hanging up on one
answer is a frame that a server may heed late, while closing a connection frees a model at once.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
import zlib
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies

from dragoman.core.errors import AttemptTimeout, NetworkError, StreamingError, UnknownProviderError
from dragoman.core.settings import Network

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager

    import httpx

    from dragoman.core.errors import ProviderError
    from dragoman.core.ports import Workers
    from dragoman.providers.base import Call

LARGEST_RESPONSE_BYTES = 64_000_000
"""No answer is so long: what goes on beyond it is a fault."""

LARGEST_RATIO = 200
"""Text is never compressed so well: what grows more, beyond the first megabyte, is an attack."""

_HARMLESS_BYTES = 1_000_000
_PIECE_BYTES = 65_536

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
    """`Transport` on two pooled clients: one for the world, by way of proxies; one for this machine."""

    def __init__(self, workers: Workers, network: Network | None = None) -> None:
        self._workers = workers
        self._network = network or Network()
        self._building = asyncio.Lock()
        self._clients: _Clients | None = None
        self._retired: list[_Clients] = []

    def use(self, network: Network) -> None:
        """Another way out for the calls from now on; those that run keep theirs."""
        if network != self._network:
            self._network = network
            if self._clients is not None:
                self._retired.append(self._clients)
                self._clients = None

    async def warm(self) -> None:
        """Builds the clients, so that the first call need not wait for it. Why they can't be built, the call says."""
        with suppress(UnknownProviderError):
            await self._built()

    async def close(self) -> None:
        """Closes every connection."""
        built = [*self._retired, *([self._clients] if self._clients else [])]
        self._retired, self._clients = [], None
        for clients in built:
            await clients.world.aclose()
            await clients.direct.aclose()

    async def _built(self) -> _Clients:
        if self._clients is None:
            async with self._building:
                while self._clients is None:
                    network = self._network
                    clients = await self._workers.run(partial(_clients, network))
                    if network is self._network:
                        self._clients = clients
        return self._clients

    @asynccontextmanager
    async def stream(self, call: Call, *, connect_seconds: float) -> AsyncGenerator[Response, None]:
        """See `Transport`."""
        clients = await self._built()
        is_direct = _no_proxy_leads_to(call.url)
        with _named(call.url, connect_seconds, has_proxy=clients.has_proxy and not is_direct):
            client = clients.direct if is_direct else clients.world
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
    direct: httpx.AsyncClient
    has_proxy: bool
    time_limits: type[httpx.Timeout]


def _clients(network: Network) -> _Clients:
    """Both clients on one SSL context. Runs in a worker thread: the imports and the context take long.

    Raises `UnknownProviderError` for a setting, or a variable, that can't be followed.
    """
    # Its command line, which it can do without, would load what draws terminals: most of the import's time and memory.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import httpx  # noqa: PLC0415 - its import would hold the loop

    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they would log every URL
    context = _ssl_context(network)
    # How many requests run at a time is the engine's to limit; a pool's queue would be silent.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=60)
    try:
        world = httpx.AsyncClient(
            verify=context,
            limits=limits,
            follow_redirects=False,
            proxy=network.proxy,
            mounts=dict.fromkeys(map(_host_pattern, network.no_proxy)),
        )
    except (ImportError, ValueError, httpx.InvalidURL):  # SOCKS, or no address at all; the text may hold a password
        setting = "network.proxy or network.no_proxy" if network.proxy or network.no_proxy else "HTTPS_PROXY, ALL_PROXY"
        raise UnknownProviderError(
            f"the proxy can't be used: check {setting}; only http and https proxies can"
        ) from None
    direct = httpx.AsyncClient(verify=context, limits=limits, follow_redirects=False, trust_env=False)
    return _Clients(world, direct, bool(network.proxy or getproxies()), httpx.Timeout)


def _ssl_context(network: Network) -> ssl.SSLContext:
    """The usual authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR, and the person's own; TLS 1.2 or later."""
    import httpx  # noqa: PLC0415 - its import would hold the loop

    try:
        context = httpx.create_ssl_context()
    except (OSError, ssl.SSLError):
        raise UnknownProviderError("SSL_CERT_FILE names a file that holds no certificates: correct it") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if network.ca_bundle:
        path = Path(network.ca_bundle).expanduser()
        try:
            context.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError):
            raise UnknownProviderError(f"network.ca_bundle: {path} can't be read as certificates in PEM") from None
    return context


def _host_pattern(host: str) -> str:
    """A host of `no_proxy` as httpx writes it: the name and all below it, or one address."""
    host = host.strip().removeprefix("*").removeprefix(".")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]" if host.count(":") > 1 else host
    return f"all://*{host}" if host.strip("0123456789.") and not host.startswith("[") else f"all://{host}"


async def _pieces(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body's bytes as they come, decompressed, with httpx's errors named.

    Compression was not asked for. Where it comes all the same it is undone piece by piece, so that a few bytes never
    become many in memory.
    """
    import httpx  # noqa: PLC0415 - imported long ago by the time a response is there

    inflate = _inflater(response.headers.get("content-encoding", ""))
    came = given = 0
    try:
        # The stream itself: what `aiter_raw` puts around it counts bytes and cuts pieces, which nobody here needs.
        async for data in cast("httpx.AsyncByteStream", response.stream):
            came += len(data)
            if inflate is None:
                if came > LARGEST_RESPONSE_BYTES:
                    raise StreamingError(f"the answer is longer than {LARGEST_RESPONSE_BYTES // 1_000_000} MB")
                yield data
                continue
            for piece in inflate(data):
                given += len(piece)
                if given > LARGEST_RESPONSE_BYTES:
                    raise StreamingError(f"the answer is longer than {LARGEST_RESPONSE_BYTES // 1_000_000} MB")
                if given > _HARMLESS_BYTES and given > LARGEST_RATIO * came:
                    raise StreamingError(
                        "the answer's compression hides too much: check base_url, and what is behind it"
                    )
                yield piece
    except zlib.error:
        raise StreamingError("the answer's compression is broken: check base_url, and what is behind it") from None
    except httpx.TransportError:
        raise StreamingError("the connection broke off in mid-answer") from None


def _inflater(encoding: str) -> Callable[[bytes], Iterator[bytes]] | None:
    """What turns the body's bytes into the plain ones, a limited piece at a time; None where they are plain already.

    Raises `StreamingError`.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return partial(_inflated, zlib.decompressobj(zlib.MAX_WBITS | 32))  # the header tells which of the two
        case _:
            raise StreamingError("the answer is compressed, which was not asked for: check base_url")


def _inflated(decoder: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    piece = b""
    while data or len(piece) == _PIECE_BYTES:  # a full piece may not have been all that these bytes held
        if piece := decoder.decompress(data, _PIECE_BYTES):
            yield piece
        data = decoder.unconsumed_tail


@contextmanager
def _named(url: str, connect_seconds: float, *, has_proxy: bool) -> Iterator[None]:
    """What httpx raises before the response, as our errors. Its own texts are dropped: they may quote a key."""
    import httpx  # noqa: PLC0415 - the client is built, so it is imported

    where = shown_url(url)
    try:
        yield
    except httpx.ConnectTimeout:
        raise AttemptTimeout(f"no connection to {where} within {connect_seconds:g} s", limit="connect") from None
    except httpx.ProxyError:
        raise NetworkError(
            f"the proxy refused the way to {where}: check network.proxy, HTTPS_PROXY and NO_PROXY"
        ) from None
    except httpx.ConnectError as error:
        raise _unreachable(where, error, has_proxy=has_proxy) from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise UnknownProviderError(f"{where} is not a web address: check its base_url") from None
    except (httpx.LocalProtocolError, UnicodeError):
        raise UnknownProviderError("a header can't be sent as it is: check the key and the headers") from None
    except httpx.TransportError:
        raise NetworkError(f"{where} closed the connection without an answer") from None


def _unreachable(where: str, error: BaseException, *, has_proxy: bool) -> ProviderError:
    """Why no connection could be made, from the operating system's own error."""
    way = "; check network.proxy, HTTPS_PROXY and NO_PROXY too" if has_proxy else ""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NetworkError(
                f"the certificate of {where} is not trusted ({cause.verify_message}): "
                "name your own authority's file in network.ca_bundle"
            )
        if isinstance(cause, ssl.SSLError):
            return NetworkError(f"{where} does not speak TLS as it should ({cause.reason or 'handshake failed'})")
    names = {type(cause).__name__ for cause in causes}
    if "gaierror" in names:
        return NetworkError(f"the name of {where} can't be found: check the address and the network{way}")
    if "ConnectionRefusedError" in names:
        return NetworkError(f"nothing answers at {where}{way}")
    return NetworkError(f"{where} can't be reached: check the network{way}")


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


def _no_proxy_leads_to(url: str) -> bool:
    """This machine, and the address at which a cloud's machine finds its own services (RFC 3927)."""
    return is_loopback(url) or url.startswith("http://169.254.169.254/")


def shown_url(url: str) -> str:
    """Scheme, host and port of an address for a person's eyes: no name, password, path or query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the address"
    return urlunsplit((parts.scheme, host, "", "", "")) if host else "the address"
