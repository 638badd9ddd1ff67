"""The ledger: what attempts cost, by whom, in every ending; shared, killed, damaged, locked away. Real files."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time

import pytest
from blockbuster import blockbuster_ctx

from dragoman.core.budget import LEASE_SECONDS
from dragoman.core.chat import Usage
from dragoman.core.errors import AllCandidatesFailed
from dragoman.core.events import Done
from dragoman.core.usage import LOST, RUNNING
from dragoman.engine.clock import LoopClock
from dragoman.engine.embeddings import Embeddings
from dragoman.engine.ledger import KEPT_IN_MEMORY, KEPT_SECONDS, Ledger
from dragoman.engine.loop import Engine
from dragoman.engine.records import AttemptRecord
from dragoman.engine.spending import Spending
from dragoman.engine.store import MemoryStore
from engine.virtual import (
    Keys,
    Reply,
    ScriptedTransport,
    breaks_after,
    events_of,
    job,
    of_type,
    piece,
    refuses,
    says,
    settings_of,
    text_of_tokens,
    virtual_time,
)

NOW = 1_800_000_000.0
EVER = (0.0, 9e9)


def record(ledger, outcome="done", cost_usd=0.01, **more):
    """An attempt, new in the ledger."""
    id_, began = ledger.new()
    fields = {
        "request": "r", "provider": "one", "model": "m", "endpoint": "http://one", "intent": "code",
        "seconds": 1.5, "first_token_seconds": 0.5, "usage": Usage(10, 5, 3, 2, cache_write_tokens=4), "action": "edit",
        "id": id_, "began": began,
    } | more  # fmt: skip
    return AttemptRecord(outcome=outcome, cost_usd=cost_usd, **fields)


@pytest.fixture
def path(tmp_path):
    """Where the file will be, in a folder that is not there yet."""
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
async def ledger(path):
    """One on a file, whose notices are in `told`."""
    ledger = Ledger((told := []).append, lambda: NOW)
    ledger.told = told
    ledger.use(path)
    yield ledger
    await ledger.close()


def in_file(path, columns="*"):
    """What stands in the file."""
    return sqlite3.connect(path).execute(f"SELECT {columns} FROM attempts ORDER BY number").fetchall()


async def test_what_is_noted_comes_back_whole(ledger):
    """Every field of an attempt is read as it was written, an unknown price as unknown."""
    written = [record(ledger), record(ledger, "server_error", None, usage=Usage(estimated=True), follows="failover")]
    with blockbuster_ctx():
        for each in written:
            ledger.note(each)
        await ledger.written()
        assert await ledger.records(*EVER) == written
    assert await ledger.records(NOW + 1, 9e9) == []
    assert await ledger.records(0, NOW) == []


async def test_what_is_written_is_there_for_another_window(ledger, path):
    """What one window was told is written, another reads."""
    ledger.note(record(ledger))
    await ledger.written()
    other = Ledger(wall=lambda: NOW)
    other.use(path)
    assert len(await other.records(*EVER)) == 1
    await other.close()


async def test_an_end_takes_the_place_of_its_beginning(ledger, path):
    """A running attempt and its end are one row."""
    running = record(ledger, RUNNING, 0.5)
    ledger.note(running)
    await ledger.written()
    assert in_file(path, "outcome, cost_usd") == [(RUNNING, 0.5)]
    ledger.note(record(ledger, id=running.id))
    await ledger.written()
    assert in_file(path, "outcome, cost_usd") == [("done", 0.01)]


async def test_who_does_not_come_back_is_lost(path):
    """An attempt that has been running for too long is shown as lost, with what it was expected to cost."""
    now = [NOW]
    ledger = Ledger(wall=lambda: now[0])
    ledger.use(path)
    ledger.note(running := record(ledger, RUNNING, 0.5))
    (shown,) = await ledger.records(*EVER)
    assert shown.outcome == RUNNING
    now[0] += LEASE_SECONDS + 1
    (shown,) = await ledger.records(*EVER)
    assert (shown.outcome, shown.cost_usd) == (LOST, 0.5)
    ledger.note(record(ledger, id=running.id, began=running.began))  # it was only a machine that slept
    (shown,) = await ledger.records(*EVER)
    assert shown.outcome == "done"
    await ledger.close()


async def test_old_attempts_are_deleted(path):
    """What is older than the bound is gone from the file once somebody writes."""
    now = [NOW]
    ledger = Ledger(wall=lambda: now[0])
    for step in (0, KEPT_SECONDS + 1):
        now[0] = NOW + step
        ledger.use(path)
        ledger.note(record(ledger))
        await ledger.close()
        ledger = Ledger(wall=lambda: now[0])
    assert in_file(path, "began") == [(now[0],)]


async def test_nobody_else_can_read_it(ledger, path):
    """The file, and the files beside it, are the person's alone."""
    ledger.note(record(ledger))
    await ledger.written()
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()} == {0o600}


