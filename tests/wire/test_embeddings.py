"""Embeddings over real sockets, in every dialect that has them."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.errors import AllCandidatesFailed
from dragoman.core.settings import Settings
from dragoman.engine.embeddings import Embeddings
from dragoman.engine.http import HttpTransport
from dragoman.engine.workers import ThreadWorkers
from dragoman.simulator import Fault, Reply, Simulator

QUICK = {"max_retries": 1, "base_delay_ms": 1, "max_delay_ms": 1}
TEXTS = ("def add(a, b): return a + b", "the weather in Paris", "def sub(a, b): return a - b")
TAILS = {"openai": "/v1", "azure": "", "gemini": "/v1beta", "ollama": ""}


class Keys:
    """A key for everybody."""

    async def secret(self, provider):
        return "no-real-key"

    def fault(self, provider):
        return ""


@asynccontextmanager
async def embeddings_on(simulator: Simulator, dialect: str):
    """Embeddings of one provider on the simulator, and nothing that blocks its loop."""
    provider = {
        "dialect": dialect,
        "base_url": simulator.url + TAILS[dialect],
        "embedding_model": "some-embedding",
        "local": True,
    }
    settings = {
        "providers": {"one": provider, "ollama": {"enabled": False}},
        "routing": {"fallback_order": ["one"]},
        "retry": QUICK,
    }
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    try:
        with blockbuster_ctx():
            yield Embeddings(Settings.model_validate(settings), transport, Keys(), workers)
    finally:
        await transport.close()
        workers.close()


@pytest.mark.parametrize("dialect", TAILS)
async def test_texts_have_vectors_in_their_order(dialect):
    """Each dialect gives one vector a text, all of one length, and more texts than one call takes."""
    async with Simulator(Reply()) as simulator, embeddings_on(simulator, dialect) as embeddings:
        texts = [f"{text} {number}" for number in range(50) for text in TEXTS]
        found = await embeddings.embed(texts)
        again = await embeddings.embed(texts[-1:])
    assert len(found.vectors) == len(texts)
    assert len({len(vector) for vector in found.vectors}) == 1
    assert found.vectors[-1] == pytest.approx(again.vectors[0])
    assert len(simulator.calls) > 2
    assert found.model == "some-embedding"


@pytest.mark.parametrize("dialect", TAILS)
async def test_the_nearest_text_is_the_one_with_the_same_words(dialect):
    """`similar` finds what says the same."""
    async with Simulator(Reply()) as simulator, embeddings_on(simulator, dialect) as embeddings:
        found = await embeddings.similar("weather in Paris", TEXTS, 2)
    assert found[0][0] == 1
    assert found[0][1] > found[1][1]


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RATE_LIMIT, Fault.DISCONNECT, Fault.CUT])
@pytest.mark.parametrize("dialect", TAILS)
async def test_a_fault_that_passes_is_retried(dialect, fault):
    """The vectors come with the second call."""
    async with (
        Simulator([Reply(fault=fault), Reply()]) as simulator,
        embeddings_on(simulator, dialect) as embeddings,
    ):
        assert len((await embeddings.embed(TEXTS)).vectors) == len(TEXTS)


@pytest.mark.parametrize("dialect", TAILS)
async def test_a_web_page_is_no_vector(dialect):
    """What can't be embeddings at all names the setting to check."""
    async with (
        Simulator(Reply(fault=Fault.WEB_PAGE)) as simulator,
        embeddings_on(simulator, dialect) as embeddings,
    ):
        with pytest.raises(AllCandidatesFailed, match="base_url"):
            await embeddings.embed(TEXTS, provider="one")
