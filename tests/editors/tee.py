"""Stands between an editor and a language server, passes every byte on, and writes every message down.

Run as `tee.py RECORDING COMMAND...`; the editor finds it as `dragoman` on its path. It never changes what passes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import IO


def pass_on(source: IO[bytes], drain: IO[bytes], sender: str, server: int, recording: int) -> None:
    """Until the source ends: one framed message at a time, written down before it goes on."""
    while head := read_head(source):
        length = next(int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length"))
        body = source.read(length)
        line = {"at": time.monotonic(), "sender": sender, "server": server, "message": json.loads(body)}
        os.write(recording, json.dumps(line).encode() + b"\n")
        try:
            drain.write(b"".join(head) + body)
            drain.flush()
        except BrokenPipeError:
            return
    drain.close()


def read_head(source: IO[bytes]) -> list[bytes]:
    """A message's header lines with the empty one that ends them, or nothing where the source has ended."""
    lines: list[bytes] = []
    while line := source.readline():
        lines.append(line)
        if not line.strip():
            return lines
    return []


def main() -> int:
    """Starts the server, passes on until it stops, and leaves with its exit code."""
    recording = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with (
        open(f"{sys.argv[1]}.errors", "ab") as errors,  # noqa: PTH123 - the log may have any name
        subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        upwards = (sys.stdin.buffer, server.stdin, "editor", server.pid, recording)
        threading.Thread(target=pass_on, args=upwards, daemon=True).start()
        pass_on(server.stdout, sys.stdout.buffer, "server", server.pid, recording)
    return server.returncode


if __name__ == "__main__":
    os._exit(main())  # the thread may still hold the editor's end open
