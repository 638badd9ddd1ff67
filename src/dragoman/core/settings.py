"""What a person can set: one vocabulary for files, editors, environment and command line.

The names, types, defaults and meanings stand here and nowhere else; `settings_parse` makes them of what others read,
docs/settings.md and the JSON schema are generated from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dragoman.core.hints import LARGEST_K, Dispatch, Selection, Stickiness
from dragoman.core.intent import Intent


@dataclass(frozen=True, slots=True)
class Wants:
    """What a value must be, in words for the person, where its type and bounds don't say it well."""

    words: str


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts."""

    words: str


@dataclass(frozen=True, slots=True)
class Named:
    """What the keys of a table are names of, in one word."""

    word: str


_DAY_S = 86_400

Seconds = Annotated[float, Field(gt=0, le=_DAY_S), Unit("seconds")]
SecondsOrNone = Annotated[float, Field(ge=0, le=_DAY_S), Unit("seconds")]
Milliseconds = Annotated[int, Field(ge=0, le=_DAY_S * 1000), Unit("milliseconds")]
Count = Annotated[int, Field(gt=0, le=1_000_000_000)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000), Unit("USD")]
Text = Annotated[str, Field(min_length=1)]
LONGEST = 1000
"""Characters of a path or a command. A pattern that counted so far would take megabytes in every process."""
ADDRESS = r"^https?://[^/\s@?#]+(/[^\s@?#]*)?$"
# No user name, password or query: an address is shown to people and logged, so it can't be a place for secrets.
Address = Annotated[
    str,
    Field(pattern=ADDRESS),
    Wants('an address such as "http://localhost:11434", without user name, password or query'),
]
# A long name without an underscore, or a very long one, is rather a key than the name of a variable.
KeyReference = Annotated[
    str,
    Field(
        pattern=r"^(keyring|vault|cmd: ?\S.*"
        r"|env:([A-Za-z][A-Za-z0-9]{0,18}|[A-Za-z0-9_]{0,18}_[A-Za-z0-9_]{0,18}))$",
        max_length=LONGEST,
    ),
    Wants("the place of the key: env:NAME, keyring, vault or cmd:COMMAND"),
]
# As `Address`, or the variable that holds one: a resource's address is often set beside its key.
AddressReference = Annotated[
    str,
    Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]{0,63}|https?://[^/\s@?#]+(/[^\s@?#]*)?)$"),
    Wants('an address such as "https://NAME.openai.azure.com", or env:NAME of a variable that holds one'),
]
# A server's address may hold a password, and then it can stand in a variable only.
StoreReference = Annotated[
    str,
    Field(pattern=r"^(sqlite|memory|rediss?://[^/\s@?#]+(/[0-9]{0,3})?|env:[A-Za-z_][A-Za-z0-9_]{0,63})$"),
    Wants('sqlite, memory, an address such as "redis://host:6379/0", or env:NAME of a variable that holds one'),
]
# A path, or the variable that holds a path: a text that could be a key's own JSON is none of them.
FileReference = Annotated[
    str,
    Field(pattern=r"^[^{}\n]+$", max_length=LONGEST),
    Wants("the path of a file, or env:NAME of a variable that names one"),
]


def _asked_first() -> dict[Intent, tuple[str, ...]]:
    return {Intent.ANALYSIS: ("anthropic", "openai"), Intent.EXPLANATION: ("anthropic", "openai")}


class Section(BaseModel):
    """A table of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Timeouts(Section):
    """Time limits of one attempt, in seconds. They can stand under a provider too."""

    connect: Seconds = Field(default=5, description="To reach the provider.")
    first_token: Seconds = Field(default=20, description="Silence before anything useful.")
    silence: Seconds = Field(default=20, description="Silence between tokens.")
    total: Seconds = Field(default=180, description="The whole attempt.")


