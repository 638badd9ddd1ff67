"""What the demo shows on the terminal; nothing at all with `--json`. Knows what partial results mean, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dragoman.cli.output import console, printable
from dragoman.cli.run import patch_style
from dragoman.cli.watching import called


class Stage:
    """Headings, lines, and text as it comes."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = None if quiet else console()
        self._inside_text = False

    def heading(self, text: str) -> None:
        """What comes next."""
        self._out("")
        self._out(text, style="bold")

    def line(self, text: str, style: str | None = None) -> None:
        """One line."""
        self._out(f"  {text}", style)

    def patch(self, patch: str) -> None:
        """A patch."""
        for line in patch.splitlines():
            self.line(line, style=patch_style(line))

    def piece(self, text: str) -> None:
        """Text as it comes."""
        if self._console is None:
            return
        shown = printable(text).replace("\n", "\n  │ ")
        self._console.out(shown if self._inside_text else f"  │ {shown}", style="dim", end="", highlight=False)
        self._console.file.flush()
        self._inside_text = True

    def _out(self, text: str, style: str | None = None) -> None:
        if self._console is None:
            return
        if self._inside_text:
            self._console.out()
            self._inside_text = False
        self._console.out(printable(text), style=style, highlight=False)


@dataclass(slots=True)
class Watch:
    """One run's partial results, shown as they come and kept for the judgement."""

    stage: Stage
    values: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, value: dict[str, Any]) -> None:
        """Show one."""
        self.values.append(value)
        match value["kind"]:
            case "route":
                if "after" in value:
                    self.stage.line(f"✗ {value['after']}", style="yellow")
                self.stage.line(f"→ {called(value['provider'], value['model'])}: {value['reason']}", style="cyan")
            case "delta":
                self.stage.piece(value["text"])
            case "reset":
                self.stage.line("⟲ what was shown is thrown away: the next one starts over", style="yellow")
            case "usage":
                tokens = f"{value['inputTokens']} tokens in, {value['outputTokens']} out"
                self.stage.line(f"{'about ' if value['estimated'] else ''}{tokens}")
            case "done":
                first, whole = value["firstTokenSeconds"], value["seconds"]
                self.stage.line(f"first token after {first:.2f} s, whole after {whole:.2f} s, failed attempts included")

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The values of one kind, in order."""
        return [value for value in self.values if value["kind"] == kind]

    @property
    def kinds(self) -> list[str]:
        """The kinds in order, runs of text as one."""
        kinds = [value["kind"] for value in self.values]
        return [kind for number, kind in enumerate(kinds) if number == 0 or kind != kinds[number - 1]]
