"""What commands print: results to stdout, everything else to stderr in one line each, colours only on a terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from dragoman.core.printable import harmless

if TYPE_CHECKING:
    from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """Where styled text goes: plain where there is no terminal, or NO_COLOR is set."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)


def out(text: str = "", style: str | None = None) -> None:
    """One line of a result: styled and harmless on a terminal, to the byte elsewhere."""
    terminal = console()
    if terminal.is_terminal:
        terminal.out(printable(text), style=style, highlight=False)
    else:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()  # a pipe's reader may wait for this very line, as for where `simulate` listens


def write(text: str) -> None:
    """A piece of a result as it comes."""
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def note(text: str, style: str | None = None) -> None:
    """One line beside the result."""
    line = printable(" ".join(text.split()))
    console(stderr=True).out(line, style=style, highlight=False)


def fail(text: str) -> None:
    """What went wrong, in one line that says what to do."""
    note(f"dragoman: {text}", style="red")


def print_json(value: object, *, indent: int | None = 2) -> None:
    """A result for a script."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def printable(text: str) -> str:
    """The text without what would steer a terminal: models and files may hold anything."""
    return harmless(text)
