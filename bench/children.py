"""Child processes: started, measured from outside, and gone in every ending. Knows no protocol."""

from __future__ import annotations

import platform
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ENDING_SECONDS = 3.0


@contextmanager
def child(
    command: Sequence[str | Path], environment: Mapping[str, str], errors: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The process with pipes on stdin and stdout; what it says on stderr is added to the file `errors`.

    At the end its stdin is closed; a process that goes on regardless is killed.
    """
    with errors.open("ab") as file:
        process = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, env=dict(environment)
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        try:
            process.stdin.close()
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:  # reached by a second Ctrl-C too
            process.kill()
            process.wait()
            process.stdout.close()


def cpu_seconds(pid: int) -> float:
    """User and system time that the process has taken so far, in all its threads."""
    if platform.system() == "Linux":
        # The clock that clock_getcpuclockid(3) names: exact, where /proc counts in hundredths of a second.
        return time.clock_gettime((~pid << 3) | 2)
    clock = _ps("time", pid).replace("-", ":").split(":")
    return sum(float(part) * 60.0**power for power, part in enumerate(reversed(clock)))


def resident_bytes(pid: int) -> int:
    """Memory of the process that is in RAM."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024
    return int(_ps("rss", pid)) * 1024


def _ps(column: str, pid: int) -> str:
    command = ["ps", "-o", f"{column}=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
