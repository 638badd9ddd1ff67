"""Laws of every decision."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.route import Hints, Option, Place, decide

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
)
hints = st.builds(
    Hints,
    provider=st.none() | st.sampled_from((*NAMES, "nobody")),
    model=st.none() | st.sampled_from(("m", "x", "auto", "groq/z", "none")),
)


@dataclass(frozen=True)
class Preferences:
    prefer_local_for: tuple
    fallback_order: tuple
    intents: dict


preferences = st.builds(
    Preferences,
    st.lists(st.sampled_from(Intent)).map(tuple),
    st.lists(st.sampled_from(NAMES)).map(tuple),
    st.dictionaries(st.sampled_from(Intent), st.lists(st.sampled_from(NAMES)).map(tuple)),
)


@given(
    st.sampled_from(Intent), hints, preferences, st.lists(options, max_size=12), st.floats(0, 100), st.integers(0, 100)
)
def test_a_decision_accounts_for_everybody_once(intent, asked, preferred, given_options, now, tokens):
    """Candidates never repeat, are all askable and allowed; everybody else is left out with a reason."""
    decision = decide(
        LabelledIntent(intent, "action", ""), asked, preferred, given_options, now=now, needed_tokens=tokens
    )
    candidates = [candidate.place for candidate in decision.candidates]
    assert len(candidates) == len(set(candidates))
    assert all(candidate.reason for candidate in decision.candidates)
    assert all(left.reason for left in decision.left_out)
    distinct = {option.place: option for option in reversed(given_options)}
    spoken_of = {place.provider for place in candidates} | {left.provider for left in decision.left_out}
    assert spoken_of >= {place.provider for place in distinct}
    if asked.provider:
        assert {place.provider for place in candidates} <= {asked.provider}
    for place in candidates:
        fitting = [
            option
            for option in distinct.values()
            if (option.place.provider, option.place.endpoint) == (place.provider, place.endpoint)
        ]
        assert any(
            not option.obstacle
            and option.rests_until <= now
            # The window is the option's own model's: of another that the request names, it says nothing.
            and (option.window is None or tokens <= option.window or place.model != option.place.model)
            for option in fitting
        )
