"""From an order to a result: every action by every way, and what is sent instead of a sane order."""

from __future__ import annotations

import asyncio

import pytest

from actions.fakes import FakePatterns
from dragoman.actions import ACTIONS
from dragoman.core.errors import AllCandidatesFailed, NothingToAsk
from dragoman.core.intent import Intent
from lsp.clients import CLIENTS, EGLOT, HELIX, NEOVIM_0_12, VSCODE, ZED, identity, initialize_params
from lsp.desk import FULL, Model, span
from lsp.orders import CODE, DIAGNOSTIC, NEW, REPLY, URI, WHOLE, answered, open_code, order
from lsp.project import Project

DIFF = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -2 +2 @@\n-    result = 1\n+    result = 0\n"
FOUND = '[{"file": "a.py", "line": 2, "text": "    result = 0", "message": "Use sum."}]'

# Every action, by every way


@pytest.mark.parametrize("action", [action.name for action in ACTIONS if action.name not in {"comments", "chat"}])
@pytest.mark.parametrize("way", ["run", "run with prefix", "command"])
async def test_every_action_by_every_way(desk, action, way):
    """`dragoman/run` and `workspace/executeCommand` run each action to the same kind of result."""
    editor = await open_code(desk)
    params = order(action)
    desk.services.repository.diff = DIFF
    if action == "review.changes":
        desk.services.project = Project({"/project/a.py": CODE})
    reply = FOUND if action.startswith("review") else REPLY
    if action == "regex":
        reply = "```regex\nreturn sum(items)\n```\n"
    if way == "command":
        params.pop("action")
        message = await answered(
            desk, "workspace/executeCommand", {"command": f"dragoman.{action}", "arguments": [params]}, reply
        )
    else:
        params["action"] = action if way == "run" else f"dragoman.{action}"
        message = await answered(desk, "dragoman/run", params, reply)
    result = message["result"]
    if action in {"explain", "ask", "commit", "regex"}:
        assert result["kind"] == "answer"
        assert "return sum(items)" in result["markdown"]
    elif action in {"review", "review.changes"}:
        assert (result["kind"], result["applied"]) == ("findings", True)
        assert [finding["message"] for finding in result["findings"]] == ["Use sum."]
    elif action == "tests":
        assert (result["kind"], result["applied"]) == ("file", True)
        assert editor.created == {"file:///project/tests/test_a.py"}
    else:
        assert (result["kind"], result["applied"]) == ("edit", True)
        assert editor.text(URI) == NEW
        assert desk.lines_of(URI) == NEW
    assert (result["provider"], result["model"]) == ("ollama", "scripted")


async def test_a_pattern_is_written_where_the_cursor_is(desk):
    """The pattern that was tried stands in the literal at the cursor, after one that failed was sent back."""
    desk.services.patterns = FakePatterns()
    editor = await open_code(desk, "import re\n\nDATE = re.compile(r'x')\n")
    arguments = [URI, span(2, 19, 2, 19), "a date, matches: 2024-01-31; not: 2024"]
    _, response = desk.ask("workspace/executeCommand", {"command": "dragoman.regex", "arguments": arguments})
    for pattern in (r"^\d+", r"^\d{4}-\d\d-\d\d$"):
        await desk.settle()
        desk.services.completer.say(f"```regex\n{pattern}\n```")
    result = (await response)["result"]
    assert (result["kind"], result["applied"]) == ("edit", True)
    assert editor.text(URI) == "import re\n\nDATE = re.compile(r'^\\d{4}-\\d\\d-\\d\\d$')\n"
    assert len(desk.services.patterns.experiments) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["why is this slow?"],
        ["why", "is", "this", "slow?"],
        [{"instruction": "why is this slow?"}],
        [URI, "why is this slow?"],
        [URI, WHOLE, "why", "is", "this", "slow?"],
        [WHOLE, "why is this slow?"],
        [{"textDocument": {"uri": URI}}, "why is this slow?"],
        [None, "why is this slow?"],
    ],
)
async def test_positional_arguments(desk, arguments):
    """Words are the instruction; a URI and a range before them say where; the rest is the document last touched."""
    await open_code(desk)
    command = {"command": "dragoman.ask", "arguments": arguments}
    message = await answered(desk, "workspace/executeCommand", command, "Because.")
    assert message["result"]["markdown"].strip() == "Because."
    (job,) = desk.services.completer.jobs
    assert "why is this slow?" in job.request.messages[-1].text


