"""Documents of every kind of URI, and every kind of action in them: right, or declined in one line at no cost."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from dragoman.core.ports import Disclosure
from lsp.desk import FULL, Bench, at, span
from lsp.orders import CODE, NEW, WHOLE, answered, open_code
from lsp.project import Project

DIFF = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -2 +2 @@\n-    result = 1\n+    result = 0\n"
FOUND = '[{"file": "a.py", "line": 2, "text": "    result = 0", "message": "Use sum."}]'
READ_ONLY = "document can only be read"
NO_PLACE = "no file on this machine"
NO_FOLDER = "in no folder"
OUTSIDE = "outside the workspace"
DONE = ""


@dataclass(frozen=True)
class Kind:
    """A kind of document. `edit`, `tests` and `changes` are a part of the refusal, or DONE. Questions are answered."""

    name: str
    uri: str
    edit: str = DONE
    tests: str = NO_PLACE
    changes: str = NO_FOLDER


KINDS = (
    Kind("in-a-folder", "file:///project/a.py", tests=DONE, changes=DONE),
    Kind("in-the-second-folder", "file:///second/a.py", tests=DONE, changes=DONE),
    Kind("escaped-differently", "file:///project/%61.py", tests=DONE, changes=DONE),
    Kind("localhost", "file://localhost/project/a.py", tests=DONE, changes=DONE),
    Kind("outside", "file:///elsewhere/a.py", tests=OUTSIDE, changes=DONE),
    Kind("other-host", "file://host/share/a.py"),
    Kind("untitled", "untitled:Untitled-1"),
    Kind("untitled-with-a-name", "untitled:/project/new.py", changes=DONE),
    Kind("remote", "vscode-remote://ssh-remote%2Bbox/home/me/a.py"),
    Kind("virtual", "vscode-vfs://github/owner/name/a.py"),
    Kind("copied", "scp://box//home/me/a.py"),
    Kind("cell-as-document", "vscode-notebook-cell:/project/a.ipynb#W0sZmlsZQ%3D%3D", changes=DONE),
    Kind("older-state", 'git:/project/a.py?{"path":"/project/a.py","ref":"~"}', edit=READ_ONLY, changes=DONE),
    Kind("older-state-elsewhere", "gitlens://0a1b/elsewhere/a.py", edit=READ_ONLY),
    Kind("log", "output:extension-output-some.thing-%231-Thing", edit=READ_ONLY),
    Kind("page", "http://example.org/a.py", edit=READ_ONLY),
    Kind("page-of-an-address", "https://[2001:db8::1]:8080/a.py", edit=READ_ONLY),
    Kind("class-file", "jdt://contents/java.base/java.util/List.class", edit=READ_ONLY),
    Kind("in-an-archive", "zipfile:///project/a.zip::a.py", edit=READ_ONLY, changes=DONE),
    Kind("unknown", "blorp:some/thing"),
    Kind("no-uri", "a buffer without a name"),
    Kind("broken", "http://[broken/a.py"),
)


class Confined(Project):
    """A project in which the workspace's folders are those that the server knows."""

    def below(self, roots):
        self.roots = roots
        return self

    async def inside(self, paths):
        return frozenset(path for path in paths if path.startswith(tuple(f"{root}/" for root in self.roots)))


@pytest.fixture
async def desk(open_desk):
    """A client with two folders open."""
    services = Bench()
    services.project = Confined({"/project/a.py": CODE, "/second/a.py": CODE, "/elsewhere/a.py": CODE})
    services.files = services.project.below
    folders = [{"uri": "file:///project", "name": "project"}, {"uri": "file:///second", "name": "second"}]
    return await open_desk(FULL, services=services, workspaceFolders=folders)


def order(action, kind, **more):
    """The params of a run in a document of that kind."""
    return {"action": action, "textDocument": {"uri": kind.uri}, "range": WHOLE, **more}


async def declined(desk, params, part):
    """The order is refused in one line, before anybody is asked."""
    error = await desk.refused("dragoman/run", params)
    assert error["code"] == -32602
    assert part in error["message"]
    assert "\n" not in error["message"]
    assert desk.services.completer.jobs == []


