"""What a wire dialect is: pure functions from requests to bytes and from bytes to deltas. No socket, no time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.chat import Delta, Request
    from dragoman.core.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. Header values may hold the secret: a `Call` is never logged."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    body: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Options:
    """Provider settings that shape the body or the headers; None leaves the provider's default.

    `stream_usage` asks an OpenAI-compatible server for token counts inside the stream; a few refuse the question.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    keep_alive: str | None = None
    num_ctx: int | None = None
    organization: str | None = None
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    stream_usage: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes and with which of the provider's own settings.

    `base_url` as the person wrote it, with or without a trailing slash. `secret` is the key, or None.
    """

    provider: str
    base_url: str
    model: str
    secret: str | None = field(repr=False, default=None)
    options: Options = field(default_factory=Options)


class Reader(Protocol):
    """Turns one response's bytes into deltas; made afresh for each response.

    After a `FinishDelta` nothing more comes: the connection need not be read to its end.
    """

    @property
    def skipped(self) -> int:
        """Events so far that could not be read and were left out: worth a line in the log, never their content."""
        ...

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas that are complete with this piece. Any splitting of the bytes gives the same deltas.

        Raises a `ProviderError` where the provider reports one inside the stream, `StreamingError` where it can't be
        read; deltas of the same piece before it are lost with it.
        """
        ...

    def close(self) -> list[Delta]:
        """The deltas that were waiting for the end. Raises `StreamingError` where the answer is not whole."""
        ...


class Dialect(Protocol):
    """One provider's wire, as functions. A module in this folder is one."""

    def call(self, request: Request, target: Target) -> Call:
        """The streaming request."""
        ...

    def reader(self) -> Reader:
        """A reader for the response to `call`."""
        ...

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What a response that is not 200 means.

        `headers` has lower-case names; `body` may be cut or anything at all. The reason holds no key.
        """
        ...

    def models_call(self, target: Target) -> Call:
        """The request for the list of models: harmless and free, so also the health probe."""
        ...

    def models(self, body: bytes) -> tuple[str, ...]:
        """The models' names in the response to `models_call`. Raises `StreamingError` where it is not such a list."""
        ...