class Retry(Section):
    """When and how often the same provider is asked again."""

    max_retries: int = Field(default=3, ge=0, le=20, description="Tries after the first, per candidate.")
    base_delay_ms: Milliseconds = Field(
        default=1000, description="The first backoff's upper bound; it doubles with each try."
    )
    max_delay_ms: Milliseconds = Field(default=60_000, description="No backoff is longer.")
    max_retry_after_s: SecondsOrNone = Field(
        default=5, description="A Retry-After up to this is waited for; a longer one means the next provider."
    )


class Health(Section):
    """When a provider is left alone for a while."""

    check_interval_s: Annotated[int, Field(ge=0, le=_DAY_S), Unit("seconds")] = Field(
        default=60, description="How often a provider that is in use is probed, for all windows together; 0: never."
    )
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=3, description="Failures in a row that open the breaker, and make a server count as unhealthy."
    )
    recovery_threshold: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="Successes in a row that make an unhealthy server count as healthy again."
    )
    degraded_threshold_ms: Milliseconds = Field(
        default=2000, description="A server whose probe takes longer counts as degraded."
    )
    timeout_ms: Annotated[int, Field(gt=0, le=_DAY_S * 1000), Unit("milliseconds")] = Field(
        default=5000, description="Time limit of a probe."
    )


class Budget(Section):
    """What may be spent, over all windows. 0 is without limit. What is local goes on when a budget is used up."""

    daily_usd: Dollars = Field(default=0, description="In a calendar day.")
    monthly_usd: Dollars = Field(default=0, description="In a calendar month.")
    total_usd: Dollars = Field(default=0, description="In all, ever.")
    per_request_usd: Dollars = Field(default=0, description="For one request, with all its attempts.")
    alert_threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.8, description="The part of a budget after which you are told, once in its period."
    )


class Routing(Section):
    """Who is asked for what."""

    selection: Selection = Field(
        default=Selection.PRIORITY,
        description="How the candidates are ordered: by the orders below, in turn, by chance, speed, score or price.",
    )
    dispatch: Dispatch = Field(
        default=Dispatch.SINGLE,
        description="How many are asked: one after the other, all at once, the best k one behind the other, or k whole "
        "answers made into one.",
    )
    k: Annotated[int, Field(ge=1, le=LARGEST_K)] = Field(
        default=2, description="How many are asked by speculate_k and parallel_merge."
    )
    min_useful_tokens: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=5, description="Who first gives so many tokens wins a race."
    )
    max_latency_ms: Milliseconds = Field(
        default=0, description="Whoever has given nothing useful by then is left for the next one; 0: no such limit."
    )
    stickiness: Stickiness = Field(
        default="none",
        description="What stays with the provider that answered before: nothing, what one request asks again, or all "
        "requests of a session that are of the same kind.",
    )
    providers: tuple[Text, ...] = Field(default=(), description="Nobody else is asked. Left out: everybody may be.")
    priority_weights: dict[Annotated[str, Named("PROVIDER")], Annotated[float, Field(gt=0, le=1000)]] = Field(
        default_factory=dict, description="By provider, what its score is multiplied by when selection is scored."
    )
    prefer_local_for: tuple[Intent, ...] = Field(
        default=(Intent.CODE, Intent.REGEX, Intent.TESTS), description="Intents that go to local providers first."
    )
    fallback_order: tuple[Text, ...] = Field(
        default=("ollama", "anthropic", "openai"), description="Who is asked when nothing else is said."
    )
    intents: dict[Intent, tuple[Text, ...]] = Field(
        default_factory=_asked_first,
        description="Who is asked first, by intent.",
    )


