"""The audit log: what went where, as lines of JSON that only the person can read. Off unless `privacy.audit` says so.

It holds no secret: texts are written as they are sent, with placeholders, and where they are sent as they are, with
placeholders all the same. A line stands in the file before anything is sent.
"""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from platformdirs import user_state_path

from dragoman.core.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dragoman.core.route import Place
    from dragoman.core.settings import Privacy
    from dragoman.engine.records import AttemptRecord

KEPT_FILES = 30
"""There is a file for each day (UTC); of more than these the oldest are deleted."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is about to be sent: one attempt of a request. `texts` are pairs of role and text."""

    request: str
    attempt: str
    action: str
    intent: str
    place: Place
    tokens: int
    sources: tuple[str, ...] = ()
    local_only: bool = False
    texts: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Audit:
    """The log of one process, in the files of all. Made and used on one event loop; a thread of its own writes.

    `folder`: None is the platform's own. `on_notice` hears in one line, and not again until a line could be written, of
    a file that can't be: requests go on. `wall` gives the time in UTC.
    """

    def __init__(
        self,
        on_notice: Callable[[str], None] = lambda _text: None,
        folder: Path | None = None,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._on_notice = on_notice
        self._folder = folder
        self._wall = wall
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: set[str] = set()
        self._day = ""
        self._fault = ""

    async def sent(self, privacy: Privacy, outgoing: Outgoing) -> None:
        """Write down what is about to be sent, by the settings of its request."""
        if privacy.audit == "off":
            return
        self._under_way.add(outgoing.attempt)
        place = outgoing.place
        entry = {
            **self._head("sent", outgoing.request, outgoing.attempt, place.provider, place.model),
            "endpoint": place.endpoint,
            "local": place.local,
            "action": outgoing.action,
            "intent": outgoing.intent,
            "estimatedTokens": outgoing.tokens,
            "localOnly": outgoing.local_only,
            "sources": list(outgoing.sources),
        }
        texts = outgoing.texts if privacy.audit == "full" else None
        await asyncio.shield(self._begin(partial(self._with_texts, entry, texts, hidden=privacy.redact)))

    def ended(self, privacy: Privacy, record: AttemptRecord, answer: str) -> None:
        """Write down what came of an attempt, if it was about to be sent; waits for nothing."""
        if record.id not in self._under_way:
            return
        self._under_way.discard(record.id)
        usage = record.usage
        entry: dict[str, Any] = {
            **self._head("ended", record.request, record.id, record.provider, record.model),
            "outcome": record.outcome,
            "seconds": round(record.seconds, 3),
            "inputTokens": usage.input_tokens,
            "outputTokens": usage.output_tokens,
            "estimated": usage.estimated,
            "costUsd": record.cost_usd,
        }
        texts = (("assistant", answer),) if privacy.audit == "full" else None
        self._begin(partial(self._with_texts, entry, texts, hidden=privacy.redact))

    async def close(self) -> None:
        """Return when everything begun is written."""
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, lambda: None)
            self._thread.shutdown(wait=False)

    def _head(self, event: str, request: str, attempt: str, provider: str, model: str) -> dict[str, Any]:
        time = self._wall().isoformat(timespec="milliseconds")
        return {
            "time": time,
            "event": event,
            "request": request,
            "attempt": attempt,
            "provider": provider,
            "model": model,
        }

    def _begin(self, work: Callable[[], str]) -> asyncio.Future[str]:
        """Put it on the thread, behind what was begun before."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit")
        writing = asyncio.get_running_loop().run_in_executor(self._thread, work)
        writing.add_done_callback(self._written)
        return writing

    def _written(self, writing: asyncio.Future[str]) -> None:
        fault = writing.result()
        if fault and not self._fault:
            self._on_notice(f"{fault}. Until it can be, what is sent is not written down")
        self._fault = fault

    # On the thread

    def _with_texts(self, entry: dict[str, Any], texts: tuple[tuple[str, str], ...] | None, *, hidden: bool) -> str:
        if texts is not None:
            entry["texts"] = [{"role": role, "text": text if hidden else redact(text).text} for role, text in texts]
        return self._write(entry)

    def _write(self, entry: dict[str, Any]) -> str:
        """Why it could not be written, or ""."""
        folder = self._folder or user_state_path("dragoman") / "audit"
        day = entry["time"][:10]
        path = folder / f"{day}.jsonl"
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # One call for the whole line: lines of several processes don't mix.
                if os.write(descriptor, line) < len(line):
                    return f"the audit log {path} can't be written: no space is left"
            finally:
                os.close(descriptor)
        except OSError as error:
            return f"the audit log {path} can't be written: {error.strerror or error}"
        if day != self._day:
            self._day = day
            for old in sorted(folder.glob("????-??-??.jsonl"))[:-KEPT_FILES]:
                with suppress(OSError):  # another process was quicker
                    old.unlink()
        return ""
