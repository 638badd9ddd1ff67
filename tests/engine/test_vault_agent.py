"""The agent: who it answers, what it holds, and when it ends."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from dragoman.core.errors import VaultError
from dragoman.engine import vault_agent_client
from dragoman.engine.vault_agent import (
    FETCH,
    LOCK,
    NOTE,
    REFUSED,
    Agent,
    listening,
    peer_uid,
    received,
    send,
    session_seconds,
)
from dragoman.engine.vault_agent_client import AgentClient
from dragoman.engine.vault_mark import Mark

MARK = Mark(b"v" * 16, 7, b"d" * 64)
NEWER = Mark(b"v" * 16, 8, b"e" * 64)
PLANTED = "sk-ant-api03-Zt9pQ4mW7xKe2LrB"


def seeds():
    """What an agent holds here instead of keys."""
    return bytearray(range(128))


@pytest.fixture
def folder():
    """A folder with a path short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="dragoman-") as name:
        yield Path(name)


@pytest.fixture
def path(folder):
    """Where the socket is."""
    return folder / "run" / "vault.socket"


@pytest.fixture
def client(path):
    """The client of whatever listens there; at the end nothing does."""
    client = AgentClient(path)
    yield client
    client.lock()


@contextmanager
def serving(path, idle_seconds=3600.0, owner=None):
    """An agent in a thread of this process."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    agent = Agent(seeds(), MARK, idle_seconds, os.getuid() if owner is None else owner)
    with listening(path) as listener:
        thread = threading.Thread(target=agent.serve, args=(listener, path))
        thread.start()
        try:
            yield agent, thread
        finally:
            agent._owner = os.getuid()
            AgentClient(path).lock()
            thread.join(30)
    assert not thread.is_alive()


_ASKING_AS_ANOTHER = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    try:
        connection.sendall(b"F\\0\\0")
        got = connection.recv(1000)
    except ConnectionError:
        got = b""
print(os.getuid(), got or "nothing")
"""


class Turned:
    """A clock that is turned by hand."""

    time = 100.0

    def __call__(self):
        return self.time


class TestAgent:
    def test_being_asked_puts_the_end_off(self):
        """Each time the keys are fetched the idle time begins anew; nothing else keeps it alive."""
        clock = Turned()
        agent = Agent(seeds(), MARK, 60, 0, clock)
        clock.time += 50
        assert agent.seconds_left == 10
        assert agent.answer(FETCH, b"") == MARK.to_bytes() + seeds()
        assert agent.seconds_left == 60
        clock.time += 50
        agent.answer(b"S", b"")
        agent.answer(NOTE, NEWER.to_bytes())
        assert agent.seconds_left == 10
        clock.time += 11
        assert agent.seconds_left == 0
        assert agent.answer(FETCH, b"") is None

    @pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux has such a clock")
    def test_sleep_is_idle_time(self, monkeypatch):
        """Its clock is the one that does not stop while the machine sleeps."""
        monkeypatch.setattr(time, "clock_gettime", {time.CLOCK_BOOTTIME: 5.0}.get)
        assert session_seconds() == 5.0

    def test_only_newer_states_of_its_own_vault_are_noted(self):
        """An older state, or another vault's, does not replace what was seen."""
        agent = Agent(seeds(), MARK, 60, 0)
        for mark, expected in (
            (Mark(MARK.vault_id, 6, b"x" * 64), MARK),
            (Mark(b"w" * 16, 9, b"x" * 64), MARK),
            (NEWER, NEWER),
            (MARK, NEWER),
        ):
            assert agent.answer(NOTE, mark.to_bytes()) == b""
            assert agent.answer(FETCH, b"")[: len(mark.to_bytes())] == expected.to_bytes()

    @pytest.mark.parametrize(("request_", "payload"), [(b"?", b""), (NOTE, b""), (NOTE, b"x" * 87), (b"\0", b"x")])
    def test_what_makes_no_sense(self, request_, payload):
        """A request that makes no sense is refused."""
        assert Agent(seeds(), MARK, 60, 0).answer(request_, payload) is None

    def test_locked_it_holds_nothing(self):
        """Told to lock, it wipes the keys and has no time left."""
        agent = Agent(seeds(), MARK, 60, 0)
        assert agent.answer(LOCK, b"") == b""
        assert not any(agent._seeds)
        assert agent.seconds_left == 0


