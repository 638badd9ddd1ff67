"""How one edit lands, or does not, in every way that editors and people behave; and what is kept then."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.lsp.kept import MOST
from lsp.clients import NEOVIM_0_10, NEOVIM_0_12, VSCODE, ZED, initialize_params
from lsp.desk import FULL, span
from lsp.project import accepting

URI = "file:///project/a.txt"
TEXT = "before\nold text\nafter\n"
TARGET = span(1, 0, 1, 8)
ORDER = {"action": "refactor", "textDocument": {"uri": URI}, "range": TARGET}
REPLY = "```\nnew words\n```"
NEW = "before\nnew words\nafter\n"
CHOICES = ["Apply anyway", "Show", "Discard"]


async def asked(desk, **more):
    """A run that waits for its model."""
    _, response = desk.ask("dragoman/run", {**ORDER, **more})
    await desk.settle()
    return response


async def opened(open_desk, capabilities=FULL, **params):
    """A desk with the document open at an editor that takes edits; it never answers questions."""
    desk = await open_desk(capabilities, **params)
    desk.on["window/showMessageRequest"] = lambda question: asyncio.sleep(10_000)
    editor = accepting(desk)
    editor.open(TEXT, URI, "plaintext")
    return desk, editor


async def titles(desk, uri=URI):
    """What the menu offers."""
    params = {"textDocument": {"uri": uri}, "range": span(0, 0, 0, 0), "context": {"diagnostics": []}}
    return {entry["title"]: entry["command"] for entry in await desk.request("textDocument/codeAction", params)}


async def kept(desk, editor, model=-1):
    """A result that is kept, for the person typed into its target; its id."""
    response = await asked(desk)
    editor.type(URI, span(1, 3, 1, 4), "_")
    desk.services.completer.say(REPLY, model)
    result = (await response)["result"]
    assert not result["applied"]
    return result["kept"]


# Landing


async def test_applied(open_desk):
    """The smallest edit is sent once, for the version it was made for, and confirmed by the change that follows."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == desk.lines_of(URI) == NEW
    (edit,) = editor.edits
    (change,) = edit["documentChanges"]
    assert change["textDocument"] == {"uri": URI, "version": 1}
    assert change["edits"] == [{"range": TARGET, "newText": "new words"}]


async def test_typing_that_comes_with_the_order(open_desk):
    """A change that is read in one go with the order is typing after it: the edit lands where its target has gone."""
    desk, editor = await opened(open_desk)
    _, response = desk.ask("dragoman/run", {"action": "refactor", "textDocument": {"uri": URI}, "range": TARGET})
    editor.type(URI, span(0, 0, 0, 0), "typed\n")
    await desk.settle()
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == f"typed\n{NEW}"


async def test_a_cursor_that_moves_on_with_the_order(open_desk):
    """Without a range, what is meant is where the cursor was when the command came, though typing came with it."""
    desk, editor = await opened(open_desk)
    params = {"textDocument": {"uri": URI}, "range": TARGET, "context": {"diagnostics": []}}
    await desk.request("textDocument/codeAction", params)
    _, response = desk.ask("workspace/executeCommand", {"command": "dragoman.refactor"})
    editor.type(URI, span(0, 0, 0, 0), "typed\n")
    await desk.settle()
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == f"typed\n{NEW}"


async def test_client_without_versioned_edits(open_desk):
    """A client that takes no `documentChanges` gets `changes`."""
    desk, editor = await opened(open_desk, capabilities={"workspace": {"applyEdit": True}}, name="somebody")
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == NEW
    assert editor.edits == [{"changes": {URI: [{"range": TARGET, "newText": "new words"}]}}]


@pytest.mark.parametrize("client", [NEOVIM_0_10])
async def test_client_that_takes_versions_without_saying_so(open_desk, client):
    """An early Neovim says nothing of `documentChanges`; its edits carry a version all the same."""
    desk, editor = await opened(open_desk, **initialize_params(client))
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.edits[0]["documentChanges"][0]["textDocument"] == {"uri": URI, "version": 1}