@pytest.mark.parametrize("words", ["https://example.org is slow, why?", "see https://example.org"])
async def test_address_in_the_instruction_is_no_document(desk, words):
    """A question that holds an address is a question."""
    await open_code(desk)
    await answered(desk, "workspace/executeCommand", {"command": "dragoman.ask", "arguments": [words]}, "Because.")
    assert words in desk.services.completer.jobs[0].request.messages[-1].text


async def test_numbers_are_words(desk):
    """An editor that reads words as JSON makes numbers of some; they are words all the same."""
    await open_code(desk)
    command = {"command": "dragoman.ask", "arguments": ["what", "is", 42]}
    await answered(desk, "workspace/executeCommand", command, "An answer.")
    assert "what is 42" in desk.services.completer.jobs[0].request.messages[-1].text


@pytest.mark.parametrize("range_", [None, span(0, 4, 0, 4)])
async def test_last_selection_is_what_a_plain_command_works_on(desk, range_):
    """Without a range, what was last selected or asked about in the document is meant."""
    editor = await open_code(desk, CODE + "\n\ndef other():\n    pass\n")
    context = {"textDocument": {"uri": URI}, "range": span(7, 0, 8, 8), "context": {"diagnostics": []}}
    await desk.request("textDocument/codeAction", context)
    arguments = [] if range_ is None else [{"range": range_}]
    command = {"command": "dragoman.refactor", "arguments": arguments}
    message = await answered(desk, "workspace/executeCommand", command, "```python\ndef new():\n    pass\n```")
    assert message["result"]["applied"]
    expected = (
        CODE + "\n\ndef new():\n    pass\n" if range_ is None else "def new():\n    pass\n\n\ndef other():\n    pass\n"
    )
    assert editor.text(URI) == expected


async def test_hints_reach_the_route(desk):
    """What an order wishes is what the engine is told, hint by hint."""
    await open_code(desk)
    hints = {"provider": "anthropic", "model": "some-model", "intent": "analysis", "strategy": "race", "k": 3}
    await answered(desk, "dragoman/run", order("explain", **hints), "Because.")
    (job,) = desk.services.completer.jobs
    assert (job.hints.provider, job.hints.model, job.hints.intent) == ("anthropic", "some-model", Intent.ANALYSIS)
    assert (job.hints.strategy, job.hints.k) == ("race", 3)
    assert job.intent.intent is Intent.ANALYSIS


@pytest.mark.parametrize("wrong", [{"strategy": "fastest"}, {"k": "many"}, {"providers": "ollama"}, {"budget_usd": -1}])
async def test_a_wrong_hint_is_named(desk, wrong):
    """A hint of a wrong kind is refused with its name, and nobody is asked."""
    await open_code(desk)
    error = await desk.refused("dragoman/run", order("explain", **wrong))
    assert error["code"] == -32602
    assert f'"{next(iter(wrong))}" wants' in error["message"]
    assert desk.services.completer.jobs == []


# What can't be run


