"""What the person sees while a model writes: work-done progress for every editor, partial results for plugins.

Coalesces text, first piece at once; waits where the editor reads slowly. Decides nothing about the work itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from dragoman.core.chat import TextDelta, ThinkingDelta
from dragoman.core.events import Done, Reset, Routed, UsageReport, Waiting
from dragoman.core.partial import partial_value
from dragoman.core.printable import in_one_line
from dragoman.lsp.protocol import ClientError

if TYPE_CHECKING:
    from dragoman.core.events import Event
    from dragoman.core.partial import DeltaValue, PartialValue, ThinkingValue
    from dragoman.core.ports import Sheet
    from dragoman.lsp.messages import ProgressToken
    from dragoman.lsp.protocol import Protocol

COALESCE_SECONDS = 0.04
"""Text that arrives within this time goes out together: an editor redraws no faster."""
REPORT_SECONDS = 0.25
"""Work-done reports are for eyes."""
CREATE_SECONDS = 5.0
GRANT_SECONDS = 0.25
"""A run that has ended waits no longer for the editor to grant its bar."""


class PartialResults:
    """Values for the client's `partialResultToken`."""

    def __init__(self, protocol: Protocol, token: ProgressToken) -> None:
        self._protocol = protocol
        self._token = token
        self._loop = asyncio.get_running_loop()
        self._kind = ""
        self._pieces: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def text(self, kind: str, text: str) -> None:
        """A piece of text, of the answer (`delta`) or of the model's thinking (`thinking`)."""
        if kind != self._kind:
            self.flush()
            self._kind = kind
        self._pieces.append(text)
        if self._timer is None:
            self._send_text()
            self._timer = self._loop.call_later(COALESCE_SECONDS, self._tick)

    def value(self, value: PartialValue) -> None:
        """Any other value, in its place behind the text so far."""
        self.flush()
        self._send(value)

    def flush(self) -> None:
        """Send what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._send_text()

    def _tick(self) -> None:
        self._timer = None
        if self._pieces:
            self._send_text()
            self._timer = self._loop.call_later(COALESCE_SECONDS, self._tick)

    def _send_text(self) -> None:
        if not self._pieces:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        delta: DeltaValue = {"kind": "delta", "text": text}
        thinking: ThinkingValue = {"kind": "thinking", "text": text}
        self._send(delta if self._kind == "delta" else thinking)

    def _send(self, value: PartialValue) -> None:
        self._protocol.notify(types.PROGRESS, {"token": self._token, "value": value})


class WorkDone:
    """One work-done progress (LSP 3.17, "Work Done Progress"), on the client's token or one that we create."""

    def __init__(self, protocol: Protocol, title: str, token: ProgressToken, *, ours: bool) -> None:
        self.token = token
        self._protocol = protocol
        self._title = title
        self._loop = asyncio.get_running_loop()
        self._message = ""
        self._begun = False
        self._ended = False
        self._next_report = 0.0
        self._creating: asyncio.Task[None] | None = None
        if ours:
            self._creating = asyncio.ensure_future(self._create())
        else:
            self._begin()

    @property
    def due(self) -> bool:
        """Whether a report would be seen now: worth putting one together."""
        return self._loop.time() >= self._next_report

    def report(self, message: str, *, now: bool = False) -> None:
        """What goes on, in a few words."""
        message = in_one_line(message)
        self._message = message
        if self._begun and not self._ended and (now or self._loop.time() >= self._next_report):
            self._next_report = self._loop.time() + REPORT_SECONDS
            self._send({"kind": "report", "message": message, "cancellable": True})

    def end(self, message: str) -> None:
        """How it ended."""
        if self._ended:
            return
        self._ended, self._message = True, in_one_line(message)
        if self._begun:
            self._send_end()

    async def granted(self) -> None:
        """Wait a moment, after a quick run, until the bar is there: it has to end before more is said."""
        if self._creating is not None and not self._creating.done():
            await asyncio.wait({self._creating}, timeout=GRANT_SECONDS)

    async def _create(self) -> None:
        params = types.WorkDoneProgressCreateParams(token=self.token)
        try:
            await self._protocol.ask(types.WINDOW_WORK_DONE_PROGRESS_CREATE, params, seconds=CREATE_SECONDS)
        except ClientError:
            return  # a client that takes no progress still takes the result
        self._begin()
        if self._ended:  # Helix's wheel turns from the grant to the end, for ever where none comes
            self._send_end()

    def _begin(self) -> None:
        self._begun = True
        value: dict[str, object] = {"kind": "begin", "title": self._title, "cancellable": True}
        if self._message:
            value["message"] = self._message
        self._send(value)

    def _send_end(self) -> None:
        self._send({"kind": "end", "message": self._message})

    def _send(self, value: dict[str, object]) -> None:
        self._protocol.notify(types.PROGRESS, {"token": self.token, "value": value})


