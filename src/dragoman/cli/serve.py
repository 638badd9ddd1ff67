"""The server's process: its event loop, its transport, and the loading of everything behind it."""

from __future__ import annotations

import asyncio
import gc
import linecache
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from dragoman.cli.logs import configure_logging

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Coroutine, Sequence
    from types import ModuleType

    from dragoman.core.ports import Services
    from dragoman.lsp.early import Early

FIRST_QUESTIONS_SECONDS = 0.3
"""How long the services wait to be opened while nobody asks for them."""
_COLLECT_AFTER = 10_000
"""Objects, before Python looks for garbage among them: nearly all that the imports make is made to stay."""


def serve(options: argparse.Namespace, early: Early | None) -> int:
    """Serve until the client leaves; returns the exit code. `early` is what stdin held so far, and what is answered."""
    configure_logging(options.log_level, content=options.log_content)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):  # Ctrl-C, SIGTERM
        return asyncio.run(_serve(options, early))
    return 130


async def _serve(options: argparse.Namespace, early: Early | None) -> int:
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER)
    from dragoman.lsp.protocol import make_converter
    from dragoman.lsp.server import Server
    from dragoman.lsp.transport import serve_socket, serve_stdio, serve_tcp

    gc.freeze()
    gc.set_threshold(*usual)
    linecache.clearcache()  # attrs keeps the source of every method that it has written there: megabytes
    _stop_on_sigterm()
    converter = make_converter()

    async def connected(reader: asyncio.StreamReader, writer: object) -> int:
        server = Server(_opener(options.set), converter)
        server.protocol.answered_early = early.answered if early is not None else None
        return await server.serve(reader, writer)  # type: ignore[arg-type]

    if options.tcp:
        host, _, port = options.tcp.rpartition(":")
        if not port.isdigit():
            print(f"dragoman lsp: --tcp wants HOST:PORT, not {options.tcp!r}", file=sys.stderr)
            return 2
        await serve_tcp(connected, host or "127.0.0.1", int(port))
        return 0
    if options.socket:
        await serve_socket(connected, options.socket)
        return 0
    assert early is not None
    return await serve_stdio(connected, early)


def _opener(assignments: Sequence[str]) -> Callable[[asyncio.Event], Coroutine[None, None, Services]]:
    """How a connection's services are opened: off the loop, for their imports take longer than `initialize` may.

    Those imports hold the interpreter: the editor's first questions, which need none of it, go before.
    """

    async def open_services(wanted: asyncio.Event) -> Services:
        with suppress(TimeoutError):
            await asyncio.wait_for(wanted.wait(), FIRST_QUESTIONS_SECONDS)
        app = await asyncio.to_thread(_load)
        services: Services = await app.App.open(assignments)
        return services

    return open_services


def _load() -> ModuleType:
    """All that the first order needs, while the editor already has its answer to `initialize`."""
    import importlib

    importlib.import_module("dragoman.lsp.work")
    return importlib.import_module("dragoman.app")


def _stop_on_sigterm() -> None:
    """End as Ctrl-C does, so that every provider's connection is closed on the way out."""
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError):  # Windows has no signal handlers on the loop
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
