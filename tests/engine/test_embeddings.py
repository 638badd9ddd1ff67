"""Embeddings: batches, retries, the next provider, and the nearest texts."""

from __future__ import annotations

import asyncio
import json

import pytest

from dragoman.core.errors import AllCandidatesFailed, InvalidRequest, NothingToAsk
from dragoman.core.settings import Settings
from dragoman.engine.embeddings import BATCH_TEXTS, Embeddings
from dragoman.providers import PRESETS
from engine.virtual import Keys, Reply, ScriptedTransport, refuses, unreachable, virtual_time

QUICK = {"max_retries": 0}


class Here:
    """`core.ports.Workers` on the loop itself."""

    async def run(self, function):
        return function()


def vectors(*found: tuple[float, ...]) -> Reply:
    """An answer in OpenAI's shape, in no particular order, as it allows."""
    rows = [{"index": index, "embedding": list(vector)} for index, vector in enumerate(found)]
    return Reply((json.dumps({"data": rows[::-1]}).encode(),))


def settings_of(*names: str, **sections) -> Settings:
    """Providers of the OpenAI dialect with a model for embeddings, each at a host of its own name."""
    table = {
        "dialect": "openai",
        "local": True,
    }
    providers = {name: table | {"base_url": f"http://{name}/v1", "embedding_model": f"{name}-e"} for name in names}
    for name, more in sections.pop("providers", {}).items():
        providers[name] = providers.get(name, {}) | more
    providers.setdefault("ollama", {"enabled": False})
    return Settings.model_validate({"providers": providers, "routing": {"fallback_order": names}, **sections})


def embeddings_of(transport, settings, *, keys=None, records=None) -> Embeddings:
    """Embeddings on the script; every backoff takes half of its bound."""
    heard = records.append if records is not None else None
    return Embeddings(settings, transport, keys or Keys(), Here(), fraction=lambda: 0.5, on_attempt=heard)


@virtual_time
async def test_each_text_has_its_vector():
    """In the texts' order, whatever the order of the answer; with the model's name."""
    transport = ScriptedTransport(one=[vectors((1.0, 0.0), (0.0, 1.0))])
    records = []
    found = await embeddings_of(transport, settings_of("one"), records=records).embed(["a", "b"])
    assert (found.provider, found.model) == ("one", "one-e")
    assert found.vectors == ((1.0, 0.0), (0.0, 1.0))
    assert transport.bodies[0]["model"] == "one-e"
    assert transport.bodies[0]["input"] == ["a", "b"]
    assert [(record.intent, record.outcome, record.cost_usd) for record in records] == [("embeddings", "done", 0.0)]


@virtual_time
async def test_many_texts_go_in_batches():
    """Each call has no more than the limit, and the vectors stand together again."""
    amount = BATCH_TEXTS + 3
    batches = [vectors(*[(float(i),) for i in range(BATCH_TEXTS)]), vectors((7.0,), (8.0,), (9.0,))]
    transport = ScriptedTransport(one=batches)
    found = await embeddings_of(transport, settings_of("one")).embed([f"text {i}" for i in range(amount)])
    assert len(found.vectors) == amount
    assert found.vectors[-1] == (9.0,)
    assert [len(body["input"]) for body in transport.bodies] == [BATCH_TEXTS, 3]


@virtual_time
async def test_long_texts_make_small_batches():
    """A call is limited in tokens too."""
    transport = ScriptedTransport(one=[vectors((1.0,)), vectors((2.0,))])
    found = await embeddings_of(transport, settings_of("one")).embed(["word " * 80_000, "word " * 80_000])
    assert found.vectors == ((1.0,), (2.0,))


@virtual_time
async def test_no_texts_ask_nobody():
    """Nothing to embed is no call."""
    transport = ScriptedTransport()
    assert (await embeddings_of(transport, settings_of("one")).embed([])).vectors == ()
    assert not transport.calls


@pytest.mark.parametrize("fault", [refuses(429), refuses(500), unreachable(), Reply(()), vectors((1.0,))])
@virtual_time
async def test_a_transient_failure_is_retried(fault):
    """The same batch is asked for again after a backoff; so is one that lacks vectors or is no answer at all."""
    transport = ScriptedTransport(one=[fault, vectors((1.0,), (2.0,))])
    found = await embeddings_of(transport, settings_of("one")).embed(["a", "b"])
    assert len(found.vectors) == 2
    first, second = (time for time, _ in transport.calls)
    assert second - first == pytest.approx(0.5)


@virtual_time
async def test_the_next_provider_starts_over():
    """Vectors of two models are never mixed: who takes over gets every text."""
    first = vectors(*[(1.0,)] * BATCH_TEXTS)
    transport = ScriptedTransport(
        one=[first, refuses(500)], two=[vectors(*[(2.0, 2.0)] * BATCH_TEXTS), vectors((3.0, 3.0))]
    )
    settings = settings_of("one", "two", retry=QUICK)
    found = await embeddings_of(transport, settings).embed(["x"] * (BATCH_TEXTS + 1))
    assert found.provider == "two"
    assert {len(vector) for vector in found.vectors} == {2}
    assert len(found.vectors) == BATCH_TEXTS + 1