@virtual_time
async def test_without_a_file_it_is_kept_in_memory():
    """In memory nothing is written, and the oldest make room."""
    ledger = Ledger(wall=lambda: NOW)
    for number in range(KEPT_IN_MEMORY + 5):
        ledger.note(record(ledger, request=str(number)))
    await ledger.written()
    kept = await ledger.records(*EVER)
    assert [kept[0].request, kept[-1].request] == ["5", str(KEPT_IN_MEMORY + 4)]
    await ledger.close()


async def test_a_folder_that_can_not_be_written_costs_one_line(tmp_path):
    """Where no file can be made it is said once; nothing is lost to this window, and all is written when it can be."""
    barred = tmp_path / "state"
    barred.write_text("a file where a folder should be")
    ledger = Ledger((told := []).append, lambda: NOW)
    ledger.use(barred / "ledger.db")
    for _ in range(3):
        ledger.note(record(ledger))
        await ledger.written()
        await asyncio.sleep(0)
    assert len(told) == 1
    assert "ledger.db" in told[0]
    assert ledger.fault
    assert len(await ledger.records(*EVER)) == 3
    barred.unlink()
    ledger.note(record(ledger))
    await ledger.close()
    assert len(in_file(barred / "ledger.db")) == 4
    assert not ledger.fault
    assert len(told) == 1


@pytest.mark.parametrize(
    ("trouble", "says_what"), [("max_page_count=1", "no space left"), ("query_only=1", "check its owner")]
)
async def test_a_file_that_can_not_be_written_costs_one_line(ledger, trouble, says_what):
    """A full disk, or a file without leave to write, is told in one line; what did not fit is still known here."""
    ledger.note(record(ledger))
    await ledger.written()
    await ledger._file.run(lambda connection: connection.execute(f"PRAGMA {trouble}"), write=False)
    ledger.note(record(ledger, request="x" * 5000))
    await ledger.written()
    assert says_what in ledger.fault
    assert len(await ledger.records(*EVER)) == 2
    ledger.note(record(ledger))
    await ledger.close()
    assert len(ledger.told) == 1
    assert says_what in ledger.told[0]


async def test_a_damaged_file_is_set_aside(ledger, path):
    """A damaged file is kept under another name, one line says so, and the attempt stands in a new one."""
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 500)
    ledger.note(record(ledger))
    await ledger.written()
    await asyncio.sleep(0)
    assert len(ledger.told) == 1
    assert "was damaged" in ledger.told[0]
    assert len(in_file(path)) == 1
    assert [entry.name for entry in path.parent.iterdir() if "corrupt" in entry.name]


WRITING = """
import asyncio, sys
from pathlib import Path
from dragoman.core.chat import Usage
from dragoman.core.usage import RUNNING
from dragoman.engine.ledger import Ledger
from dragoman.engine.records import AttemptRecord

async def main():
    path, name, times = sys.argv[1:]
    ledger = Ledger(print)
    ledger.use(Path(path))
    for number in range(int(times)):
        id_, began = ledger.new()
        for outcome, usd in ((RUNNING, 0.5), ("done", 0.25)):
            ledger.note(AttemptRecord(
                name, "one", "m", "http://one", "code", outcome, 1.0, None, Usage(1, 2), usd, id=id_, began=began
            ))
            await asyncio.sleep(0)
        await ledger.written()
        assert not ledger.fault
        print(id_, flush=True)
    await ledger.close()

asyncio.run(main())
"""