async def test_typing_elsewhere_moves_the_edit(open_desk):
    """What is typed above the target while the model writes moves the edit along, and stays."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.type(URI, span(0, 0, 0, 0), "one\ntwo\n")
    editor.type(URI, span(4, 5, 4, 5), "!")
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == desk.lines_of(URI) == "one\ntwo\nbefore\nnew words\nafter!\n"
    assert editor.edits[0]["documentChanges"][0]["textDocument"]["version"] == 3


async def test_touched(open_desk):
    """Typing inside the target means that nothing is sent, and the result is kept."""
    desk, editor = await opened(open_desk)
    await kept(desk, editor)
    assert editor.edits == []
    assert editor.text(URI) == "before\nold_text\nafter\n"


async def test_refused(open_desk):
    """An editor that refuses keeps its text, and its reason is passed on; the result is kept."""
    desk, _ = await opened(open_desk)
    desk.on["workspace/applyEdit"] = lambda params: {"applied": False, "failureReason": "the buffer is read-only"}
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert result["kept"]
    assert "the buffer is read-only" in result["message"]


@pytest.mark.parametrize("answer", [RuntimeError("boom"), ["nonsense"], None])
async def test_refused_with_an_error(open_desk, answer):
    """An error, nonsense or nothing in answer to an edit counts as a refusal."""
    desk, _ = await opened(open_desk)
    desk.on["workspace/applyEdit"] = lambda params: answer
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["kept"]


async def test_editor_that_never_answers(open_desk):
    """An editor that does not answer in time has not taken the edit."""
    desk, _ = await opened(open_desk)
    desk.on["workspace/applyEdit"] = lambda params: asyncio.sleep(10_000)
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert "did not answer workspace/applyEdit within 30 s" in (await response)["result"]["message"]


async def test_client_that_takes_no_edits(open_desk):
    """A client without `applyEdit` is not asked; the result is kept, and can be shown."""
    desk, editor = await opened(open_desk, {**FULL, "workspace": {"applyEdit": False}})
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert "takes no edits" in (await response)["result"]["message"]
    assert editor.edits == []


async def test_unconfirmed(open_desk):
    """`applied: true` is believed only when a change follows that shows the text."""
    desk, _ = await opened(open_desk)
    desk.on["workspace/applyEdit"] = lambda params: {"applied": True}
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert "the text does not show it" in result["message"]


async def test_editor_that_skips_a_stale_edit_gets_another(open_desk):
    """Neovim skips an edit for an older version and says that it was applied: the next try is for the new version."""
    desk, editor = await opened(open_desk, **initialize_params(NEOVIM_0_12))
    tries = []

    def apply(params):
        tries.append(params)
        if len(tries) == 1:
            editor.type(URI, span(2, 0, 2, 0), "typed just now, ")
            return {"applied": True}
        return editor.applied(params)

    desk.on["workspace/applyEdit"] = apply
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert len(tries) == 2
    assert editor.text(URI) == "before\nnew words\ntyped just now, after\n"


async def test_editor_that_refuses_a_stale_edit_gets_another(open_desk):
    """A refusal because the person typed at that moment is tried again, for the new version."""
    desk, editor = await opened(open_desk, **initialize_params(VSCODE))
    tries = []

    def apply(params):
        tries.append(params)
        if len(tries) == 1:
            editor.type(URI, span(0, 0, 0, 0), "> ")
        return editor.applied(params)

    desk.on["workspace/applyEdit"] = apply
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert len(tries) == 2
    assert editor.text(URI) == "> before\nnew words\nafter\n"


async def test_editor_that_rebases_an_edit(open_desk):
    """Zed takes an edit for an older version to where it belongs now."""
    desk, editor = await opened(open_desk, **initialize_params(ZED))

    def apply(params):
        editor.type(URI, span(0, 0, 0, 0), "> ")
        params["edit"]["documentChanges"][0]["textDocument"]["version"] = editor.versions[URI]
        return editor.applied(params)

    desk.on["workspace/applyEdit"] = apply
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == "> before\nnew words\nafter\n"


# Closing


async def test_document_closed_while_the_model_writes(open_desk):
    """The result for a document that was closed is shown, not applied."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.close(URI)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert not result["applied"]
    assert "closed meanwhile" in result["message"]
    assert "new words" in result["markdown"]
    assert editor.edits == []
    assert editor.shown == [result["uri"]]


async def test_document_reopened_while_the_model_writes(open_desk):
    """A document that was closed and opened again is another one: its versions start over, so nothing is applied."""
    desk, editor = await opened(open_desk)
    response = await asked(desk)
    editor.close(URI)
    editor.open("something else\nin three\nlines\n", URI, "plaintext")
    desk.services.completer.say(REPLY)
    assert not (await response)["result"]["applied"]
    assert editor.edits == []
    assert editor.text(URI) == "something else\nin three\nlines\n"
    assert not [title for title in await titles(desk) if "kept" in title]


