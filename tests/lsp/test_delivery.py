"""Answers that open and test files that grow, or the plainest way that is left."""

from __future__ import annotations

import asyncio
import copy

import pytest

from lsp.clients import EGLOT, HELIX_25_01, NEOVIM_0_10, NEOVIM_0_12, VSCODE, initialize_params
from lsp.desk import FULL, Bench, span
from lsp.project import Project, accepting

URI = "file:///project/src/calc.py"
TESTS = "/project/tests/test_calc.py"
CODE = "def add(a, b):\n    return a + b\n"
EXISTING = "from src.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
REPLY = "```python\nfrom src.calc import add\n\n\ndef test_add_nothing():\n    assert add(0, 0) == 0\n```"
ORDER = {"action": "tests", "textDocument": {"uri": URI}, "range": span(0, 4, 0, 7)}
SHORT = "Because it is so."
LONG = "# Why\n\n" + "Because it is so, and not otherwise. " * 40


async def explained(desk, markdown):
    """The result of an explanation."""
    uri = desk.open("some text to explain")
    _, response = desk.ask(
        "dragoman/run", {"action": "explain", "textDocument": {"uri": uri}, "range": span(0, 0, 0, 9)}
    )
    await desk.settle()
    desk.services.completer.say(markdown)
    return (await response)["result"]


# Answers


@pytest.mark.parametrize("markdown", [SHORT, LONG])
async def test_answer_opens_as_a_file(desk, markdown):
    """Where the client can show a document the answer is a finished Markdown file, opened once, without a message.
    Commands that name no document are still about the one before.
    """
    editor = accepting(desk)
    result = await explained(desk, markdown)
    before = desk.server.documents.last_touched
    desk.open(markdown, result["uri"], "markdown")
    assert desk.server.documents.last_touched == before
    assert result["markdown"].strip() == markdown.strip()
    assert editor.shown == [result["uri"]]
    (kept,) = desk.services.answers.kept.values()
    assert kept.strip() == markdown.strip()
    assert desk.messages() == []


@pytest.mark.parametrize(
    "refusal",
    [{"success": False}, RuntimeError("can't"), None, ["nonsense"]],
    ids=["false", "error", "null", "nonsense"],
)
async def test_refused_document_falls_back_to_a_message(desk, refusal):
    """A short answer that can't be opened stands in the message itself, a long one's message says where it is."""
    desk.on["window/showDocument"] = lambda params: refusal
    await explained(desk, SHORT)
    assert desk.messages() == [f"Dragoman: {SHORT}"]
    await explained(desk, LONG)
    assert desk.messages()[1:] == ["Dragoman: Explain: the answer is in /answers/1.md"]


@pytest.mark.parametrize("markdown", [SHORT, f"```\n{SHORT}\n```"], ids=["plain", "fenced"])
async def test_client_without_documents_gets_a_message(open_desk, markdown):
    """A client that shows no documents is not asked to."""
    desk = await open_desk({**FULL, "window": {}})
    await explained(desk, markdown)
    assert desk.messages() == [f"Dragoman: {SHORT}"]
    assert not [message for message in desk.said if message.get("method") == "window/showDocument"]


async def test_client_that_never_answers_about_the_document(desk):
    """A client that is silent has a few seconds; then the message comes."""
    desk.on["window/showDocument"] = lambda params: asyncio.sleep(10_000)
    await explained(desk, SHORT)
    assert desk.messages() == [f"Dragoman: {SHORT}"]


async def test_answer_that_no_file_can_hold(desk):
    """Where no file can be written the answer is not lost: a short one is the message, a long one is in the log."""

    class Full:
        async def keep(self, title, markdown):
            raise OSError(28, "No space left on device")

    accepting(desk)
    desk.services.answers = Full()
    result = await explained(desk, SHORT)
    assert "uri" not in result
    assert desk.messages() == [f"Dragoman: {SHORT}"]
    result = await explained(desk, LONG)
    assert result["markdown"].strip() == LONG.strip()
    assert "No space left" in desk.messages()[1]
    assert desk.notifications("window/logMessage")[-1]["message"].strip() == LONG.strip()


