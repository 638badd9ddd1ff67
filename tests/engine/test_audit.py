"""The audit log: what went where, for every way of asking; and what it never holds."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from dragoman.core.chat import TextDelta
from dragoman.core.route import Place
from dragoman.core.settings import Privacy
from dragoman.engine.audit import KEPT_FILES, Audit, Outgoing
from dragoman.engine.embeddings import Embeddings
from dragoman.engine.loop import Engine
from engine.virtual import (
    Keys,
    Reply,
    ScriptedTransport,
    breaks_after,
    event,
    events_of,
    job,
    refuses,
    says,
    settings_of,
)
from planted_secrets import ALNUM

KEY = "a-key-of-no-known-kind"
SOURCES = ("src/shop.py:12-30", "AGENTS.md")
METADATA, FULL = Privacy(audit="metadata"), Privacy(audit="full")
PLACE = Place("one", "openai", "http://one/v1", "one-model", local=False)


def token():
    """A secret, made up on the spot."""
    return "ghp" + "_" + "".join(Random("audit").choices(ALNUM, k=36))


@pytest.fixture
def folder(tmp_path):
    """Where the log is to be."""
    return tmp_path / "audit"


def lines(folder):
    """Everything in the log, each line as a value."""
    return [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]


def engine_of(transport, audit, mode="metadata", **sections):
    """An engine that writes down."""
    names = tuple(transport.scripts)
    sections = {"privacy": {"audit": mode}, "retry": {"max_retries": 0}, **sections}
    settings = settings_of(*names, **sections)
    return Engine(settings, transport, Keys(**dict.fromkeys(names, KEY)), fraction=lambda: 0.0, audit=audit)


async def audited(folder, transport, asked=None, **more):
    """The log of one request."""
    audit = Audit(folder=folder)
    asked = asked or replace(job("what is asked"), action="explain", sources=SOURCES)
    try:
        await events_of(engine_of(transport, audit, **more), asked)
    finally:
        await audit.close()
    return lines(folder)


async def test_metadata_tells_what_went_where(folder):
    """One line before anything is sent and one at the end, with everything but the words."""
    sent, ended = await audited(folder, ScriptedTransport(one=[says("the ", "answer")]))
    assert datetime.fromisoformat(sent.pop("time")).utcoffset() == timedelta(0)
    attempt = sent.pop("attempt")
    assert attempt
    assert sent == {
        "event": "sent",
        "request": "job-1",
        "provider": "one",
        "model": "one-model",
        "endpoint": "http://one/v1",
        "local": False,
        "action": "explain",
        "intent": "general",
        "estimatedTokens": sent["estimatedTokens"],
        "localOnly": False,
        "sources": list(SOURCES),
    }
    assert sent["estimatedTokens"] > 0
    assert (ended["event"], ended["attempt"], ended["outcome"]) == ("ended", attempt, "done")
    assert (ended["inputTokens"], ended["outputTokens"]) == (11, 7)
    (path,) = folder.iterdir()
    for word in ("what is asked", "answer", KEY):
        assert word not in path.read_text()


async def test_full_tells_every_word_too(folder):
    """With every word that was sent, in its message, and the answer; never the key."""
    sent, ended = await audited(folder, ScriptedTransport(one=[says("the ", "answer")]), mode="full")
    assert sent["texts"] == [{"role": "user", "text": "what is asked"}]
    assert ended["texts"] == [{"role": "assistant", "text": "the answer"}]
    assert KEY not in "".join(path.read_text() for path in folder.iterdir())


async def test_full_holds_no_secret_though_it_is_sent(folder):
    """Where a person has switched redaction off, the log has placeholders all the same."""
    transport = ScriptedTransport(one=[says(f"it is {token()}")])
    asked = job(f"what is {token()}")
    written = await audited(folder, transport, asked, privacy={"audit": "full", "redact": False})
    assert token() in transport.bodies[0]["messages"][0]["content"]
    assert len(written) == 2
    assert token() not in json.dumps(written)
    assert "what is REDACTED" in written[0]["texts"][0]["text"]


async def test_off_writes_nothing(folder):
    """Nobody's folder gets a file who did not ask for it."""
    assert await audited(folder, ScriptedTransport(one=[says("x")]), mode="off") == []
    assert not folder.exists()


async def test_every_attempt_is_written_down(folder):
    """Failures too, each with where it went: of a failover, of a race, of several made into one."""
    script = {"one": [refuses(500)], "two": [breaks_after("half")], "three": [says("whole ", "answer ", "of it")]}
    written = await audited(folder / "failover", ScriptedTransport(**script))
    assert [(line["event"], line["provider"]) for line in written] == [
        (event, name) for name in script for event in ("sent", "ended")
    ]
    assert [line["outcome"] for line in written[1::2]] == ["server_error", "streaming", "done"]
    for dispatch in ("race", "parallel_merge"):
        script = {
            name: [says("a whole ", "answer ", "of several ", "words ", "that ", "wins")] for name in ("one", "two")
        }
        transport = ScriptedTransport(**script)
        written = await audited(folder / dispatch, transport, routing={"dispatch": dispatch})
        sent = [line for line in written if line["event"] == "sent"]
        # One that is cancelled between its line and its call is in the log alone.
        assert set(transport.hosts) <= {line["provider"] for line in sent}
        assert {line["attempt"] for line in sent} == {line["attempt"] for line in written if line["event"] == "ended"}