@pytest.mark.parametrize("action", ["ask", "edit"])
@pytest.mark.parametrize("instruction", [None, "", "   \n"])
async def test_missing_instruction(desk, action, instruction):
    """An action that needs an instruction says so, and asks nobody."""
    await open_code(desk)
    error = await desk.refused("dragoman/run", order(action, instruction=instruction))
    assert error["code"] == -32602
    assert "instruction" in error["message"]
    assert desk.services.completer.jobs == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"instruction": 5}, "instruction"),
        ({"textDocument": "file:///a"}, "textDocument"),
        ({"textDocument": {"uri": 5}}, "uri"),
        ({"range": []}, "range"),
        ({"range": {}}, "position"),
        ({"range": {"start": {"line": 0.5, "character": 0}, "end": {"line": 0, "character": 0}}}, "position"),
        ({"range": {"start": {"line": True, "character": 0}, "end": {"line": 0, "character": 0}}}, "position"),
        ({"diagnostics": {}}, None),
        ({"diagnostics": "all"}, "diagnostics"),
        ({"diagnostics": [5]}, "diagnostic"),
        ({"diagnostics": [{}]}, "range"),
        ({"diagnostics": [{**DIAGNOSTIC, "message": 5}]}, "message"),
        ({"provider": ["ollama"]}, "provider"),
        ({"model": 5}, "model"),
        ({"intent": "dance"}, "dance"),
        ({"intent": 5}, "intent"),
        ({"apply": "yes"}, "apply"),
        ({"workDoneToken": []}, "workDoneToken"),
        ({"partialResultToken": True}, "partialResultToken"),
        ({"instrution": "typo"}, "instrution"),
    ],
)
async def test_wrong_argument_is_named(desk, wrong, named):
    """A key of the wrong type, or one that is none, is named in one line, and nobody is asked."""
    await open_code(desk)
    for method, params in (
        ("dragoman/run", order("explain", **wrong)),
        ("workspace/executeCommand", {"command": "dragoman.explain", "arguments": [order("explain", **wrong)]}),
    ):
        if named is None:
            assert "result" in await answered(desk, method, params)
            continue
        error = await desk.refused(method, params)
        assert error["code"] == -32602
        assert named.lower() in error["message"].lower()
        assert "\n" not in error["message"]
        assert desk.services.completer.jobs == []


@pytest.mark.parametrize("severity", [0, 5, "error", [1], {"a": 1}, True, None, 1.0])
async def test_odd_severity_of_a_diagnostic(desk, severity):
    """A severity that is none counts as unknown; the diagnostic is taken all the same."""
    await open_code(desk)
    message = await answered(desk, "dragoman/run", order("fix", diagnostics=[{**DIAGNOSTIC, "severity": severity}]))
    assert message["result"]["applied"]


@pytest.mark.parametrize("argument", [True, [1], [["nested"]]])
async def test_argument_of_no_known_kind(desk, argument):
    """An argument that is neither object nor word is refused, with what would do."""
    await open_code(desk)
    error = await desk.refused("workspace/executeCommand", {"command": "dragoman.ask", "arguments": [argument]})
    assert "plain words" in error["message"]


@pytest.mark.parametrize("command", ["dragoman.nothing", "refactor", "", "dragoman.", "other.refactor"])
async def test_unknown_command(desk, command):
    """An unknown command is refused with the known ones."""
    error = await desk.refused("workspace/executeCommand", {"command": command})
    assert error["code"] == -32602
    assert "dragoman.refactor" in error["message"]


async def test_nothing_is_open(desk):
    """Without a document there is nothing to work on, and that is what the error says."""
    error = await desk.refused("dragoman/run", {"action": "explain"})
    assert error["message"].startswith("No document: open a file first")


@pytest.mark.parametrize(
    ("error", "code"),
    [(NothingToAsk("Set a key, or start Ollama."), -32803), (AllCandidatesFailed("Nobody answers.", ()), -32803)],
)
async def test_nobody_answers(desk, error, code):
    """When nobody can be asked the error is what to do, and the text stays as it is."""
    editor = await open_code(desk)
    _, response = desk.ask("dragoman/run", order("refactor"))
    await desk.settle()
    desk.services.completer.fail(error)
    assert (await response)["error"]["message"] == str(error)
    assert (await response)["error"]["code"] == code
    assert editor.text(URI) == CODE


@pytest.mark.parametrize("client", CLIENTS, ids=identity)
async def test_error_reaches_the_person_once(open_desk, client):
    """Where only a log would show a command's error it also comes as a message, once; elsewhere the error is enough."""
    desk = await open_desk(**initialize_params(client))
    desk.open(CODE, URI, "python")
    waits, asked = client.waits, {"command": "dragoman.explain", "arguments": [order("explain")]}
    _, response = desk.ask("workspace/executeCommand", asked)
    await desk.settle()
    assert response.done() is not waits
    desk.services.completer.fail(NothingToAsk("Set a key, or start Ollama."))
    await asyncio.sleep(1)
    assert desk.messages() == ([] if waits else ["Dragoman: Set a key, or start Ollama."])
    assert ("error" in response.result()) is waits