@virtual_time
async def test_a_wrong_request_is_no_failover():
    """The person gets the provider's reason."""
    transport = ScriptedTransport(one=[refuses(400, "input is too strange")], two=[vectors((1.0,))])
    with pytest.raises(InvalidRequest, match="too strange"):
        await embeddings_of(transport, settings_of("one", "two")).embed(["a"])
    assert transport.hosts == ["one"]


@virtual_time
async def test_when_all_fail_each_one_is_named():
    """One sentence per provider."""
    transport = ScriptedTransport(one=[unreachable()], two=[refuses(401, "wrong key")])
    with pytest.raises(AllCandidatesFailed, match=r"one \(one-e\): nothing answers.*two \(two-e\): wrong key"):
        await embeddings_of(transport, settings_of("one", "two", retry=QUICK)).embed(["a"])


@virtual_time
async def test_without_anybody_the_person_reads_what_to_set():
    """No provider for embeddings: the setting is named."""
    with pytest.raises(NothingToAsk, match="embedding_model"):
        await embeddings_of(ScriptedTransport(), settings_of()).embed(["a"])


@virtual_time
async def test_a_named_provider_is_asked_alone():
    """An explicit provider and model win."""
    transport = ScriptedTransport(two=[vectors((1.0,))])
    found = await embeddings_of(transport, settings_of("one", "two")).embed(["a"], provider="two", model="own")
    assert (found.provider, found.model) == ("two", "own")


@virtual_time
async def test_who_is_set_for_it_comes_before_who_could():
    """A provider with an `embedding_model` of the person's own comes before a local one without."""
    transport = ScriptedTransport(far=[vectors((1.0,))])
    settings = settings_of(
        "near",
        providers={
            "near": {"embedding_model": None},
            "far": {"dialect": "openai", "base_url": "http://far/v1", "embedding_model": "e", "local": False},
        },
    )
    assert (await embeddings_of(transport, settings).embed(["a"])).provider == "far"


@virtual_time
async def test_a_servers_list_tells_its_embedding_model():
    """Where no model is set, the first one is taken whose name says that it makes embeddings."""
    listed = Reply((json.dumps({"data": [{"id": "llama"}, {"id": "nomic-embed-text"}]}).encode(),))
    transport = ScriptedTransport(near=[listed, vectors((1.0,))])
    settings = settings_of("near", providers={"near": {"embedding_model": None}})
    assert (await embeddings_of(transport, settings).embed(["a"])).model == "nomic-embed-text"


@virtual_time
async def test_a_list_without_one_says_what_to_set():
    """A server without a model that is known to make embeddings is passed over with the setting's name."""
    listed = Reply((json.dumps({"data": [{"id": "llama"}]}).encode(),))
    settings = settings_of("near", providers={"near": {"embedding_model": None}})
    with pytest.raises(AllCandidatesFailed, match=r"providers\.near\.embedding_model"):
        await embeddings_of(ScriptedTransport(near=[listed]), settings).embed(["a"])


@virtual_time
async def test_a_cloud_preset_needs_its_key_and_nothing_else():
    """With a key in its place the preset's usual model is asked; without one it is as if it were not there."""
    settings = Settings.model_validate({"providers": {"ollama": {"enabled": False}}})
    transport = ScriptedTransport(**{"api.openai.com": [vectors((1.0,))]})
    found = await embeddings_of(transport, settings, keys=Keys(openai="k")).embed(["a"])
    assert found.model == PRESETS["openai"].embedding_model


@virtual_time
async def test_limits_hold_for_embeddings_too():
    """An empty bucket is waited for where that is short."""
    transport = ScriptedTransport(one=[vectors((1.0,))])
    settings = settings_of("one", providers={"one": {"requests_per_minute": 60}})
    embeddings = embeddings_of(transport, settings)
    began = asyncio.get_running_loop().time()
    for _ in range(20):
        await embeddings.embed(["a"])
    assert asyncio.get_running_loop().time() > began + 1


@virtual_time
async def test_cancelling_closes_the_connection():
    """Who no longer waits leaves nothing open, and the limit is given back."""
    transport = ScriptedTransport(one=[Reply((60.0,)), vectors((1.0,))])
    embeddings = embeddings_of(transport, settings_of("one", providers={"one": {"max_in_flight": 1}}))
    task = asyncio.ensure_future(embeddings.embed(["a"]))
    await asyncio.sleep(1)
    assert transport.open == ["one"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.open == []
    assert (await embeddings.embed(["a"])).vectors == ((1.0,),)


@virtual_time
async def test_the_nearest_texts_are_found():
    """Query and texts are embedded by one model, and the nearest k come first."""
    transport = ScriptedTransport(one=[vectors((1.0, 0.0), (0.0, 1.0), (1.0, 0.1), (-1.0, 0.0))])
    found = await embeddings_of(transport, settings_of("one")).similar("q", ["a", "b", "c"], 2)
    assert [index for index, _ in found] == [1, 0]
    assert transport.bodies[0]["input"] == ["q", "a", "b", "c"]
