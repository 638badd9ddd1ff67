"""What every scenario asks of an editor; and how the editors do it that are driven by keys in a terminal."""

from __future__ import annotations

import json
import subprocess
from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from editors.terminal import COLUMNS, ESCAPE, ROWS, Terminal, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from editors.desk import Desk
    from editors.recording import Recording

T = TypeVar("T")


class Editor(ABC):
    """A real editor that shows one file, with its whole conversation with the servers at hand."""

    name: str
    holds_messages: bool
    """Whether a message that comes while the person types is shown afterwards, not at once until the next key."""
    has_panel: bool
    """Whether its plugin shows answers by itself, and not as the server's Markdown files."""
    opens_documents: bool = True
    """Whether a server can have it open a document or a page of the web (`window/showDocument`)."""
    lacks: Mapping[str, str] = MappingProxyType({})
    """The scenarios that it can't go through, with the reason: an ability that it has not."""
    file: Path
    recording: Recording
    opened: Path
    """Where the desk's browser writes down what it is to open."""

    @abstractmethod
    def __init__(self, desk: Desk, programs: Path, place: Any) -> None:
        """Opens the desk's file. `programs` holds the editors; `place` is where it is opened, by the editor's kind."""

    @classmethod
    @abstractmethod
    def missing(cls, programs: Path) -> str | None:
        """What is missing to open it, and how it is got."""

    @classmethod
    @abstractmethod
    def version(cls, programs: Path) -> str:
        """The editor's own."""

    @abstractmethod
    def close(self) -> None:
        """Ends the editor, however it stands."""

    @abstractmethod
    def screen(self) -> list[str]:
        """The rows as they are seen."""

    @abstractmethod
    def normal(self) -> None:
        """Leaves every mode, prompt and message."""

    @abstractmethod
    def go_to(self, text: str) -> None:
        """Puts the cursor on the first line of the file that holds the text."""

    @abstractmethod
    def type_line(self, text: str) -> None:
        """Opens a new line below the cursor's and types there; it may go on."""

    @abstractmethod
    def open_line(self, text: str) -> None:
        """The same, and that was all of it."""

    @abstractmethod
    def type(self, text: str) -> None:
        """Goes on typing there."""

    @abstractmethod
    def undo(self) -> None:
        """Takes the last change back, once."""

    @abstractmethod
    def text(self) -> str:
        """The buffer's content."""

    @abstractmethod
    def actions(self) -> list[str]:
        """The titles of the code actions at the cursor."""

    @abstractmethod
    def run_action(self, title: str) -> None:
        """Runs the code action of that title."""

    def stand_on(self, problem: str) -> None:
        """Goes where the problem of the cursor's line can be fixed; has it reported, if no server beside finds it."""
        del problem  # which is found here, and on the whole line

    @abstractmethod
    def command(self, name: str, words: str = "") -> None:
        """Runs one of the server's commands, with free text."""

    @abstractmethod
    def take_proposal(self, text: str) -> None:
        """Waits until the text is proposed at the cursor, in insert mode, and takes it."""

    @abstractmethod
    def hover(self) -> None:
        """Shows what the servers say of what is at the cursor."""

    @abstractmethod
    def back(self) -> None:
        """Shows the file again, after an answer."""

    @abstractmethod
    def cancel(self) -> None:
        """Stops what is running."""

    def wait(self, what: str, condition: Callable[[], T], seconds: float = 15) -> T:
        """The condition's first true value; a failure shows the screen and the end of the conversation."""
        return eventually(condition, lambda: self._describe(what), seconds)

    def _describe(self, what: str) -> str:
        errors = self.recording.path.with_name(f"{self.recording.path.name}.errors")
        said = [f"{m.sender}: {json.dumps(m.message)[:600]}" for m in self.recording.messages()[-12:]]
        rows = [row for row in self.screen() if row.strip(" ~")]
        parts = [f"{self.name} never came to this: {what}", *rows, *said]
        if errors.exists():
            parts += errors.read_text(encoding="utf-8", errors="replace").split("\n")[-12:]
        return "\n".join(parts)

    def sees(self, text: str) -> None:
        """Waits until the text stands in one row of the screen."""
        self.wait(f"{text!r} on the screen", lambda: any(text in row for row in self.screen()))

    def attached(self) -> None:
        """Waits until the file is on the screen and the server knows it."""
        first = self.file.read_text(encoding="utf-8").split("\n")[0]
        self.sees(first)
        self.wait("the file opened at the server", lambda: self.recording.sent("textDocument/didOpen"))