class Progress:
    """Turns a job's events into both kinds of progress, and into what the live page shows where it has a sheet."""

    def __init__(
        self,
        protocol: Protocol,
        partial: PartialResults | None,
        work_done: WorkDone | None,
        sheet: Sheet | None = None,
    ) -> None:
        self._protocol = protocol
        self._partial = partial
        self._work_done = work_done
        self._sheet = sheet
        self._who = ""
        self._characters = 0
        self.done: Done | None = None
        """The last attempt's ending; told to the client by `finish`, once."""

    async def tell(self, event: Event) -> None:
        """Show one event. Waits while the editor reads slowly, which slows the reading from the provider."""
        if self._sheet is not None:
            self._sheet.tell(event)
        match event:
            case TextDelta(text):
                self._characters += len(text)
                if self._partial is not None:
                    self._partial.text("delta", text)
                if self._work_done is not None and self._work_done.due:
                    self._work_done.report(f"{self._who} · about {self._characters // 4} tokens")
            case ThinkingDelta(text):
                if self._partial is not None:
                    self._partial.text("thinking", text)
                if self._work_done is not None:
                    self._work_done.report(f"{self._who} · thinking")
            case Routed():
                self._routed(event)
            case Waiting(_, reason):
                if self._work_done is not None:
                    self._work_done.report(reason, now=True)
            case Done():
                self.done = event
                # What is said of the result comes behind this: Helix shows the end where it shows messages.
                if self._work_done is not None:
                    self._work_done.end(_summary(event))
                    await self._work_done.granted()
            case Reset() | UsageReport():
                if isinstance(event, Reset):
                    self._characters = 0
                self._told(event)
        if self._protocol.congested:
            await self._protocol.drained()

    def _routed(self, event: Routed) -> None:
        self._who = f"{event.provider} · {event.model}"
        if self._work_done is not None:
            self._work_done.report(f"{event.after} → {self._who}" if event.after else self._who, now=True)
        self._told(event)

    def _told(self, event: Event) -> None:
        if self._partial is not None and (value := partial_value(event)) is not None:
            self._partial.value(value)

    def finish(self, message: str | None = None, *, answer: str | None = None) -> None:
        """The work has ended, well or not; `message` where there is more to say than who answered and how fast."""
        done = self.done
        if self._sheet is not None:
            self._sheet.finish(answer, message or (_summary(done) if done is not None else ""))
        if self._partial is not None:
            if done is not None and message is None:
                self._told(done)
            else:
                self._partial.flush()
        if self._work_done is not None:
            self._work_done.end(message or (_summary(done) if done is not None else ""))

    async def shown(self) -> None:
        """Wait until the editor has been told of the end, where it takes that at all; never for long."""
        if self._work_done is not None:
            await self._work_done.granted()


def _summary(done: Done) -> str:
    if done.cached:
        return f"{done.provider} · {done.model}: from the cache in {done.seconds:.1f} s, for nothing"
    about = "about " if done.usage.estimated else ""
    cost = f", {done.cost_usd:.4f} USD" if done.cost_usd else ""
    return f"{done.provider} · {done.model}: {about}{done.usage.output_tokens} tokens in {done.seconds:.1f} s{cost}"
