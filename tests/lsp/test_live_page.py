"""When the editor's side puts an answer on the live page, and how the person gets to see it."""

from __future__ import annotations

import pytest

from dragoman.core.chat import TextDelta
from dragoman.core.errors import NetworkError
from dragoman.core.settings import AnswerSettings, Settings
from lsp.clients import HELIX
from lsp.desk import PLAIN, Bench, span
from lsp.orders import URI, answered, open_code, order

ANSWER = "It **adds** the items up.\n"
OPENING = Settings(answers=AnswerSettings(page=True))
TICKET = "http://127.0.0.1:1/ticket"


async def begun(desk, method="dragoman/run", **more):
    """The response of an explanation that the model has begun to write."""
    await open_code(desk)
    desk.on["window/showDocument"] = lambda params: {"success": True}
    _, response = desk.ask(method, order("explain", **more))
    await desk.settle()
    desk.services.completer.queue(-1).put_nowait("It **adds**")
    await desk.settle()
    return response


def shown(desk):
    """What the editor was asked to open in the browser."""
    asked = [message["params"] for message in desk.said if message.get("method") == "window/showDocument"]
    return [params["uri"] for params in asked if params.get("external")]


async def menu(desk):
    """The commands of the code actions at the function, by title."""
    params = {"textDocument": {"uri": URI}, "range": span(0, 0, 0, 0), "context": {"diagnostics": []}}
    return {each["title"]: each["command"] for each in await desk.request("textDocument/codeAction", params)}


async def test_an_answer_is_on_the_page_while_it_is_written(desk):
    """The page is told of every piece, and at the end of the whole answer and what it took."""
    response = await begun(desk)
    [leaf] = desk.services.page.leaves
    assert leaf.title == "Explain"
    assert TextDelta("It **adds**") in leaf.told
    assert leaf.end is None
    desk.services.completer.say(" the items up.\n")
    await response
    markdown, message = leaf.end
    assert markdown == ANSWER
    assert "ollama · scripted" in message


async def test_it_opens_when_the_person_says_so(desk):
    """While it is written a code action opens the page in the browser; nothing does so by itself."""
    response = await begun(desk)
    assert shown(desk) == []
    command = (await menu(desk))["Watch in the browser: Explain"]
    result = await desk.request("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")})
    assert result == {"shown": True}
    assert shown(desk) == [TICKET]
    desk.services.completer.say(" the items up.\n")
    await response
    assert "Watch in the browser: Explain" not in await menu(desk)


async def test_it_opens_by_itself_where_that_is_set(open_desk):
    """With `answers.page = true` the page opens as an answer begins, unless it is open."""
    desk = await open_desk(services=Bench(OPENING))
    response = await begun(desk)
    assert shown(desk) == [TICKET]
    desk.services.completer.say(".")
    await response
    desk.services.page.watched = True
    await answered(desk, "dragoman/run", order("explain"), ANSWER)
    assert shown(desk) == [TICKET]
    assert len(desk.services.page.leaves) == 2


@pytest.mark.parametrize("more", [{"partialResultToken": "p"}, {"apply": False}])
async def test_a_plugin_shows_it_itself(open_desk, more):
    """Where a plugin shows the answer, or takes it for itself, it is not on the page."""
    desk = await open_desk(services=Bench(OPENING))
    await begun(desk, **more)
    assert desk.services.page.leaves == []
    assert shown(desk) == []
    assert "Watch in the browser: Explain" not in await menu(desk)


async def test_an_edit_is_no_answer(open_desk):
    """What changes the text is not on the page."""
    desk = await open_desk(services=Bench(OPENING))
    await open_code(desk)
    await answered(desk, "dragoman/run", order("refactor"))
    assert desk.services.page.leaves == []


async def test_a_client_that_opens_nothing(open_desk):
    """A client that can't open a page has none."""
    desk = await open_desk(PLAIN, services=Bench(OPENING))
    await open_code(desk)
    await answered(desk, "dragoman/run", order("explain"), ANSWER)
    assert desk.services.page.leaves == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [({"success": False}, f"The live page is at {TICKET}"), (RuntimeError("no"), f"The live page is at {TICKET}")],
)
async def test_no_browser(desk, answer, told):
    """Where the editor opens no browser, one line tells the address."""
    desk.on["window/showDocument"] = lambda params: answer
    assert await desk.request("workspace/executeCommand", {"command": "dragoman.page"}) == {"shown": False}
    assert told in desk.messages()[-1]


async def test_no_port(desk):
    """Where nothing can be served, one line says why."""
    desk.services.page.problem = OSError(24, "Too many open files")
    assert await desk.request("workspace/executeCommand", {"command": "dragoman.page"}) == {"shown": False}
    assert desk.messages()[-1] == "Dragoman: The live page can't be served: Too many open files."


async def test_an_editor_that_can_t_wait(open_desk):
    """An editor whose commands have a short time limit gets its answer before the browser is open."""
    desk = await open_desk(HELIX.capabilities, name=HELIX.name)
    desk.on["window/showDocument"] = lambda params: {"success": True}
    assert await desk.request("workspace/executeCommand", {"command": "dragoman.page"}) is None
    await desk.settle()
    assert shown(desk) == [TICKET]


async def test_a_failure_is_told(desk):
    """How an answer failed stands on the page, with what was written until then."""
    response = await begun(desk)
    desk.services.completer.fail(NetworkError("the line is dead"))
    assert "error" in await response
    assert desk.services.page.leaves[0].end == (None, "the line is dead")


async def test_a_cancelled_answer(desk):
    """A cancelled answer says so on the page."""
    response = await begun(desk)
    await desk.request("workspace/executeCommand", {"command": "dragoman.cancel"})
    assert "error" in await response
    assert desk.services.page.leaves[0].end == (None, "cancelled")