class Provider(Section):
    """One provider. Where a value is left out, the preset of that name decides."""

    enabled: bool = Field(default=True, description="Whether it may be asked at all.")
    dialect: Text | None = Field(
        default=None, description="The wire it speaks, see below. Needed for names without a preset."
    )
    base_url: Address | None = Field(default=None, description="Where its API begins.")
    endpoints: tuple[Address, ...] = Field(
        default=(), description="Several base URLs of equal servers, in the order of asking."
    )
    endpoint: AddressReference | None = Field(
        default=None, description="Azure: the resource's address. Left out: the one AZURE_OPENAI_ENDPOINT holds."
    )
    api_version: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,40}$")] | None = Field(
        default=None, description="Azure: a dated version of the API, with deployments in its addresses. Left out: v1."
    )
    deployments: dict[str, Text] = Field(
        default_factory=dict, description="Azure: the deployment's name by the model's, where they differ."
    )
    responses: bool | None = Field(
        default=None,
        description="OpenAI and Azure: ask at /responses (true) or /chat/completions (false). Left out: as the model "
        "wants it.",
    )
    fallback_models: tuple[Text, ...] = Field(
        default=(), description="OpenRouter: models that it may ask instead, in this order."
    )
    stream: bool = Field(
        default=True,
        description="Ask for the answer as it is written; false for a server that can't, with a longer "
        "timeouts.first_token.",
    )
    model: Text | None = Field(default=None, description="The model to ask.")
    models: dict[Intent, Text] = Field(default_factory=dict, description="Other models by intent.")
    api_key: KeyReference | None = Field(
        default=None,
        description="Where the key is: env:NAME, keyring, vault, or cmd:COMMAND that prints it. Never the key itself. "
        "Left out: the usual places in turn.",
    )
    auth: Literal["key", "entra", "managed_identity", "az", "service_account"] | None = Field(
        default=None,
        description="How to log in. Azure: key, entra (an app's client secret), managed_identity (of the Azure machine "
        "this runs on), az (the command's login). Gemini on Vertex: service_account, which is so where project is set.",
    )
    tenant: Text | None = Field(default=None, description="Entra ID: the directory, by id or domain.")
    client_id: Text | None = Field(
        default=None,
        description="Entra ID: the app's id; for managed_identity that of a user-assigned one. github and copilot: the "
        "OAuth app's id, with which `dragoman auth login` logs you in at GitHub.",
    )
    client_secret: KeyReference | None = Field(
        default=None,
        description="Entra ID: where the app's secret is. Left out: AZURE_CLIENT_SECRET, then keyring and vault.",
    )
    authority: Address | None = Field(
        default=None,
        description="Where tokens are got, if not at the public cloud's: another Azure cloud's login, or the API of a "
        "GitHub Enterprise (copilot, github).",
    )
    integration_id: Text | None = Field(
        default=None,
        description="copilot: the integration that the service is told. It knows only those it has agreed to, and may "
        "refuse a client without one.",
    )
    project: Text | None = Field(default=None, description="Vertex: the Google Cloud project. Makes gemini use Vertex.")
    location: Text | None = Field(default=None, description='Vertex: the region; left out, "global".')
    credentials: FileReference | None = Field(
        default=None,
        description="Vertex: the service account's JSON file. Left out: the one GOOGLE_APPLICATION_CREDENTIALS names.",
    )
    embedding_model: Text | None = Field(default=None, description="The model to ask for embeddings.")
    inline_model: Text | None = Field(
        default=None,
        description="The model to ask for inline completion. A provider that is not local is asked while you type only "
        "where this is set.",
    )
    context: Count | None = Field(
        default=None, description="The model's context window in tokens, where what is known of it is wrong."
    )
    max_tokens: Count | None = Field(default=None, description="Longest answer, in tokens.")
    temperature: float | None = Field(default=None, ge=0, le=2, description="Sampling temperature.")
    local: bool | None = Field(default=None, description="Whether it counts as local.")
    keep_alive: Text | None = Field(default=None, description="Ollama and local: how long the model stays loaded.")
    num_ctx: Count | None = Field(default=None, description="Ollama and local: context window in tokens.")
    threads: Count | None = Field(default=None, description="local: threads that compute; left out, as many as cores.")
    organization: Text | None = Field(default=None, description="OpenAI: organisation.")
    requests_per_minute: Count | None = Field(default=None, description="Own limit on requests.")
    tokens_per_minute: Count | None = Field(default=None, description="Own limit on tokens.")
    burst: Count | None = Field(
        default=None,
        description="Requests at once, of those that requests_per_minute allows. Left out: a quarter of them.",
    )
    max_in_flight: Count | None = Field(default=None, description="Requests at a time.")
    daily_budget_usd: Dollars = Field(default=0, description="What may be spent there in a calendar day; 0: no limit.")
    timeouts: Timeouts | None = Field(default=None, description="Time limits for this provider alone.")


