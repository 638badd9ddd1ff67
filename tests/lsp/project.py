"""A project on a disk that is a dictionary, and an editor that takes every edit, both made of plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dragoman.core.ports import Disclosure

if TYPE_CHECKING:
    from lsp.desk import Desk

LINE_END = re.compile(r"\r\n|\n|\r")
SIZES = {"utf-8": lambda c: len(c.encode()), "utf-16": lambda c: 1 + (c > "\uffff"), "utf-32": lambda c: 1}


@dataclass
class Project:
    """`core.ports.Files` by path. `rules` say where texts may go, if not everywhere;
    what lies below one of the `links` is really elsewhere.
    """

    texts: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Disclosure] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    looks: list[str] = field(default_factory=list)

    async def read_text(self, path):
        self.looks.append(path)
        return None if self.last_disclosure(path).withheld else self.texts.get(path)

    async def existing(self, paths):
        folders = {path.rpartition("/")[0] for path in self.texts}
        return frozenset(path for path in paths if path in self.texts or path in folders)

    async def inside(self, paths):
        return frozenset(path for path in paths if not path.startswith(self.links))

    async def listed(self, folder):
        return tuple(sorted(path.rpartition("/")[2] for path in self.texts if path.rpartition("/")[0] == folder))

    async def disclosures(self, paths):
        asked = list(paths)
        self.looks += asked
        return {path: self.rules.get(path, Disclosure()) for path in asked}

    def last_disclosure(self, path):
        return self.rules.get(path, Disclosure()) if path in self.looks else Disclosure()


@dataclass
class Editor:
    """Open buffers and unopened files, changed by `workspace/applyEdit` as the protocol says."""

    desk: Desk
    encoding: str
    buffers: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    disk: dict[str, str] = field(default_factory=dict)
    edits: list[Any] = field(default_factory=list)
    created: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)

    def open(self, text: str, uri: str, language: str) -> None:
        self.buffers[uri], self.versions[uri] = text, 1
        self.desk.open(text, uri, language)

    def text(self, uri: str) -> str:
        return self.buffers[uri] if uri in self.buffers else self.disk[uri]

    def type(self, uri: str, range_: Any, text: str) -> None:
        """The person replaces a range."""
        self.buffers[uri] = self._edited(self.buffers[uri], [{"range": range_, "newText": text}])
        self._changed(uri, [{"range": range_, "text": text}])

    def close(self, uri: str) -> None:
        del self.buffers[uri]
        self.desk.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def applied(self, params: Any) -> Any:
        """Answer `workspace/applyEdit`."""
        edit = params["edit"]
        self.edits.append(edit)
        for uri, edits in edit.get("changes", {}).items():
            self._apply(uri, edits)
        for change in edit.get("documentChanges", ()):
            if change.get("kind") == "create":
                if change["uri"] in self.disk:
                    return {"applied": False, "failureReason": "the file exists"}
                self.created.add(change["uri"])
                self.disk[change["uri"]] = ""
                continue
            document = change["textDocument"]
            if document["version"] not in (None, self.versions.get(document["uri"])):
                return {"applied": False, "failureReason": "the document has changed"}
            self._apply(document["uri"], change["edits"])
        return {"applied": True}

    def show(self, params: Any) -> Any:
        """Answer `window/showDocument`."""
        self.shown.append(params["uri"])
        return {"success": True}

    def _apply(self, uri: str, edits: Any) -> None:
        if uri not in self.buffers:
            self.disk[uri] = self._edited(self.disk.get(uri, ""), edits)
            return
        self.buffers[uri] = self._edited(self.buffers[uri], edits)
        self._changed(uri, [{"text": self.buffers[uri]}])

    def _changed(self, uri: str, changes: Any) -> None:
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.send({"textDocument": document, "contentChanges": changes})

    def send(self, change: Any) -> None:
        """A didChange goes out."""
        self.desk.notify("textDocument/didChange", change)

    def _edited(self, text: str, edits: Any) -> str:
        places = [
            (self._offset(text, edit["range"]["start"]), self._offset(text, edit["range"]["end"]), edit["newText"])
            for edit in edits
        ]
        for start, end, new in sorted(places, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _offset(self, text: str, position: Any) -> int:
        """By plain counting; a position that does not exist is the server's mistake."""
        offset = 0
        for _ in range(position["line"]):
            offset = LINE_END.search(text, offset).end()
        count = 0
        while count < position["character"]:
            assert text[offset] not in "\r\n", "a position past the line's end"
            count += SIZES[self.encoding](text[offset])
            offset += 1
        assert count == position["character"], "a position inside a character"
        return offset


def accepting(desk: Desk) -> Editor:
    """An editor at the desk that takes every edit and shows every document."""
    editor = Editor(desk, desk.server.facts.encoding.value)
    desk.on["workspace/applyEdit"] = editor.applied
    desk.on["window/showDocument"] = editor.show
    desk.on.setdefault("window/workDoneProgress/create", lambda params: None)
    return editor