def each_kind(test):
    """Run for all of them."""
    return pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)(test)


@each_kind
async def test_questions(desk, kind):
    """Whatever an editor shows can be asked about."""
    await open_code(desk, uri=kind.uri)
    for action in ("explain", "ask"):
        message = await answered(desk, "dragoman/run", order(action, kind, instruction="why?"), "Because.")
        assert message["result"]["markdown"].strip() == "Because."


@each_kind
async def test_reviews(desk, kind):
    """Whatever an editor shows can be reviewed; the findings stand in that document."""
    await open_code(desk, uri=kind.uri)
    reply = '[{"line": 2, "text": "    result = 0", "message": "Use sum."}]'
    message = await answered(desk, "dragoman/run", order("review", kind), reply)
    assert [finding["uri"] for finding in message["result"]["findings"]] == [kind.uri]
    assert [params["uri"] for params in desk.notifications("textDocument/publishDiagnostics")] == [kind.uri]


@each_kind
@pytest.mark.parametrize("action", ["refactor", "document", "edit", "fix"])
async def test_edits(desk, kind, action):
    """An edit lands on the document, under the URI that the editor gave it; what can only be read is declined."""
    editor = await open_code(desk, uri=kind.uri)
    diagnostics = [{"range": span(1, 4, 1, 10), "message": "result is unused"}]
    params = order(action, kind, instruction="make it short", diagnostics=diagnostics)
    if kind.edit:
        await declined(desk, params, kind.edit)
        assert editor.text(kind.uri) == CODE
        return
    message = await answered(desk, "dragoman/run", params)
    assert message["result"]["applied"], message
    assert editor.text(kind.uri) == NEW


@each_kind
async def test_edits_that_a_plugin_makes_of_it(desk, kind):
    """With `apply: false` the edit is the client's business, whatever the document."""
    await open_code(desk, uri=kind.uri)
    message = await answered(desk, "dragoman/run", order("refactor", kind, apply=False))
    assert message["result"]["edits"]


@each_kind
async def test_tests(desk, kind):
    """Tests stand beside a file, in its own workspace folder; what has none is declined."""
    editor = await open_code(desk, uri=kind.uri)
    if kind.tests:
        await declined(desk, order("tests", kind), kind.tests)
        return
    message = await answered(desk, "dragoman/run", order("tests", kind))
    assert message["result"]["applied"], message
    folder = "second" if "second" in kind.uri else "project"
    assert editor.created == {f"file:///{folder}/test_a.py"}


@each_kind
async def test_changes(desk, kind):
    """What has changed is asked of the folder that the document belongs to; without one it is declined."""
    await open_code(desk, uri=kind.uri)
    desk.services.repository.diff = DIFF
    for action, reply in (("review.changes", FOUND), ("commit", "```\nUse sum\n```")):
        if kind.changes:
            await declined(desk, order(action, kind), kind.changes)
            continue
        message = await answered(desk, "dragoman/run", order(action, kind), reply)
        assert "result" in message, message


@each_kind
async def test_menus(desk, kind):
    """The menu offers what an order would do, and nothing that it would decline."""
    await open_code(desk, uri=kind.uri)
    params = {"textDocument": {"uri": kind.uri}, "range": WHOLE, "context": {"diagnostics": []}}
    titles = {entry["title"] for entry in await desk.request("textDocument/codeAction", params)}
    assert {"Explain", "Review"} <= titles
    assert ("Refactor" in titles) is ("Document" in titles) is (not kind.edit)
    assert ("Write tests" in titles) is (kind.tests != NO_PLACE)