class Network(Section):
    """The way out of this machine. Loopback addresses are always reached directly."""

    proxy: Address | None = Field(
        default=None,
        description="For everything that is not local. Left out: HTTPS_PROXY and its kin; a proxy with a password can "
        "stand only there.",
    )
    no_proxy: tuple[Text, ...] = Field(
        default=(), description="Hosts that are reached directly, with all names below them."
    )
    ca_bundle: Text | None = Field(
        default=None, description="A PEM file of authorities that are trusted besides the usual ones."
    )


class ModelPrice(Section):
    """What a model's tokens cost, by the model's name, where the built-in table does not know it or is out of date.

    In USD per million tokens. Local models cost nothing unless they stand here.
    """

    input_per_million: Dollars | None = Field(default=None, description="What is sent.")
    output_per_million: Dollars | None = Field(default=None, description="What is answered.")
    cached_per_million: Dollars | None = Field(
        default=None, description="What is sent and was in the provider's cache. Left out: as what is sent."
    )
    cache_write_per_million: Dollars | None = Field(
        default=None, description="What is sent and written to the provider's cache. Left out: as what is sent."
    )


class CacheSettings(Section):
    """Answers that are given again when the same is asked again: `explain`, `ask`, `document` and `tests`.

    It costs nothing, and says so. Only whole answers are kept, never the questions.
    """

    enabled: bool = Field(default=True, description="Whether answers are kept, and equal requests share one call.")
    ttl_s: Annotated[int, Field(ge=1, le=30 * _DAY_S), Unit("seconds")] = Field(
        default=3600, description="No answer is given again when it is older."
    )
    max_entries: Count = Field(default=10_000, description="So many are kept; what was used least lately goes first.")
    max_bytes: Count = Field(default=200_000_000, description="So much room they take, compressed.")
    memory_entries: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=500, description="So many are at hand in each window's memory."
    )
    semantic: bool = Field(
        default=False,
        description="Take a question about the same text for the same one when it is only worded otherwise. Needs a "
        "local model for embeddings; never used for edits.",
    )
    semantic_threshold: Annotated[float, Field(ge=0.5, le=1)] = Field(
        default=0.97, description="How near two questions must be, as the cosine of their embeddings."
    )


class ContextSettings(Section):
    """What the model is shown."""

    max_tokens: Annotated[int, Field(ge=200, le=10_000_000)] = Field(
        default=6000, description="Budget for everything that is sent besides the instructions."
    )
    instructions: tuple[Text, ...] = Field(
        default=("AGENTS.md", ".github/copilot-instructions.md", "CLAUDE.md", ".cursorrules"),
        description="The project's own instructions.",
    )


class Privacy(Section):
    """What leaves this machine; docs/privacy.md."""

    redact: bool = Field(
        default=True,
        description="Send placeholders instead of secrets: keys, tokens, passwords. They are put back in the answer.",
    )
    local_only: tuple[Text, ...] = Field(
        default=(),
        description="Files that go to local providers alone, as patterns like those of .gitignore, from the project's "
        "folder on, or with ~/ from yours.",
    )
    audit: Literal["off", "metadata", "full"] = Field(
        default="off",
        description="Write down what went where: nothing, who was sent which lines, or with every word, secrets as "
        "placeholders.",
    )


class Edits(Section):
    """How edits are made."""

    review: bool = Field(
        default=False,
        description="Put results into the text as marked hunks, to be accepted or rejected one by one by code action.",
    )
    check_syntax: bool = Field(default=True, description="Parse the result before it is applied.")


class Inline(Section):
    """Completion where the cursor is."""

    enabled: bool = Field(default=True, description="Whether anything is proposed.")
    debounce_ms: Milliseconds = Field(
        default=150,
        description="How long after a key a model is asked; longer, up to four times that, for whoever types slowly.",
    )
    as_completion: bool = Field(
        default=False, description="Propose among the ordinary completions too, for editors without inline completion."
    )