@pytest.mark.parametrize("client", [HELIX, ZED, EGLOT], ids=identity)
async def test_unknown_command_reaches_the_person(open_desk, client):
    """Also an order that is wrong from the start is told where the client keeps errors to itself."""
    desk = await open_desk(**initialize_params(client))
    await desk.refused("workspace/executeCommand", {"command": "dragoman.nothing"})
    (message,) = desk.messages()
    assert "dragoman.nothing" in message


@pytest.mark.parametrize("client", [NEOVIM_0_12, VSCODE, HELIX, ZED, EGLOT], ids=identity)
async def test_main_job_in_each_editor(open_desk, client):
    """In every editor a refactor changes the text in one edit, whether its command waits or not."""
    desk = await open_desk(**initialize_params(client))
    editor = await open_code(desk, "# 😀\n" + CODE)
    command = {"command": "dragoman.refactor", "arguments": [{**order("refactor"), "range": span(1, 0, 5, 17)}]}
    _, response = desk.ask("workspace/executeCommand", command)
    await desk.settle()
    assert response.done() is not client.waits
    desk.services.completer.say(REPLY)
    await asyncio.sleep(5)
    assert editor.text(URI) == "# 😀\n" + NEW
    assert desk.lines_of(URI) == editor.text(URI)
    result = (await response)["result"]
    assert result["applied"] if client.waits else result is None
    (edit,) = editor.edits
    (change,) = edit["documentChanges"]
    assert change["textDocument"] == {"uri": URI, "version": 1}


async def test_bare_client_gets_the_answer_in_a_message(open_desk):
    """A client that can do nothing still gets its answer."""
    desk = await open_desk({}, name="")
    desk.open(CODE, URI, "python")
    assert await desk.request("workspace/executeCommand", {"command": "dragoman.ask", "arguments": ["why?"]}) is None
    await desk.settle()
    desk.services.completer.say("Because it is so.")
    await asyncio.sleep(1)
    assert desk.messages() == ["Dragoman: Because it is so."]


# Comments that ask


@pytest.mark.parametrize(
    ("uri", "language", "text", "line", "title", "reply", "expected"),
    [
        (
            URI,
            "python",
            CODE.replace("    result = 0\n", "    # use the builtin AI!\n    result = 0\n"),
            1,
            "Edit: use the builtin",
            REPLY,
            NEW,
        ),
        ("file:///project/a.zorp", "zorp", "// shout AI!\nhello\n", 0, "Edit: shout", "```\nHELLO\n```", "HELLO\n"),
    ],
    ids=["python", "unknown language"],
)
async def test_comment_that_asks_for_an_edit(desk, uri, language, text, line, title, reply, expected):
    """`AI!` in a comment is offered where it stands, runs by its entry, and is gone with the edit."""
    editor = await open_code(desk, text, uri, language)
    params = {"textDocument": {"uri": uri}, "range": span(line, 3, line, 3), "context": {"diagnostics": []}}
    entries = await desk.request("textDocument/codeAction", params)
    entry = next(entry for entry in entries if entry["title"] == title)
    command = {"command": entry["command"]["command"], "arguments": entry["command"]["arguments"]}
    message = await answered(desk, "workspace/executeCommand", command, reply)
    assert message["result"]["applied"], message
    assert editor.text(uri) == expected


async def test_comment_that_asks_a_question(desk):
    """`AI?` in a comment is answered, and the text stays."""
    text = CODE.replace("result = 0\n", "result = 0  # why zero AI?\n")
    editor = await open_code(desk, text)
    params = {"textDocument": {"uri": URI}, "range": span(1, 0, 1, 0), "context": {"diagnostics": []}}
    entries = await desk.request("textDocument/codeAction", params)
    entry = next(entry for entry in entries if entry["title"] == "Ask: why zero")
    command = {"command": entry["command"]["command"], "arguments": entry["command"]["arguments"]}
    message = await answered(desk, "workspace/executeCommand", command, "The sum of nothing.")
    assert message["result"]["markdown"].strip() == "The sum of nothing."
    assert editor.text(URI) == text


# What calls no model


async def test_route_and_context_ask_nobody(desk):
    """`dragoman/context` shows what would be sent, and nothing is sent."""
    await open_code(desk)
    shown = await desk.request("dragoman/context", order("refactor"))
    assert desk.services.completer.jobs == []
    assert "result += item" in shown["messages"][-1]["text"]
    assert shown["estimatedTokens"] > 0
    assert {piece["kind"] for piece in shown["pieces"]} >= {"target"}
    assert not desk.server.documents.get(URI)._journals
    await answered(desk, "dragoman/run", order("refactor"))
    (job,) = desk.services.completer.jobs
    assert [message.text for message in job.request.messages] == [message["text"] for message in shown["messages"]]