@each_kind
async def test_what_waits_in_a_text(desk, kind):
    """Changes that wait, and fixes that a review gave, are offered where they could be taken, and only there."""
    marks = "<<<<<<< dragoman 1-1: current\nold\n=======\nnew\n>>>>>>> dragoman 1-1: Refactor\n"
    await open_code(desk, marks, uri=kind.uri)
    reply = '[{"line": 2, "text": "old", "message": "Outdated.", "fix": {"from": 2, "to": 2, "code": "newer"}}]'
    await answered(desk, "dragoman/run", order("review", kind), reply)
    where = {"textDocument": {"uri": kind.uri}}
    params = {**where, "range": span(1, 0, 1, 0), "context": {"diagnostics": []}}
    titles = {entry["title"] for entry in await desk.request("textDocument/codeAction", params)}
    offered = {"Accept this change", "Reject this change", "Fix: Outdated."}
    assert titles & offered == (set() if kind.edit else offered)
    assert len(await desk.request("textDocument/codeLens", where)) == (0 if kind.edit else 2)


@each_kind
async def test_what_is_not_open(desk, kind):
    """What no editor holds open is read where it is a file in the workspace, else declined with what to do."""
    if kind.uri.startswith(("file:///", "file://localhost")):
        message = await answered(desk, "dragoman/run", order("explain", kind), "Because.")
        assert message["result"]["markdown"]
        return
    await declined(desk, order("explain", kind), "is not open and can't be read; open it in the editor first.")


@each_kind
async def test_what_was_closed(desk, kind):
    """A closed document has no menu."""
    editor = await open_code(desk, uri=kind.uri)
    editor.close(kind.uri)
    assert len(desk.server.documents) == 0
    params = {"textDocument": {"uri": kind.uri}, "range": WHOLE, "context": {"diagnostics": []}}
    assert await desk.request("textDocument/codeAction", params) == []


@pytest.mark.parametrize(
    "uri",
    [
        'git:/project/.env?{"path":"/project/.env","ref":"HEAD"}',
        "vscode-remote://ssh-remote%2Bbox/project/.env",
        "vscode-remote://ssh-remote%2Bbox/project/%2Eenv",
        "untitled:/project/.env",
        "gitlens://0a1b/project/.env",
        "file://host/project/.env",
    ],
)
async def test_text_of_a_withheld_file_under_another_uri(desk, uri):
    """Of a file that may go to no model, an older state or a copy elsewhere may not either."""
    desk.services.project.rules["/project/.env"] = Disclosure(".env is of a kind that holds secrets.")
    await open_code(desk, uri=uri)
    await desk.settle()
    params = {"textDocument": {"uri": uri}, "range": WHOLE, "context": {"diagnostics": []}}
    assert await desk.request("textDocument/codeAction", params) == []
    await declined(desk, {"action": "explain", "textDocument": {"uri": uri}, "range": WHOLE}, "holds secrets")
    cursor = {"textDocument": {"uri": uri}, "position": at(1, 14), "context": {"triggerKind": 1}}
    assert "holds secrets" in (await desk.refused("textDocument/inlineCompletion", cursor))["message"]
    assert desk.services.filler.asked == []


async def test_local_only_counts_under_another_uri(desk):
    """An older state of a file that goes to local providers alone goes to no other."""
    desk.services.project.rules["/project/a.py"] = Disclosure(local_only=True)
    kind = next(kind for kind in KINDS if kind.name == "older-state")
    await open_code(desk, uri=kind.uri)
    await answered(desk, "dragoman/run", order("explain", kind), "Because.")
    assert [job.local_only for job in desk.services.completer.jobs] == [True]


# Documents opened twice


OTHER = "file:///project/%61.py"
OPENED = "file:///project/a.py"


async def test_opened_twice(desk):
    """A second didOpen without a didClose starts the document anew: text, version, findings' places and hunks."""
    marks = "<<<<<<< dragoman 1-1: current\nold\n=======\nnew\n>>>>>>> dragoman 1-1: Refactor\n"
    editor = await open_code(desk, marks)
    params = {"textDocument": {"uri": OPENED}, "range": span(1, 0, 1, 0), "context": {"diagnostics": []}}
    titles = [entry["title"] for entry in await desk.request("textDocument/codeAction", params)]
    assert "Accept this change" in titles
    editor.open(CODE, OPENED, "python")
    titles = [entry["title"] for entry in await desk.request("textDocument/codeAction", params)]
    assert "Accept this change" not in titles
    message = await answered(
        desk, "dragoman/run", {"action": "refactor", "textDocument": {"uri": OPENED}, "range": WHOLE}
    )
    assert message["result"]["applied"]
    assert editor.text(OPENED) == NEW


