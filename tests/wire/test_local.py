"""`dragoman[local]` on a real llama.cpp: when its process starts, what it answers, and when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from dragoman.core.chat import Request, TextDelta, user
from dragoman.core.errors import AllCandidatesFailed, ModelUnavailable, NothingToAsk, UnknownProviderError
from dragoman.core.events import Done, Reset, Routed
from dragoman.core.hints import Hints
from dragoman.core.intent import Intent, LabelledIntent
from dragoman.core.ports import Job
from dragoman.core.settings import Settings
from dragoman.engine import local
from dragoman.engine.access import FullAccess
from dragoman.engine.http import HttpTransport, whole_body
from dragoman.engine.local import LocalModel, LocalServers
from dragoman.engine.loop import Engine
from dragoman.engine.workers import ThreadWorkers
from dragoman.providers.base import Call
from realmodel import write_model

WINDOW = 4096
START_SECONDS = 60.0

PARENT = """
import asyncio, sys
from dragoman.engine.local import LocalModel, LocalServers
from dragoman.engine.workers import ThreadWorkers

async def main():
    servers = LocalServers(ThreadWorkers())
    async with servers.using(LocalModel(sys.argv[1], 512), 60):
        (server,) = servers._servers.values()
        print(server.process.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


class Keys:
    """No keys at all."""

    async def secret(self, provider):
        return None

    def fault(self, provider):
        return ""


@pytest.fixture(scope="session")
def gguf(tmp_path_factory):
    """The tiny random model's file."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_model(path)
    return str(path)


@pytest.fixture
async def servers():
    """Servers that are stopped at the end."""
    workers = ThreadWorkers()
    servers = LocalServers(workers)
    yield servers
    await servers.close()
    workers.close()


class Desk:
    """An engine whose only provider is the local one, and a look at its processes."""

    def __init__(self, engine, access, transport):
        self.engine, self.transport = engine, transport
        self.servers = access._servers

    @property
    def server(self):
        """The one server that runs."""
        (server,) = self.servers._servers.values()
        return server

    def kill(self):
        """Its server crashes. (`Process.send_signal` would reap a child that is dead already, and lose its status.)"""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.server.process.pid, signal.SIGKILL)

    async def slot_is_busy(self):
        """Whether the server works on something."""
        headers = (("authorization", f"Bearer {self.server.key}"),)
        call = Call("GET", self.server.base_url.replace("/v1", "/slots"), headers)
        async with self.transport.stream(call, connect_seconds=5) as response:
            return b'"is_processing":true' in await whole_body(response)


@asynccontextmanager
async def desk(model, **more):
    """A desk with `[providers.local]`."""
    provider = {"model": model, "num_ctx": WINDOW, "threads": 1} | more
    settings = {
        "providers": {"local": provider, "ollama": {"enabled": False}},
        "routing": {"fallback_order": ("local",), "intents": {}},
        "retry": {"base_delay_ms": 1},
    }
    workers = ThreadWorkers()
    transport = HttpTransport(workers)
    access = FullAccess(transport, workers, {})
    try:
        yield Desk(Engine(Settings.model_validate(settings), transport, Keys(), access=access), access, transport)
    finally:
        await access.close()
        await transport.close()
        workers.close()


def job(max_output_tokens=8):
    """A plain request."""
    request = Request((user("Write on."),), max_output_tokens=max_output_tokens)
    return Job("local-1", request, LabelledIntent(Intent.GENERAL, "action", "test"), Hints())


async def events_of(engine, asked):
    """All of the events."""
    return [event async for event in engine.stream(asked)]


async def gone(pid):
    """Waits until there is no such process."""
    async with asyncio.timeout(10):
        while _is_there(pid):  # noqa: ASYNC110 - it is nobody's child, or another's
            await asyncio.sleep(0.01)


def _is_there(pid):
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_the_first_use_starts_it_and_it_answers(gguf):
    """Nothing runs before the first request; two requests share one process, which answers in pieces."""
    async with desk(gguf) as here:
        assert not here.servers._servers
        events = await events_of(here.engine, job(24))
        pid = here.server.process.pid
        assert isinstance(events[-1], Done)
        assert not events[-1].usage.estimated
        assert sum(isinstance(event, TextDelta) for event in events) > 3
        assert next(event.local for event in events if isinstance(event, Routed))
        await events_of(here.engine, job())
        assert here.server.process.pid == pid
    await gone(pid)


async def test_its_key_is_in_no_list_of_processes(gguf, servers):
    """Without the key nothing is answered, and the key is neither among arguments nor in the environment."""
    async with servers.using(LocalModel(gguf, WINDOW), START_SECONDS) as (base_url, key):
        (server,) = servers._servers.values()
        folder = Path(f"/proc/{server.process.pid}")
        if sys.platform == "linux":
            assert not any(key.encode() in (folder / name).read_bytes() for name in ("cmdline", "environ"))
        workers = ThreadWorkers()
        transport = HttpTransport(workers)
        for headers, status in (((), 401), ((("authorization", f"Bearer {key}"),), 200)):
            async with transport.stream(Call("GET", f"{base_url}/models", headers), connect_seconds=5) as response:
                assert response.status == status
        assert base_url.startswith("http://127.0.0.1:")
        assert key not in repr(server)
        await transport.close()
        workers.close()


async def test_a_cancel_frees_the_model(gguf):
    """When the stream is closed in mid-answer the model stops working on it."""
    async with desk(gguf) as here:
        async with aclosing(here.engine.stream(job(4000))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            assert await here.slot_is_busy()
        async with asyncio.timeout(10):
            while await here.slot_is_busy():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.01)


async def test_it_is_stopped_when_nobody_uses_it(gguf):
    """With `keep_alive = "0"` its process ends with its last user, and the next request starts another."""
    async with desk(gguf, keep_alive="0") as here:
        async with aclosing(here.engine.stream(job(4000))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
            first = here.server.process.pid
            assert _is_there(first)
        await gone(first)
        assert isinstance((await events_of(here.engine, job()))[-1], Done)
        assert not here.servers._servers


async def test_a_user_who_comes_back_keeps_it(gguf, servers):
    """While somebody uses it the clock of its idleness stands still."""
    model = LocalModel(gguf, WINDOW, keep_alive=0.2)
    async with servers.using(model, START_SECONDS):
        pass
    async with servers.using(model, START_SECONDS):
        (server,) = servers._servers.values()
        await asyncio.sleep(0.3)
        assert server.runs
    await gone(server.process.pid)


async def test_another_model_takes_the_place_of_an_idle_one(gguf, servers, tmp_path):
    """Two models may not fit: the one that nobody uses is stopped first."""
    other = tmp_path / "other.gguf"
    other.hardlink_to(gguf)
    async with servers.using(LocalModel(gguf, WINDOW), START_SECONDS):
        (first,) = servers._servers.values()
    async with servers.using(LocalModel(str(other), WINDOW), START_SECONDS):
        await gone(first.process.pid)
        assert len(servers._servers) == 1


async def test_a_crash_between_answers_is_mended(gguf, caplog):
    """A server that is gone is started again for the next request, and the log says so."""
    async with desk(gguf) as here:
        await events_of(here.engine, job())
        first = here.server.process
        here.kill()
        await first.wait()
        assert isinstance((await events_of(here.engine, job()))[-1], Done)
        assert here.server.process.pid != first.pid
    assert "crashed (SIGKILL)" in caplog.text


async def test_a_crash_in_mid_answer_starts_over_once(gguf):
    """The answer begins anew on a new process, and what was shown is taken back with the reason."""
    async with desk(gguf) as here:
        events = []
        async with aclosing(here.engine.stream(job(1500))) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, TextDelta) and not any(isinstance(one, Reset) for one in events):
                    here.kill()
        reset = next(event for event in events if isinstance(event, Reset))
        assert "llama.cpp crashed in mid-answer (SIGKILL)" in reset.reason
        assert isinstance(events[-1], Done)


async def test_a_model_that_always_crashes_is_not_started_for_ever(gguf):
    """After the second crash in a row the request fails, with what to change."""
    async with desk(gguf) as here:
        pids = set()

        async def kill_at_every_word():
            async for event in here.engine.stream(job(4000)):
                if isinstance(event, TextDelta):
                    pids.add(here.server.process.pid)
                    here.kill()

        reason = r"crashed twice \(SIGKILL\): try a smaller providers\.local\.num_ctx"
        with pytest.raises(AllCandidatesFailed, match=reason):
            await kill_at_every_word()
        assert len(pids) == 2


async def test_a_missing_file_is_named(tmp_path):
    """A path where nothing lies leads to the setting, and no process is started."""
    async with desk(str(tmp_path / "nothing.gguf")) as here:
        with pytest.raises(
            AllCandidatesFailed, match=r"no file .*nothing\.gguf: put .* providers\.local\.model"
        ) as failed:
            await events_of(here.engine, job())
        assert isinstance(failed.value.failures[0][1], ModelUnavailable)


async def test_a_file_that_is_no_model_is_named(tmp_path):
    """A file that llama.cpp can't load is named, in one line."""
    path = tmp_path / "garbage.gguf"
    path.write_bytes(b"GGUF" + b"x" * 200)
    async with desk(str(path)) as here:
        with pytest.raises(
            AllCandidatesFailed, match=r"can't load .*garbage\.gguf \(.+\): is it a whole GGUF"
        ) as failed:
            await events_of(here.engine, job())
        assert "\n" not in str(failed.value)


async def test_a_missing_extra_is_told(gguf, servers, monkeypatch):
    """Without the library the person reads which command installs it."""
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    with pytest.raises(UnknownProviderError, match=r"pip install 'dragoman\[local\]'"):
        async with servers.using(LocalModel(gguf, WINDOW), START_SECONDS):
            pass


async def test_a_model_that_loads_too_long_is_ended(gguf, servers):
    """A start beyond its time limit leaves no process behind, and names the setting."""
    with pytest.raises(UnknownProviderError, match=r"within 0\.01 s: raise providers\.local\.timeouts\.total"):
        async with servers.using(LocalModel(gguf, WINDOW), 0.01):
            pass
    assert not servers._servers


async def test_no_model_is_an_obstacle():
    """`[providers.local]` without a model says what to set, and starts nothing."""
    async with desk(None) as here:
        with pytest.raises(NothingToAsk, match=r"set providers\.local\.model to the path of a GGUF file"):
            await events_of(here.engine, job())


async def test_no_orphan_is_left_when_the_parent_is_killed(gguf):
    """A parent that dies without a word takes its server with it."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, gguf, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    pid = int(await parent.stdout.readline())
    assert _is_there(pid)
    parent.kill()
    await parent.wait()
    await gone(pid)