async def test_answer_left_to_the_client(desk):
    """With `apply: false` an answer comes as Markdown alone: no file, nothing opened, no message."""
    uri = desk.open("some text to explain")
    params = {"action": "explain", "textDocument": {"uri": uri}, "range": span(0, 0, 0, 9), "apply": False}
    _, response = desk.ask("dragoman/run", params)
    await desk.settle()
    desk.services.completer.say(SHORT)
    assert (await response)["result"]["markdown"].strip() == SHORT
    assert (desk.messages(), desk.services.answers.kept) == ([], {})


# Test files


async def asked_for_tests(open_desk, capabilities=FULL, *, client=None, existing=None, **more):
    """The desk, the editor, and the response to a run that writes tests; its model still has to speak."""
    services = Bench()
    services.project = Project({"/project/src/calc.py": CODE, "/project/tests/conftest.py": ""})
    if existing is not None:
        services.project.texts[TESTS] = existing
    params = initialize_params(client) if client else {"capabilities": capabilities}
    desk = await open_desk(**params, services=services)
    editor = accepting(desk)
    editor.disk = {f"file://{path}": text for path, text in services.project.texts.items()}
    editor.open(CODE, URI, "python")
    _, response = desk.ask("dragoman/run", {**ORDER, **more})
    await desk.settle()
    return desk, editor, response


async def test_new_test_file(open_desk):
    """A new test file is made in one edit with its text, opened, and said to be unsaved."""
    desk, editor, response = await asked_for_tests(open_desk)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert (result["kind"], result["applied"], result["uri"]) == ("file", True, f"file://{TESTS}")
    assert editor.created == {f"file://{TESTS}"}
    assert "def test_add_nothing():" in editor.text(f"file://{TESTS}")
    create, change = editor.edits[0]["documentChanges"]
    assert create["options"] == {"overwrite": False, "ignoreIfExists": False}
    assert change["textDocument"]["version"] is None
    assert editor.shown == [f"file://{TESTS}"]
    assert desk.messages() == ["Dragoman: Write tests: test_calc.py is new, not saved yet."]


@pytest.mark.parametrize(("client", "ended"), [(NEOVIM_0_10, False), (NEOVIM_0_12, False), (VSCODE, True)])
async def test_who_ends_a_new_file(open_desk, client, ended):
    """A new file's last line end is left to an editor that makes one by itself."""
    desk, editor, response = await asked_for_tests(open_desk, client=client)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(f"file://{TESTS}").endswith("== 0\n" if ended else "== 0")


@pytest.mark.parametrize("client", [NEOVIM_0_10, VSCODE])
async def test_lines_added_at_the_end(open_desk, client):
    """Lines go behind a file's last one, and are said to come before its line end to who would leave an empty one."""
    desk, editor, response = await asked_for_tests(open_desk, existing=EXISTING, client=client)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(f"file://{TESTS}").endswith("== 3\n\n\ndef test_add_nothing():\n    assert add(0, 0) == 0\n")
    [edit] = editor.edits[0]["documentChanges"][0]["edits"]
    assert edit["range"] == (span(4, 25, 4, 25) if client is NEOVIM_0_10 else span(5, 0, 5, 0))


@pytest.mark.parametrize(
    ("client", "how"), [(HELIX_25_01, "Space b shows it"), (EGLOT, "C-x b shows it"), (None, "open it to see it")]
)
async def test_new_test_file_that_is_not_shown(open_desk, client, how):
    """Where the editor does not show the new file, the message says how it is seen."""
    desk, editor, response = await asked_for_tests(open_desk, {**FULL, "window": {}}, client=client)
    desk.on["window/showDocument"] = lambda params: {"success": False}  # as Eglot, while the file is not saved
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert "def test_add_nothing():" in editor.text(f"file://{TESTS}")
    assert desk.messages() == [f"Dragoman: Write tests: test_calc.py is new, not saved yet: {how}."]


async def test_existing_test_file_that_is_not_open(open_desk):
    """An existing test file is extended: what was there stays."""
    desk, editor, response = await asked_for_tests(open_desk, existing=EXISTING)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert (result["applied"], result["uri"]) == (True, f"file://{TESTS}")
    assert editor.text(f"file://{TESTS}").startswith(EXISTING)
    assert "def test_add_nothing():" in editor.text(f"file://{TESTS}")
    assert editor.created == set()
    assert editor.edits[0]["documentChanges"][0]["textDocument"]["version"] is None
    assert desk.messages() == ["Dragoman: Write tests: added to test_calc.py, not saved yet."]


