"""`dragoman[local]`: llama.cpp's server as a child process, while somebody uses it. Never listens beyond loopback.

It is started when a model is first needed, stopped when nobody has used it for a while, and ends with this process
however that ends, because it watches its stdin (`engine.local_server`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import secrets
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.core.errors import ModelUnavailable, NetworkError, StreamingError, UnknownProviderError
from dragoman.engine.local_server import READY

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator

    from dragoman.core.ports import Workers

STOP_SECONDS = 2.0
"""So long a child that was told to end may take to do so."""

_GRACE_SECONDS = 0.5
"""A connection that broke and the end of the process behind it are seen in any order."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalModel:
    """What is served. `keep_alive`: seconds without a user after which the server is stopped."""

    path: str
    num_ctx: int
    threads: int | None = None
    keep_alive: float = 300.0


@dataclass(slots=True)
class _Server:
    """A child that serves. `restarted`: the one before it crashed, and this one has not answered yet."""

    process: Process
    base_url: str
    key: str = field(repr=False)
    users: int = 0
    timer: asyncio.TimerHandle | None = None
    restarted: bool = False

    @property
    def runs(self) -> bool:
        return self.process.returncode is None

    def stop(self) -> None:
        """Tell it to end. It does so by itself."""
        if self.timer is not None:
            self.timer.cancel()
        if self.process.stdin is not None:
            self.process.stdin.close()


class LocalServers:
    """The children of this process, one for each model that is in use."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._servers: dict[LocalModel, _Server] = {}
        self._starting = asyncio.Lock()
        self._stopped: list[_Server] = []

    @asynccontextmanager
    async def using(self, model: LocalModel, seconds: float) -> AsyncGenerator[tuple[str, str], None]:
        """The base URL and the key of a server with that model; started, if need be, within so many seconds.

        Raises `ModelUnavailable` or `UnknownProviderError` where it can't be had. A crash under the block's connection
        becomes a `StreamingError` that says so; the next use starts the server again, once.
        """
        server = await self._running(model, seconds)
        server.users += 1
        if server.timer is not None:
            server.timer.cancel()
        try:
            yield server.base_url, server.key
            server.restarted = False
        except (StreamingError, NetworkError):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.process.wait(), _GRACE_SECONDS)
            if server.runs:
                raise
            raise StreamingError(f"llama.cpp crashed in mid-answer ({_ending(server.process)})") from None
        finally:
            server.users -= 1
            if not server.users and server.runs:
                self._leave(model, server)

    async def check(self, model: LocalModel) -> str:
        """The model's absolute path. Raises where the file or the library is missing."""
        return await self._workers.run(partial(_checked, model.path))

    async def close(self) -> None:
        """Stops every child, and sees that it is gone."""
        for model, server in list(self._servers.items()):
            self._stop(model, server)
        stopped, self._stopped = self._stopped, []
        for server in stopped:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await server.process.wait()
            except TimeoutError:
                await _kill(server.process)

    def _leave(self, model: LocalModel, server: _Server) -> None:
        """Nobody uses it any more, for now."""
        if not model.keep_alive:
            self._stop(model, server)
        elif math.isfinite(model.keep_alive):
            server.timer = asyncio.get_running_loop().call_later(model.keep_alive, self._stop, model, server)

    def _stop(self, model: LocalModel, server: _Server) -> None:
        if self._servers.get(model) is server:
            del self._servers[model]
        logger.info("stopping llama.cpp")
        server.stop()
        self._stopped = [*(one for one in self._stopped if one.runs), server]

    async def _running(self, model: LocalModel, seconds: float) -> _Server:
        async with self._starting:
            known = self._servers.get(model)
            if known is not None and known.runs:
                return known
            if known is not None:
                del self._servers[model]
                if known.restarted:
                    reason = f"llama.cpp crashed twice ({_ending(known.process)})"
                    raise UnknownProviderError(f"{reason}: try a smaller providers.local.num_ctx, or another model")
                logger.warning("llama.cpp crashed (%s), it is started again", _ending(known.process))
            for other, server in list(self._servers.items()):
                if not server.users:  # two models may not fit
                    self._stop(other, server)
            server = await self._started(model, seconds)
            server.restarted = known is not None
            self._servers[model] = server
            return server

    async def _started(self, model: LocalModel, seconds: float) -> _Server:
        path = await self.check(model)
        key = secrets.token_urlsafe(32)
        began = asyncio.get_running_loop().time()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the folder we happen to be in is somebody's project: nothing is imported from it
            "-m",
            "dragoman.engine.local_server",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the parent's to hear
        )
        server: _Server | None = None
        try:
            async with asyncio.timeout(seconds):
                address = await _address(
                    process, {"model": path, "num_ctx": model.num_ctx, "threads": model.threads, "key": key}
                )
            server = _Server(process, f"{address}/v1", key)
        except TimeoutError:
            message = f"llama.cpp did not load {path} within {seconds:g} s: raise providers.local.timeouts.total"
            raise UnknownProviderError(message) from None
        finally:
            if server is None:
                await _kill(process)
        logger.info("started llama.cpp in %.1f s", asyncio.get_running_loop().time() - began)
        return server


def _checked(path: str) -> str:
    if find_spec("xllamacpp") is None:
        raise UnknownProviderError("llama.cpp is not installed: run `pip install 'dragoman[local]'`")
    try:
        file = Path(path).expanduser().resolve()
        present = file.is_file()
    except (OSError, ValueError, RuntimeError):
        present = False
    if not present:
        raise ModelUnavailable(f"there is no file {path}: put a model's GGUF file into providers.local.model")
    return str(file)


async def _address(process: Process, task: dict[str, object]) -> str:
    """Where the child listens. Raises `UnknownProviderError` where it ends instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(task).encode() + b"\n")
        await process.stdin.drain()
    async for line in process.stdout:
        if line.startswith(READY.encode()):
            return line.decode().removeprefix(READY).strip()
    complaint = _reason((await process.stderr.read()).decode("utf-8", "replace"))
    await process.wait()
    path = task["model"]
    raise UnknownProviderError(
        f"llama.cpp can't load {path} ({complaint or _ending(process)}): is it a whole GGUF file?"
    )


def _reason(complaints: str) -> str:
    """The first error in llama.cpp's own words, without its time stamps, shortened."""
    errors = [line.partition(" E ")[2].strip() for line in complaints.splitlines() if " E " in line]
    return errors[0][:160] if errors else ""


def _ending(process: Process) -> str:
    code = process.returncode or 0
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"signal {-code}"


async def _kill(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
