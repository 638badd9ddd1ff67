"""What is kept of answers that fail on real sockets: every fault there is, in every form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dragoman.core.chat import Request, TextDelta, user
from dragoman.core.errors import DragomanError
from dragoman.core.events import Done
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.engine.cache import Cache
from dragoman.engine.clock import LoopClock
from dragoman.engine.http import HttpTransport
from dragoman.engine.loop import Engine
from dragoman.engine.reuse import Reuse
from dragoman.engine.workers import ThreadWorkers
from dragoman.simulator import Reply, Simulator, by_prefix, in_order
from wire import reliability

JOB = Job("1", Request((user("is all well?"),)), LabelledIntent(Intent.GENERAL, "action", "test"), Hints())


@pytest.mark.parametrize("case", list(reliability.cases()), ids=lambda case: case.name)
async def test_nothing_cut_is_ever_kept(case):
    """After any fault the cache holds the whole answer or nothing, and what it holds is what was shown as whole."""
    inside = {"after": 1} if case.inside else {"after": 0}
    faulty = Reply(reliability.ANSWER, fault=case.fault, **inside)
    script = by_prefix({"/faulty": in_order(faulty)}, in_order(Reply(reliability.ANSWER)))
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    cache = Cache(workers)
    shown, done = "", None
    async with Simulator(script) as simulator:
        settings = reliability.settings(simulator.url, case, ("faulty",))
        settings = settings.model_copy(update={"retry": settings.retry.model_copy(update={"max_retries": 0})})
        engine = Engine(settings, transport, reliability.Keys(), reuse=Reuse(cache, LoopClock()))
        try:
            async for event in engine.stream(replace(JOB, cacheable=True)):
                shown += event.text if isinstance(event, TextDelta) else ""
                done = event if isinstance(event, Done) else done
        except DragomanError:
            assert done is None
        kept = list(cache._memory.values())
        await transport.close()
        await cache.close()
        workers.close()
    assert [answer.text for answer in kept] == ([shown] if done else [])
    assert shown == "".join(reliability.ANSWER) or not kept