@pytest.mark.parametrize("uri", [f"file://{TESTS}", f"file://{TESTS.replace('_', '%5F')}"])
async def test_open_test_file_with_unsaved_changes(open_desk, uri):
    """An open test file is extended as the person sees it, unsaved changes included, by a versioned edit."""
    services = Bench()
    services.project = Project({"/project/src/calc.py": CODE, "/project/tests/conftest.py": "", TESTS: EXISTING})
    desk = await open_desk(services=services)
    editor = accepting(desk)
    editor.open(EXISTING + "\n\n# unsaved\n", uri, "python")
    editor.open(CODE, URI, "python")
    _, response = desk.ask("dragoman/run", ORDER)
    await desk.settle()
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert result["applied"], result
    assert "# unsaved" in editor.text(uri)
    assert "def test_add_nothing():" in editor.text(uri)
    assert editor.edits[0]["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}
    assert desk.lines_of(uri) == editor.text(uri)


@pytest.mark.parametrize("apply", [True, False])
async def test_open_test_file_that_changes_meanwhile(open_desk, apply):
    """Typing in the open test file while the model writes: nothing is applied, the result is handed over."""
    services = Bench()
    services.project = Project({"/project/src/calc.py": CODE, "/project/tests/conftest.py": "", TESTS: EXISTING})
    desk = await open_desk(services=services)
    editor = accepting(desk)
    editor.open(EXISTING, f"file://{TESTS}", "python")
    editor.open(CODE, URI, "python")
    _, response = desk.ask("dragoman/run", {**ORDER, "apply": apply})
    await desk.settle()
    editor.type(f"file://{TESTS}", span(0, 0, 0, 0), "# typed\n")
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert "changed meanwhile" in result["message"]
    assert "test_add_nothing" in result["markdown"]
    assert "edits" not in result
    assert editor.edits == []
    assert editor.text(f"file://{TESTS}") == "# typed\n" + EXISTING


async def test_test_file_that_changes_on_disk_meanwhile(open_desk):
    """A test file that somebody else writes meanwhile is left alone."""
    desk, editor, response = await asked_for_tests(open_desk, existing=EXISTING)
    desk.services.project.texts[TESTS] = "# rewritten\n"
    desk.services.completer.say(REPLY)
    assert "changed meanwhile" in (await response)["result"]["message"]
    assert editor.edits == []


async def test_test_file_that_appears_meanwhile(open_desk):
    """A test file that exists by the time it would be made is not overwritten."""
    desk, editor, response = await asked_for_tests(open_desk)
    editor.disk[f"file://{TESTS}"] = "# mine\n"
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert f"save this as {TESTS}" in result["message"]
    assert editor.text(f"file://{TESTS}") == "# mine\n"


async def test_client_that_creates_no_files(open_desk):
    """A client that creates no files gets the text with the place to save it; it is not asked in vain."""
    capabilities = copy.deepcopy(FULL)
    capabilities["workspace"]["workspaceEdit"]["resourceOperations"] = ["rename"]
    desk, editor, response = await asked_for_tests(open_desk, capabilities)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert f"save this as {TESTS}" in result["message"]
    assert "test_add_nothing" in result["markdown"]
    assert editor.edits == []
    assert editor.shown == [result["uri"]]


async def test_edits_of_a_test_file_left_to_the_client(open_desk):
    """With `apply: false` the client gets the file's edits, with its URI."""
    desk, editor, response = await asked_for_tests(open_desk, existing=EXISTING, apply=False)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert (result["kind"], result["applied"], result["uri"]) == ("file", False, f"file://{TESTS}")
    assert "version" in result
    assert result["version"] is None
    assert editor._edited(EXISTING, result["edits"]).startswith(EXISTING)
    assert editor.edits == []


async def test_tests_inside_the_document_itself(open_desk):
    """Rust's tests stand in the file itself: one versioned edit of the open document."""
    desk = await open_desk()
    editor = accepting(desk)
    uri = "file:///project/src/lib.rs"
    editor.open("pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n", uri, "rust")
    _, response = desk.ask("dragoman/run", {**ORDER, "textDocument": {"uri": uri}, "range": span(0, 8, 0, 8)})
    await desk.settle()
    desk.services.completer.say("```rust\n#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n```")
    result = (await response)["result"]
    assert result["applied"], result
    assert "fn adds()" in editor.text(uri)
    assert editor.text(uri).startswith("pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n")
    assert editor.edits[0]["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}
