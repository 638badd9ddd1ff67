"""Every setting there is, and whether a project that nobody has trusted may set it."""

from __future__ import annotations

import time

import pytest

from dragoman.core.printable import in_one_line
from dragoman.core.settings import Settings
from dragoman.core.settings_checks import foreign
from dragoman.core.settings_layers import Choice, Layer, Severity, toml_layer
from dragoman.core.settings_parse import MOST_FOREIGN, parse
from dragoman.core.settings_schema import keys
from dragoman.core.trust import Seal, Wish

PRESETS = {"ollama": "ollama", "anthropic": "anthropic", "openai": "openai"}
SEAL = Seal("/project/.dragoman.toml", "0" * 64)

WITHIN_BOUNDS = {
    "context.instructions": (["docs/AI.md"], [".env"]),
    "context.max_tokens": (500, 6001),
    "actions.*.prompt_file": ("docs/ask.md", "../ask.md"),
}
"""What an untrusted project may set, with a value that is taken and one that is not."""

ALLOWED = {
    "actions.*.title": "Check",
    "actions.*.prompt": "Check this.",
    "actions.*.result": "answer",
    "actions.*.languages": ["python"],
    "actions.*.kind": "quickfix",
}
"""What it may set as it likes: what is asked by an entry that the person chooses, never who is asked."""

REFUSED = """
store
routing.selection routing.dispatch routing.k routing.min_useful_tokens routing.max_latency_ms routing.stickiness
routing.providers routing.priority_weights.PROVIDER routing.prefer_local_for routing.fallback_order
routing.intents.INTENT
providers.*.enabled providers.*.dialect providers.*.base_url providers.*.endpoints providers.*.endpoint
providers.*.api_version providers.*.deployments.MODEL providers.*.responses providers.*.fallback_models
providers.*.stream providers.*.model providers.*.models.INTENT providers.*.api_key providers.*.auth providers.*.tenant
providers.*.client_id providers.*.client_secret providers.*.authority providers.*.integration_id providers.*.project
providers.*.location providers.*.credentials providers.*.embedding_model providers.*.context providers.*.max_tokens
providers.*.temperature providers.*.local providers.*.keep_alive providers.*.num_ctx providers.*.threads
providers.*.organization providers.*.requests_per_minute providers.*.tokens_per_minute providers.*.burst
providers.*.max_in_flight providers.*.daily_budget_usd providers.*.inline_model
providers.*.timeouts.connect providers.*.timeouts.first_token providers.*.timeouts.silence providers.*.timeouts.total
timeouts.connect timeouts.first_token timeouts.silence timeouts.total
retry.max_retries retry.base_delay_ms retry.max_delay_ms retry.max_retry_after_s
health.check_interval_s health.failure_threshold health.recovery_threshold health.degraded_threshold_ms
health.timeout_ms
budget.daily_usd budget.monthly_usd budget.total_usd budget.per_request_usd budget.alert_threshold
network.proxy network.no_proxy network.ca_bundle
cache.enabled cache.ttl_s cache.max_entries cache.max_bytes cache.memory_entries cache.semantic
cache.semantic_threshold
privacy.redact privacy.local_only privacy.audit
edits.check_syntax edits.review
lenses.enabled
inline.enabled inline.debounce_ms inline.as_completion
answers.hover answers.page
tests.run tests.timeout_s
prices.*.input_per_million prices.*.output_per_million prices.*.cached_per_million
prices.*.cache_write_per_million
actions.*.intent actions.*.provider actions.*.model
""".split()  # noqa: SIM905 - one a line would be a page
"""What it may not: where code goes and with which key, what is paid and kept, what is run, what is hidden or sent."""

ALL = [".".join(key.path) for key in keys()]


def test_somebody_has_decided_on_every_setting():
    """A setting that is in no list fails here until somebody has thought of a malicious project that sets it."""
    assert set(ALL) - set(REFUSED) - set(WITHIN_BOUNDS) - set(ALLOWED) == set()