async def test_document_reopened_between_two_tries(open_desk):
    """Also while an edit is on its way: a try that failed is not repeated in the document that took its name."""
    desk, editor = await opened(open_desk)
    tries = []

    def apply(params):
        tries.append(params)
        editor.close(URI)
        editor.open("something else\n", URI, "plaintext")
        return {"applied": False}

    desk.on["workspace/applyEdit"] = apply
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert "closed meanwhile" in result["message"]
    assert len(tries) == 1
    assert "kept" not in result


async def test_document_closed_right_after_the_edit(open_desk):
    """A document that is closed as soon as it shows the edit counts as changed."""
    desk, editor = await opened(open_desk)

    def apply(params):
        answer = editor.applied(params)
        editor.close(URI)
        return answer

    desk.on["workspace/applyEdit"] = apply
    response = await asked(desk)
    desk.services.completer.say(REPLY)
    assert (await response)["result"]["applied"]


# Two at once


async def test_two_runs_in_one_document(open_desk):
    """Two results for one document land one after the other, each where it belongs."""
    desk, editor = await opened(open_desk)
    first = await asked(desk)
    second = await asked(desk, range=span(2, 0, 2, 5))
    desk.services.completer.say("```\nbehind\nit\n```", 1)
    desk.services.completer.say("```\nnew\nwords\n```", 0)
    assert (await first)["result"]["applied"]
    assert (await second)["result"]["applied"]
    assert editor.text(URI) == desk.lines_of(URI) == "before\nnew\nwords\nbehind\nit\n"


async def test_two_runs_on_one_target(open_desk):
    """Two results for one place: the first lands, the second would replace it and is kept."""
    desk, editor = await opened(open_desk)
    first, second = await asked(desk), await asked(desk)
    desk.services.completer.say(REPLY, 0)
    assert (await first)["result"]["applied"]
    desk.services.completer.say("```\nother words\n```", 1)
    assert "kept" in (await second)["result"]
    assert editor.text(URI) == NEW


# `apply: false`


async def test_edits_are_left_to_the_client(open_desk):
    """With `apply: false` the client gets the edits and the version they are for; nothing is changed."""
    desk, editor = await opened(open_desk)
    response = await asked(desk, apply=False)
    editor.type(URI, span(0, 0, 0, 0), "typed ")
    desk.services.completer.say(REPLY)
    result = (await response)["result"]
    assert result["edits"] == [{"range": TARGET, "newText": "new words"}]
    assert (result["kind"], result["applied"], result["version"]) == ("edit", False, 1)
    assert editor.edits == []
    assert desk.messages() == []


# Kept results


async def test_kept_result_is_announced(open_desk):
    """A kept result is offered in a question with three answers."""
    desk, editor = await opened(open_desk)
    questions = []
    desk.on["window/showMessageRequest"] = questions.append
    await kept(desk, editor)
    await desk.settle()
    (question,) = questions
    assert [action["title"] for action in question["actions"]] == CHOICES
    assert question["message"].startswith("Dragoman: Refactor was not applied: you have changed this text meanwhile")


async def test_kept_result_without_questions(open_desk):
    """A client that asks no questions gets a message that points to the code actions."""
    desk, editor = await opened(open_desk, {**FULL, "window": {"showDocument": {"support": True}}})
    await kept(desk, editor)
    (message,) = desk.messages()
    assert message.startswith("Dragoman: Refactor was not applied: you have changed this text meanwhile.")
    assert message.endswith("The result is kept; see the code actions.")
    assert "Apply anyway: Refactor" in await titles(desk)


async def chosen(desk, editor, choice, by):
    """Choose what becomes of a kept result, by the question, the menu or the bare command."""
    if by == "question":
        desk.on["window/showMessageRequest"] = lambda question: {"title": choice}
        await kept(desk, editor)
        await asyncio.sleep(5)
        return
    result_id = await kept(desk, editor)
    names = {"Apply anyway": "apply", "Show": "show", "Discard": "discard"}
    entries = {"Apply anyway": "Apply anyway: ", "Show": "Show kept result: ", "Discard": "Discard kept result: "}
    command = {"command": f"dragoman.kept.{names[choice]}", "arguments": [result_id]}
    if by == "menu":
        entry = (await titles(desk))[f"{entries[choice]}Refactor"]
        assert (entry["command"], entry["arguments"]) == (command["command"], command["arguments"])
    await desk.request("workspace/executeCommand", command)