class TestSocket:
    def test_fetch_note_status_lock(self, path, client):
        """A process of the same user gets the keys and the mark, tells of newer ones, and ends the agent."""
        with serving(path) as (agent, thread):
            assert client.fetch() == (seeds(), MARK)
            client.note(NEWER)
            status = client.status()
            assert 0 < status.seconds_left <= status.idle_seconds == 3600
            assert status.mark == NEWER
            assert client.lock()
            thread.join(30)
            assert not thread.is_alive()
            assert not any(agent._seeds)
        assert not path.exists()
        assert (client.fetch(), client.status(), client.lock()) == (None, None, False)

    def test_another_user_gets_nothing(self, path, client):
        """A peer with another user id is hung up on without a word."""
        with serving(path, owner=os.getuid() + 1):
            assert client.fetch() is None
            assert client.status() is None
            assert not client.lock()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
    def test_a_process_of_another_user(self, path, client):
        """Even where the folder lets it through, another user's process gets no byte."""
        with serving(path):
            path.parent.parent.chmod(0o755)
            path.parent.chmod(0o755)
            path.chmod(0o666)
            asked = subprocess.run(
                [sys.executable, "-c", _ASKING_AS_ANOTHER, str(path)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert (asked.stdout, asked.stderr) == ("65534 nothing\n", "")
            assert client.fetch() is not None

    def test_an_agent_of_another_user_is_not_believed(self, path, client, monkeypatch):
        """Who listens under the agent's name as another user is told nothing."""
        with serving(path):
            monkeypatch.setattr(vault_agent_client, "peer_uid", lambda _: os.getuid() + 1)
            assert client.fetch() is None
            monkeypatch.undo()

    def test_the_system_tells_who_is_there(self):
        """The peer's user id comes from the system."""
        one, other = socket.socketpair(socket.AF_UNIX)
        with one, other:
            assert peer_uid(one) == os.getuid()

    def test_strange_requests_do_no_harm(self, path, client):
        """Requests that are cut, garbled or unknown are refused, and the agent goes on."""
        with serving(path):
            for data in (b"", b"F", b"F\xff", b"\xff\xff\xff", b"N\0\1x"):
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(str(path))
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    assert connection.recv(1000) in (b"", REFUSED + b"\0\0")
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                send(connection, b"?")
                assert received(connection) == (REFUSED, bytearray())
            assert client.fetch() == (seeds(), MARK)

    def test_it_ends_when_nobody_asks(self, path):
        """After its idle time it wipes the keys, takes its socket away and ends."""
        with serving(path, idle_seconds=0.05) as (agent, thread):
            thread.join(30)
            assert not thread.is_alive()
            assert not any(agent._seeds)
            assert not path.exists()

    def test_it_ends_when_its_socket_is_taken_away(self, path, client, monkeypatch):
        """At the end of a session, when the runtime folder is cleared, it ends; another's socket is left alone."""
        monkeypatch.setattr("dragoman.engine.vault_agent._LOOK_SECONDS", 0.01)
        with serving(path) as (agent, thread):
            assert client.status()  # it looks at its socket by now
            own = path.with_name("own")
            path.rename(own)  # keeps its inode from being used again
            path.touch()
            thread.join(30)
            assert not thread.is_alive()
            assert not any(agent._seeds)
            assert path.exists()

    def test_nobody_is_there(self, path, client):
        """No socket, one that nobody listens on, or a path too long: there is no agent, and nothing waits."""
        assert client.fetch() is None
        path.parent.mkdir()
        listening(path).close()
        assert client.fetch() is None
        assert AgentClient(path.parent / ("x" * 200)).fetch() is None

    def test_one_that_does_not_answer(self, path, client, monkeypatch):
        """An agent that is stopped is as none after a moment."""
        monkeypatch.setattr(vault_agent_client, "TALK_SECONDS", 0.01)
        path.parent.mkdir()
        with listening(path):
            assert client.fetch() is None


class TestProcess:
    def test_life(self, path, client, monkeypatch):
        """A started agent outlives its starter's call, gives what it was given, and goes when it is told to."""
        client.start(seeds(), MARK, 3600)
        assert client.fetch() == (seeds(), MARK)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert client.lock()
        gone(path)
        assert not path.exists()

    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_nothing_secret_in_its_environment_or_arguments(self, path, client, monkeypatch):
        """It gets no secret that its starter has, its keys are in no argument, it writes no core, holds no terminal."""
        monkeypatch.setenv("DRAGOMAN_VAULT_PASSPHRASE", PLANTED)
        monkeypatch.setenv("OPENAI_API_KEY", PLANTED)
        client.start(seeds(), MARK, 3600)
        (process,) = processes(path)
        shown = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        assert PLANTED.encode() not in shown
        assert seeds()[:16] not in shown
        (limit,) = [line for line in (process / "limits").read_text().splitlines() if "core file" in line]
        assert limit.split()[4:6] == ["0", "0"]
        assert {(process / "fd" / number).readlink() for number in "012"} == {Path(os.devnull)}
        assert os.getsid(int(process.name)) != os.getsid(0)

    def test_the_next_takes_its_place(self, path, client):
        """Starting another ends the one before."""
        client.start(seeds(), MARK, 3600)
        client.start(bytearray(128), NEWER, 3600)
        assert client.fetch() == (bytearray(128), NEWER)
        if sys.platform == "linux":
            gone(path, but=1)

    def test_one_that_was_killed_is_replaced(self, path, client):
        """A socket that a killed agent left is no obstacle."""
        path.parent.mkdir(mode=0o700)
        listening(path).close()
        client.start(seeds(), MARK, 3600)
        assert client.fetch() == (seeds(), MARK)

    def test_a_folder_that_others_could_use(self, path, client):
        """In a folder that is open to others no agent is started, and it is said what to do."""
        path.parent.mkdir(mode=0o755)
        with pytest.raises(VaultError, match="not yours alone"):
            client.start(seeds(), MARK, 3600)

    def test_a_link_instead_of_a_folder(self, path, client, folder):
        """A link to a folder is not the folder."""
        (folder / "elsewhere").mkdir(mode=0o700)
        path.parent.symlink_to(folder / "elsewhere")
        with pytest.raises(VaultError, match="not yours alone"):
            client.start(seeds(), MARK, 3600)

    def test_a_path_too_long(self, folder):
        """Where no socket can be made, it is told in one line that names a way out."""
        client = AgentClient(folder / ("x" * 150) / "vault.socket")
        with pytest.raises(VaultError, match="XDG_RUNTIME_DIR") as raised:
            client.start(seeds(), MARK, 3600)
        assert "\n" not in str(raised.value)

    def test_a_folder_that_can_not_be_made(self, folder):
        """Where its folder can't be made, it is told which."""
        (folder / "run").write_text("a file")
        with pytest.raises(VaultError, match="can't be made"):
            AgentClient(folder / "run" / "deeper" / "vault.socket").start(seeds(), MARK, 3600)


def processes(path):
    """The agents of that socket, as their folders in /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"dragoman.engine.vault_agent" in command and os.fsencode(path) in command:
            found.append(process)
    return found


def gone(path, but=0):
    """Waits until no more than so many of its processes are left."""
    if sys.platform != "linux":
        return
    limit = time.monotonic() + 60
    while len(processes(path)) > but:
        assert time.monotonic() < limit
        time.sleep(0.005)
