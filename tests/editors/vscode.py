"""VS Code in a browser without windows, as the scenarios drive it."""

from __future__ import annotations

import contextlib
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from editors import workbench
from editors.driver import Editor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from editors.desk import Desk
    from editors.workbench import Workbench

T = TypeVar("T")

PATIENCE = 8
"""Seconds after which a person wonders whether it was asked for at all."""


class VSCode(Editor):
    """What a scenario does goes through the API in the extension host; what it sees is read from the window."""

    name = "VS Code"
    holds_messages = False
    has_panel = True
    lacks = MappingProxyType({"watch in the browser": "its own panel shows the answer while it is written"})

    def __init__(
        self,
        desk: Desk,
        programs: Path,
        place: Workbench,
        *,
        settings: Mapping[str, Any] | None = None,
        trusted: bool = True,
        found: bool = True,
    ) -> None:
        """`settings` are VS Code's; `trusted` says whether the folder is, `found` whether the server lies where it is
        looked for.
        """
        self.file, self.recording, self.opened, self.desk = desk.file, desk.recording, desk.opened, desk
        if found:
            # VS Code asks a login shell for the PATH, which knows nothing of the desk's.
            tools = desk.home / ".local" / "bin"
            tools.mkdir(parents=True)
            (tools / "dragoman").symlink_to(desk.home / "bin" / "dragoman")
        trust = {} if not trusted else {"security.workspace.trust.enabled": False}
        self.place, self.page = place, place.page
        self._closing = contextlib.ExitStack()
        self._agent = self._closing.enter_context(place.opened(desk, {**trust, **(settings or {})}))
        self.ask("open", path=str(self.file))

    @classmethod
    def missing(cls, programs: Path) -> str | None:
        """VS Code, its browser, or the extension's package."""
        return workbench.missing()

    @classmethod
    def version(cls, programs: Path) -> str:
        """VS Code's own."""
        return workbench.version()

    # What a scenario asks for

    def ask(self, ability: str, **wish: Any) -> Any:
        """Something that the agent can do in the extension host."""
        return self._agent.ask(ability, **wish)

    def attached(self) -> None:
        """The window knows by then what the server can do."""
        super().attached()
        self.wait("a first question of the status bar's", lambda: self.recording.sent("dragoman/status"))

    def close(self) -> None:
        """Closes the window, however it stands."""
        self._closing.close()

    def shows(self, selector: str) -> bool:
        """Whether there is such an element."""
        return bool(self.page.ask("count", selector=selector))

    def click(self, selector: str, has: str | None = None) -> None:
        """On the first such element that holds the text, in the window or in a panel."""
        self.page.ask("click", selector=selector, **({"has": has} if has else {}))

    def press(self, keys: str, focus: str = ".monaco-editor.focused") -> None:
        """By the keyboard, when what is to have the keys has the focus."""
        self.wait(f"the focus on {focus}", lambda: self.shows(focus))
        self.page.ask("press", keys=keys)

    def fill(self, words: str) -> None:
        """Writes them into the prompt, and presses Enter."""
        self.wait("the prompt", lambda: self.shows(".quick-input-box input:focus"))
        self.page.ask("type", text=words)
        self.page.ask("press", keys="Enter")

    def screen(self) -> list[str]:
        """The lines of text in the window and its panels."""
        return str(self.page.ask("text")).split("\n")

    def wait(self, what: str, condition: Callable[[], T], seconds: float = workbench.START_SECONDS) -> T:
        """With more patience: so large a program is slow where others work too."""
        return super().wait(what, condition, seconds)

    def _describe(self, what: str) -> str:
        return "\n".join([super()._describe(what), *self.place.journal()])

    def normal(self) -> None:
        """There are no modes."""

    def go_to(self, text: str) -> None:
        """Puts the cursor at the beginning of the first line that holds the text."""
        lines = self.text().split("\n")
        self.ask("select", line=next(number for number, line in enumerate(lines) if text in line))

    def type_line(self, text: str) -> None:
        """By the command behind Ctrl+Enter, and the one behind every key."""
        self.ask("typeLine", text=text)

    open_line = type_line

    def type(self, text: str) -> None:
        """By the command behind every key."""
        self.ask("type", text=text)

    def undo(self) -> None:
        """By the command behind Ctrl+Z."""
        self.ask("undo")

    def text(self) -> str:
        """The document's text."""
        return str(self.ask("text"))

    def actions(self) -> list[str]:
        """Every code action here, of whatever kind."""
        return self.wait("code actions", lambda: self.ask("actions"))

    def run_action(self, title: str) -> None:
        """As the lightbulb's menu runs it: by a command without arguments, which VS Code may have dropped by then."""
        ran = self.wait(f"the action {title!r}", lambda: self.ask("run", title=title))
        assert ran["arguments"] == 0, "the action's command has arguments"

    def stand_on(self, problem: str) -> None:
        """Reports it, as an extension of the language would."""
        lines = self.text().split("\n")
        self.ask("diagnose", line=next(n for n, line in enumerate(lines) if "import math" in line), message=problem)

    def command(self, name: str, words: str = "") -> None:
        """By its name, as a key binding runs it; it is there once the server has started."""
        command = f"dragoman.{name}"
        self.wait(f"the command {command}", lambda: command in self.ask("commands"))
        self.ask("command", name=command, words=[words] if words else [])

    def insist(self, what: str, condition: Callable[[], T], again: Callable[[], object]) -> T:
        """Waits for it, and does that again now and then: VS Code drops what it was about to show where the focus moves
        or the text under it changes.
        """
        done = time.monotonic()

        def met() -> T:
            nonlocal done
            if not (value := condition()) and time.monotonic() > done + PATIENCE:
                again()
                done = time.monotonic()
            return value

        return self.wait(what, met)

    def menu(self, keys: str, entry: str) -> None:
        """Opens what is behind these keys."""
        self.press(keys)
        self.insist(f"the menu behind {keys}", lambda: self.shows(entry), lambda: self.press(keys))

    def proposes(self, text: str) -> None:
        """Waits for the grey text, which typing has to bring. Where it does not come, a blank is typed and deleted."""

        def type_again() -> None:
            self.type(" ")
            self.ask("command", name="deleteLeft")

        self.insist(f"{text!r} proposed", lambda: any(text in row for row in self.screen()), type_again)

    def take_proposal(self, text: str) -> None:
        """Grey text, and Tab."""
        self.proposes(text)
        self.page.ask("press", keys="Tab")

    def hover(self) -> None:
        """By the command behind Ctrl+K Ctrl+I, which goes into a hover that is there already."""
        self.page.ask("press", keys="Escape")
        self.ask("command", name="editor.action.showHover")

    def back(self) -> None:
        """As if it was chosen in the explorer."""
        self.ask("open", path=str(self.file))

    def cancel(self) -> None:
        """By the button of the notification that shows the progress."""
        self.click(".notification-list-item .monaco-button", "Cancel")
