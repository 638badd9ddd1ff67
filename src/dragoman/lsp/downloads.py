"""Models that a server lacks and could download: offered after a failure, downloaded on the person's word."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from dragoman.core.errors import AllCandidatesFailed, BadInput, Download, ModelUnavailable
from dragoman.lsp import messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.lsp.server import Server

YES = "Download"


class Downloads:
    """What could be downloaded for one connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._asked: set[Download] = set()
        self.offered: dict[Download, None] = {}

    def lacked_by(self, error: Exception) -> None:
        """Offer what would cure the failure, if anything would."""
        errors = [each for _, each in error.failures] if isinstance(error, AllCandidatesFailed) else [error]
        for each in errors:
            if isinstance(each, ModelUnavailable) and each.download is not None:
                self.offer(each.download)

    def offer(self, wanted: Download) -> bool:
        """Offer it by code action from now on, and ask once where a question does not get into the person's way.

        Returns whether the person is asked now.
        """
        self.offered[wanted] = None
        asks = wanted not in self._asked and self._server.facts.ask_message
        self._asked.add(wanted)
        if asks:
            self._server.spawn(self._ask(wanted))
        return asks

    async def _ask(self, wanted: Download) -> None:
        text = f"{wanted.provider} does not have {wanted.model}. Download it? Models take gigabytes."
        if await self._server.question(types.MessageType.Info, text, YES) == YES and wanted in self.offered:
            await self.download(wanted, None)

    async def download(self, wanted: Download, token: messages.ProgressToken | None) -> dict[str, Any]:
        """Download it, under progress that can be cancelled. Raises a `DragomanError`."""
        from dragoman.lsp.progress import WorkDone  # noqa: PLC0415 - an editor waits for the server to start

        server, title = self._server, f"Download {wanted.model}"
        services = await server.ready()
        progress = None
        if token is not None or server.facts.work_done_progress:
            name = f"dragoman-download-{wanted.model}"
            progress = WorkDone(server.protocol, title, token or name, ours=token is None)
        message = "failed"
        try:
            with server.runner.running(title, (progress.token,) if progress else ()):
                async with aclosing(services.download(wanted)) as steps:
                    async for step in steps:
                        if progress is not None:
                            share = "" if step.share is None else f" · {step.share:.0%}"
                            progress.report(f"{step.status}{share}")
            self.offered.pop(wanted, None)
            message = f"{wanted.provider} has {wanted.model}"
            server.message(types.MessageType.Info, f"{message} now: ask again.")
        except asyncio.CancelledError:
            message = "cancelled; the next try goes on where this one stopped"
            raise
        finally:
            if progress is not None:
                progress.end(message)
        return {"downloaded": True}

    def wanted(self, arguments: Sequence[Any]) -> Download:
        """What the arguments of the command name: an object; with none, what was offered last. Raises `BadInput`."""
        if not arguments and self.offered:
            return next(reversed(self.offered))
        match arguments:
            case [{"provider": str(provider), "endpoint": str(endpoint), "model": str(model)}]:
                return Download(provider, endpoint, model)
            case [str(model)]:
                return next((each for each in self.offered if each.model == model), None) or self._nothing()
            case _:
                return self._nothing()

    def _nothing(self) -> Download:
        there = ", ".join(each.model for each in self.offered) or "nothing now"
        raise BadInput(
            f"{messages.DOWNLOAD} takes the name of a model that is offered ({there}); "
            "others: `dragoman providers pull MODEL`."
        )