def writing(path, name, times, stdout):
    """A process that notes so many attempts, and says the id of each one that it was told is written."""
    return subprocess.Popen([sys.executable, "-c", WRITING, str(path), name, str(times)], stdout=stdout, text=True)


def test_eight_processes_lose_nothing(path, tmp_path):
    """Eight processes that write at once have each attempt once, and each with its end."""
    with (tmp_path / "said").open("w") as said:
        processes = [writing(path, str(number), 25, said) for number in range(8)]
        assert [process.wait(timeout=60) for process in processes] == [0] * 8
    rows = in_file(path, "request, outcome, cost_usd")
    assert sorted(request for request, _, _ in rows) == sorted(str(number) for number in range(8) for _ in range(25))
    assert {(outcome, usd) for _, outcome, usd in rows} == {("done", 0.25)}


def test_a_killed_process_loses_no_settled_attempt(path, tmp_path):
    """Whenever a process is killed, every attempt that it was told is written stands there with its end."""
    told = []
    for round_ in range(5):
        said = tmp_path / f"said-{round_}"
        with said.open("w") as file:
            process = writing(path, str(round_), 100_000, file)
            while said.read_text().count("\n") < 2 + 9 * round_:
                assert process.poll() is None
                time.sleep(0.001)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        told += said.read_text().rpartition("\n")[0].split()
        settled = {id_ for id_, outcome in in_file(path, "id, outcome") if outcome == "done"}
        assert set(told) <= settled
    assert len(in_file(path)) <= len(told) + 5


class Here:
    """`core.ports.Workers` on the loop itself."""

    async def run(self, function):
        return function()


PRICED = {name: {"input_per_million": 2.0, "output_per_million": 10.0} for name in ("one-model", "two-model")}
QUICK = {"retry": {"max_retries": 0}}


def engine_on(ledger, transport, *names, **more):
    """An engine that writes there."""
    settings = settings_of(*names, prices=PRICED, **QUICK, **more)
    return Engine(settings, transport, Keys(), ledger=ledger, fraction=lambda: 0.5)


@virtual_time
async def test_the_sum_of_the_ledger_is_the_reported_cost():
    """A failover is billed to the one that failed and to the one that answered; both make the reported cost."""
    ledger = Ledger(wall=lambda: NOW)
    transport = ScriptedTransport(one=[breaks_after("half of it")], two=[says("fine")])
    (done,) = of_type(await events_of(engine_on(ledger, transport, "one", "two"), job()), Done)
    failed, whole = await ledger.records(*EVER)
    assert (failed.provider, failed.outcome, failed.usage.estimated) == ("one", "streaming", True)
    assert (whole.provider, whole.outcome, whole.follows) == ("two", "done", "failover")
    assert (whole.usage, whole.request) == (Usage(11, 7), "job-1")
    assert failed.cost_usd > 0
    assert failed.cost_usd + whole.cost_usd == pytest.approx(done.cost_usd)


@virtual_time
async def test_while_it_runs_it_stands_there_with_its_estimate():
    """A running attempt has a row before its first byte comes, with what it is expected to cost."""
    ledger = Ledger(wall=lambda: NOW)
    engine = engine_on(ledger, ScriptedTransport(one=[Reply((5.0, *says("fine").steps))]), "one")
    running = asyncio.create_task(events_of(engine, job()))
    await asyncio.sleep(1)
    (shown,) = await ledger.records(*EVER)
    assert (shown.outcome, shown.provider, shown.usage.estimated) == (RUNNING, "one", True)
    assert shown.cost_usd > 500 * 10 / 1e6
    await running
    (shown,) = await ledger.records(*EVER)
    assert (shown.outcome, shown.usage.estimated) == ("done", False)


@virtual_time
async def test_a_cancelled_attempt_costs_what_was_sent():
    """Who is given up on before its first token has read the request, and bills it: it counts, as an estimate."""
    ledger = Ledger(wall=lambda: NOW)
    engine = engine_on(ledger, ScriptedTransport(one=[Reply((50.0,))]), "one")
    task = asyncio.create_task(events_of(engine, job(text_of_tokens(1000))))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (shown,) = await ledger.records(*EVER)
    assert (shown.outcome, shown.usage.output_tokens, shown.usage.estimated) == ("cancelled", 0, True)
    assert shown.usage.input_tokens == 1000
    assert shown.cost_usd == pytest.approx(1000 * 2 / 1e6)
    assert shown.seconds == pytest.approx(1.0)


