"""Short-lived secrets: got where a provider hands them out, kept in memory, renewed before they end. Shows none.

What is asked and what the answer means is the exchanges' (`dragoman.providers`); this brings the socket, the time, the
files and the `az` command.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dragoman.core.errors import Authentication, NetworkError, ProviderError
from dragoman.engine.http import shown_url, whole_body
from dragoman.providers import copilot, entra
from dragoman.providers.vertex_auth import CredentialsFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.core.ports import Workers
    from dragoman.engine.http import Transport
    from dragoman.providers.base import Exchange, Grant

LONGEST_MARGIN_SECONDS = 300.0
"""A grant is renewed so long before its end, or at four fifths of a short life."""

COMMAND_SECONDS = 30.0
LARGEST_FILE_BYTES = 64_000
ARC_FOLDER = Path("/var/opt/azcmagent/tokens")
"""Where Azure Arc's agent puts its keys ("Authenticate against Azure resources with Azure Arc-enabled servers")."""

_GOOGLE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_GOOGLE_FILE = "~/.config/gcloud/application_default_credentials.json"

Kind = Literal["entra", "managed_identity", "az", "service_account", "copilot"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Login:
    """How an endpoint's key becomes what its provider takes; see the settings of the same names.

    moves: the grant may name the address to use.
    """

    kind: Kind
    tenant: str | None = None
    client_id: str | None = None
    authority: str | None = None
    credentials: str | None = None
    moves: bool = False


@dataclass(slots=True)
class _Held:
    """One login's grant, and how often it was given out. Who waited for a renewal shares its failure."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    grant: Grant | None = field(default=None, repr=False)
    taken_at: float = 0.0
    given: int = 0
    failures: int = 0
    failure: ProviderError | None = None

    def usable(self, now: float, *, margin: bool = True) -> Grant | None:
        """The grant, unless its end is near; without the margin, unless it has ended."""
        if self.grant is None:
            return None
        early = min(LONGEST_MARGIN_SECONDS, (self.grant.expires_at - self.taken_at) / 5) if margin else 0.0
        return self.grant if now < self.grant.expires_at - early else None


class Grants:
    """The grants of one process. `wall` tells Unix seconds: the ends of grants are told in them."""

    def __init__(
        self,
        transport: Transport,
        workers: Workers,
        environment: Mapping[str, str],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._workers = workers
        self._environment = environment
        self._wall = wall
        self._held: dict[tuple[Login, str], _Held] = {}

    async def grant(self, login: Login, credential: str, seconds: float) -> Grant:
        """The login's grant, fresh enough for a call. Raises a `ProviderError` after so many seconds at the latest.

        Whoever comes while it is renewed waits for that renewal. One that fails is no harm while the old one lasts.
        """
        held = self._held.setdefault((login, credential), _Held())
        grant = await self._current(held, login, credential, seconds)
        held.given += 1
        return grant

    async def _current(self, held: _Held, login: Login, credential: str, seconds: float) -> Grant:
        if grant := held.usable(self._wall()):
            return grant
        failures = held.failures
        async with held.lock:
            if grant := held.usable(self._wall()):
                return grant
            if held.failure is not None and held.failures != failures:
                raise held.failure
            held.failure = None
            try:
                held.grant = await self._renewed(login, credential, seconds)
                held.taken_at = self._wall()
                held.given = 0
            except ProviderError as error:
                held.failures += 1
                old = held.usable(self._wall(), margin=False)
                if old is None or isinstance(error, Authentication):
                    held.grant = None
                    held.failure = error
                    raise
                logger.warning("a %s grant could not be renewed, the old one is still good", login.kind)
                return old
            return held.grant

    def refused(self, login: Login, credential: str, grant: Grant) -> bool:
        """The provider has refused this grant. Returns whether a new one may do: this one is not brand-new."""
        held = self._held[login, credential]
        if held.grant is not grant:
            return True  # another call has renewed it meanwhile
        held.grant = None
        return held.given > 1

    async def _renewed(self, login: Login, credential: str, seconds: float) -> Grant:
        logger.info("getting a %s grant", login.kind)
        match login.kind:
            case "az":
                output = await self._command(entra.az_argv(login.tenant))
                return entra.az_grant(output, self._wall())
            case "managed_identity":
                identity = entra.managed_identity(login.client_id, self._environment)
                return await self._exchanged(identity, "", seconds)
            case "entra":
                app = entra.ClientSecret(login.tenant or "", login.client_id or "", login.authority or entra.AUTHORITY)
                return await self._exchanged(app, credential, seconds)
            case "service_account":
                return await self._exchanged(CredentialsFile(), await self._google_file(login.credentials), seconds)
            case "copilot":
                exchange = copilot.GitHubToken(login.authority or copilot.AUTHORITY)
                return await self._exchanged(exchange, credential, seconds)

    async def _exchanged(self, exchange: Exchange, credential: str, seconds: float) -> Grant:
        where = "the login"
        try:
            async with asyncio.timeout(seconds):
                for _ in range(2):  # a challenge, of which there is one, is answered
                    # Signing takes milliseconds, and what signs is slow to import.
                    call = await self._workers.run(partial(exchange.grant_call, credential, self._wall()))
                    where = shown_url(call.url)
                    async with self._transport.stream(call, connect_seconds=seconds) as response:
                        body = await whole_body(response)
                    challenge = entra.arc_key_path(response.status, response.headers)
                    if credential or challenge is None or not isinstance(exchange, entra.ManagedIdentity):
                        break
                    credential = await self._workers.run(partial(_arc_key, challenge))
        except TimeoutError:
            raise NetworkError(f"no login at {where} within {seconds:g} s") from None
        return exchange.grant(response.status, response.headers, body, self._wall())

    async def _command(self, argv: tuple[str, ...]) -> bytes:
        """What a command prints. Neither that nor its complaints are shown: both may hold a token."""
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=dict(self._environment),
            )
        except OSError:
            raise Authentication(f"the command `{argv[0]}` can't be started: install it") from None
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            raise NetworkError(f"`{argv[0]}` printed no token within {COMMAND_SECONDS:g} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise Authentication(f"`{' '.join(argv[:3])}` failed: run `{argv[0]} login`")
        return output

    async def _google_file(self, place: str | None) -> str:
        """The credentials' text: of the file that is set, that the variable names, or that gcloud has written."""
        variable = (place or "").removeprefix("env:") if (place or "").startswith("env:") else None
        if place is None or variable is not None:
            place = self._environment.get(variable or _GOOGLE_VARIABLE) or (None if variable else _GOOGLE_FILE)
            if place is None:
                raise Authentication(f"the variable {variable} is not set")
            if place.lstrip().startswith("{"):
                return place
        path = Path(place)
        try:
            return await self._workers.run(lambda: _text(path.expanduser()))
        except (OSError, ValueError, RuntimeError):
            raise Authentication(f"the credentials file {place} can't be read") from None


def _arc_key(named: str) -> str:
    """The key that Arc's agent has put down for us. No other file is read, whatever a server says."""
    path = Path(named)
    try:
        if path.suffix != ".key" or path.resolve(strict=True).parent != ARC_FOLDER:
            raise Authentication("the managed identity's login names a file that is not its own")
        return _text(path).strip()
    except (OSError, ValueError, RuntimeError):
        raise Authentication("the managed identity's key can't be read: add this user to the group himds") from None


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE_BYTES + 1)
    if len(data) > LARGEST_FILE_BYTES:
        raise ValueError("too large")
    return data.decode("utf-8-sig")
