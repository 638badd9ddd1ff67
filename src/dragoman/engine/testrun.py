"""Runs a project's tests in a shadow of its folder, without a shell, and with none of our keys in the environment.

Asks nobody for leave. Whatever it starts it ends: with the run, at the time limit, when it is cancelled.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.printable import harmless
from dragoman.core.testrun import TestReport
from dragoman.engine import shadow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import Workers
    from dragoman.core.testrun import TestCall

FIRST_BYTES, LAST_BYTES = 16_000, 48_000
"""What is kept of a long output: how it begins and how it ends, where runners sum up."""
DRAIN_SECONDS = 1.0
"""How long the last of the output may take after the runner has ended, if something holds on to it."""

_PLAIN = MappingProxyType({"NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", "TERM": "dumb"})
"""What keeps runners from colours, and from leaving files in the folders that are linked."""
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class TestRuns:
    """`core.ports.TestRunner`. `home` is where shadows are made; `seconds` is the time limit."""

    __test__ = False  # pytest would take the name for a test's

    def __init__(self, workers: Workers, environment: Mapping[str, str], home: Path, seconds: float) -> None:
        self._workers = workers
        self._environment = environment
        self._home = home
        self._seconds = seconds

    async def run(self, call: TestCall) -> TestReport:
        """See `core.ports.TestRunner`."""
        making = asyncio.ensure_future(
            self._workers.run(lambda: shadow.make(self._home, Path(call.root), call.files, call.fresh))
        )
        try:
            return await self._started(call, await asyncio.shield(making))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return TestReport(passed=False, trouble=f"the tests can't be put anywhere: {reason}")
        finally:
            with suppress(OSError, ValueError):
                top = await making
                await self._workers.run(lambda: shadow.remove(top))

    async def _started(self, call: TestCall, top: Path) -> TestReport:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            transport, output = await loop.subprocess_exec(
                lambda: _Output(loop),
                *call.argv,
                cwd=top / call.folder,
                env=self._environment_of(call, top),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # so that it can be ended with everything that it starts
            )
        except (FileNotFoundError, PermissionError):
            return TestReport(passed=False, trouble=f"{call.argv[0]} can't be started: install it")
        late = False
        try:
            async with asyncio.timeout(self._seconds):
                await output.ended
        except TimeoutError:
            late = True
        finally:
            _end(transport.get_pid())
            await asyncio.wait((output.ended, output.closed), timeout=DRAIN_SECONDS)
            transport.close()
        text = _readable(output.data()).replace(f"{top}{os.sep}", "").replace(str(top), call.root)
        seconds = loop.time() - began
        if late:
            trouble = f"not done within {self._seconds:g} s (tests.timeout_s)"
            return TestReport(passed=False, output=text, seconds=seconds, trouble=trouble)
        return TestReport(transport.get_returncode() == 0, text, seconds)

    def _environment_of(self, call: TestCall, top: Path) -> dict[str, str]:
        environment = {**self._environment, **_PLAIN, **call.environment}
        for name, folders in call.search.items():
            there = environment.get(name)
            places = (*(str(top / folder) for folder in folders), *((there,) if there else ()))
            environment[name] = os.pathsep.join(places)
        return environment


class _Output(asyncio.SubprocessProtocol):
    """What a process prints, bounded; when it has ended, and when nobody can print any more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ended: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._first = bytearray()
        self._last = bytearray()
        self._left_out = 0

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's names
        room = FIRST_BYTES - len(self._first)
        self._first += data[:room]
        self._last += data[room:]
        if len(self._last) > 2 * LAST_BYTES:  # cut now and then, not with each line
            self._left_out += len(self._last) - LAST_BYTES
            del self._last[:-LAST_BYTES]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's names
        if not self.closed.done():
            self.closed.set_result(None)

    def process_exited(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def data(self) -> bytes:
        """What was printed, without its middle where that is long."""
        left_out = self._left_out + max(0, len(self._last) - LAST_BYTES)
        gap = b"\n[%d bytes left out]\n" % left_out if left_out else b""
        return bytes(self._first) + gap + bytes(self._last[-LAST_BYTES:])


def _readable(data: bytes) -> str:
    return harmless(_COLOUR.sub("", data.decode("utf-8", "replace").replace("\r\n", "\n")))


def _end(process_group: int) -> None:
    """End what is left of it: the runner, or what it has started and not waited for."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process_group, signal.SIGKILL)
