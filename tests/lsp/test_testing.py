"""New tests that are run: only with the person's leave, and with how they went told once, where it can be seen."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.settings import Settings
from dragoman.core.testrun import TestReport
from lsp.clients import HELIX, NEOVIM_0_12, VSCODE, ZED, initialize_params
from lsp.desk import FULL, PLAIN, Bench, span
from lsp.project import Project, accepting

URI = "file:///project/src/calc.py"
CODE = "def add(a, b):\n    return a + b\n"
REPLY = "```python\nfrom calc import add\n\n\ndef test_add():\n    assert add(1, 1) == 2\n```"
WRONG = REPLY.replace("== 2", "== 3")
ORDER = {"action": "tests", "textDocument": {"uri": URI}, "range": span(0, 4, 0, 7), "run": True}
QUESTION = (
    "Dragoman: Run the new tests in project with the project's own runner? A model writes them, and they run as you."
)
PASSED = TestReport(passed=True, output="1 passed", seconds=0.5)
FAILED = TestReport(passed=False, output="assert 2 == 3\n1 failed", seconds=0.5)


class Runner:
    """Gives one report after the other; waits for ever after the last."""

    def __init__(self, *reports):
        self.reports = list(reports)
        self.calls = []
        self.ended = 0

    async def run(self, call):
        self.calls.append(call)
        try:
            if not self.reports:
                await asyncio.get_running_loop().create_future()
            return self.reports.pop(0)
        finally:
            self.ended += 1


@pytest.fixture
def seated(open_desk):
    """A desk with a project and a runner; the person's answer to the question, and what they were asked."""

    async def made(*reports, answer="Run them", run="ask", capabilities=FULL, **params):
        services = Bench(Settings.model_validate({"tests": {"run": run}}))
        services.project = Project({"/project/src/calc.py": CODE, "/project/tests/conftest.py": ""})
        services.test_runner = Runner(*reports)
        desk = await open_desk(capabilities, services=services, **params)
        desk.editor = accepting(desk)
        desk.asked = []

        def on_question(params):
            desk.asked.append(params["message"])
            return {"title": answer} if answer else None

        desk.on["window/showMessageRequest"] = on_question
        desk.editor.disk = {f"file://{path}": text for path, text in services.project.texts.items()}
        desk.editor.open(CODE, URI, "python")
        return desk

    return made


async def ran(desk, *replies, **more):
    """The result of an order for which the model says these replies."""
    _, response = desk.ask("dragoman/run", {**ORDER, **more})
    for number, reply in enumerate(replies):
        for _ in range(100):
            if len(desk.services.completer.jobs) > number or response.done():
                break
            await asyncio.sleep(0)
        await desk.settle()
        desk.services.completer.say(reply)
    return (await response)["result"]


async def test_the_person_is_asked_once_for_a_folder(seated):
    """Before anything is run the person is asked; their yes holds for the folder, until the server ends."""
    desk = await seated(PASSED, PASSED)
    result = await ran(desk, REPLY)
    assert result["tests"]["passed"]
    assert result["tests"]["message"] == "The new tests pass (1 passed, pytest, 0.5 s)."
    desk.services.completer.jobs.clear()
    assert (await ran(desk, REPLY))["tests"]["passed"]
    assert desk.asked == [QUESTION]
    assert len(desk.services.test_runner.calls) == 2


@pytest.mark.parametrize("answer", ["Only write them", None])
async def test_without_a_yes_they_are_only_written(seated, answer):
    """Any other answer means that the tests are written and nothing is run; the next order asks again."""
    desk = await seated(answer=answer)
    for _ in range(2):
        desk.services.completer.jobs.clear()
        result = await ran(desk, REPLY)
        assert "tests" not in result
    assert desk.asked == [QUESTION] * 2
    assert desk.services.test_runner.calls == []


async def test_always(seated):
    """A person who has set it so is not asked, whatever their editor can do."""
    desk = await seated(PASSED, run="always", capabilities=PLAIN)
    assert (await ran(desk, REPLY))["tests"]["passed"]
    assert desk.asked == []


@pytest.mark.parametrize(
    ("params", "run", "words"),
    [
        ({}, "never", 'tests.run is "never" in the settings'),
        ({"initializationOptions": {"trusted": False}}, "ask", "the editor does not trust this workspace"),
        ({"initializationOptions": {"trusted": False}}, "always", "the editor does not trust this workspace"),
        ({"capabilities": PLAIN}, "ask", 'set tests.run to "always"'),
    ],
)
async def test_refused(seated, params, run, words):
    """Where it is not allowed, or nobody can be asked, one line says so; the tests are written all the same."""
    desk = await seated(run=run, **params)
    result = await ran(desk, REPLY)
    assert (result["kind"], "tests" in result) == ("file", False)
    assert desk.services.test_runner.calls == []
    assert desk.asked == []
    assert sum(words in message for message in desk.messages()) == 1


async def test_what_passes_is_said_in_a_line(seated):
    """The file is delivered as ever, and a line says how its tests went; no document comes up for that."""
    desk = await seated(PASSED)
    result = await ran(desk, REPLY)
    assert (result["applied"], result["uri"]) == (True, "file:///project/tests/test_calc.py")
    assert desk.editor.shown == [result["uri"]]
    assert desk.messages()[-1] == "Dragoman: The new tests pass (1 passed, pytest, 0.5 s)."
    assert "uri" not in result["tests"]


