"""An editor that types while models write, in every way that editors answer `workspace/applyEdit`.

Its buffer holds glyphs with an identity, so that a test can say of each character who put it there and who took it
away. Positions are computed here by plain counting, apart from the code under test.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsp.desk import Desk

LATENCY = 0.004
"""Seconds that a message is under way."""
OVERTAKEN = (0.0, 0.03, 0.0, 0.01, 0.0, 0.0, 0.04, 0.02)
"""Seconds more that a change takes, one after the other, where changes overtake each other."""

NAMES = {
    "refuses_stale": "Visual Studio Code",
    "skips_stale": "Neovim",
    "rebases_stale": "Zed",
    "errs_on_stale": "Emacs",
    "refuses_all": "somebody",
    "never_answers": "somebody else",
    "lies": "nobody",
    "overtakes": "Helix",
}
"""The ways to answer, with a client that answers so."""


@dataclass(eq=False, slots=True)
class Glyph:
    """One character, and who put it there: `file`, `person` or `edit` with its number."""

    character: str
    origin: str


@dataclass(eq=False)
class Asked:
    """One request: what its target held, and what the model will say."""

    reply: str
    target: frozenset[Glyph]
    before: tuple[Glyph, ...]
    after: tuple[Glyph, ...]
    response: asyncio.Future[Any]
    job: int
    answered: bool = False
    landed: int = 0

    @property
    def reached_a_model(self) -> bool:
        """Whether a model was asked at all: not where there was nothing to work on."""
        return not self.response.done() or "error" not in self.response.result()


@dataclass
class TypingEditor:
    """The editor. Everything it sends takes a moment; what it is sent too."""

    desk: Desk
    way: str
    uri: str
    glyphs: list[Glyph]
    version: int = 1
    asked: list[Asked] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _sent: list[Glyph] = field(default_factory=list)
    _edits: int = 0
    _undo: list[list[Glyph]] = field(default_factory=list)
    _versions: dict[int, list[Glyph]] = field(default_factory=dict)
    _flush: asyncio.TimerHandle | None = None
    _arrives: float = 0.0
    _in_turn: float = 0.0
    _landed_unsent: bool = False

    def __post_init__(self) -> None:
        self._sent = list(self.glyphs)
        self._versions[self.version] = list(self.glyphs)
        self.desk.on["workspace/applyEdit"] = self._asked_to_apply

    @property
    def text(self) -> str:
        """What the person sees."""
        return "".join(glyph.character for glyph in self.glyphs)

    # The person

    def type(self, offset: int, text: str) -> None:
        """Type at an offset."""
        self._remember()
        self.glyphs[offset:offset] = [Glyph(character, "person") for character in text]
        self._changed()

    def delete(self, offset: int, count: int) -> None:
        """Delete so many characters."""
        self._remember()
        del self.glyphs[offset : offset + count]
        self._changed()

    def undo(self) -> None:
        """Take the last change back, whoever made it.

        Nobody takes back what was not on the screen for as long as an editor holds its changes: an edit that landed
        and was undone within that time would, for the server, never have been there.
        """
        if self._landed_unsent:
            self._send_changes()
        if self._undo:
            self.glyphs = self._undo.pop()
            self._changed()

    def save(self) -> None:
        """Save, which sends what is still held back first."""
        self._send_changes()
        self._later(lambda: self.desk.notify("textDocument/didSave", {"textDocument": {"uri": self.uri}}))

    def ask(self, first: int, last: int, reply: str, number: int) -> None:
        """Ask for other lines in the place of some; the selection leaves out the last line's end."""
        self._send_changes()
        start, end = self._line_start(first), self._line_end(last)
        target = frozenset(self.glyphs[start:end])
        asked = Asked(
            reply,
            target,
            tuple(self.glyphs[:start]),
            tuple(self.glyphs[end:]),
            asyncio.get_running_loop().create_future(),
            number,
        )
        params = {
            "action": "refactor",
            "textDocument": {"uri": self.uri},
            "range": {"start": self._position(self.glyphs, start), "end": self._position(self.glyphs, end)},
        }
        self.asked.append(asked)

        def send() -> None:
            _, response = self.desk.ask("dragoman/run", params)
            response.add_done_callback(lambda done: asked.response.set_result(done.result()))

        self._later(send)

    # Changes on their way to the server

    def _remember(self) -> None:
        self._undo.append(list(self.glyphs))

    def _changed(self) -> None:
        self.version += 1
        self._versions[self.version] = list(self.glyphs)
        if self.way != "skips_stale":
            self._send_changes()
        elif self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(0.15, self._send_changes)

    def _send_changes(self) -> None:
        """One range from the first difference to the last, as an editor that compares buffers sends it."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        self._landed_unsent = False
        old, new = self._sent, self.glyphs
        if old == new:
            return
        head = 0
        while head < min(len(old), len(new)) and old[head] is new[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and old[-1 - tail] is new[-1 - tail]:
            tail += 1
        change = {
            "range": {"start": self._position(old, head), "end": self._position(old, len(old) - tail)},
            "text": "".join(glyph.character for glyph in new[head : len(new) - tail]),
        }
        identifier = {"uri": self.uri, "version": self.version}
        params = {"textDocument": identifier, "contentChanges": [change]}
        self._sent = list(new)
        longer = OVERTAKEN[self.version % len(OVERTAKEN)] if self.way == "overtakes" else None
        self._later(lambda: self.desk.notify("textDocument/didChange", params), longer)

    def _later(self, send: Any, longer: float | None = None) -> None:
        """Send after the latency, and never before what was sent earlier: timers of one moment have no order.

        With `longer`, after so much more, whatever changes were sent earlier: those may be overtaken, nothing else.
        """
        loop = asyncio.get_running_loop()
        if longer is None:
            at = self._in_turn = max(loop.time() + LATENCY, self._arrives + 1e-6)
        else:
            at = max(loop.time() + LATENCY + longer, self._in_turn + 1e-6)
        self._arrives = max(self._arrives, at)
        loop.call_at(at, send)

    # Edits from the server

    async def _asked_to_apply(self, params: Any) -> Any:
        await asyncio.sleep(LATENCY)
        (document,) = params["edit"]["documentChanges"]
        result = self._apply(document["textDocument"]["version"], document["edits"])
        if self.way == "never_answers":
            await asyncio.sleep(10_000)
        await asyncio.sleep(LATENCY)
        return result

    def _apply(self, version: int, edits: list[Any]) -> Any:
        stale = version != self.version
        match self.way:
            case "refuses_all" | "never_answers":
                return {"applied": False, "failureReason": "not today"}
            case "lies":
                return {"applied": True}
            case "refuses_stale" if stale:
                return {"applied": False}
            case "skips_stale" if stale:
                return {"applied": True}
            case "errs_on_stale" | "overtakes" if stale:
                return RuntimeError("document has changed")
        self._edits += 1
        base = self._versions[version]
        self._remember()
        meant = list(base)
        for edit in sorted(edits, key=lambda edit: self._offset(base, edit["range"]["start"]), reverse=True):
            start, end = self._offset(base, edit["range"]["start"]), self._offset(base, edit["range"]["end"])
            new = [Glyph(character, f"edit {self._edits}") for character in edit["newText"]]
            meant[start:end] = new
            self._replace(base, start, end, new)
        self._check_landing(meant)
        self._landed_unsent = True
        self._changed()
        return {"applied": True}

    def _replace(self, base: list[Glyph], start: int, end: int, new: list[Glyph]) -> None:
        """Replace glyphs of an earlier text in the present one, as an editor that rebases edits does."""
        gone = set(map(id, base[start:end]))
        present = {id(glyph): index for index, glyph in enumerate(self.glyphs)}
        place = 0
        for glyph in reversed(base[:start]):
            if id(glyph) in present:
                place = present[id(glyph)] + 1
                break
        removed = [glyph for glyph in self.glyphs if id(glyph) in gone]
        if not any(set(removed) <= asked.target for asked in self.asked if asked.answered):
            self.faults.append(f"an edit removed {''.join(glyph.character for glyph in removed)!r} outside its target")
        self.glyphs[place:place] = new
        self.glyphs = [glyph for glyph in self.glyphs if id(glyph) not in gone]

    def _check_landing(self, meant: list[Glyph]) -> None:
        """Some request's reply must stand where its target stood, with at most the person's typing beside it.

        In the text that the edit was meant for: where an editor rebases it, the person may have taken away meanwhile
        what the smallest edit keeps, and that stays taken away.
        """
        for asked in self.asked:
            if asked.answered and not asked.landed and self.shows(asked, f"edit {self._edits}", meant):
                asked.landed += 1
                return
        self.faults.append(f"an edit landed where no reply belongs: {self.text!r}")

    def shows(self, asked: Asked, edit: str = "", glyphs: list[Glyph] | None = None) -> bool:
        """Whether the reply stands where the target stood, with nothing beside it that this edit has put there."""
        glyphs = self.glyphs if glyphs is None else glyphs
        before, after = set(map(id, asked.before)), set(map(id, asked.after))
        indices = [index for index, glyph in enumerate(glyphs) if id(glyph) in before]
        start = indices[-1] + 1 if indices else 0
        end = next((index for index, glyph in enumerate(glyphs) if id(glyph) in after), len(glyphs))
        # Blanks are left out: the reply takes on the target's indentation and its final newline.
        text = "".join("".join(glyph.character for glyph in glyphs[start:end]).split())
        reply = "".join(asked.reply.split())
        if reply not in text:
            return False
        beside = text.replace(reply, "", 1)
        typed = [
            glyph.character
            for glyph in glyphs[start:end]
            if glyph.origin != edit and glyph not in asked.target  # typed there, or brought back there by an undo
        ]
        return all(character in typed for character in beside)

    # Positions in UTF-16 units, by plain counting

    @staticmethod
    def _position(glyphs: list[Glyph], offset: int) -> dict[str, int]:
        head = "".join(glyph.character for glyph in glyphs[:offset])
        line = head.count("\n")
        rest = head.rpartition("\n")[2]
        return {"line": line, "character": sum(2 if ord(character) > 0xFFFF else 1 for character in rest)}

    @staticmethod
    def _offset(glyphs: list[Glyph], position: dict[str, int]) -> int:
        line = character = 0
        for offset, glyph in enumerate(glyphs):
            if line == position["line"] and (character >= position["character"] or glyph.character == "\n"):
                return offset
            if glyph.character == "\n":
                line, character = line + 1, 0
            else:
                character += 2 if ord(glyph.character) > 0xFFFF else 1
        return len(glyphs)

    def _line_start(self, line: int) -> int:
        return self._offset(self.glyphs, {"line": line, "character": 0})

    def _line_end(self, line: int) -> int:
        return self._offset(self.glyphs, {"line": line, "character": 10**6})

    @property
    def line_count(self) -> int:
        """Lines, the last one too."""
        return self.text.count("\n") + 1
