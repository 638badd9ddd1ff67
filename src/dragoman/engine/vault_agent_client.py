"""How a process speaks with the vault's agent, and starts one. Never waits long, and asks nobody for a passphrase."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.errors import VaultError
from dragoman.engine.vault_agent import DONE, FETCH, LOCK, NOTE, STATE, STATUS, TALK_SECONDS, peer_uid, received, send
from dragoman.engine.vault_mark import MARK_BYTES, Mark

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 15.0
IDLE_SECONDS = 8 * 3600.0

_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONHOME", "PYTHONPATH", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""What of the environment the agent gets: enough to run, and no secret."""


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """Seconds until it ends if nobody asks, the idle time it was given, and the newest state that it has seen."""

    seconds_left: float
    idle_seconds: float
    mark: Mark


class AgentClient:
    """The agent that listens at that path, if there is one."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()

    def fetch(self) -> tuple[bytearray, Mark] | None:
        """The seeds of the private keys and the newest state the agent has seen; None where it is not there."""
        reply = self._ask(FETCH)
        if reply is None or len(reply) <= MARK_BYTES:
            return None
        seeds, mark = reply[MARK_BYTES:], Mark.from_bytes(reply[:MARK_BYTES])
        reply[:] = bytes(len(reply))
        return seeds, mark

    def status(self) -> AgentStatus | None:
        """How it stands; None where it is not there. Does not keep it alive."""
        reply = self._ask(STATUS)
        if reply is None or len(reply) != STATE.size:
            return None
        seconds_left, idle_seconds, mark = STATE.unpack(reply)
        return AgentStatus(seconds_left, idle_seconds, Mark.from_bytes(mark))

    def note(self, mark: Mark) -> None:
        """Tell it of a newer state."""
        self._ask(NOTE, mark.to_bytes())

    def lock(self) -> bool:
        """End it. Whether there was one."""
        return self._ask(LOCK) is not None

    def start(self, seeds: bytearray, mark: Mark, idle_seconds: float = IDLE_SECONDS) -> None:
        """Start one with these keys, instead of the one that may be there. Raises `VaultError` where that can't be."""
        self.lock()
        self._make_folder()
        command = [sys.executable, "-P", "-m", "dragoman.engine.vault_agent", str(self._path), str(idle_seconds)]
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        given = bytearray(mark.to_bytes()) + seeds
        try:
            subprocess.run(  # noqa: S603 - this very program
                command,
                input=given,
                env=environment,
                cwd="/",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                timeout=START_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise VaultError(
                f"has no agent, for it did not start at {self._path} ({type(error).__name__}): "
                "set XDG_RUNTIME_DIR to a folder of yours, or DRAGOMAN_VAULT_PASSPHRASE"
            ) from None
        finally:
            given[:] = bytes(len(given))

    def _ask(self, request: bytes, payload: bytes = b"") -> bytearray | None:
        """The reply's payload; None where nobody of our own user listens, or does not answer in time."""
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TALK_SECONDS)
            connection.connect(str(self._path))
            if peer_uid(connection) == os.getuid():
                send(connection, request, payload)
                kind, reply = received(connection)
                return reply if kind == DONE else None
        return None

    def _make_folder(self) -> None:
        """The socket's folder, which has to be the user's alone: in a shared one others could wait under its name."""
        folder = self._path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
        except OSError as error:
            raise VaultError(f"has no agent, for {folder} can't be made ({error.strerror})") from None
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise VaultError(f"has no agent, for {folder} is not yours alone: `chmod 700` it, or set XDG_RUNTIME_DIR")
