"""Real servers, started by the tests on free ports, with their files in the test's folder and nothing kept."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress

import pytest


class RedisServer:
    """A Redis (or Valkey) that can be stopped, frozen and started again on its port. Keeps nothing on the disk."""

    def __init__(self, program, folder, password=""):
        self.program = program
        self.folder = folder
        self.password = password
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None
        self.start()

    @property
    def url(self):
        """The address, with the password where there is one."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def start(self):
        """Start it, and wait until it listens."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        if self.password:
            options += ["--requirepass", self.password]
        self.process = subprocess.Popen([self.program, *options], cwd=self.folder, stdout=subprocess.DEVNULL)
        for _ in range(500):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.1):
                return
            time.sleep(0.01)
        raise AssertionError("it never listened")

    def kill(self):
        """End it at once; what it held is gone."""
        self.process.kill()
        self.process.wait()

    def freeze(self):
        """It keeps its connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """It answers again."""
        self.process.send_signal(signal.SIGCONT)

    def cli(self, *arguments):
        """What the server's own command line says."""
        command = ["redis-cli", "-p", str(self.port), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(params=["redis-server", "valkey-server"])
def redis(request, tmp_path):
    """A server of each kind that this machine has; Redis must be there."""
    if request.param == "valkey-server" and not shutil.which(request.param):
        pytest.skip("no valkey-server on this machine")
    server = RedisServer(request.param, tmp_path)
    yield server
    with suppress(ProcessLookupError):
        server.thaw()
    server.kill()
