"""What is known of models while they are asked: what it cost, and whose window is too small."""

from __future__ import annotations

import json

import pytest

from dragoman.core.chat import Usage
from dragoman.core.errors import AllCandidatesFailed, ContextLength
from dragoman.core.events import Done, Routed
from dragoman.engine.tokens import Estimates
from engine.virtual import (
    Keys,
    Reply,
    ScriptedTransport,
    engine_of,
    events_of,
    job,
    of_type,
    piece,
    says,
    settings_of,
    text_of,
    unreachable,
    virtual_time,
)

QUICK = {"retry": {"max_retries": 0}}
PRICED = {"prices": {"one-model": {"input_per_million": 2.0, "output_per_million": 10.0}}}
AWAY = {"local": False}
ANSWER_USD = (11 * 2 + 7 * 10) / 1e6


@virtual_time
async def test_an_answer_has_its_cost():
    """What the settings say of the price wins, in the record and in the last event."""
    records = []
    transport = ScriptedTransport(one=[says("fine")])
    settings = settings_of("one", **PRICED)
    events = await events_of(engine_of(transport, settings, records=records), job())
    assert of_type(events, Done)[0].cost_usd == pytest.approx(ANSWER_USD)
    assert records[0].cost_usd == pytest.approx(ANSWER_USD)


@virtual_time
async def test_a_price_that_nobody_knows_is_not_zero():
    """A server elsewhere with an unknown model has no cost that could be told; one on this machine is free."""
    far = settings_of("one", providers={"one": AWAY})
    events = await events_of(engine_of(ScriptedTransport(one=[says("fine")]), far), job())
    assert of_type(events, Done)[0].cost_usd is None
    near = settings_of("one", providers={"one": {"local": True}})
    events = await events_of(engine_of(ScriptedTransport(one=[says("fine")]), near), job())
    assert of_type(events, Done)[0].cost_usd == 0


@virtual_time
async def test_a_known_models_price_is_the_tables():
    """A preset's model costs what the table says."""
    settings = settings_of(
        providers={"openai": {"base_url": "http://one/v1", "model": "gpt-4o"}},
        routing={"fallback_order": ["openai"]},
    )
    engine = engine_of(ScriptedTransport(one=[says("fine")]), settings, keys=Keys(openai="k"))
    events = await events_of(engine, job(provider="openai"))
    assert of_type(events, Done)[0].cost_usd == pytest.approx((11 * 2.5 + 7 * 10) / 1e6)


@virtual_time
async def test_the_reported_cost_is_the_sum_of_the_attempts():
    """An attempt that broke off after some text is billed to the one that failed, and counted in the whole."""
    records = []
    broken = Reply((piece("half of it"),))
    transport = ScriptedTransport(one=[broken], two=[says("fine")])
    prices = {name: {"input_per_million": 2.0, "output_per_million": 10.0} for name in ("one-model", "two-model")}
    settings = settings_of("one", "two", prices=prices, **QUICK)
    events = await events_of(engine_of(transport, settings, records=records), job())
    assert [(record.provider, record.outcome) for record in records] == [("one", "streaming"), ("two", "done")]
    assert all(record.cost_usd > 0 for record in records)
    assert of_type(events, Done)[0].cost_usd == pytest.approx(sum(record.cost_usd for record in records))


class Words(Estimates):
    """Words are the tokens, where the model is known."""

    def count(self, text, model):
        """The number of words."""
        return len(text.split()) if model == "one-model" else super().count(text, model)

    def begin(self, text, model):
        """The same, later."""
        return lambda: self.count(text, model)


@virtual_time
async def test_what_the_provider_left_uncounted_is_counted_as_its_model_counts():
    """Request and answer of an attempt that broke off; they are said to be counted here, not reported."""
    records = []
    transport = ScriptedTransport(one=[Reply((piece("half of"), piece(" it")))])
    engine = engine_of(transport, settings_of("one", **QUICK, **PRICED), records=records, tokens=Words())
    with pytest.raises(AllCandidatesFailed):
        await events_of(engine, job("say something in seven words or so"))
    assert records[0].usage == Usage(7, 3, estimated=True)
    assert records[0].cost_usd == pytest.approx((7 * 2 + 3 * 10) / 1e6)


@virtual_time
async def test_what_a_model_makes_of_a_text_is_in_its_estimate():
    """The same request is estimated to cost more where the model makes more tokens of it, at the same price."""
    price = {"input_per_million": 10.0, "output_per_million": 0.0}
    settings = settings_of(
        "one",
        "two",
        providers={"one": {"model": "gpt-4o"}, "two": {"model": "claude-opus-4-7"}},
        prices={"gpt-4o": price, "claude-opus-4-7": price},
    )
    decision = await engine_of(ScriptedTransport(), settings).decide(job(LONG))
    plain, dearer = (candidate.facts.cost_usd for candidate in decision.candidates)
    assert dearer == pytest.approx(1.6 * plain, rel=0.01)