class TerminalEditor(Editor):
    """One that is driven by keys in a terminal, over those that Neovim and Helix share."""

    program: str
    size: tuple[int, int] = (COLUMNS, ROWS)
    """The terminal's."""
    menu_rows: int
    """How many code actions its menu shows at once."""

    def __init__(self, desk: Desk, programs: Path, place: str) -> None:
        """`place` is a name for its terminal that nobody else uses."""
        self.file, self.recording, self.opened = desk.file, desk.recording, desk.opened
        self.neighbour = desk.neighbour
        self.configure(desk)
        command = [str(programs / self.program), *self.arguments(), str(desk.file)]
        self.terminal = Terminal(programs / "tmux", place, command, desk.folder, desk.environment(), self.size)

    @classmethod
    def missing(cls, programs: Path) -> str | None:
        """The program itself."""
        program = programs / cls.program
        return None if program.exists() else f"{program} is missing: scripts/get-editors fetches it"

    @classmethod
    def version(cls, programs: Path) -> str:
        """What the program says of itself."""
        told = subprocess.run([programs / cls.program, "--version"], capture_output=True, text=True, check=True).stdout
        return told.split()[1].removeprefix("v")

    @abstractmethod
    def configure(self, desk: Desk) -> None:
        """Writes what a person would have in the editor's configuration."""

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """The program's own arguments."""

    @abstractmethod
    def open_actions(self) -> None:
        """Opens the menu of code actions at the cursor."""

    @abstractmethod
    def choose(self, titles: Sequence[str], title: str) -> None:
        """Chooses one of the menu's titles, in the order in which the menu shows them."""

    def close(self) -> None:
        """Ends the editor, however it stands."""
        self.terminal.close()

    def screen(self) -> list[str]:
        """The terminal's rows."""
        return self.terminal.screen()

    def normal(self) -> None:
        """Leaves every mode, prompt and message."""
        self.terminal.type(ESCAPE)

    def enter(self, command: str) -> None:
        """Types a command line and presses Enter."""
        self.normal()
        self.terminal.type(f":{command}")
        self.sees(command)
        self.terminal.keys("Enter")

    def go_to(self, text: str) -> None:
        """Puts the cursor on the first line of the file on disk that holds the text."""
        lines = self.file.read_text(encoding="utf-8").split("\n")
        self.enter(str(1 + next(number for number, line in enumerate(lines) if text in line)))

    def type_line(self, text: str) -> None:
        """Opens a new line below the cursor's and types there; it may go on."""
        self.normal()
        self.terminal.type(f"o{text}")
        self.sees(text)

    def back(self) -> None:
        """By its name."""
        self.enter(f"e {self.file.name}")
        self.sees(self.file.read_text(encoding="utf-8").split("\n")[0])

    def open_line(self, text: str) -> None:
        """The same, and that was all of it."""
        self.type_line(text)
        self.normal()

    def type(self, text: str) -> None:
        """Goes on typing there."""
        self.terminal.type(text)

    def undo(self) -> None:
        """Takes the last change back, once."""
        self.normal()
        self.terminal.keys("u")

    def text(self) -> str:
        """The buffer's content, by saving it."""
        before = self.file.stat().st_mtime_ns
        self.enter("w!")

        def saved() -> bool:
            try:
                stat = self.file.stat()
            except FileNotFoundError:  # Helix moves the old one aside while it writes
                return False
            rows = [row for row in self.terminal.screen() if "written" in row]
            return stat.st_mtime_ns != before and any(f"{stat.st_size}B" in row for row in rows)

        self.wait("the file written", saved)
        return self.file.read_bytes().decode()

    def actions(self) -> list[str]:
        """Opens the menu of code actions; its titles in sight, in the order in which they are shown."""
        speakers = [speaker for speaker in (self.recording, self.neighbour) if speaker.answers("initialize")]
        earlier = [len(speaker.answers("textDocument/codeAction")) for speaker in speakers]
        self.normal()
        self.open_actions()
        offered = []
        for speaker, number in zip(speakers, earlier, strict=True):
            answers = self.wait(
                "an answer about code actions",
                lambda speaker=speaker, number=number: speaker.answers("textDocument/codeAction")[number:],
            )
            offered += [action["title"] for action in answers[-1]["result"] or ()]
        offered.sort(key=len, reverse=True)
        assert offered, "no code actions were offered"

        def shown() -> list[str]:
            rows = (next((title for title in offered if title in row), None) for row in self.terminal.screen())
            titles = [title for title in rows if title]
            return titles if len(titles) >= min(len(offered), self.menu_rows) else []

        return self.wait(f"the menu with {offered}", shown)

    def run_action(self, title: str) -> None:
        """Runs the code action of that title through the menu."""
        titles = self.actions()
        assert title in titles, f"{title!r} is not among {titles}"
        self.choose(titles, title)
