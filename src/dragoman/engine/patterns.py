"""Tries regular expressions in a process of their own: one that runs for ever is killed, and nobody else waits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.core.ports import Observed

if TYPE_CHECKING:
    from dragoman.core.ports import Experiment

START_SECONDS = 10.0
"""How long Python may take to start and to compile the pattern, on a machine that is busy."""
TRY_SECONDS = 2.0
"""How long all texts together may take. A sound pattern needs less than a thousandth of it."""

_CHILD = Path(__file__).with_name("patterns_child.py")


class ChildPatterns:
    """`core.ports.Patterns` in child processes, one for each experiment."""

    def __init__(self, start_seconds: float = START_SECONDS, try_seconds: float = TRY_SECONDS) -> None:
        self._start_seconds, self._try_seconds = start_seconds, try_seconds

    async def tried(self, experiment: Experiment) -> Observed:
        """See `core.ports.Patterns`. A caller that is cancelled leaves no process behind."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                str(_CHILD),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            return Observed(fault=f"no process could be started ({error.strerror})")
        try:
            return await self._observed(process, experiment)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()

    async def _observed(self, process: asyncio.subprocess.Process, experiment: Experiment) -> Observed:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # a child that is gone has said so by its silence
            process.stdin.write(json.dumps(asdict(experiment)).encode())
            await process.stdin.drain()
            process.stdin.close()
        try:
            async with asyncio.timeout(self._start_seconds):
                first = await process.stdout.readline()
        except TimeoutError:
            return Observed(late=True)
        if not first:
            return Observed(fault="the process that tries patterns ended without a word")
        if error := json.loads(first):
            return Observed(error=error)
        found: list[bool] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._try_seconds):
                while line := await process.stdout.readline():
                    found.append(line.strip() == b"1")
        return Observed(found=tuple(found), late=len(found) < len(experiment.texts))