@virtual_time
async def test_an_estimate_takes_the_dearest_way():
    """As if all that is sent were written to the provider's cache, where that costs more."""
    price = {"input_per_million": 10.0, "output_per_million": 0.0}
    settings = settings_of(
        "one", "two", prices={"one-model": price, "two-model": price | {"cache_write_per_million": 12.5}}
    )
    decision = await engine_of(ScriptedTransport(), settings).decide(job(LONG))
    plain, dearer = (candidate.facts.cost_usd for candidate in decision.candidates)
    assert dearer == pytest.approx(1.25 * plain)


@virtual_time
async def test_an_attempt_that_reached_nobody_costs_nothing():
    """No tokens cost nothing, whatever the price; the whole stays known."""
    records = []
    transport = ScriptedTransport(one=[unreachable()], two=[says("fine")])
    settings = settings_of("one", "two", providers={"one": AWAY, "two": {"local": True}}, **QUICK)
    events = await events_of(engine_of(transport, settings, records=records), job())
    assert records[0].cost_usd == 0
    assert of_type(events, Done)[0].cost_usd == 0


LONG = "word " * 40_000  # some 40,000 tokens


@virtual_time
async def test_a_known_window_that_is_too_small_is_passed_over():
    """A request that does not fit goes to a candidate with a larger window, and the first is never asked."""
    transport = ScriptedTransport(one=[says("no")], two=[says("fine")])
    settings = settings_of("one", "two", providers={"one": {"context": 8000}, "two": {"context": 1_000_000}})
    events = await events_of(engine_of(transport, settings), job(LONG))
    assert text_of(events) == "fine"
    assert transport.hosts == ["two"]


def ollama(**more) -> dict:
    """Settings of an Ollama that is asked first, before the provider `two`."""
    return {
        "providers": {
            "ollama": {"enabled": True, "base_url": "http://home", "model": "small", "num_ctx": 100_000, **more}
        },
        "routing": {"fallback_order": ("ollama", "two")},
    }


SHOWN = Reply((json.dumps({"model_info": {"llama.context_length": 4096}, "capabilities": ["completion"]}).encode(),))


@virtual_time
async def test_a_servers_own_word_on_its_window_counts():
    """Where Ollama's model goes less far than num_ctx, it is not asked, and the next one is."""
    transport = ScriptedTransport(home=[SHOWN], two=[says("fine")])
    events = await events_of(engine_of(transport, settings_of("two", **ollama())), job(LONG))
    assert text_of(events) == "fine"
    assert transport.hosts == ["home", "two"]
    assert "window of 4096" in of_type(events, Routed)[-1].after


@virtual_time
async def test_a_short_request_asks_nobody_about_windows():
    """What fits every model is sent at once."""
    transport = ScriptedTransport(home=[unreachable()], two=[says("fine")])
    await events_of(engine_of(transport, settings_of("two", **ollama(), **QUICK)), job("short"))
    assert transport.bodies[0]["messages"]


@virtual_time
async def test_a_description_that_fails_is_no_obstacle():
    """A server that can't be asked about its window is asked the question itself."""
    transport = ScriptedTransport(home=[Reply((b"{}",), 404), unreachable()], two=[says("fine")])
    events = await events_of(engine_of(transport, settings_of("two", **ollama(), **QUICK)), job(LONG))
    assert text_of(events) == "fine"
    assert transport.hosts == ["home", "home", "two"]


@virtual_time
async def test_a_request_too_long_for_everyone_is_said_so():
    """The person reads each one's window and what to do."""
    settings = settings_of("one", providers={"one": {"context": 8000, "local": True}}, **QUICK)
    engine = engine_of(ScriptedTransport(one=[says("no")]), settings)
    with pytest.raises(ContextLength, match=r"window of 8000.*select less"):
        await events_of(engine, job(LONG))


@virtual_time
async def test_a_named_models_own_window_counts():
    """A model that the request names is judged by its own window, not by the usual model's."""
    settings = settings_of(
        providers={"openai": {"base_url": "http://one/v1", "model": "gpt-4"}},
        routing={"fallback_order": ["openai"]},
    )
    engine = engine_of(ScriptedTransport(one=[says("fine")]), settings, keys=Keys(openai="k"))
    assert text_of(await events_of(engine, job(LONG, provider="openai", model="gpt-4.1"))) == "fine"
