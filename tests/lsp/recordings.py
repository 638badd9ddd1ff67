"""Each of the server's abilities as a short conversation, played at the desk and written to docs/recordings.md.

The server is the real one; the client, the model and the project are made of plain text. `scripts/recordings` writes
the page, the test plays each story again and compares.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.core.settings import Edits, OwnAction, Settings
from dragoman.core.testrun import TestReport
from lsp.desk import FULL, Bench, Desk, span
from lsp.orders import CODE, URI, WHOLE
from lsp.project import accepting
from virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PAGE = Path(__file__).parent.parent.parent / "docs" / "recordings.md"
HEAD = """\
# Recordings

What goes over the wire for each ability, as any editor may see it. This page is made by `scripts/recordings`: it plays
each story with the real server, a client made of plain JSON and a model whose words are given, and writes down every
message after `initialized`; a test plays them again. What the requests mean stands in [the protocol](protocol.md).

`→` is the editor, `←` the server. A request has a number, and its response the same. Ranges are written as
`line:character-line:character`, menus as their titles, what is drawn at random as `id-1`, long messages by their
beginning.

All of them begin with this file open, `/project/a.py`:

```python
{code}```
"""
LONGEST = 400
"""Characters of a message, from which on only its beginning is shown."""


class Tape(Desk):
    """A desk that notes what is said, from both sides."""

    def __init__(self, services: Bench) -> None:
        super().__init__(services)
        self.lines: list[str] = []
        self.editor: Any = None
        self._names: dict[str, str] = {}

    def write(self, frame: bytes) -> None:
        self._note("←", json.loads(frame.partition(b"\r\n\r\n")[2]))
        super().write(frame)

    def send(self, message: dict[str, Any]) -> None:
        self._note("→", message)
        super().send(message)

    async def does(self, title: str, where: dict[str, Any] = WHOLE, uri: str = URI) -> None:
        """Choose an entry of the menu of actions."""
        params = {"textDocument": {"uri": uri}, "range": where, "context": {"diagnostics": []}}
        entries = await self.request("textDocument/codeAction", params)
        commands = {each["title"]: each["command"] for each in entries}
        command = commands[title]
        self.ask("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")})
        await self.settle()

    async def answers(self, *pieces: str) -> None:
        """The model's words, and its end."""
        await self.settle()
        for piece in pieces:
            self.services.completer.queue(-1).put_nowait(piece)
            await self.settle()
        self.services.completer.queue(-1).put_nowait(None)
        await self.settle()

    def _note(self, who: str, message: dict[str, Any]) -> None:
        number = f" {message['id']}" if "id" in message else ""
        if "method" in message:
            said, value = message["method"], message.get("params")
        else:
            said, value = ("error", message["error"]) if "error" in message else ("result", message["result"])
        text = re.sub(r"\b[0-9a-f]{6,}(-[0-9]+)?\b", self._name, json.dumps(_plainly(value), ensure_ascii=False))
        self.lines.append(f"{who} {said}{number} {text if len(text) <= LONGEST else text[:LONGEST] + '…'}")

    def _name(self, drawn: re.Match[str]) -> str:
        """What stands for something that is drawn at random."""
        return self._names.setdefault(drawn[0], f"id-{len(self._names) + 1}")


@dataclass(frozen=True)
class Story:
    """One ability: what happens in words, and as it happens."""

    title: str
    words: str
    play: Callable[[Tape], Awaitable[None]]
    settings: Settings = Settings()  # noqa: RUF009 - immutable
    prepare: Callable[[Bench], None] | None = None


async def _refactor(tape: Tape) -> None:
    await tape.does("Refactor")
    await tape.answers("```python\ndef total(items):\n", "    return sum(items)\n```\n")


async def _typing(tape: Tape) -> None:
    await tape.does("Refactor")
    tape.editor.type(URI, span(1, 4, 1, 10), "amount")
    await tape.answers("```python\ndef total(items):\n    return sum(items)\n```\n")
    await tape.does("Apply anyway: Refactor")


async def _explain(tape: Tape) -> None:
    order = {"action": "explain", "textDocument": {"uri": URI}, "range": WHOLE, "partialResultToken": "answer"}
    _, response = tape.ask("dragoman/run", order)
    await tape.answers("It adds up ", "what the items hold.")
    await response


