"""What a wire dialect is: pure functions from requests to bytes and from bytes to deltas. No socket, no time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.core.chat import Delta, FillRequest, Request
    from dragoman.core.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. Header values may hold the secret: a `Call` is never logged."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())
    body: bytes = field(repr=False, default=b"")
    notes: tuple[str, ...] = ()
    """What had to be left out of the request, a few words each: for the log and the person who asks."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """What an OpenAI-compatible server does otherwise than OpenAI, as data of its row.

    lacks: `images`, `tools`, `json`, `json_schema`: what it refuses, or passes over in silence.
    stop_limit: so many stop texts it takes; None for any number.
    effort: the member for a thinking model's effort: `reasoning_effort`, or `reasoning` as OpenRouter has it.
    keeps_thinking: it wants a turn's thinking back beside the turn's tool calls.
    fill: its way to fill in the middle, a name in `openai_fill.WAYS`; "" where it has none, or passes the suffix over.
    version: the path that is put behind a base URL without one.
    models_url: where its list of models is, if not at `/models`.
    headers: sent with every call.
    """

    lacks: frozenset[str] = frozenset()
    stop_limit: int | None = 4
    effort: str = "reasoning_effort"
    keeps_thinking: bool = False
    fill: str = ""
    version: str = "/v1"
    models_url: str = ""
    headers: tuple[tuple[str, str], ...] = ()


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
    stream: bool = True
    """Whether to ask for a stream; a reader takes a whole answer in any case."""
    quirks: Quirks = field(default_factory=Quirks)
    azure: Azure | None = None
    vertex: Vertex | None = None
    responses: bool | None = None
    """OpenAI: `/responses` instead of `/chat/completions`; None leaves it to the model's name."""
    fallback_models: tuple[str, ...] = ()
    """OpenRouter: the models it may take instead, in this order."""
    safety: Mapping[str, str] = field(default_factory=dict)
    """Gemini: harm category -> threshold, in its own words."""


@dataclass(frozen=True, slots=True)
class Azure:
    """Azure OpenAI: `api_version` None means the v1 endpoint. `deployments` maps models to deployments' names.

    `bearer` says that the secret is an Entra ID token rather than a key.
    """

    api_version: str | None = None
    deployments: Mapping[str, str] = field(default_factory=dict)
    bearer: bool = False


@dataclass(frozen=True, slots=True)
class Vertex:
    """Gemini on Vertex AI: the secret is an OAuth access token then."""

    project: str
    location: str


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

    @property
    def origin(self) -> str:
        """The endpoint's tag in parts that mean something to it alone."""
        return f"{self.provider} {self.base_url}"


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


class Filler(Protocol):
    """A dialect that can fill in the middle without a chat."""

    def can_fill(self, target: Target, told: bool | None) -> bool:
        """Whether the target's model can be asked by `fill_call`; `told` is what its server says, None for nothing."""
        ...

    def fill_call(self, request: FillRequest, target: Target) -> Call:
        """The streaming request."""
        ...

    def fill_reader(self) -> Reader:
        """A reader for the response to `fill_call`."""
        ...


class Embedder(Protocol):
    """A dialect that gives embeddings."""

    EMBED_BATCH: int
    """Texts that one call takes at the most."""

    def embed_call(self, texts: Sequence[str], target: Target) -> Call:
        """The request for one batch."""
        ...

    def embeddings(self, body: bytes) -> tuple[tuple[float, ...], ...]:
        """One vector a text, in their order. Raises `StreamingError` where it is no such answer."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can take and do; None where it is not known. Windows are in tokens."""

    context: int | None = None
    output: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    thinking: bool | None = None
    fill: bool | None = None
    embeddings: bool | None = None


class Describer(Protocol):
    """A dialect whose server tells what a model can do."""

    def describe_call(self, target: Target) -> Call:
        """The request about the target's model."""
        ...

    def described(self, body: bytes, model: str) -> Capabilities:
        """What the response says. Raises `StreamingError` where it can't be read."""
        ...


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a server is with downloading a model: `status` in its words, bytes where it counts them.

    `layer` tells the parts of a model apart; each has counts of its own. `done`: the model is there.
    """

    status: str
    layer: str = ""
    completed: int | None = None
    total: int | None = None
    done: bool = False


class PullReader(Protocol):
    """Turns one response's bytes into progress; made afresh for each response."""

    def feed(self, data: bytes) -> list[PullProgress]:
        """What is told with this piece. Raises a `ProviderError` where the server reports one."""
        ...

    def close(self) -> list[PullProgress]:
        """What was waiting for the end. Raises `StreamingError` where the model is not there yet."""
        ...


class Puller(Protocol):
    """A dialect whose server downloads models when told to."""

    def pull_call(self, target: Target) -> Call:
        """The streaming request for the target's model. Closing the connection stops the download."""
        ...

    def pull_reader(self) -> PullReader:
        """A reader for the response to `pull_call`."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """A short-lived secret: `expires_at` in Unix seconds. `base_url` where the provider names the place to use it."""

    secret: str = field(repr=False)
    expires_at: float
    base_url: str | None = None


class Exchange(Protocol):
    """Two-step authentication, sans-I/O: a long-lived credential becomes a `Grant`. `now` is in Unix seconds."""

    def grant_call(self, credential: str, now: float) -> Call:
        """The request for a grant."""
        ...

    def grant(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Grant:
        """The grant in the response. Raises `Authentication` or another `ProviderError`."""
        ...
