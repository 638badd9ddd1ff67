"""Who is asked, in which order, and the reasons, as tables."""

from __future__ import annotations

import pytest

from dragoman.core.hints import Dispatch, Hints, Selection
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.route import Option, Place, decide, planned, preferred_model
from dragoman.core.selection import Facts, Health
from dragoman.core.settings import Routing as Preferences


def place(provider: str, *, local: bool = False, endpoint: str = "", model: str = "") -> Place:
    """A place."""
    return Place(provider, "openai", endpoint or f"http://{provider}", model or f"{provider}-model", local)


OLLAMA, CLAUDE, OPENAI, GROQ = place("ollama", local=True), place("anthropic"), place("openai"), place("groq")
ALL = tuple(map(Option, (GROQ, OPENAI, OLLAMA, CLAUDE)))


def decided(intent=Intent.GENERAL, options=ALL, hints=None, preferences=None, now=0.0, needed_tokens=0, sticky=None):
    """The decision, with the usual settings where the test says nothing else."""
    return decide(
        LabelledIntent(intent, "action", "test"),
        hints or Hints(),
        preferences or Preferences(),
        options,
        now=now,
        needed_tokens=needed_tokens,
        sticky=sticky,
    )


def names(decision) -> list[str]:
    """Who is asked, in order."""
    return [candidate.place.provider for candidate in decision.candidates]


@pytest.mark.parametrize(
    ("intent", "order"),
    [
        (Intent.CODE, ["ollama", "anthropic", "openai", "groq"]),
        (Intent.TESTS, ["ollama", "anthropic", "openai", "groq"]),
        (Intent.REGEX, ["ollama", "anthropic", "openai", "groq"]),
        (Intent.ANALYSIS, ["anthropic", "openai", "ollama", "groq"]),
        (Intent.EXPLANATION, ["anthropic", "openai", "ollama", "groq"]),
        (Intent.GENERAL, ["ollama", "anthropic", "openai", "groq"]),
    ],
)
def test_each_intent_has_its_order(intent, order):
    """Code goes to local providers first, analysis and explanation to Claude, the rest by the fallback order."""
    decision = decided(intent)
    assert names(decision) == order
    assert all(candidate.reason for candidate in decision.candidates)


def test_the_table_is_a_setting():
    """Who comes first for an intent, and what goes to local providers, is what the settings say."""
    preferences = Preferences(
        prefer_local_for=(Intent.GENERAL,), fallback_order=(), intents={Intent.CODE: ("groq", "openai")}
    )
    assert names(decided(Intent.CODE, preferences=preferences)) == ["groq", "openai", "ollama", "anthropic"]
    assert names(decided(Intent.GENERAL, preferences=preferences))[0] == "ollama"


def test_several_local_providers_keep_the_order_of_the_settings():
    """Among local providers the fallback order decides, then the order in which they are configured."""
    local = [Option(place(name, local=True)) for name in ("lmstudio", "ollama", "llamacpp")]
    assert names(decided(Intent.CODE, options=[*local, Option(CLAUDE)])) == [
        "ollama",
        "lmstudio",
        "llamacpp",
        "anthropic",
    ]


def test_endpoints_of_one_provider_are_places_in_their_order():
    """Several servers of one provider are asked one after the other; the same place is never there twice."""
    first, second = (place("ollama", local=True, endpoint=f"http://{host}") for host in "ab")
    decision = decided(Intent.CODE, options=[Option(first), Option(second), Option(first), Option(CLAUDE)])
    assert [candidate.place for candidate in decision.candidates] == [first, second, CLAUDE]


def test_a_named_provider_is_alone():
    """An explicit provider leaves everybody else out, and says so."""
    decision = decided(Intent.CODE, hints=Hints(provider="openai"))
    assert names(decision) == ["openai"]
    assert decision.candidates[0].reason == "named by the request"
    assert {left.provider for left in decision.left_out} == {"groq", "ollama", "anthropic"}


def test_a_named_provider_and_model_go_together():
    """The model that the request names replaces the provider's own."""
    decision = decided(hints=Hints(provider="openai", model="gpt-x"))
    assert decision.candidates[0].place.model == "gpt-x"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("anthropic-model", [("anthropic", "anthropic-model")]),
        ("claude-other", [("anthropic", "claude-other")]),
        ("groq/llama", [("groq", "llama")]),
        ("vendor/model", [("openai", "vendor/model")]),
        ("auto", [("ollama", "ollama-model"), ("anthropic", "anthropic-model"), ("openai", "openai-model")]),
    ],
)
def test_a_model_alone_finds_its_provider(model, expected):
    """A model is found where the settings name it, else taken apart as provider/model; `auto` names none."""
    options = [
        Option(OLLAMA),
        Option(CLAUDE, models=("claude-other",)),
        Option(OPENAI, models=("vendor/model",)),
        Option(GROQ, obstacle=None if model.startswith("groq") else "no key"),
    ]
    decision = decided(hints=Hints(model=model), options=options)
    assert [(candidate.place.provider, candidate.place.model) for candidate in decision.candidates] == expected


@pytest.mark.parametrize("hints", [Hints(provider="nobody"), Hints(model="unheard-of")])
def test_an_unknown_name_is_explained_first(hints):
    """A provider or model that is not there leaves no candidates, and the first reason names it."""
    decision = decided(hints=hints)
    assert not decision.candidates
    assert (hints.provider or hints.model) in decision.left_out[0].reason + decision.left_out[0].provider