async def test_opened_twice_while_a_model_writes(desk):
    """What was written for the first text does not land on the second; it is shown."""
    editor = await open_code(desk)
    _, response = desk.ask("dragoman/run", {"action": "refactor", "textDocument": {"uri": OPENED}, "range": WHOLE})
    await desk.settle()
    editor.open("x = 1\n", OPENED, "python")
    desk.services.completer.say(f"```python\n{NEW}```")
    result = (await response)["result"]
    assert not result["applied"]
    assert NEW.rstrip() in result["markdown"]
    assert editor.text(OPENED) == "x = 1\n"


async def test_one_file_under_two_spellings(desk):
    """Two spellings of one file's URI are one document: closed under the other one, nothing of it is left."""
    await open_code(desk)
    reply = '[{"line": 2, "text": "    result = 0", "message": "Use sum."}]'
    params = {"action": "review", "textDocument": {"uri": OTHER}, "range": WHOLE}
    message = await answered(desk, "dragoman/run", params, reply)
    assert [finding["uri"] for finding in message["result"]["findings"]] == [OPENED]
    desk.notify("textDocument/didClose", {"textDocument": {"uri": OTHER}})
    assert len(desk.server.documents) == 0
    desk.open(CODE, OTHER, "python")
    assert len(desk.server.documents) == 1
    assert desk.server.findings.at(OPENED, desk.server.documents.get(OPENED).selection) == []


async def test_closed_without_having_been_open(desk):
    """A didClose for nothing, and a second one, do nothing."""
    desk.notify("textDocument/didClose", {"textDocument": {"uri": OPENED}})
    await open_code(desk)
    for _ in range(2):
        desk.notify("textDocument/didClose", {"textDocument": {"uri": OTHER}})
    assert desk.messages() == []


# Folders


async def instructions(desk, uri):
    """Which project's instructions a request in that document would take along."""
    result = await desk.request("dragoman/context", {"action": "explain", "textDocument": {"uri": uri}, "range": WHOLE})
    text = result["messages"][-1]["text"]
    return [name for name in ("first", "second", "inner") if f"conventions of {name}" in text]


async def test_each_folder_has_its_own_instructions(desk):
    """A document goes with the innermost folder that holds it; folders that come and go are followed."""
    texts = desk.services.project.texts
    for folder, name in (("/project", "first"), ("/second", "second"), ("/project/inner", "inner")):
        texts[f"{folder}/AGENTS.md"] = f"The conventions of {name}"
    uris = ["file:///project/a.py", "file:///second/a.py", "file:///project/inner/a.py", "file:///elsewhere/a.py"]
    for uri in uris:
        desk.open(CODE, uri, "python")
    assert [await instructions(desk, uri) for uri in uris] == [["first"], ["second"], ["first"], []]
    event = {
        "added": [{"uri": "file:///project/inner", "name": "i"}],
        "removed": [{"uri": "file:///second", "name": "s"}],
    }
    desk.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    await desk.settle()
    assert [await instructions(desk, uri) for uri in uris] == [["first"], [], ["inner"], []]


async def test_folders_that_are_not_on_this_machine(open_desk):
    """Folders elsewhere are passed over; documents in them are worked on by their text."""
    desk = await open_desk(FULL, workspaceFolders=[{"uri": "vscode-remote://wsl/home/me", "name": "me"}], rootUri=None)
    assert desk.server.editor_settings.roots == ()
    uri = "vscode-remote://wsl/home/me/a.py"
    editor = await open_code(desk, uri=uri)
    message = await answered(desk, "dragoman/run", {"action": "refactor", "textDocument": {"uri": uri}, "range": WHOLE})
    assert message["result"]["applied"]
    assert editor.text(uri) == NEW
