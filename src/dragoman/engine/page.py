"""The live page: the session's last answers, shown in the person's browser while they are written.

Keeps them in memory alone, and the newest only. Serves nothing until somebody asks for its address.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING

from dragoman.core.chat import TextDelta, ThinkingDelta
from dragoman.core.events import Reset, Routed, Waiting
from dragoman.engine.page_markdown import html_of
from dragoman.engine.page_response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from dragoman.core.events import Event
    from dragoman.core.ports import Workers
    from dragoman.engine.page_server import PageServer

MOST = 10
"""Answers on the page; the oldest is forgotten."""
LONGEST = 60_000
"""Characters of an answer that are shown. Markdown can be made so that it takes the square of its length to read."""
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
PAUSE_FACTOR = 20
"""Between two looks at a growing answer passes so many times what one look costs: it is no burden."""
TICKET_SECONDS = 600.0
COMING_SECONDS = 10.0
"""How long a browser may take to open."""


class AnswerSheet:
    """`core.ports.Sheet`."""

    def __init__(self, number: int, title: str, changed: Callable[[], None]) -> None:
        self.number = number
        self.version = 0
        self._title = title
        self._who = ""
        self._state = "waiting"
        self._note = ""
        self._text = ""
        self._pieces: list[str] = []
        self._length = 0
        self._changed = changed

    def tell(self, event: Event) -> None:
        """See `core.ports.Sheet`."""
        match event:
            case TextDelta(text):
                self._state, self._note = "writing", ""
                if self._length < LONGEST:
                    self._pieces.append(text)
                    self._length += len(text)
            case ThinkingDelta():
                if self._state == "thinking":
                    return
                self._state, self._note = "thinking", "thinking"
            case Routed():
                self._who = f"{event.provider} · {event.model}"
                self._note = event.after or ""
            case Waiting(_, reason):
                self._note = reason
            case Reset():
                self._text, self._pieces, self._length, self._state = "", [], 0, "waiting"
            case _:
                return
        self._has_changed()

    def finish(self, markdown: str | None, message: str) -> None:
        """See `core.ports.Sheet`."""
        self._state, self._note = ("failed" if markdown is None else "done"), message
        if markdown is not None:
            self._text, self._pieces = markdown, []
        self._has_changed()

    def _has_changed(self) -> None:
        self.version += 1
        self._changed()

    def event(self) -> Callable[[], bytes]:
        """How it stands, to be put as one event of a stream (WHATWG, "Server-sent events") off the loop."""
        self._text, self._pieces = "".join((self._text, *self._pieces)), []
        text, shown = self._text, {"id": self.number, "title": self._title, "who": self._who}
        shown |= {"state": self._state, "note": self._note}
        if len(text) > LONGEST:
            shown["note"] = f"{self._note} The rest is too long for this page.".lstrip()
        return lambda: b"data: %b\n\n" % json.dumps({**shown, "html": html_of(text[:LONGEST])}).encode()


class LivePage:
    """`core.ports.Page`: behind an address that nobody can guess, on a port of this machine.

    The address that is given out is a ticket: it opens the page once. Other users of the machine can read the
    arguments of programs, a browser's too; so what stands there must be worth nothing to who comes second, and where
    two come, the page moves to a new place.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._server: PageServer | None = None
        self._starting = asyncio.Lock()
        self._sheets: deque[AnswerSheet] = deque(maxlen=MOST)
        self._last_number = 0
        self._watchers: set[asyncio.Event] = set()
        self._place = secrets.token_urlsafe(32)
        self._tickets: dict[str, float] = {}
        self._used: set[str] = set()
        self._coming_until = 0.0
        self._template = ""

    @property
    def watched(self) -> bool:
        """See `core.ports.Page`."""
        return bool(self._watchers) or asyncio.get_running_loop().time() < self._coming_until

    def begin(self, title: str) -> AnswerSheet:
        """See `core.ports.Page`."""
        self._last_number += 1
        sheet = AnswerSheet(self._last_number, title, self._changed)
        self._sheets.append(sheet)
        self._changed()
        return sheet

    async def address(self) -> str:
        """See `core.ports.Page`."""
        now = asyncio.get_running_loop().time()
        self._coming_until = now + COMING_SECONDS
        server = await self._served()
        ticket = secrets.token_urlsafe(32)
        self._tickets = {each: end for each, end in self._tickets.items() if end > now}
        self._tickets[ticket] = now + TICKET_SECONDS
        return f"{server.origin}/{ticket}"

    async def _served(self) -> PageServer:
        """The server, which listens."""
        async with self._starting:
            if self._server is None:
                kind, self._template = await self._workers.run(_loaded)
                server = kind(self._respond, self._workers)
                await server.start()
                self._server = server
            return self._server

    async def close(self) -> None:
        """Serve no longer, and forget every answer."""
        if self._server is not None:
            await self._server.close()
        self._sheets.clear()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Every answer as it stands, then as it changes: the newest state each time, so a slow reader misses steps."""
        changed = asyncio.Event()
        changed.set()
        seen: dict[int, int] = {}
        loop = asyncio.get_running_loop()
        self._watchers.add(changed)
        try:
            while await changed.wait():
                changed.clear()
                took = 0.0
                for sheet in tuple(self._sheets):
                    if seen.get(sheet.number) == sheet.version:
                        continue
                    seen[sheet.number] = sheet.version
                    began = loop.time()
                    event = await self._workers.run(sheet.event())
                    took += loop.time() - began
                    yield event
                await asyncio.sleep(min(max(SHORTEST_PAUSE, PAUSE_FACTOR * took), LONGEST_PAUSE))
        finally:
            self._watchers.discard(changed)

    def _changed(self) -> None:
        for changed in self._watchers:
            changed.set()

    # What is served

    def _respond(self, path: str) -> Response:
        first, *rest = path.removeprefix("/").split("/")
        if secrets.compare_digest(first, self._place):
            if rest == [""]:
                return _page(self._template)
            if rest == ["events"]:
                return Response(HTTPStatus.OK, self.events(), "text/event-stream")
        elif not rest and first in self._used:
            self._move()
            return Response(HTTPStatus.GONE, b"This address has been used. Open the page from your editor again.\n")
        elif not rest and self._tickets.pop(first, 0.0) > asyncio.get_running_loop().time():
            self._used.add(first)
            return Response(HTTPStatus.SEE_OTHER, headers=(("Location", f"/{self._place}/"),))
        return Response(HTTPStatus.NOT_FOUND)

    def _move(self) -> None:
        """Whoever came by that address before sees no more."""
        self._place = secrets.token_urlsafe(32)
        if self._server is not None:
            self._server.hang_up()


def _loaded() -> tuple[type[PageServer], str]:
    """What serves, which few sessions ever need; and the page, with `{nonce}` where a response's nonce belongs."""
    from dragoman.engine.page_server import PageServer  # noqa: PLC0415 - see above

    folder = files("dragoman.engine").joinpath("page_files")
    page, style, script = (folder.joinpath(f"page.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    return PageServer, page.replace("{style}", style).replace("{script}", script)


def _page(template: str) -> Response:
    """The page's own script and style may run, those that bear this response's nonce, and no others."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    html = template.replace("{nonce}", nonce)
    return Response(HTTPStatus.OK, html.encode(), "text/html; charset=utf-8", policy)
