"""What a person, or a script, sees while a model writes. Decides nothing about the work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dragoman.cli.output import console, note, print_json, printable, write
from dragoman.core.chat import TextDelta, ThinkingDelta
from dragoman.core.events import Done, Notice, Reset, Routed, Waiting
from dragoman.core.partial import partial_value

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.status import Status

    from dragoman.core.events import Event


class Watcher:
    """Tells a job's events: as JSON lines, as text, or as a line of progress on a terminal; else nothing.

    to_stdout: where `stream` puts the text; otherwise it goes to stderr, for stdout has the result.
    """

    def __init__(self, *, stream: bool, as_json: bool, to_stdout: bool) -> None:
        self.done: Done | None = None
        self._stream = stream
        self._as_json = as_json
        self._to_stdout = to_stdout
        self._characters = 0
        self._unfinished_line = False
        self._who = ""
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self._stream:
            self._status = console(stderr=True).status("looking for who can answer …")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
        if self._unfinished_line:
            self._write("\n")

    async def tell(self, event: Event) -> None:
        """Show one event."""
        if self._as_json and self._stream:
            value = partial_value(event)
            if value is not None:
                print_json(value, indent=None)
        else:
            self._show(event)
        if isinstance(event, Done):
            self.done = event

    def _show(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._characters += len(text)
                if self._stream:
                    self._write(text)
                elif self._status is not None:
                    self._status.update(f"{self._who} · about {self._characters // 4} tokens")
            case ThinkingDelta() if self._status is not None:
                self._status.update(f"{self._who} · thinking")
            case Routed():
                self._who = called(event.provider, event.model)
                if sys.stderr.isatty():
                    if event.after:
                        note(event.after, style="yellow")
                    note(f"→ {self._who}: {event.reason}", style="cyan")
            case Waiting(seconds, reason) if self._status is not None:
                self._status.update(f"{reason}; waiting {seconds:.1f} s" if seconds else reason)
            case Notice(text):
                note(text, style="yellow")
            case Reset(reason):
                if self._unfinished_line:
                    self._write("\n")
                if self._stream and self._characters:
                    note(f"— the text above is void: {reason} —", style="yellow")
                self._characters = 0

    def _write(self, text: str) -> None:
        self._unfinished_line = not text.endswith("\n")
        if self._to_stdout:
            write(text)
        else:
            sys.stderr.write(printable(text))
            sys.stderr.flush()


def called(provider: str, model: str) -> str:
    """Who answers, for the person."""
    return f"{provider} · {model}" if model else provider
