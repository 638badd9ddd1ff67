"""What a person can set: one vocabulary for files, editors, environment and command line.

Pure: it parses what others read, and never raises on a person's typo.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dragoman.core.intent import Intent

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Timeouts(_Section):
    """Time limits of one attempt, in seconds."""

    connect: Seconds = Field(5, description="To reach the provider.")
    first_token: Seconds = Field(20, description="Silence before anything useful.")
    silence: Seconds = Field(20, description="Silence between tokens.")
    total: Seconds = Field(180, description="The whole attempt.")


class Retry(_Section):
    """When and how often the same provider is asked again."""

    max_retries: int = Field(3, ge=0, le=20, description="Tries after the first, per candidate.")
    base_delay_ms: int = Field(1000, ge=0, description="The first backoff's upper bound; it doubles with each try.")
    max_delay_ms: int = Field(60_000, ge=0, description="No backoff is longer.")
    max_retry_after_s: float = Field(5, ge=0, description="A Retry-After up to this is waited for; a longer one means the next provider.")


class Health(_Section):
    """When a provider is left alone for a while."""

    failure_threshold: int = Field(3, ge=1, description="Failures in a row that open the breaker.")
    timeout_ms: int = Field(5000, gt=0, description="Time limit of a probe.")


class Routing(_Section):
    """Who is asked for what."""

    selection: Literal["priority"] = Field("priority", description="How the candidates are ordered.")
    prefer_local_for: tuple[Intent, ...] = Field((Intent.CODE, Intent.REGEX, Intent.TESTS), description="Intents that go to local providers first.")
    fallback_order: tuple[str, ...] = Field(("ollama", "anthropic", "openai"), description="Who is asked when nothing else is said.")
    intents: dict[Intent, tuple[str, ...]] = Field(
        default_factory=lambda: {Intent.ANALYSIS: ("anthropic", "openai"), Intent.EXPLANATION: ("anthropic", "openai")},
        description="Who is asked first, by intent.",
    )


class Provider(_Section):
    """One provider. Where a value is left out, the preset of that name decides."""

    enabled: bool = Field(True, description="Whether it may be asked at all.")
    dialect: str | None = Field(None, description="The wire it speaks: openai, anthropic, ollama. Needed for names without a preset.")
    base_url: str | None = Field(None, description="Where its API begins.")
    endpoints: tuple[str, ...] = Field((), description="Several base URLs of equal servers, in the order of asking.")
    model: str | None = Field(None, description="The model to ask.")
    models: dict[Intent, str] = Field(default_factory=dict, description="Other models by intent.")
    api_key: str | None = Field(None, description="Where the key is: env:NAME or keyring. Never the key itself.")
    max_tokens: int | None = Field(None, gt=0, description="Longest answer, in tokens.")
    temperature: float | None = Field(None, ge=0, le=2, description="Sampling temperature.")
    local: bool | None = Field(None, description="Whether it counts as local.")
    keep_alive: str | None = Field(None, description="Ollama: how long the model stays loaded.")
    num_ctx: int | None = Field(None, gt=0, description="Ollama: context window in tokens.")
    organization: str | None = Field(None, description="OpenAI: organisation.")
    requests_per_minute: int | None = Field(None, gt=0, description="Own limit on requests.")
    tokens_per_minute: int | None = Field(None, gt=0, description="Own limit on tokens.")
    max_in_flight: int | None = Field(None, gt=0, description="Requests at a time.")
    timeouts: Timeouts | None = Field(None, description="Time limits for this provider alone.")


class ContextSettings(_Section):
    """What the model is shown."""

    max_tokens: int = Field(6000, ge=200, description="Budget for everything that is sent besides the instructions.")
    instructions: tuple[str, ...] = Field(
        ("AGENTS.md", ".github/copilot-instructions.md", "CLAUDE.md", ".cursorrules"), description="The project's own instructions."
    )


class Edits(_Section):
    """How edits are made."""

    check_syntax: bool = Field(True, description="Parse the result before it is applied.")


class Settings(_Section):
    """Everything."""

    routing: Routing = Field(default_factory=Routing)
    providers: dict[str, Provider] = Field(default_factory=dict)
    timeouts: Timeouts = Field(default_factory=Timeouts)
    retry: Retry = Field(default_factory=Retry)
    health: Health = Field(default_factory=Health)
    context: ContextSettings = Field(default_factory=ContextSettings)
    edits: Edits = Field(default_factory=Edits)