@pytest.mark.parametrize("key", [key for key in ALL if key not in {*WITHIN_BOUNDS, *ALLOWED}])
def test_refused(key):
    """An untrusted project is refused everything that is not meant for it."""
    names = {"*": "evil", "INTENT": "code", "MODEL": "m", "PROVIDER": "ollama"}
    path = tuple(names.get(part, part) for part in key.split("."))
    problem = foreign(Choice(path, "anything", Layer(".dragoman.toml", trusted=False)), 6000)
    assert problem is not None
    assert problem.severity is Severity.NOTE
    assert "`dragoman trust`" in str(problem)


@pytest.mark.parametrize("key", WITHIN_BOUNDS)
def test_allowed_within_bounds(key):
    """What it may set, it may set within bounds."""
    allowed, refused = WITHIN_BOUNDS[key]
    layer = Layer(".dragoman.toml", trusted=False)
    assert foreign(Choice(tuple(key.split(".")), allowed, layer), 6000) is None
    assert foreign(Choice(tuple(key.split(".")), refused, layer), 6000) is not None


@pytest.mark.parametrize("key", ALLOWED)
def test_allowed(key):
    """What it may set as it likes is in nobody's way."""
    choice = Choice(tuple(key.split(".")), ALLOWED[key], Layer(".dragoman.toml", trusted=False))
    assert foreign(choice, 6000) is None


def read(text, *, trusted=False):
    """What a project's file comes to."""
    layer = toml_layer("~/p/.dragoman.toml", text, trusted=trusted, seal=SEAL)
    return parse([layer], presets=PRESETS, dialects=("ollama", "anthropic", "openai"))


def test_wishes_are_what_trusting_would_let_it_set():
    """A file's wishes are just what was refused and would be in effect; wrong ones are none of them."""
    text = """
    timeouts.total = "x"
    nonsense = 1
    context.max_tokens = 500
    [providers.openai]
    [providers.evil]
    dialect = "openai"
    base_url = "https://evil.example"
    """
    (file,) = read(text).foreign
    assert file.seal == SEAL
    assert file.wishes == (
        Wish("providers.openai", {}),
        Wish("providers.evil.dialect", "openai"),
        Wish("providers.evil.base_url", "https://evil.example"),
    )
    assert str(file) == "~/p/.dragoman.toml sets providers.openai and 2 more, which only a trusted project may"
    trusted = read(text, trusted=True)
    assert trusted.foreign == ()
    assert trusted.settings.providers["evil"].base_url == "https://evil.example"


@pytest.mark.parametrize("text", ["", "context.max_tokens = 500", "nonsense = 1", 'context.instructions = ["A.md"]'])
def test_a_file_that_needs_no_trust_wishes_for_nothing(text):
    """A file that keeps within its bounds is nobody's question."""
    assert read(text).foreign == ()


def test_a_flood_of_wishes_is_cut_off():
    """A file that is nothing but noise costs a bounded number of lines, and nothing of it is in effect."""
    effective = read("\n".join(f"a{number} = 1" for number in range(5000)))
    assert len(effective.problems) == MOST_FOREIGN + 1
    assert "the others are passed over" in str(effective.problems[-1])
    assert effective.settings == Settings()


@pytest.mark.parametrize(
    "text",
    [
        "a." * 120_000 + "b = 1",
        "ok = 1\n[" + "a." * 120_000 + "b]\n",
        "\n".join(f"timeouts.a{number} = 1" for number in range(13_000)),
        "[" * 250_000,
    ],
    ids=["deep-key", "deep-table", "many-keys", "deep-list"],
)
def test_a_hostile_file_holds_nobody_up(text):
    """A file made to keep a parser busy for minutes, or to fill the memory, costs seconds at most."""
    before = time.process_time()
    effective = read(text)
    assert time.process_time() - before < 30
    assert effective.problems
    assert effective.settings == Settings()


def test_names_in_problems_are_printable_and_short():
    """A key of escapes, turned text or endless length is named in one short printable line."""
    effective = read(f'"\\u001b[31m\\u202e\\nred" = 1\n{"a" * 10_000} = 1\n')
    assert len(effective.problems) == 2
    for problem in effective.problems:
        assert str(problem) == in_one_line(str(problem))
        assert len(str(problem)) < 300
