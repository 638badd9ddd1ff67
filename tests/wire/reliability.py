"""Every fault that the simulator knows, met by the engine on real sockets: what comes of it, as rows of a table.

The test checks the rows, `scripts/reliability` writes them to docs/reliability.md.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dragoman.core.chat import Request, TextDelta, user
from dragoman.core.errors import DragomanError
from dragoman.core.events import Done, Reset, Routed
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.settings import Settings
from dragoman.engine.http import HttpTransport
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers
from dragoman.simulator import Fault, Reply, Simulator, by_prefix, in_order

PAGE = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
ANSWER = ("All ", "is ", "well.")
SILENCE_SECONDS = 0.4
HANGS = (Fault.HANG_HEADERS, Fault.HANG_FIRST_TOKEN, Fault.STALL, Fault.KEEPALIVES)

HEAD = """# Reliability

What comes of every fault that a provider can have, seen from the person's side. This page is made by
`scripts/reliability`: it plays each fault on a real socket, once with a second provider behind the faulty one and once
without, and writes down what happened. The settings are the usual ones but for shorter waits: one retry, and
{silence} s of silence instead of 20.

- **answer**: `streamed`, or `whole` with `stream = false`; `in the middle` where text was on the screen already.
- **with another**: what happens when a second provider is there. "rescued" is a whole answer of that one, after a
  `reset` where text was shown; "not needed" is a whole answer of the faulty one.
- **attempts**: calls to both providers together, the successful one included.
- **time**: to the whole answer, in seconds, on the machine that made this page.
- **alone**: what the person reads when nobody else is there.

| fault | answer | with another | attempts | time | alone |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Case:
    """A fault, in one form of answer."""

    fault: Fault
    whole: bool
    inside: bool

    @property
    def answer(self):
        """The form in words."""
        return "whole" if self.whole else "streamed, in the middle" if self.inside else "streamed"

    @property
    def name(self):
        """For a test's name."""
        return f"{self.fault.value}, {self.answer}"


@dataclass(frozen=True)
class Row:
    """What came of a case."""

    case: Case
    rescued: str
    attempts: int
    seconds: float
    alone: str

    def line(self):
        """As the page has it."""
        cells = (
            f"{self.case.fault.value}: {self.case.fault.summary}",
            self.case.answer,
            self.rescued,
            str(self.attempts),
            f"{self.seconds:.1f}",
            self.alone.replace("|", "\\|"),
        )
        return f"| {' | '.join(cells)} |"

    def judged(self):
        """What must be the same every time: everything but the time."""
        cells = self.line().split(" | ")
        return (*cells[:4], *cells[5:])


def cases():
    """Every fault in every form that it can have."""
    for fault in Fault:
        yield Case(fault, whole=False, inside=False)
        if "inside" in fault.summary:
            yield Case(fault, whole=False, inside=True)
        yield Case(fault, whole=True, inside=False)


class Keys:
    """No keys."""

    async def secret(self, provider):
        return None

    def fault(self, provider):
        return ""


def settings(url, case, names):
    """The faulty provider first, then, if it is there, the good one."""
    limits = {"first_token": SILENCE_SECONDS, "silence": SILENCE_SECONDS} if case.fault in HANGS else None
    providers = {
        name: {
            "dialect": "openai",
            "base_url": f"{url}/{name}/v1",
            "model": f"{name}-model",
            "stream": not case.whole,
            "timeouts": limits if name == "faulty" else None,
        }
        for name in names
    }
    routing = {"fallback_order": names, "prefer_local_for": ()}
    retry = {"max_retries": 1, "base_delay_ms": 1}
    return Settings.model_validate(
        {"providers": {**providers, "ollama": {"enabled": False}}, "routing": routing, "retry": retry}
    )


@asynccontextmanager
async def engine_on(settings, records):
    """An engine over real HTTP."""
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    try:
        yield Engine(settings, transport, Keys(), on_attempt=records.append, fraction=lambda: 0.5)
    finally:
        await transport.close()
        workers.close()


async def asked(engine):
    """All events of one request, and the error that ended it, if one did."""
    request = Request((user("Is all well?"),), max_output_tokens=64)
    job = Job("1", request, LabelledIntent(Intent.GENERAL, "action", "test"), Hints())
    events = []
    try:
        async for event in engine.stream(job):
            events.append(event)  # noqa: PERF401 - what came before an error counts too
    except DragomanError as error:
        return events, error
    return events, None


def shown(events):
    """What stands on the screen at the end."""
    text = ""
    for event in events:
        text = "" if isinstance(event, Reset) else text + event.text if isinstance(event, TextDelta) else text
    return text


async def played(case):
    """What comes of a case. Raises `AssertionError` where a law of every request is broken."""
    fault = Reply(ANSWER, fault=case.fault, after=2 if case.inside else 0, retry_after=60, between=0.001)
    script = by_prefix({"/faulty": in_order(fault)}, in_order(Reply(ANSWER)))
    async with Simulator(script) as simulator:
        records = []
        async with engine_on(settings(simulator.url, case, ("faulty", "good")), records) as engine:
            began = time.monotonic()
            events, error = await asked(engine)
            seconds = time.monotonic() - began
        ended(events, error, records, simulator)
        rescued = _rescued(events, error)
        attempts = len(simulator.completions)
        alone_records = []
        async with engine_on(settings(simulator.url, case, ("faulty",)), alone_records) as engine:
            alone, alone_error = await asked(engine)
        ended(alone, alone_error, alone_records, None)
    words = "the whole answer" if alone_error is None else str(alone_error).replace(simulator.url, "http://HOST")
    return Row(case, rescued, attempts, seconds, words)


def ended(events, error, records, simulator):
    """Every request ends exactly once, with a whole answer or one clean error; every attempt is settled once."""
    dones = [event for event in events if isinstance(event, Done)]
    assert len(dones) == (error is None)
    if error is None:
        assert isinstance(events[-1], Done)
        assert shown(events) == "".join(ANSWER), "a cut answer was given for a whole one"
        assert records[-1].outcome == "done"
    else:
        assert str(error)
        assert "\n" not in str(error)
        assert all(record.outcome != "done" for record in records)
    assert len([event for event in events if isinstance(event, Routed)]) == len(records)
    if simulator is not None:
        assert len(simulator.completions) == len(records)


def _rescued(events, error):
    if error is not None:
        return f"error: {error.kind}"
    providers = [event.provider for event in events if isinstance(event, Routed)]
    if providers[-1] == "faulty":
        return "not needed"
    return "rescued"


async def table():
    """All rows."""
    return [await played(case) for case in cases()]


def page(rows):
    """The whole page."""
    return HEAD.format(silence=SILENCE_SECONDS) + "\n".join(row.line() for row in rows) + "\n"


def main():
    """Write the page."""
    rows = asyncio.run(table())
    PAGE.write_text(page(rows), "utf-8")
    saved = sum(row.rescued in ("rescued", "not needed") for row in rows)
    sys.stdout.write(f"{PAGE.name}: {len(rows)} rows, {saved} whole answers, {len(rows) - saved} clean errors\n")


if __name__ == "__main__":
    main()
