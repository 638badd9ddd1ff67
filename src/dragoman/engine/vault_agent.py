"""The agent: a small process that holds the unlocked vault's keys for one login session. Knows no passphrase.

It answers processes of its own user on a Unix socket, and ends when it is told to, when nobody has asked for long, or
when its socket was taken away. Imports next to nothing: it may run for days.
"""

from __future__ import annotations

import os
import resource
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.engine.vault_mark import MARK_BYTES, Mark

if TYPE_CHECKING:
    from collections.abc import Callable

FETCH, NOTE, STATUS, LOCK = b"F", b"N", b"S", b"L"
"""Give the keys and the mark; take this mark if it is newer; say how things stand; wipe the keys and end."""

DONE, REFUSED = b"+", b"-"
FRAME = struct.Struct(">cH")
"""A request or a reply: what it is, and how many bytes follow."""

STATE = struct.Struct(f">dd{MARK_BYTES}s")
"""What STATUS is answered: seconds until it ends unasked, seconds of its idle time, mark."""

LARGEST_GIFT_BYTES = 512
"""What it is started with, mark and keys: less than a pipe takes at once."""

TALK_SECONDS = 2.0
_LOOK_SECONDS = 30.0


def session_seconds() -> float:
    """A clock that goes on while the machine sleeps: a night with the lid closed is idle time."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Agent:
    """What one agent holds. `owner` is the user id that it answers; `clock` tells seconds."""

    def __init__(
        self,
        seeds: bytearray,
        mark: Mark,
        idle_seconds: float,
        owner: int,
        clock: Callable[[], float] = session_seconds,
    ) -> None:
        self._seeds = seeds
        self._mark = mark
        self._idle_seconds = idle_seconds
        self._owner = owner
        self._clock = clock
        self._ends_at = clock() + idle_seconds

    @property
    def seconds_left(self) -> float:
        """Until it ends, if nobody asks for the keys."""
        return max(0.0, self._ends_at - self._clock())

    def answer(self, request: bytes, payload: bytes | bytearray) -> bytes | None:
        """What the reply holds; None where the request makes no sense, or comes too late."""
        if not self.seconds_left:
            return None
        if request == FETCH:
            self._ends_at = self._clock() + self._idle_seconds
            return self._mark.to_bytes() + self._seeds
        if request == STATUS:
            return STATE.pack(self.seconds_left, self._idle_seconds, self._mark.to_bytes())
        if request == LOCK:
            self.end()
            return b""
        if request == NOTE and len(payload) == MARK_BYTES:
            mark = Mark.from_bytes(payload)
            if mark.vault_id == self._mark.vault_id and mark.generation > self._mark.generation:
                self._mark = mark
            return b""
        return None

    def end(self) -> None:
        """Wipe the keys; nothing is answered any more."""
        self._seeds[:] = bytes(len(self._seeds))
        self._ends_at = self._clock()

    def serve(self, listener: socket.socket, path: Path) -> None:
        """Answer until the end. `path` is the listener's own."""
        own = _inode(path)
        while self.seconds_left > 0 and own is not None and _inode(path) == own:
            listener.settimeout(max(0.001, min(self.seconds_left, _LOOK_SECONDS)))  # zero would not wait at all
            with suppress(OSError):  # nobody came, or who came has gone
                connection, _ = listener.accept()
                with connection:
                    self._talk(connection)
        self.end()
        if _inode(path) == own:
            path.unlink(missing_ok=True)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(TALK_SECONDS)
        if peer_uid(connection) != self._owner:
            return
        reply = self.answer(*received(connection))
        send(connection, REFUSED if reply is None else DONE, reply or b"")


def send(connection: socket.socket, kind: bytes, payload: bytes | bytearray = b"") -> None:
    """One frame. Raises `OSError`."""
    connection.sendall(FRAME.pack(kind, len(payload)) + payload)


def received(connection: socket.socket) -> tuple[bytes, bytearray]:
    """One frame's kind and payload. Raises `OSError`, also where it ends too early."""
    kind, length = FRAME.unpack(_exactly(connection, FRAME.size))
    return kind, _exactly(connection, length)


def peer_uid(connection: socket.socket) -> int:
    """The user id of the process at the other end, as the system tells it. Raises `OSError`."""
    if sys.platform == "linux":
        layout = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))
        found = layout.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, layout.size))
        return int(found[1])
    else:  # noqa: RET505 - so that the type checker sees the platform's branch alone
        # struct xucred: version, uid, groups (macOS and BSD, <sys/ucred.h>); level SOL_LOCAL, option LOCAL_PEERCRED
        return int(struct.unpack_from("=II", connection.getsockopt(0, 1, 76))[1])


def listening(path: Path) -> socket.socket:
    """A socket at that path that only its owner may connect to. Raises `OSError`."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen()
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


def main() -> int:
    """`python -m dragoman.engine.vault_agent SOCKET IDLE_SECONDS`, mark and seeds on stdin. Returns once it listens."""
    path, idle_seconds = Path(sys.argv[1]), float(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not write the keys to disk
    given = bytearray(LARGEST_GIFT_BYTES)  # read in place: bytes objects could not be wiped
    given = given[: os.readv(0, [given])]
    listener = listening(path)
    if os.fork() == 0:
        # Whoever started it waits for the parent alone, and holds none of these files open.
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        agent = Agent(given[MARK_BYTES:], Mark.from_bytes(given[:MARK_BYTES]), idle_seconds, os.getuid())
        given[:] = bytes(len(given))
        agent.serve(listener, path)
    return 0


def _exactly(connection: socket.socket, length: int) -> bytearray:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise ConnectionResetError
        view = view[count:]
    return data


def _inode(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main())