@pytest.mark.parametrize("by", ["question", "menu", "command"])
async def test_apply_anyway(open_desk, by):
    """Apply anyway puts the result where its target is now, over what was typed there, and keeps it no longer."""
    desk, editor = await opened(open_desk)
    await chosen(desk, editor, "Apply anyway", by)
    assert editor.text(URI) == desk.lines_of(URI) == NEW
    assert not [title for title in await titles(desk) if "Refactor" in title and ":" in title and "kept" in title]
    assert not desk.server.documents.get(URI)._journals


@pytest.mark.parametrize("by", ["question", "menu", "command"])
async def test_show(open_desk, by):
    """Show opens the result beside the text, and keeps it."""
    desk, editor = await opened(open_desk)
    await chosen(desk, editor, "Show", by)
    assert editor.text(URI) == "before\nold_text\nafter\n"
    (markdown,) = desk.services.answers.kept.values()
    assert "new words" in markdown
    assert len(editor.shown) == 1
    assert "Discard kept result: Refactor" in await titles(desk)


@pytest.mark.parametrize("by", ["question", "menu", "command"])
async def test_discard(open_desk, by):
    """Discard forgets the result and what was kept for it."""
    desk, editor = await opened(open_desk)
    await chosen(desk, editor, "Discard", by)
    assert editor.text(URI) == "before\nold_text\nafter\n"
    assert "Discard kept result: Refactor" not in await titles(desk)
    assert not desk.server.documents.get(URI)._journals


async def test_apply_anyway_follows_the_typing(open_desk):
    """A kept result goes on following its place until it is applied."""
    desk, editor = await opened(open_desk)
    result_id = await kept(desk, editor)
    editor.type(URI, span(0, 0, 0, 0), "more\nabove\n")
    command = {"command": "dragoman.kept.apply", "arguments": [result_id]}
    assert (await desk.request("workspace/executeCommand", command))["applied"]
    assert editor.text(URI) == "more\nabove\n" + NEW


async def test_apply_anyway_that_is_refused_stays_kept(open_desk):
    """Where even that can't be applied the result is still kept."""
    desk, editor = await opened(open_desk)
    result_id = await kept(desk, editor)
    desk.on["workspace/applyEdit"] = lambda params: {"applied": False, "failureReason": "no"}
    command = {"command": "dragoman.kept.apply", "arguments": [result_id]}
    result = await desk.request("workspace/executeCommand", command)
    assert (result["applied"], result["kept"]) == (False, result_id)
    assert "Apply anyway: Refactor" in await titles(desk)


@pytest.mark.parametrize("command", ["apply", "show", "discard"])
@pytest.mark.parametrize("arguments", [[], ["nobody"], [5], [None], None])
async def test_result_that_is_not_kept(desk, command, arguments):
    """A word on a result that is gone is told so."""
    params = {"command": f"dragoman.kept.{command}", "arguments": arguments}
    assert (await desk.refused("workspace/executeCommand", params))["message"] == "That result is no longer kept."


async def test_closing_lets_kept_results_go(open_desk):
    """A closed document has no place for results; reopened, it offers none."""
    desk, editor = await opened(open_desk)
    await kept(desk, editor)
    editor.close(URI)
    editor.open(TEXT, URI, "plaintext")
    assert not [title for title in await titles(desk) if "Refactor" in title and "kept" in title]


async def test_only_so_many_are_kept(open_desk):
    """The oldest kept result makes room for a new one, and its journal ends."""
    desk, editor = await opened(open_desk)
    ids = [await kept(desk, editor, number) for number in range(MOST + 2)]
    assert [result.id for result in desk.server.kept.of(URI)] == ids[2:]
    assert len(desk.server.documents.get(URI)._journals) == MOST


async def test_result_with_a_syntax_error_is_not_applied(open_desk):
    """New text with a syntax error that was not there before is sent back once, then kept with the error named."""
    desk, editor = await opened(open_desk)
    uri = "file:///project/b.py"
    editor.open("def f():\n    return 1\n", uri, "python")
    response = await asked(desk, textDocument={"uri": uri}, range=span(0, 0, 1, 12))
    desk.services.completer.say("```python\ndef f(:\n    return 2\n```")
    await desk.settle()
    desk.services.completer.say("```python\ndef f(:\n    return 3\n```")
    result = (await response)["result"]
    assert result["kept"]
    assert "syntax error" in result["message"]
    assert editor.edits == []
    assert len(desk.services.completer.jobs) == 2
