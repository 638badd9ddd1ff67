"""The last answers as hovers on the text they are about."""

from __future__ import annotations

import pytest

from dragoman.core.settings import AnswerSettings, Settings
from dragoman.lsp.capabilities import initialize_result
from lsp.clients import CLIENTS, NEOVIM_0_10, identity, initialize_params
from lsp.desk import FULL, Bench, span
from lsp.orders import CODE, URI, answered, open_code, order

ANSWER = "It **adds** the items up.\n"
MARKDOWN = {**FULL, "textDocument": {**FULL["textDocument"], "hover": {"contentFormat": ["markdown", "plaintext"]}}}


async def hover(desk, line, character=4):
    """What the server says to a hover there."""
    params = {"textDocument": {"uri": URI}, "position": {"line": line, "character": character}}
    return await desk.request("textDocument/hover", params)


async def explained(desk, action="explain", text=CODE, reply=ANSWER, **more):
    """The editor, once the function in its text was explained."""
    editor = await open_code(desk, text)
    desk.on["window/showDocument"] = lambda params: {"success": True}
    await answered(desk, "dragoman/run", order(action, **more), reply)
    return editor


@pytest.fixture
async def desk(open_desk):
    """A desk whose client shows Markdown in hovers."""
    return await open_desk(MARKDOWN)


async def test_the_answer_on_its_text(desk):
    """An answer is the hover on what was asked about, as Markdown, and there is none anywhere else."""
    await explained(desk, text=f"import os\n\n{CODE}\n", range=span(2, 0, 6, 17))
    found = await hover(desk, 4)
    assert found["contents"] == {"kind": "markdown", "value": f"**Dragoman: Explain**\n\n{ANSWER}"}
    assert found["range"] == span(2, 0, 6, 17)
    assert [await hover(desk, line) for line in (0, 1, 7)] == [None, None, None]


async def test_a_client_without_markdown(open_desk):
    """A client that shows no Markdown in hovers gets the same as plain text."""
    desk = await open_desk()
    await explained(desk, text=CODE + "x = 1\n")
    assert (await hover(desk, 1))["contents"]["kind"] == "plaintext"


async def test_it_moves_with_its_text(desk):
    """Typing above, and a little in it, moves the hover with its text."""
    editor = await explained(desk, text=CODE + "x = 1\n")
    editor.type(URI, span(0, 0, 0, 0), "import os\n\n")
    editor.type(URI, span(4, 8, 4, 8), "    ")
    assert (await hover(desk, 4))["range"] == span(2, 0, 6, 17)
    assert await hover(desk, 1) is None
    assert await hover(desk, 7) is None


async def test_it_goes_with_its_text(desk):
    """Where the text has become another one, the answer is about nothing that is there."""
    editor = await explained(desk, text=CODE + "x = 1\n")
    editor.type(URI, span(1, 0, 4, 17), "    return sum(items, start=initial or 0)")
    assert await hover(desk, 0) is None


async def test_a_long_text_is_compared_by_its_lines(desk):
    """In a long function a few changed lines leave the hover, and most of them changed take it away."""
    body = "".join(f"    call_number_{number}(first, second, third)\n" for number in range(200))
    editor = await explained(desk, text=f"def f():\n{body}\nx = 1\n", range=span(0, 0, 200, 10))
    editor.type(URI, span(3, 4, 3, 10), "changed")
    assert await hover(desk, 0) is not None
    editor.type(URI, span(1, 0, 150, 0), "    pass\n" * 149)
    assert await hover(desk, 0) is None


async def test_typing_while_the_model_writes(desk):
    """An answer about a text that moved while the model wrote stands where the text is then."""
    editor = await open_code(desk, CODE + "x = 1\n")
    desk.on["window/showDocument"] = lambda params: {"success": True}
    _, response = desk.ask("dragoman/run", order("explain"))
    await desk.settle()
    editor.type(URI, span(0, 0, 0, 0), "import os\n")
    desk.services.completer.say(ANSWER)
    await response
    assert (await hover(desk, 3))["range"] == span(1, 0, 5, 17)


async def test_the_last_of_several(desk):
    """Of two answers about the same place the later one is shown; where only the earlier one is, that."""
    await explained(desk, text=CODE + "x = 1\n")
    await answered(desk, "dragoman/run", order("ask", range=span(1, 0, 1, 14)), "Because.\n")
    assert "Because." in (await hover(desk, 1))["contents"]["value"]
    assert "**adds**" in (await hover(desk, 3))["contents"]["value"]


@pytest.mark.parametrize(
    ("text", "selected", "shown"),
    [(CODE + "x = 1\n", span(2, 5, 2, 5), {2}), (CODE + "\nx = 1\n", span(5, 0, 5, 0), set())],
)
async def test_a_question_at_the_cursor(desk, text, selected, shown):
    """A question about no text in particular stands on the cursor's line, and nowhere where that is empty."""
    await explained(desk, "ask", text, range=selected)
    assert {line for line in range(6) if await hover(desk, line, 0)} == shown


async def test_a_whole_file(desk):
    """An answer about a whole file stands on its first line alone, not in the way of every word's own hover."""
    await explained(desk, text="a = 1\nb = 2\nc = 3\n", range=span(0, 0, 3, 0))
    assert [await hover(desk, line) is not None for line in range(3)] == [True, False, False]


async def test_a_closed_document(desk):
    """A document that was closed and opened again shows nothing of before."""
    editor = await explained(desk, text=CODE + "x = 1\n")
    editor.close(URI)
    assert await hover(desk, 1) is None
    desk.open(CODE, URI, "python")
    assert await hover(desk, 1) is None


async def test_what_the_client_shows_itself(desk):
    """With `apply: false` the client shows the answer, and from then on it is on its text as any other."""
    await explained(desk, text=CODE + "x = 1\n", apply=False)
    assert await hover(desk, 1)


async def test_switched_off(open_desk):
    """`answers.hover = false` means none."""
    desk = await open_desk(services=Bench(Settings(answers=AnswerSettings(hover=False))))
    await explained(desk, text=CODE + "x = 1\n")
    assert await hover(desk, 1) is None


async def test_the_oldest_makes_room(desk):
    """Many answers in one document do not pile up for ever: the first ones go."""
    lines = "".join(f"value_{number} = compute({number})\n" for number in range(30))
    await open_code(desk, lines)
    desk.on["window/showDocument"] = lambda params: {"success": True}
    for number in range(30):
        await answered(desk, "dragoman/run", order("ask", range=span(number, 0, number, 7)), f"It is {number}.\n")
    shown = [number for number in range(30) if await hover(desk, number)]
    assert shown == list(range(10, 30))


async def test_nothing_before_the_first_answer(desk):
    """A hover before anything was asked, also in a document that is not open, is null."""
    assert await hover(desk, 0) is None
    desk.open(CODE, URI, "python")
    assert await hover(desk, 0) is None


@pytest.mark.parametrize("client", CLIENTS, ids=identity)
def test_who_is_offered_hovers(client):
    """Hovers are announced to all but an editor that shows a message for every server without one."""
    announced = initialize_result(initialize_params(client))["capabilities"]["hoverProvider"]
    assert announced is (client is not NEOVIM_0_10)


@pytest.mark.parametrize("params", [None, {"clientInfo": None}, {"clientInfo": {"name": "Neovim"}}])
def test_who_says_nothing_is_offered_hovers(params):
    """A client that says nothing of its version is taken for a recent one."""
    assert initialize_result(params)["capabilities"]["hoverProvider"] is True
