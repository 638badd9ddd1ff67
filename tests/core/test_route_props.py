"""Laws of every decision."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.hints import Dispatch, Hints, Selection
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.route import Option, Place, decide
from dragoman.core.selection import Facts, Health
from dragoman.core.settings import Routing

NAMES = ("ollama", "anthropic", "openai", "groq", "mine")
places = st.builds(
    Place,
    st.sampled_from(NAMES),
    st.just("openai"),
    st.sampled_from(("http://a", "http://b")),
    st.sampled_from(("", "m", "n")),
    st.booleans(),
)
options = st.builds(
    Option,
    places,
    models=st.lists(st.sampled_from(("x", "y")), max_size=2).map(tuple),
    obstacle=st.none() | st.just("no key"),
    rests_until=st.floats(0, 100),
    window=st.none() | st.integers(1, 100),
    facts=st.builds(
        Facts,
        health=st.sampled_from(Health),
        latency_seconds=st.none() | st.floats(0, 100),
        reliability=st.none() | st.floats(0, 1),
        cost_usd=st.none() | st.floats(0, 10),
        turns=st.integers(0, 5),
    ),
)
hints = st.builds(
    Hints,
    provider=st.none() | st.sampled_from((*NAMES, "nobody")),
    model=st.none() | st.sampled_from(("m", "x", "auto", "groq/z", "none")),
    strategy=st.none() | st.sampled_from((*Selection, *Dispatch)),
    providers=st.just(()) | st.lists(st.sampled_from(NAMES), min_size=1).map(tuple),
    budget_usd=st.none() | st.floats(0.01, 10),
    priority_weights=st.dictionaries(st.sampled_from(NAMES), st.floats(0.1, 10)),
)


preferences = st.builds(
    Routing,
    prefer_local_for=st.lists(st.sampled_from(Intent)).map(tuple),
    fallback_order=st.lists(st.sampled_from(NAMES)).map(tuple),
    intents=st.dictionaries(st.sampled_from(Intent), st.lists(st.sampled_from(NAMES)).map(tuple)),
    selection=st.sampled_from(Selection),
    providers=st.just(()) | st.lists(st.sampled_from(NAMES), min_size=1).map(tuple),
)


@given(
    st.sampled_from(Intent),
    hints,
    preferences,
    st.lists(options, max_size=12),
    st.floats(0, 100),
    st.integers(0, 100),
    st.floats(0, 1, exclude_max=True),
    st.none() | places,
)
def test_a_decision_accounts_for_everybody_once(intent, asked, preferred, given_options, now, tokens, chance, sticky):
    """Candidates never repeat, are all askable and allowed; everybody else is left out with a reason."""
    label = LabelledIntent(intent, "action", "")
    facts = {"now": now, "needed_tokens": tokens, "chance": chance, "sticky": sticky}
    decision = decide(label, asked, preferred, given_options, **facts)
    assert decision == decide(label, asked, preferred, given_options, **facts)
    candidates = [candidate.place for candidate in decision.candidates]
    assert len(candidates) == len(set(candidates))
    assert all(candidate.reason for candidate in decision.candidates)
    assert all(left.reason for left in decision.left_out)
    distinct = {option.place: option for option in reversed(given_options)}
    spoken_of = {place.provider for place in candidates} | {left.provider for left in decision.left_out}
    assert spoken_of >= {place.provider for place in distinct}
    if asked.provider:
        assert {place.provider for place in candidates} <= {asked.provider}
    allowed = asked.providers or preferred.providers
    if allowed and not asked.provider and not asked.model:
        assert {place.provider for place in candidates} <= set(allowed)
    if sticky in candidates:
        assert candidates[0] == sticky
    elif intent in preferred.prefer_local_for:
        local = [place.local for place in candidates]
        assert local == sorted(local, reverse=True)
    for place in candidates:
        fitting = [
            option
            for option in given_options  # of one place, the first that names the model asked for counts
            if (option.place.provider, option.place.endpoint) == (place.provider, place.endpoint)
        ]
        assert any(
            not option.obstacle
            and option.rests_until <= now
            # The window is the option's own model's: of another that the request names, it says nothing.
            and (option.window is None or tokens <= option.window or place.model != option.place.model)
            for option in fitting
        )