async def test_what_fails_can_be_read(seated):
    """After a mend that did not help the tests are delivered too, and what was printed is opened."""
    desk = await seated(FAILED, FAILED)
    result = await ran(desk, WRONG, WRONG)
    assert result["applied"]
    assert not result["tests"]["passed"]
    assert desk.editor.shown == ["file:///project/tests/test_calc.py", result["tests"]["uri"]]
    assert "assert 2 == 3" in next(iter(desk.services.answers.kept.values()))
    assert any("New tests fail" in message for message in desk.messages())


async def test_a_mend_is_announced(seated):
    """A plugin that shows the text as it comes is told to throw the failing tests away."""
    desk = await seated(FAILED, PASSED)
    result = await ran(desk, WRONG, REPLY, partialResultToken="p")
    assert result["tests"]["passed"]
    assert "== 2" in desk.editor.text("file:///project/tests/test_calc.py")
    resets = [value for value in desk.progress("p") if value["kind"] == "reset"]
    assert [value["reason"] for value in resets] == ["The new tests fail; asking once more."]


async def test_left_to_the_client(seated):
    """With `apply: false` the client gets the edits and how the tests went; nothing is shown."""
    desk = await seated(PASSED, run="always")
    result = await ran(desk, REPLY, apply=False)
    assert (result["applied"], result["tests"]["passed"]) == (False, True)
    assert "1 passed" in result["tests"]["markdown"]
    assert (desk.messages(), desk.editor.shown) == ([], [])


async def test_what_is_not_saved_is_what_is_run(seated):
    """The document's text as it is in the editor is run, and no file is written for that."""
    desk = await seated(PASSED, run="always")
    desk.editor.type(URI, span(1, 11, 1, 16), "b + a")
    await ran(desk, REPLY)
    (call,) = desk.services.test_runner.calls
    assert call.files["src/calc.py"] == "def add(a, b):\n    return b + a\n"
    assert desk.editor.disk["file:///project/src/calc.py"] == CODE


async def test_progress_and_cancel(seated):
    """While the tests run the progress says so, and a cancel ends them; nothing is applied."""
    desk = await seated(run="always")
    request_id, response = desk.ask("dragoman/run", {**ORDER, "workDoneToken": "w"})
    await desk.settle()
    desk.services.completer.say(REPLY)
    await desk.settle()
    assert "running the new tests: python3 -m pytest -q tests/test_calc.py" in str(desk.progress("w"))
    desk.notify("$/cancelRequest", {"id": request_id})
    assert "error" in await response
    assert desk.services.test_runner.ended == 1
    assert desk.editor.edits == []


async def test_cancel_while_the_person_is_asked(seated):
    """A cancel during the question ends the request; no model is asked."""
    desk = await seated()
    desk.on["window/showMessageRequest"] = lambda params: asyncio.sleep(10_000)
    request_id, response = desk.ask("dragoman/run", ORDER)
    await desk.settle()
    desk.notify("$/cancelRequest", {"id": request_id})
    assert "error" in await response
    assert desk.services.completer.jobs == []


@pytest.mark.parametrize("wrong", [{"run": "yes"}, {"run": 1}, {"action": "refactor"}])
async def test_a_wrong_order(seated, wrong):
    """`run` is true or false, and is for tests alone."""
    desk = await seated()
    error = await desk.refused("dragoman/run", {**ORDER, **wrong})
    assert '"run" wants true or false' in error["message"]


async def titles(desk):
    """What the menu holds in the function."""
    params = {"textDocument": {"uri": URI}, "range": span(0, 4, 0, 4), "context": {"diagnostics": []}}
    return [entry["title"] for entry in await desk.request("textDocument/codeAction", params)]


@pytest.mark.parametrize(
    ("params", "run", "offered"),
    [
        ({}, "ask", True),
        ({}, "always", True),
        ({}, "never", False),
        ({"capabilities": PLAIN}, "ask", False),
        ({"initializationOptions": {"trusted": False}}, "always", False),
    ],
)
async def test_the_menu(seated, params, run, offered):
    """The menu offers to write and run tests where that would not be refused."""
    desk = await seated(run=run, **params)
    found = await titles(desk)
    assert ("Write and run tests" in str(found)) == offered
    assert "Write tests" in str(found)


async def test_the_menus_entry_runs_them(seated):
    """The entry's command does what it says."""
    desk = await seated(PASSED)
    params = {"textDocument": {"uri": URI}, "range": span(0, 4, 0, 4), "context": {"diagnostics": []}}
    entries = await desk.request("textDocument/codeAction", params)
    command = next(entry["command"] for entry in entries if entry["title"] == "Write and run tests")
    _, response = desk.ask("workspace/executeCommand", command)
    await desk.settle()
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["tests"]["passed"]


@pytest.mark.parametrize("client", [NEOVIM_0_12, VSCODE, HELIX, ZED], ids=lambda client: client.name)
async def test_real_clients(seated, client):
    """Each editor is asked where a question gets in nobody's way, and told of the setting elsewhere."""
    params = initialize_params(client)
    desk = await seated(PASSED, capabilities=params.pop("capabilities"), name=params.pop("clientInfo")["name"])
    result = await ran(desk, REPLY)
    assert ("tests" in result) == bool(desk.asked)
    assert bool(desk.asked) != any("tests.run" in message for message in desk.messages())