def test_obstacles_and_rests_leave_out_with_a_reason():
    """Who has no key, rests or has too small a window is left out, each with its reason and, where it rests, a time."""
    options = [
        Option(CLAUDE, obstacle="no key: set ANTHROPIC_API_KEY"),
        Option(OPENAI, rests_until=30.0, rest_reason="429"),
        Option(OLLAMA, window=4096),
        Option(GROQ),
    ]
    decision = decided(options=options, now=10.0, needed_tokens=5000)
    assert names(decision) == ["groq"]
    reasons = {left.provider: left for left in decision.left_out}
    assert reasons["anthropic"].reason == "no key: set ANTHROPIC_API_KEY"
    assert reasons["openai"].reason == "rests for 20 s: 429"
    assert reasons["openai"].until == 30.0
    assert "window of 4096" in reasons["ollama"].reason
    assert decision.first_due == 30.0


def test_a_rest_ends_at_its_time():
    """From the very second on which its rest ends a place is a candidate again."""
    assert names(decided(options=[Option(GROQ, rests_until=30.0)], now=30.0)) == ["groq"]


@pytest.mark.parametrize(
    ("models", "intent", "expected"),
    [
        (("llama3.2:3b", "qwen2.5-coder:7b"), Intent.CODE, "qwen2.5-coder:7b"),
        (("qwen2.5-coder:7b", "llama3.2:3b"), Intent.EXPLANATION, "llama3.2:3b"),
        (("nomic-embed-text", "codellama:7b"), Intent.GENERAL, "codellama:7b"),
        (("mxbai-embed-large", "all-minilm"), Intent.CODE, None),
        ((), Intent.CODE, None),
        (("a", "b"), Intent.TESTS, "a"),
    ],
)
def test_a_servers_list_gives_the_model(models, intent, expected):
    """For code a model that says code, for the rest one that does not, and never one for embeddings."""
    assert preferred_model(models, intent) == expected


def test_a_requests_wishes_go_over_the_settings():
    """Each hint replaces the setting of the same meaning, and what is not said stays as it is set."""
    settings = Preferences(dispatch="race", selection="scored", k=3, max_latency_ms=900, stickiness="session")
    plan = planned(Hints(), settings)
    assert (plan.dispatch, plan.selection, plan.k) == (Dispatch.RACE, Selection.SCORED, 3)
    assert (plan.max_latency_ms, plan.stickiness, plan.budget_usd) == (900, "session", None)
    plan = planned(Hints(strategy=Dispatch.SINGLE, k=5, budget_usd=0.1, stickiness="none"), settings)
    assert (plan.dispatch, plan.selection, plan.k) == (Dispatch.SINGLE, Selection.SCORED, 5)
    assert (plan.budget_usd, plan.stickiness) == (0.1, "none")
    assert planned(Hints(strategy=Selection.CHEAPEST), settings).dispatch is Dispatch.RACE
    assert planned(Hints(provider="ollama"), settings).selection is Selection.MANUAL
    assert planned(Hints(), Preferences()).max_latency_ms is None


def test_nobody_outside_the_list_is_asked():
    """A list of providers, the request's or the settings', leaves everybody else out, with the list as the reason."""
    decision = decided(hints=Hints(providers=("openai", "groq")))
    assert names(decision) == ["openai", "groq"]
    assert {left.provider for left in decision.left_out} == {"ollama", "anthropic"}
    assert all("openai, groq" in left.reason for left in decision.left_out)
    assert names(decided(preferences=Preferences(providers=("groq",)))) == ["groq"]
    assert names(decided(hints=Hints(provider="ollama"), preferences=Preferences(providers=("groq",)))) == ["ollama"]


def test_manual_asks_in_the_order_of_the_list():
    """With `manual` the list is the order too."""
    hints = Hints(providers=("groq", "anthropic", "openai"), strategy=Selection.MANUAL)
    assert names(decided(hints=hints)) == ["groq", "anthropic", "openai"]


def test_who_is_too_dear_is_left_out():
    """What a request may cost leaves out who would cost more, and whose price nobody knows; what is free stays."""
    options = [
        Option(OPENAI, facts=Facts(cost_usd=0.5)),
        Option(CLAUDE, facts=Facts(cost_usd=0.05)),
        Option(GROQ),
        Option(OLLAMA, facts=Facts(cost_usd=0.0)),
    ]
    decision = decided(options=options, hints=Hints(budget_usd=0.1))
    assert names(decision) == ["ollama", "anthropic"]
    reasons = {left.provider: left.reason for left in decision.left_out}
    assert "about 0.5000 USD" in reasons["openai"]
    assert "price is not known" in reasons["groq"]


def test_who_answered_before_goes_first():
    """A conversation stays with its provider as long as that may be asked."""
    decision = decided(options=ALL, sticky=GROQ)
    assert names(decision) == ["groq", "ollama", "anthropic", "openai"]
    assert "answered before" in decision.candidates[0].reason
    resting = [option if option.place != GROQ else Option(GROQ, rests_until=9.0) for option in ALL]
    assert names(decided(options=resting, sticky=GROQ)) == ["ollama", "anthropic", "openai"]


def test_a_request_that_is_too_long_is_told_apart():
    """Whoever was left out for length alone would take a shorter request."""
    decision = decided(options=[Option(OPENAI, window=10), Option(GROQ, obstacle="no key")], needed_tokens=20)
    assert [(left.provider, left.too_long) for left in decision.left_out] == [("openai", True), ("groq", False)]


def test_scores_stand_with_the_candidates():
    """With `scored` each candidate has its score, and its parts as the reason; else none."""
    options = [Option(OPENAI, facts=Facts(Health.HEALTHY, 1.0, 1.0, 0.1)), Option(GROQ)]
    decision = decided(options=options, hints=Hints(strategy=Selection.SCORED))
    assert decision.candidates[0].score is not None
    assert "health 1.00" in decision.candidates[0].reason
    assert decided(options=options).candidates[0].score is None
