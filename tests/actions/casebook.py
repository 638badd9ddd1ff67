"""Reads the documents in `cases/`: source with a cursor, what the model replies, what comes out. Asks no model.

A case is a second-level heading, settings as `key: value` lines, and named fences of five tildes:

Source (required), Prompt (an own action's), File PATH (a file of the project), Changes (what git says has changed),
Reply (one for each time the model is asked), and what is expected: Result (the whole document), Result PATH (a file),
Answer, Findings (a line each), Fixed (the document with all fixes), Problem, Error (parts of the message), Asked and
Not asked (lines that the model is, or is not, shown).

In the texts `«` and `»` enclose the selection, `‸` is the cursor, `→` a tab, `␍` at a line's end a carriage return,
and `⊘` at the very end says that there is no final newline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dragoman.actions.base import Diagnostic, Scene, Severity
from dragoman.core.chat import Stop
from dragoman.core.text import Position, Range, Snapshot

ROOT = "/project"
_FENCE = re.compile(r"^\*\*(?P<name>[^*]+)\*\*\n\n?~~~~~\n(?P<text>.*?)^~~~~~$", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"^(?P<key>[a-z ]+): (?P<value>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One case of a document."""

    name: str
    settings: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]

    def setting(self, key: str, default: str = "") -> str:
        """The first value of a setting."""
        return next((value for own, value in self.settings if own == key), default)

    def all(self, name: str) -> list[str]:
        """The texts of that name, with `PATH` ones under `name PATH`."""
        return [text for own, text in self.texts if own == name]

    def named(self, prefix: str) -> dict[str, str]:
        """The texts whose name is the prefix and a path, by path."""
        return {own.removeprefix(prefix + " "): text for own, text in self.texts if own.startswith(prefix + " ")}

    def expected(self, name: str) -> str | None:
        """The text of that name in the case's line ends, or None."""
        found = self.all(name)
        return self._ended(found[0]) if found else None

    def _ended(self, text: str) -> str:
        text = text.replace("→", "\t")
        text = text.removesuffix("\n").removesuffix("⊘") if text.endswith("⊘\n") else text
        ends = {"crlf": "\r\n", "cr": "\r"}.get(self.setting("line ends"), "\n")
        return text.replace("\n", ends).replace("␍\n", "\r\n")

    @property
    def scene(self) -> Scene:
        """The moment that the action is asked for in."""
        marked = self.expected("Source")
        assert marked is not None
        plain = re.sub("[«»‸]", "", marked)
        snapshot = Snapshot.of(plain, uri="file:///project/x", version=1, language=self.setting("language"))
        start = re.search("[«‸]", marked)
        end = marked.find("»")
        first = start.start() if start else 0
        last = end - 1 if end >= 0 else first
        selection = Range(snapshot.position(first), snapshot.position(last))
        path = self.setting("path")
        return Scene(
            snapshot,
            selection,
            tuple(self._diagnostics(snapshot)),
            self.setting("instruction"),
            f"{ROOT}/{path}" if path else "",
            ROOT,
        )

    def _diagnostics(self, snapshot: Snapshot):
        for key, value in self.settings:
            if key == "diagnostic":
                line, message = value.split(" ", 1)
                number = int(line) - 1
                content = snapshot.lines[number].rstrip("\r\n")
                start = len(content) - len(content.lstrip())
                yield Diagnostic(
                    Range(Position(number, start), Position(number, len(content))), message, Severity.ERROR, "checker"
                )

    @property
    def replies(self) -> list[str]:
        """What the model says, each time it is asked."""
        return [text.replace("→", "\t").removesuffix("\n").replace("␍", "\r") for text in self.all("Reply")]

    @property
    def stop(self) -> Stop:
        """Why the model stopped."""
        return Stop(self.setting("stop", "stop"))


def cases() -> list[Case]:
    """All cases of all documents."""
    found = []
    for document in sorted(Path(__file__).with_name("cases").glob("*.md")):
        for section in _sections(document.read_text("utf-8")):
            title, body = section.split("\n", 1)
            texts = tuple((match["name"], match["text"]) for match in _FENCE.finditer(body))
            settings = tuple((match["key"], match["value"]) for match in _SETTING.finditer(_FENCE.sub("", body)))
            found.append(Case(f"{document.stem}: {title}", settings, texts))
    return found


def _sections(text: str) -> list[str]:
    """The text behind each second-level heading that stands outside the fences."""
    found: list[list[str]] = []
    inside = False
    for line in text.split("\n"):
        inside ^= line == "~~~~~"
        if line.startswith("## ") and not inside:
            found.append([line.removeprefix("## ")])
        elif found:
            found[-1].append(line)
    return ["\n".join(lines) for lines in found]
