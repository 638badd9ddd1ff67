"""Questions that are only worded otherwise: with embeddings that are a table, on a virtual clock."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest

from dragoman.core.chat import Request, system, user
from dragoman.core.errors import NothingToAsk
from dragoman.core.events import Done, Routed
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.engine.cache import Cache
from dragoman.engine.clock import LoopClock
from dragoman.engine.embeddings import Embedded, Embeddings
from dragoman.engine.loop import Engine
from dragoman.engine.near import MOST_QUESTIONS, NearQuestions
from dragoman.engine.reuse import Reuse
from engine.virtual import Keys, ScriptedTransport, events_of, of_type, says, settings_of, text_of, virtual_time

DEGREES = {"what is it?": 0, "what's this": 5, "what does it do?": 30, "say nothing": 90}
"""Questions by the angle of their embeddings."""


class Here:
    """Workers without threads."""

    async def run(self, function):
        return function()


class Model:
    """Makes embeddings of the table; `seconds` late, or with an error."""

    def __init__(self, seconds=0.0, error=None, name="nomic"):
        self.asked = []
        self.seconds = seconds
        self.error = error
        self.name = name

    async def __call__(self, text):
        self.asked.append(text)
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        angle = math.radians(DEGREES.get(text, len(text) * 7))
        return Embedded("ollama", self.name, ((math.cos(angle), math.sin(angle)),))


def near_engine(transport, model, keys=None, **cache):
    """An engine that takes near questions for the same."""
    settings = settings_of("one", cache={"semantic": True, **cache})
    kept = Cache(Here(), wall=lambda: asyncio.get_running_loop().time())
    kept.use(settings.cache, "memory", {})
    reuse = Reuse(kept, LoopClock(), NearQuestions(kept, model, Here()))
    return Engine(settings, transport, keys or Keys(), reuse=reuse)


def question(words, code="x = 1", **hints):
    """A question about some code."""
    request = Request((system("be brief"), user(f"The target:\n{code}\n\nTask: {words}")))
    label = LabelledIntent(Intent.EXPLANATION, "action", "test")
    return Job("job-1", request, label, Hints(**hints), cacheable=True, question=words)


async def cached(engine, job):
    """Whether the answer was there."""
    return of_type(await events_of(engine, job), Done)[0].cached


@virtual_time
async def test_a_question_that_is_worded_otherwise_is_the_same():
    """Within the threshold the earlier answer is given, and says why; beyond it the model is asked."""
    transport = ScriptedTransport(one=[says("a number"), says("another")])
    model = Model()
    engine = near_engine(transport, model)
    assert not await cached(engine, question("what is it?"))
    events = await events_of(engine, question("what's this"))
    assert of_type(events, Routed)[0].reason == "from the cache: nearly the same was asked before"
    assert text_of(events) == "a number"
    assert of_type(events, Done)[0].cached
    assert text_of(await events_of(engine, question("what does it do?"))) == "another"
    assert text_of(await events_of(engine, question("what's this"))) == "a number"
    assert len(transport.calls) == 2


@virtual_time
async def test_exactly_the_same_needs_no_embedding():
    """What is the same to the letter is found without asking for an embedding."""
    model = Model()
    engine = near_engine(ScriptedTransport(one=[says("a")]), model)
    assert not await cached(engine, question("what is it?"))
    assert await cached(engine, question("what is it?"))
    assert model.asked == ["what is it?"]


@virtual_time
async def test_everything_else_must_be_the_same():
    """Other code, another model or another key is another question, however near the words are."""
    engine = near_engine(ScriptedTransport(one=[says("a")]), Model(), keys=Keys(one="mine"))
    assert not await cached(engine, question("what is it?"))
    assert not await cached(engine, question("what's this", code="x = 2"))
    assert not await cached(engine, question("what's this", model="one/other"))
    engine.use(settings_of("one", cache={"semantic": True}), Keys(one="yours"))
    assert not await cached(engine, question("what's this"))
    engine.use(settings_of("one", cache={"semantic": True}), Keys(one="mine"))
    assert await cached(engine, question("what's this"))


@virtual_time
async def test_it_is_off_unless_it_is_set():
    """Without the setting nobody is asked for embeddings."""
    model = Model()
    engine = near_engine(ScriptedTransport(one=[says("a")]), model, semantic=False)
    assert not await cached(engine, question("what is it?"))
    assert not await cached(engine, question("what's this"))
    assert model.asked == []


@virtual_time
async def test_without_a_question_nothing_is_near():
    """A request that is no question, as that for an edit, must be the same to the letter."""
    model = Model()
    engine = near_engine(ScriptedTransport(one=[says("a")]), model)
    for words in ("what is it?", "what's this"):
        assert not await cached(engine, replace(question(words), question=""))
    assert not await cached(engine, replace(question("what is it?", code="y"), cacheable=False))
    assert model.asked == []


@pytest.mark.parametrize("model", [Model(error=NothingToAsk("no model")), Model(seconds=60)], ids=["no model", "slow"])
@virtual_time
async def test_without_an_embedding_it_is_a_miss(model):
    """Where no embedding can be had, or not soon, the question is asked as ever."""
    engine = near_engine(ScriptedTransport(one=[says("a")]), model)
    began = asyncio.get_running_loop().time()
    assert not await cached(engine, question("what is it?"))
    assert not await cached(engine, question("what's this"))
    assert asyncio.get_running_loop().time() - began < 5
    assert await cached(engine, question("what's this"))


@virtual_time
async def test_vectors_of_different_models_are_not_compared():
    """After a change of the model for embeddings nothing is near, until it was asked again."""
    model = Model()
    engine = near_engine(ScriptedTransport(one=[says("a")]), model)
    assert not await cached(engine, question("what is it?"))
    model.name = "other"
    assert not await cached(engine, question("what's this"))


@virtual_time
async def test_the_threshold_is_the_settings():
    """How near is near enough can be set."""
    engine = near_engine(ScriptedTransport(one=[says("a")]), Model(), semantic_threshold=0.8)
    assert not await cached(engine, question("what is it?"))
    assert await cached(engine, question("what does it do?"))
    assert not await cached(engine, question("say nothing"))


@virtual_time
async def test_an_answer_that_is_gone_is_asked_for_anew():
    """A near question whose answer was dropped is no hit."""
    engine = near_engine(ScriptedTransport(one=[says("a")]), Model(), memory_entries=1)
    assert not await cached(engine, question("what is it?"))
    assert not await cached(engine, question("what's this"))


@virtual_time
async def test_only_the_latest_questions_are_remembered():
    """About one text so many questions are compared and no more."""
    kept = Cache(Here(), wall=lambda: 0.0)
    near = NearQuestions(kept, Model(), Here())
    for number in range(MOST_QUESTIONS + 10):
        kept.put(f"answer-{number}", f"{number}", "model")
        await near.keep("text", await near.embedded("x" * number), f"answer-{number}")
    newest = await near.embedded("x" * (MOST_QUESTIONS + 9))
    assert (await near.find("text", newest, 0.9999)).text == str(MOST_QUESTIONS + 9)
    assert await near.find("text", await near.embedded(""), 0.9999) is None
    assert await near.find("other text", newest, 0.5) is None


@virtual_time
async def test_only_this_machine_is_told_a_question():
    """A provider elsewhere is not asked for the embedding, even where its model for embeddings is set."""
    transport = ScriptedTransport(far=[says("never")])
    settings = settings_of("far", providers={"far": {"embedding_model": "text-embedding-3-small", "local": False}})
    embeddings = Embeddings(settings, transport, Keys(far="key"), Here())
    near = NearQuestions(Cache(Here()), lambda text: embeddings.embed((text,), local_only=True), Here())
    assert await near.embedded("what is it?") is None
    assert transport.calls == []