async def _watch(tape: Tape) -> None:
    tape.on["window/showDocument"] = lambda _: {"success": True}
    tape.editor.type(URI, span(4, 17, 4, 17), "\nprint()")
    await tape.does("Explain")
    await tape.does("Watch in the browser: Explain")
    await tape.answers("It adds up ", "what the items hold.")
    tape.editor.type(URI, span(0, 0, 0, 0), "import os\n")
    await tape.request("textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 3, "character": 8}})


async def _cancel(tape: Tape) -> None:
    order = {"action": "explain", "textDocument": {"uri": URI}, "range": WHOLE, "partialResultToken": "answer"}
    number, response = tape.ask("dragoman/run", order)
    await tape.settle()
    tape.services.completer.queue(-1).put_nowait("It adds up ")
    await tape.settle()
    tape.notify("$/cancelRequest", {"id": number})
    await response


def _findings() -> str:
    fix = {"from": 2, "to": 2, "code": "    result = 0.0"}
    found = [{"line": 2, "text": "    result = 0", "severity": "warning", "code": "float", "message": "Use a float."}]
    return f"```json\n{json.dumps([{**found[0], 'fix': fix}])}\n```"


async def _review(tape: Tape) -> None:
    await tape.does("Review")
    await tape.answers(_findings())
    await tape.does("Fix: Use a float.", span(1, 0, 1, 0))


DIFF = """\
diff --git a/a.py b/a.py
index 1111111..2222222 100644
--- a/a.py
+++ b/a.py
@@ -1,3 +1,5 @@
 def total(items):
+    result = 0
+    for item in items:
         result += item
     return result
"""


def _changed(bench: Bench) -> None:
    bench.repository.diff = DIFF


async def _review_changes(tape: Tape) -> None:
    tape.ask("workspace/executeCommand", {"command": "dragoman.review.changes", "arguments": []})
    await tape.answers(_findings().replace('"line"', '"file": "a.py", "line"'))


async def _commit(tape: Tape) -> None:
    order = {"action": "commit", "textDocument": {"uri": URI}}
    _, response = tape.ask("dragoman/run", order)
    await tape.answers("Add up the items one by one\n")
    await response


async def _hunks(tape: Tape) -> None:
    await _refactor(tape)
    await tape.request("textDocument/codeLens", {"textDocument": {"uri": URI}})
    await tape.does("Accept this change", span(3, 0, 3, 0))


async def _instruction(tape: Tape) -> None:
    tape.editor.type(URI, span(1, 0, 1, 0), "    # use sum AI!\n")
    await tape.does("Edit: use sum", span(1, 0, 1, 0))
    await tape.answers("```python\ndef total(items):\n    return sum(items)\n```\n")


async def _all_comments(tape: Tape) -> None:
    tape.editor.type(URI, span(1, 0, 1, 0), "    # a float AI!\n")
    tape.editor.type(URI, span(5, 17, 5, 17), "  # and rounded AI!")
    await tape.does("Do all 2 AI! comments", span(3, 0, 3, 0))
    await tape.answers("```python\ndef total(items):\n    return round(sum(items, 0.0))\n```\n")


async def _own(tape: Tape) -> None:
    await tape.does("Shorten it")
    await tape.answers("```python\ndef total(items):\n    return sum(items)\n```\n")


async def _chat(tape: Tape) -> None:
    talk = "file:///project/talk.md"
    tape.editor.open("## You\n\nWhat does `sum` do?\n", talk, "markdown")
    await tape.does("Continue the conversation", span(2, 0, 2, 0), talk)
    await tape.answers("It adds up.")
    tape.ask("workspace/executeCommand", {"command": "dragoman.chat", "arguments": [talk, "And `max`?"]})
    await tape.answers("It takes the largest.")


async def _inline(tape: Tape) -> None:
    def ask(character: int) -> None:
        params = {"textDocument": {"uri": URI}, "position": {"line": 5, "character": character}}
        tape.ask("textDocument/inlineCompletion", {**params, "context": {"triggerKind": 2}})

    tape.editor.type(URI, span(4, 17, 4, 17), "\nprint(")
    ask(6)
    await asyncio.sleep(1)
    tape.services.filler.propose("total([1, 2]))")
    await tape.settle()
    for number, key in enumerate("to"):
        tape.editor.type(URI, span(5, 6 + number, 5, 6 + number), key)
        ask(7 + number)
        await tape.settle()


class Reports:
    """A test runner of which the story knows how each run goes."""

    def __init__(self, *reports: TestReport) -> None:
        self._reports = list(reports)

    async def run(self, _call: object) -> TestReport:
        return self._reports.pop(0)


def _test_runner(bench: Bench) -> None:
    failed = TestReport(passed=False, output="E   assert 3 == 4\n1 failed in 0.01s", seconds=0.4)
    bench.test_runner = Reports(failed, TestReport(passed=True, output="1 passed in 0.01s", seconds=0.4))


async def _tests(tape: Tape) -> None:
    tape.on["window/showMessageRequest"] = lambda _: {"title": "Run them"}
    await tape.does("Write and run tests")
    test = "```python\nfrom a import total\n\n\ndef test_total():\n    assert total([1, 2]) == {}\n```\n"
    await tape.answers(test.format(4))
    await tape.answers(test.format(3))


STORIES = (
    Story("Refactor", "A code action, and one smallest, versioned edit when the model has written.", _refactor),
    Story(
        "Typing inside the target meanwhile",
        "Nothing is applied over what the person has typed. The result is kept and offered.",
        _typing,
    ),
    Story("Explain, streamed to a plugin", "The answer comes piece by piece on the token of the plugin.", _explain),
    Story(
        "Explain, without a plugin",
        "The answer opens as a file when it is whole, and in the browser before, if the person wants it. Then it is "
        "the hover on its text, wherever that has moved.",
        _watch,
    ),
    Story("Cancel", "The provider's connection closes at once, and the request ends with -32800.", _cancel),
    Story("An instruction without a prompt box", "A comment that ends in `AI!` goes away with the edit.", _instruction),
    Story("All instructions at once", "From anywhere in the document, in one edit.", _all_comments),
    Story(
        "An action of one's own",
        "The entry's command is one that every editor knows; one that takes commands later hears of the action's too.",
        _own,
        Settings(actions={"shorten": OwnAction(title="Shorten it", prompt="Make it shorter.")}),
    ),
    Story("Chat", "The document is the history. A question is there, or comes with the command.", _chat),
    Story("Review", "Findings on the right lines, each with its fix where the model gave one.", _review),
    Story("Review what git says has changed", "The same for the working tree.", _review_changes, prepare=_changed),
    Story("Commit message", "Of what is staged, or else of what has changed.", _commit, prepare=_changed),
    Story(
        "Inline completion",
        "A model is asked when the person pauses. While they type what it proposed, the rest comes without one.",
        _inline,
    ),
    Story(
        "Changes that wait in the text",
        "With `edits.review` the result stands between marks, and goes the way the person says.",
        _hunks,
        Settings(edits=Edits(review=True)),
    ),
    Story(
        "Tests that are run",
        "The person is asked first. What fails goes back to the model once, and the file comes when that was run too.",
        _tests,
        prepare=_test_runner,
    ),
)


def played(story: Story) -> str:
    """The story's section of the page, as it happens now."""

    async def conversation() -> list[str]:
        bench = Bench(story.settings)
        if story.prepare is not None:
            story.prepare(bench)
        tape = Tape(bench)
        await tape.start(FULL)
        tape.on["window/showMessageRequest"] = lambda _: None
        tape.editor = accepting(tape)
        tape.editor.open(CODE, URI, "python")
        await tape.settle()
        tape.lines.clear()
        await story.play(tape)
        await tape.settle()
        lines = list(tape.lines)
        await tape.leave()
        return lines

    said = "\n".join(run(conversation()))
    return f"## {story.title}\n\n{story.words}\n\n```text\n{said}\n```\n"


def _plainly(value: Any) -> Any:
    """The value as people would write it down: ranges in short, menus as their titles."""
    if isinstance(value, list):
        return [each["title"] if _is_entry(each) else _plainly(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"start", "end"}:
        return "-".join(f"{value[end]['line']}:{value[end]['character']}" for end in ("start", "end"))
    return {key: _plainly(each) for key, each in value.items()}


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= {"title", "kind", "command"}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD.format(code=CODE), *(played(story) for story in STORIES)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