class Tests(Section):
    """Tests that Dragoman has written, run with the project's own runner; docs/tests.md."""

    run: Literal["never", "ask", "always"] = Field(
        default="ask",
        description="Whether new tests are run when that is asked for: never, once you have said yes for the folder, "
        "or always. What runs is a model's code and the project's.",
    )
    timeout_s: Seconds = Field(default=300, description="A run that takes longer is ended.")


class AnswerSettings(Section):
    """Where answers are shown, besides the file that opens; docs/answers.md."""

    hover: bool = Field(default=True, description="As a hover on the text that was asked about.")
    page: bool = Field(
        default=False,
        description="Open the live page in your browser by itself when an answer begins that your editor does not show "
        "while it is written.",
    )


class Lenses(Section):
    """What stands above definitions in the text."""

    enabled: bool = Field(
        default=False,
        description="Show code lenses above each definition, in editors that have them: explain, write tests, "
        "document.",
    )


class OwnAction(Section):
    """An action of your own: an entry in the code-action menu, and the command `dragoman.NAME`; see docs/actions.md."""

    title: (
        Annotated[
            str,
            Field(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$", max_length=80),
            Wants("one line of at most 80 characters"),
        ]
        | None
    ) = Field(default=None, description="In the menu. Left out: the name.")
    prompt: Annotated[str, Field(min_length=1, max_length=20_000)] | None = Field(
        default=None,
        description="What the model is asked. {selection}, {file}, {language}, {path}, {instruction} and {diagnostics} "
        "are filled in.",
    )
    prompt_file: (
        Annotated[str, Field(pattern=r"^[^{}\x00-\x1f]+$", max_length=LONGEST), Wants("the path of a text file")] | None
    ) = Field(
        default=None,
        description="A text file that holds the prompt, beside the file that names it; what an editor names is "
        "sought beside your config.toml.",
    )
    result: Literal["edit", "answer", "findings"] = Field(
        default="edit", description="What the reply is: new text for the target, Markdown, or a review's findings."
    )
    languages: tuple[Text, ...] = Field(default=("*",), description="Language ids it is offered for; * is any.")
    kind: (
        Literal["quickfix", "refactor", "refactor.extract", "refactor.inline", "refactor.rewrite", "source.dragoman"]
        | None
    ) = Field(
        default=None,
        description="The code action's kind. Left out: refactor.rewrite for an edit, else source.dragoman.NAME.",
    )
    intent: Intent | None = Field(
        default=None,
        description="The kind of work it is routed as. Left out: code for an edit, explanation for an answer, analysis "
        "for findings.",
    )
    provider: Text | None = Field(default=None, description="Nobody else is asked.")
    model: Text | None = Field(default=None, description="The model that is asked.")


class Settings(Section):
    """Everything."""

    store: StoreReference = Field(
        default="sqlite",
        description="Where limits and standing are kept that several windows share: sqlite, a file in the state "
        "folder; a Redis or Valkey, for a team; or memory, for this process alone. An address with a password can "
        "stand only in a variable: env:NAME.",
    )
    routing: Routing = Field(default_factory=Routing)
    providers: dict[str, Provider] = Field(default_factory=dict)
    timeouts: Timeouts = Field(default_factory=Timeouts)
    retry: Retry = Field(default_factory=Retry)
    health: Health = Field(default_factory=Health)
    budget: Budget = Field(default_factory=Budget)
    network: Network = Field(default_factory=Network)
    privacy: Privacy = Field(default_factory=Privacy)
    cache: CacheSettings = Field(default_factory=CacheSettings)
    context: ContextSettings = Field(default_factory=ContextSettings)
    edits: Edits = Field(default_factory=Edits)
    inline: Inline = Field(default_factory=Inline)
    tests: Tests = Field(default_factory=Tests)
    answers: AnswerSettings = Field(default_factory=AnswerSettings)
    lenses: Lenses = Field(default_factory=Lenses)
    prices: dict[str, ModelPrice] = Field(default_factory=dict)
    actions: dict[str, OwnAction] = Field(default_factory=dict)