async def test_what_never_left_is_not_in_it(folder):
    """A provider that rests or has no room for the request was sent nothing, and nothing says that it was."""
    transport = ScriptedTransport(one=[says("no")], two=[says("yes")])
    written = await audited(folder, transport, providers={"one": {"context": 1}})
    assert transport.hosts == ["two"]
    assert {line["provider"] for line in written} == {"two"}


async def test_the_line_stands_before_anything_is_sent(folder):
    """When the provider hears of a request, the log has it; a cancelled one has its end as well."""
    seen = []

    class Watching(ScriptedTransport):
        def stream(self, call, **named):
            seen.extend(lines(folder))
            return super().stream(call, **named)

    audit = Audit(folder=folder)
    endless = Reply((event(choices=[{"delta": {"content": "word"}}]), 3600.0))
    engine = engine_of(Watching(one=[endless]), audit, mode="full")
    async with aclosing(engine.stream(job("hello"))) as events:
        async for happened in events:
            if isinstance(happened, TextDelta):
                break
    await audit.close()
    assert [line["event"] for line in seen] == ["sent"]
    assert seen[0]["texts"][0]["text"] == "hello"
    assert lines(folder)[-1]["outcome"] == "cancelled"
    assert lines(folder)[-1]["texts"][0]["text"] == "word"


async def test_embeddings_are_written_down(folder):
    """A text leaves for a vector as well as for an answer."""
    data = json.dumps({"data": [{"index": 0, "embedding": [1.0, 0.0]}]}).encode()
    transport = ScriptedTransport(one=[Reply((data,))])
    settings = settings_of("one", providers={"one": {"embedding_model": "e"}}, privacy={"audit": "full"})

    class Inline:
        async def run(self, function):
            return function()

    audit = Audit(folder=folder)
    await Embeddings(settings, transport, Keys(one=KEY), Inline(), audit=audit).embed(["near and far"])
    await audit.close()
    sent, ended = lines(folder)
    assert (sent["intent"], sent["model"], sent["texts"][0]["text"]) == ("embeddings", "e", "near and far")
    assert (ended["outcome"], ended["attempt"]) == ("done", sent["attempt"])


async def test_only_the_person_can_read_it(folder):
    """The folder and its files are closed to others, whatever the umask."""
    former = os.umask(0)
    try:
        await audited(folder, ScriptedTransport(one=[says("x")]))
    finally:
        os.umask(former)
    (path,) = (folder).iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_file_for_each_day_and_old_ones_go(folder):
    """After so many days the oldest are gone; what else lies in the folder stays."""
    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(KEPT_FILES + 3)]
    folder.mkdir()
    (folder / "notes.txt").touch()
    times = iter(days)
    audit = Audit(folder=folder, wall=lambda: next(times))
    for _ in days:
        await audit.sent(METADATA, Outgoing("1", "a", "", "general", PLACE, 1))
    await audit.close()
    names = sorted(path.name for path in folder.glob("*.jsonl"))
    assert names == [f"{day:%Y-%m-%d}.jsonl" for day in days[3:]]
    assert (folder / "notes.txt").exists()


async def test_a_log_that_can_not_be_written_is_told_once_and_stops_nothing(folder):
    """The answer comes, the person reads one line, and where it can be written again the log goes on."""
    folder.write_text("no folder")
    told = []
    audit = Audit(told.append, folder)
    engine = engine_of(ScriptedTransport(one=[says("x")]), audit)
    for _ in range(3):
        assert await events_of(engine, job())
    await asyncio.sleep(0)
    assert len(told) == 1
    assert "\n" not in told[0]
    assert "can't be written" in told[0]
    await audit.sent(METADATA, Outgoing("1", "a", "", "general", PLACE, 1))  # all before it are tried by then
    folder.unlink()
    await events_of(engine, job())
    await audit.close()
    assert [line["event"] for line in lines(folder)] == ["sent", "ended"]


@pytest.mark.parametrize("text", ["line\nbreak\u2028and more", "half \ud800 of a character", "ünïcode 🎈"])
async def test_any_text_is_one_line(folder, text):
    """Whatever is sent, each entry is one line of JSON."""
    audit = Audit(folder=folder)
    await audit.sent(FULL, Outgoing("1", "a", "", "general", PLACE, 1, texts=(("user", text),)))
    await audit.close()
    (path,) = folder.iterdir()
    (line,) = path.read_bytes().removesuffix(b"\n").split(b"\n")
    assert json.loads(line)["event"] == "sent"


def test_several_processes_write_whole_lines(folder):
    """What several windows write at once does not mix."""
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from dragoman.core.route import Place\n"
        "from dragoman.core.settings import Privacy\n"
        "from dragoman.engine.audit import Audit, Outgoing\n"
        "async def main():\n"
        "    audit = Audit(folder=Path(sys.argv[1]))\n"
        "    place = Place('one', 'openai', 'http://one', 'm', False)\n"
        "    for number in range(100):\n"
        "        texts = (('user', sys.argv[2] * 20000),)\n"
        "        await audit.sent(Privacy(audit='full'), Outgoing(str(number), 'a', '', 'g', place, 1, texts=texts))\n"
        "    await audit.close()\n"
        "asyncio.run(main())\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(folder), name]) for name in "abc"]
    try:
        assert [process.wait(60) for process in processes] == [0, 0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    written = lines(folder)
    assert len(written) == 300
    assert {line["texts"][0]["text"] for line in written} == {name * 20000 for name in "abc"}