@virtual_time
async def test_a_silent_provider_bills_what_it_has_read_and_an_absent_one_nothing():
    """An attempt that timed out counts its input; one that was refused counts nothing."""
    ledger = Ledger(wall=lambda: NOW)
    transport = ScriptedTransport(one=[Reply((500.0,))], two=[refuses(500)])
    with pytest.raises(AllCandidatesFailed):
        await events_of(engine_on(ledger, transport, "one", "two"), job())
    silent, broken = await ledger.records(*EVER)
    assert (silent.outcome, silent.usage.input_tokens > 0, silent.cost_usd > 0) == ("timeout", True, True)
    assert (broken.outcome, broken.usage.input_tokens, broken.cost_usd) == ("server_error", 0, 0)


@virtual_time
async def test_embeddings_are_in_it():
    """A call for embeddings is a row of its own, failed and cancelled ones too, and costs what the budgets say."""
    ledger, store = Ledger(wall=lambda: NOW), MemoryStore(LoopClock().now)
    vectors = Reply((json.dumps({"data": [{"index": 0, "embedding": [1.0]}]}).encode(),))
    transport = ScriptedTransport(one=[refuses(500), vectors, Reply((500.0,))])
    settings = settings_of(
        "one",
        providers={"one": {"embedding_model": "one-model"}},
        prices=PRICED,
        retry={"max_retries": 1},
        budget={"daily_usd": 1.0},
    )
    spending = Spending(store)
    embeddings = Embeddings(settings, transport, Keys(), Here(), ledger=ledger, spending=spending, fraction=lambda: 0.5)
    await embeddings.embed([text_of_tokens(100)])
    task = asyncio.create_task(embeddings.embed([text_of_tokens(100)]))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    records = await ledger.records(*EVER)
    assert [(record.outcome, record.usage.input_tokens) for record in records] == [
        ("server_error", 0),
        ("done", 100),
        ("cancelled", 100),
    ]
    assert {(record.intent, record.action, record.usage.estimated) for record in records} == {("embeddings", "", True)}
    ((_, purse),) = await spending.purses(settings)
    assert purse.spent == pytest.approx(sum(record.cost_usd for record in records)) == pytest.approx(400 / 1e6)


async def test_an_answers_end_is_told_after_it_is_written(path):
    """When `Done` comes the row is in the file, even if the process is killed in that moment."""
    ledger = Ledger(wall=lambda: NOW)
    ledger.use(path)
    engine = engine_on(ledger, ScriptedTransport(one=[Reply((piece("fi"), *says("ne").steps))]), "one")
    seen = []
    async for event in engine.stream(job()):
        if isinstance(event, Done):
            seen = in_file(path, "outcome, action, estimated")
    assert seen == [("done", "", 0)]
    await ledger.close()


async def test_no_word_of_the_work_is_in_it(path):
    """Neither question nor answer nor key is in the file."""
    ledger = Ledger(wall=lambda: NOW)
    ledger.use(path)
    engine = Engine(
        settings_of("one"), ScriptedTransport(one=[says("a private answer")]), Keys(one="sk-private"), ledger=ledger
    )
    await events_of(engine, job("a private question"))
    await ledger.close()
    assert in_file(path)
    assert b"private" not in b"".join(entry.read_bytes() for entry in path.parent.iterdir())


async def test_a_broken_ledger_fails_no_request(tmp_path):
    """With a file that can't be written the answer comes all the same, and one line is told."""
    (tmp_path / "state").write_text("a file where a folder should be")
    ledger = Ledger((told := []).append)
    ledger.use(tmp_path / "state" / "ledger.db")
    engine = engine_on(ledger, ScriptedTransport(one=[says("fine")]), "one")
    for _ in range(2):
        assert of_type(await events_of(engine, job()), Done)
    assert len(told) == 1
    await ledger.close()