async def test_status_follows_what_runs(desk):
    """`dragoman/status` says whether anything runs."""
    await open_code(desk)
    _, response = desk.ask("dragoman/run", order("explain"))
    await desk.settle()
    status = await desk.request("dragoman/status")
    assert (status["state"], status["running"]) == ("busy", 1)
    desk.services.completer.say("Because.")
    await response
    status = await desk.request("dragoman/status")
    assert (status["state"], status["running"], status["kept"]) == ("idle", 0, [])


# Cancelling


@pytest.mark.parametrize("way", ["cancelRequest", "progress", "command", "command with id", "close"])
async def test_every_way_to_cancel(open_desk, way):
    """Each way to cancel lets go of the provider at once, answers once, and says so in the progress."""
    desk = await open_desk(FULL)
    editor = await open_code(desk)
    message_id, response = desk.ask("dragoman/run", order("refactor", workDoneToken="bar"))
    await desk.settle()
    if way == "cancelRequest":
        desk.notify("$/cancelRequest", {"id": message_id})
    elif way == "progress":
        desk.notify("window/workDoneProgress/cancel", {"token": "bar"})
    elif way == "close":
        await desk.server.close()
    else:
        (run,) = desk.server.runner.of(URI)
        arguments = [run.id] if way == "command with id" else []
        assert await desk.request("workspace/executeCommand", {"command": "dragoman.cancel", "arguments": arguments})
    assert (await response)["error"] == {"code": -32800, "message": "Cancelled."}
    assert desk.services.completer.closed == [job.id for job in desk.services.completer.jobs]
    assert desk.progress("bar")[-1] == {"kind": "end", "message": "cancelled"}
    assert editor.edits == []
    assert not desk.server.documents.get(URI)._journals


class SlowToClose(Model):
    """Its connection takes a moment to close."""

    async def stream(self, job):
        try:
            async for event in super().stream(job):
                yield event
        finally:
            await asyncio.sleep(0.5)
            self.closed.append("the connection")


async def test_a_second_cancel_does_not_disturb_the_first(open_desk):
    """Who cancels twice, in whatever ways, still has the provider's connection closed to its end."""
    desk = await open_desk(FULL)
    await open_code(desk)
    closing = desk.services.completer = SlowToClose()
    message_id, response = desk.ask("dragoman/run", order("refactor", workDoneToken="bar"))
    await desk.settle()
    desk.notify("$/cancelRequest", {"id": message_id})
    await desk.settle()
    await desk.request("workspace/executeCommand", {"command": "dragoman.cancel"})
    desk.notify("window/workDoneProgress/cancel", {"token": "bar"})
    desk.notify("$/cancelRequest", {"id": message_id})
    assert (await response)["error"]["code"] == -32800
    assert "the connection" in closing.closed


async def test_cancel_of_work_that_answered_at_once(open_desk):
    """Where the command was answered long ago, its progress can still be cancelled, and nobody gets an error."""
    desk = await open_desk(**initialize_params(HELIX))
    desk.on["window/workDoneProgress/create"] = lambda params: None
    editor = await open_code(desk)
    await desk.request("workspace/executeCommand", {"command": "dragoman.refactor", "arguments": [order("refactor")]})
    await desk.settle()
    (run,) = desk.server.runner.of(URI)
    desk.notify("window/workDoneProgress/cancel", {"token": run.tokens[0]})
    await desk.settle()
    assert desk.services.completer.closed
    assert len(desk.server.runner) == 0
    assert (desk.messages(), editor.edits) == ([], [])


@pytest.mark.parametrize("arguments", [[], ["nobody"], [None], None])
async def test_cancel_when_nothing_runs(desk, arguments):
    """Cancelling nothing is no error."""
    command = {"command": "dragoman.cancel", "arguments": arguments}
    assert await desk.request("workspace/executeCommand", command) == {"cancelled": 0}
    desk.notify("window/workDoneProgress/cancel", {"token": "nobody"})
