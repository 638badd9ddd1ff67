"""Chats and comments with instructions, in the editor."""

from __future__ import annotations

import pytest

from dragoman.core.settings import ContextSettings, Edits, Settings
from lsp.clients import BARE, CLIENTS, identity, initialize_params
from lsp.desk import Bench, span
from lsp.orders import answered
from lsp.project import accepting

URI = "file:///project/talk.md"
TALK = "# Trees\n\n## You\n\nWhy wide?\n"
ANSWERED = TALK + "\n## Dragoman\n\nPages.\n\n## You\n\n"
COMMANDED = {"command": "dragoman.chat", "arguments": [{"textDocument": {"uri": URI}}]}


def opened(desk, text=TALK, uri=URI, language="markdown"):
    """Open it at a client that takes edits."""
    editor = accepting(desk)
    editor.open(text, uri, language)
    return editor


async def titles(desk, uri=URI, line=0):
    """What the menu has."""
    params = {"textDocument": {"uri": uri}, "range": span(line, 0, line, 0), "context": {"diagnostics": []}}
    return [entry["title"] for entry in await desk.request("textDocument/codeAction", params)]


@pytest.mark.parametrize("client", [client for client in CLIENTS if client is not BARE], ids=identity)
async def test_a_chat_in_every_editor(open_desk, client):
    """The answer and the next heading land at the document's end in one edit."""
    desk = await open_desk(initialize_params(client)["capabilities"], name=client.name)
    editor = opened(desk)
    _, response = desk.ask("workspace/executeCommand", COMMANDED)
    await desk.settle()
    desk.services.completer.say("Pages.")
    await response
    await desk.settle()
    assert editor.text(URI) == ANSWERED


@pytest.mark.parametrize(
    ("text", "language", "title"),
    [
        (TALK, "markdown", "Continue the conversation"),
        ("Why?\n", "markdown", "Start a conversation"),
        ("## You\n\na\n\n## AI\n\n" + "b\n" * 500 + "\n## You\n\nc\n", "markdown", "Continue the conversation"),
        ("a\n" * 500, "markdown", None),
        (ANSWERED, "markdown", None),
        ("# Readme\n\nText.\n", "markdown", None),
        ("", "markdown", None),
        (TALK, "python", None),
    ],
)
async def test_when_it_is_offered(desk, text, language, title):
    """The menu has the entry where something is asked, and nowhere else."""
    opened(desk, text, language=language)
    found = [each for each in await titles(desk) if "conversation" in each]
    assert found == ([title] if title else [])


async def test_several_turns(desk):
    """The document is the history: each turn is sent with all before it, as one session."""
    editor = opened(desk)
    for question in ("In memory?", "On disk?"):
        params = {"command": "dragoman.chat", "arguments": [URI, question]}
        await answered(desk, "workspace/executeCommand", params, f"About {question}")
        await desk.settle()
    first, second = desk.services.completer.jobs
    assert [message.role for message in second.request.messages] == ["system", "user", "assistant", "user"]
    assert [message.text for message in second.request.messages][1:] == [
        "Why wide?\n\nIn memory?",
        "About In memory?",
        "On disk?",
    ]
    assert first.session == second.session == URI
    assert not second.cacheable
    assert editor.text(URI).count("## Dragoman") == 2


async def test_a_plugin_sees_it_come(desk):
    """The answer is streamed by partial results, and the edit can be left to the plugin."""
    opened(desk)
    order = {"action": "chat", "textDocument": {"uri": URI}, "apply": False, "partialResultToken": "p"}
    message = await answered(desk, "dragoman/run", order, "Pages.")
    assert "".join(value.get("text", "") for value in desk.progress("p")) == "Pages."
    assert message["result"]["edits"] == [{"range": span(5, 0, 5, 0), "newText": ANSWERED.removeprefix(TALK)}]


async def test_typing_goes_on_meanwhile(desk):
    """What is typed above while the model writes stays, and the answer lands below it."""
    editor = opened(desk)
    _, response = desk.ask("workspace/executeCommand", COMMANDED)
    await desk.settle()
    editor.type(URI, span(0, 7, 0, 7), " and heaps")
    desk.services.completer.say("Pages.")
    assert (await response)["result"]["applied"]
    assert editor.text(URI) == ANSWERED.replace("Trees", "Trees and heaps")


async def test_it_is_told_when_turns_are_left_out(open_desk):
    """The person hears that the oldest turns had no place, without being interrupted."""
    settings = Settings(context=ContextSettings(max_tokens=256))
    desk = await open_desk(services=Bench(settings))
    long = "word " * 300
    opened(desk, f"## You\n\n{long}\n\n## Dragoman\n\n{long}\n\n## You\n\nWhy?\n")
    message = await answered(desk, "workspace/executeCommand", COMMANDED, "So.")
    assert "The 2 oldest turns were left out: context.max_tokens allows no more." in message["result"]["message"]
    assert desk.messages() == []


async def test_a_turn_is_no_proposal(open_desk):
    """With `edits.review` an answer in a chat is no change to be accepted."""
    desk = await open_desk(services=Bench(Settings(edits=Edits(review=True))))
    editor = opened(desk)
    await answered(desk, "workspace/executeCommand", COMMANDED, "Pages.")
    await desk.settle()
    assert editor.text(URI) == ANSWERED


async def test_a_document_that_is_no_markdown(desk):
    """In code there is no conversation, and the person is told where there is."""
    opened(desk, "x = 1\n", "file:///project/a.py", "python")
    error = await desk.refused("workspace/executeCommand", {"command": "dragoman.chat", "arguments": ["Why?"]})
    assert "A conversation lives in a Markdown document" in error["message"]


# Comments

CODE = "def f(a):\n    # shorter\n    # and quicker AI!\n    return a + 0\n\n\ndef g(a):\n    return a  # as text AI!\n"
PY = "file:///project/a.py"


async def test_a_comment_of_several_lines(desk):
    """From each of its lines the menu has the instruction, which goes with the edit."""
    editor = opened(desk, CODE, PY, "python")
    for line in (1, 2):
        assert "Edit: shorter and quicker" in await titles(desk, PY, line)
    assert not any(title.startswith("Edit") for title in await titles(desk, PY, 3))
    params = {"command": "dragoman.edit", "arguments": [PY, span(1, 0, 1, 0), "shorter and quicker"]}
    await answered(desk, "workspace/executeCommand", params, "```python\ndef f(a):\n    return a\n```")
    await desk.settle()
    assert editor.text(PY).startswith("def f(a):\n    return a\n\n\ndef g")


async def test_all_comments_at_once(desk):
    """From anywhere in the document one entry does all of them in one edit, and takes them away."""
    editor = opened(desk, CODE, PY, "python")
    assert "Do all 2 AI! comments" in await titles(desk, PY, 5)
    done = "def f(a):\n    return a\n\n\ndef g(a):\n    return str(a)\n"
    params = {"command": "dragoman.comments", "arguments": [PY]}
    await answered(desk, "workspace/executeCommand", params, f"```python\n{done}```")
    await desk.settle()
    assert editor.text(PY) == done
    assert not any("AI!" in title for title in await titles(desk, PY, 1))
