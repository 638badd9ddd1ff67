"""Inline completion at the desk: when a model is asked, when not, what an acceptance counts as; on virtual time."""

from __future__ import annotations

import asyncio
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.errors import NothingToAsk
from dragoman.core.ports import Disclosure
from dragoman.core.settings import Inline, Settings
from lsp.desk import FULL, PLAIN, Bench, Desk, NoFiles, at, span
from lsp.orders import open_code
from virtual_time import run

URI = "file:///project/a.py"
METHOD = "textDocument/inlineCompletion"
COMPLETION = "textDocument/completion"
SOURCE = "def f(a):\n    "
PAUSE = 0.15

REGISTERS = deepcopy(FULL) | {"textDocument": {"completion": {"dynamicRegistration": True}}}


class Typist:
    """Someone who types at the end of a document in an editor that asks after every key."""

    def __init__(self, desk: Desk, text: str = SOURCE, method: str = METHOD) -> None:
        self.desk, self.text, self.method, self.version = desk, text, method, 1
        self.pen = desk.services.filler
        desk.open(text, URI, "python")

    @property
    def cursor(self):
        """Where they are, in UTF-16 code units."""
        lines = self.text.split("\n")
        return at(len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2)

    def type(self, text: str) -> None:
        """Put a text in at the cursor."""
        self.version += 1
        change = {"range": {"start": self.cursor, "end": self.cursor}, "text": text}
        document = {"uri": URI, "version": self.version}
        self.desk.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        self.text += text

    def erase(self) -> None:
        """Take the last character of the line away."""
        self.version += 1
        end, self.text = self.cursor, self.text[:-1]
        change = {"range": {"start": self.cursor, "end": end}, "text": ""}
        document = {"uri": URI, "version": self.version}
        self.desk.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def ask(self, kind: int = 2):
        """Ask for what belongs at the cursor: the request's id and its response. 1 is invoked, 2 automatic."""
        context = {"triggerKind": kind if self.method == METHOD else 1}
        return self.desk.ask(self.method, {"textDocument": {"uri": URI}, "position": self.cursor, "context": context})

    async def offered(self, text: str | None = None, kind: int = 2):
        """What is offered, where a model proposes `text` once it is asked; None where it is not asked."""
        number = len(self.pen.asked)
        _, response = self.ask(kind)
        if text is not None:
            await asyncio.sleep(1)
            assert len(self.pen.asked) == number + 1
            self.pen.propose(text)
        result = (await response)["result"]
        assert text is not None or len(self.pen.asked) == number
        return result["items"][0]["insertText"] if result else None

    async def counted(self):
        """What the status says of inline completions."""
        return (await self.desk.request("dragoman/status"))["inline"]


async def typist(settings=None, *, capabilities=FULL, method=METHOD, text=SOURCE, files=None, **params):
    """A typist at a desk."""
    bench = Bench(Settings(inline=settings or Inline()))
    bench.project = files or NoFiles()
    desk = Desk(bench)
    desk.on["client/registerCapability"] = lambda _params: None
    result = await desk.start(capabilities, **params)
    person = Typist(desk, text, method)
    person.capabilities = result["capabilities"]
    return person


def test_a_proposal_is_one_item_at_the_cursor():
    """The item's text goes in at the cursor, with the document's line ends."""

    async def story():
        person = await typist(text="def f(a):\r\n    ")
        _, response = person.ask()
        await asyncio.sleep(1)
        person.pen.propose("b = a\n    return b")
        result = (await response)["result"]
        assert result == {"items": [{"insertText": "b = a\r\n    return b", "range": span(1, 4, 1, 4)}]}
        await person.desk.leave()

    run(story())


def test_the_client_is_told_of_it_with_options():
    """`inlineCompletionProvider` is advertised as an object: an empty one does not reach every client."""

    async def story():
        person = await typist(capabilities=PLAIN)
        assert person.capabilities["inlineCompletionProvider"] == {"workDoneProgress": False}
        assert "completionProvider" not in person.capabilities
        await person.desk.leave()

    run(story())


def test_a_model_is_asked_after_a_pause():
    """While keys come quickly nobody is asked; after `debounce_ms` without one the model is."""

    async def story():
        person = await typist()
        responses = []
        for key in "retur":
            person.type(key)
            responses.append(person.ask()[1])
            await asyncio.sleep(0.05)
        assert person.pen.asked == []
        last_key = asyncio.get_running_loop().time() - 0.05
        await asyncio.sleep(1)
        assert [asked[0] for asked in person.pen.asked] == [pytest.approx(last_key + PAUSE)]
        person.pen.propose("n a")
        results = [(await response)["result"] for response in responses]
        assert results[:-1] == [None] * 4
        assert results[-1]["items"][0]["insertText"] == "n a"
        await person.desk.leave()

    run(story())


def test_who_types_slowly_is_waited_for_longer():
    """The pause grows with the time from key to key, up to four times the setting."""

    async def story():
        person = await typist()
        for gap, pause in ((0.3, 0.45), (1.5, 4 * PAUSE)):
            for _ in range(20):
                person.type("x")
                await asyncio.sleep(gap)
            person.type(" ")
            began = asyncio.get_running_loop().time()
            person.ask()
            await asyncio.sleep(2)
            assert person.pen.asked[-1][0] - began == pytest.approx(pause, rel=0.02)
        await person.desk.leave()

    run(story())


def test_who_moves_the_cursor_is_waited_for_too():
    """Where an editor asks at each place that the cursor passes, a model is asked at the first and at the last."""

    async def story():
        person = await typist(text="a = \nb = \nc = \nd = \n")
        began = asyncio.get_running_loop().time()
        for line in range(4):
            position = {"textDocument": {"uri": URI}, "position": at(line, 4), "context": {"triggerKind": 2}}
            person.desk.ask(METHOD, position)
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        asked = [(time - began, question.gap.head) for time, question, _ in person.pen.asked]
        assert asked == [(pytest.approx(0.0), "a = "), (pytest.approx(0.1 + PAUSE), "d = ")]
        await person.desk.leave()

    run(story())


def test_asked_in_so_many_words_it_is_asked_at_once():
    """An invoked completion waits for no pause."""

    async def story():
        person = await typist()
        person.type("x")
        began = asyncio.get_running_loop().time()
        person.ask(kind=1)
        await asyncio.sleep(1)
        assert [(asked[0], asked[2]) for asked in person.pen.asked] == [(began, True)]
        await person.desk.leave()

    run(story())


@pytest.mark.parametrize("after", [0.05, 1.0], ids=["in the pause", "while the model writes"])
def test_the_next_key_ends_it(after):
    """Typing on answers the request with nothing, at once, and gives up what was asked."""

    async def story():
        person = await typist()
        person.type("x")
        _, response = person.ask()
        await asyncio.sleep(after)
        asked = len(person.pen.asked)
        person.type("x")
        assert (await asyncio.wait_for(response, 0.01))["result"] is None
        assert (asked, person.pen.given_up) == ((0, 0) if after < PAUSE else (1, 1))
        await person.desk.leave()

    run(story())


@pytest.mark.parametrize("after", [0.05, 1.0], ids=["in the pause", "while the model writes"])
def test_a_cancelled_request_ends_it(after):
    """`$/cancelRequest` gives up what was asked, and the request is answered as cancelled."""

    async def story():
        person = await typist()
        person.type("x")
        number, response = person.ask()
        await asyncio.sleep(after)
        person.desk.notify("$/cancelRequest", {"id": number})
        assert (await asyncio.wait_for(response, 0.01))["error"]["code"] == -32800
        assert person.pen.given_up == (after > PAUSE)
        assert await person.offered("y") == "y"
        await person.desk.leave()

    run(story())


def test_one_is_in_flight():
    """A newer request for the document takes the place of the older one, which is answered with nothing."""

    async def story():
        person = await typist()
        _, older = person.ask(kind=1)
        await asyncio.sleep(1)
        _, newer = person.ask(kind=1)
        await asyncio.sleep(1)
        assert (len(person.pen.asked), person.pen.given_up) == (2, 1)
        assert (await older)["result"] is None
        person.pen.propose("return a")
        assert (await newer)["result"]["items"][0]["insertText"] == "return a"
        await person.desk.leave()

    run(story())


def test_documents_do_not_end_each_others():
    """One is in flight per document: another one's typing leaves it alone."""

    async def story():
        person = await typist()
        other = person.desk.open("x", "file:///project/b.py", "python")
        _, response = person.ask()
        await asyncio.sleep(1)
        change = {"range": span(0, 1, 0, 1), "text": "y"}
        document = {"uri": other, "version": 2}
        person.desk.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        person.pen.propose("return a")
        assert (await response)["result"]["items"][0]["insertText"] == "return a"
        await person.desk.leave()

    run(story())


def test_typing_along_asks_nobody():
    """While what was proposed is typed the rest of it is offered at once; where something else is typed, no more."""

    async def story():
        person = await typist()
        assert await person.offered("return a + b") == "return a + b"
        for key, rest in zip("return", ["eturn", "turn", "urn", "rn", "n", ""], strict=True):
            person.type(key)
            assert await person.offered() == f"{rest} a + b"
        person.erase()
        assert await person.offered() == "n a + b"
        person.type("!")
        assert await person.offered("x") == "x"
        assert len(person.pen.asked) == 2
        await person.desk.leave()

    run(story())


@settings(max_examples=25, deadline=None)
@given(st.text("ab \n(é🎉", min_size=1, max_size=30).filter(str.strip), st.lists(st.integers(1, 6), max_size=12))
def test_however_it_is_typed_along_nobody_is_asked(text, steps):
    """A proposal that is typed in any pieces is offered to its end without a second question."""
    text = text.rstrip()

    async def story():
        person = await typist()
        assert await person.offered(text) == text
        rest = text
        for step in steps:
            person.type(rest[:step])
            rest = rest[step:]
            if not rest:
                break
            assert await person.offered() == rest
        assert len(person.pen.asked) == 1
        await person.desk.leave()

    run(story())


def test_acceptances_are_counted():
    """What comes in one piece was accepted, whole or in part; what is typed key by key was not."""

    async def story():
        person = await typist()
        await person.offered("return a + b")
        person.type("return a + b")
        assert await person.counted() == {"shown": 1, "accepted": 1, "acceptedInPart": 0}
        person.type("\n    ")
        await person.offered("c = [a, b]")
        person.type("c = ")
        person.type("[a, b]")
        assert await person.counted() == {"shown": 2, "accepted": 2, "acceptedInPart": 1}
        person.type("\n    ")
        await person.offered("go")
        for key in "go":
            person.type(key)
        assert await person.counted() == {"shown": 3, "accepted": 2, "acceptedInPart": 1}
        await person.desk.leave()

    run(story())


def test_switched_off_nothing_is_proposed():
    """With `inline.enabled = false` every request is answered with nothing."""

    async def story():
        person = await typist(Inline(enabled=False))
        assert await person.offered(kind=1) is None
        await person.desk.leave()

    run(story())


def test_of_a_withheld_file_nothing_is_asked():
    """Typing in it is left in peace, with one line in the log; who asks in so many words is told why not."""

    class Withheld(NoFiles):
        async def disclosures(self, paths):
            return {path: Disclosure("a.py is of a kind that holds secrets") for path in paths}

    async def story():
        person = await typist(files=Withheld())
        for key in "ab":
            person.type(key)
            assert await person.offered() is None
        log = [line["message"] for line in person.desk.notifications("window/logMessage")]
        assert log == ["No inline completion: a.py is of a kind that holds secrets"]
        assert "holds secrets" in (await person.ask(kind=1)[1])["error"]["message"]
        assert person.desk.messages() == []
        await person.desk.leave()

    run(story())


def test_whose_model_fails_is_told_once():
    """Why nothing is proposed is a line in the log, not one for every key."""

    async def story():
        person = await typist()
        for _ in range(3):
            person.type("a ")
            _, response = person.ask()
            await asyncio.sleep(1)
            person.pen.fail(NothingToAsk("nobody is there; start one"))
            assert (await response)["result"] is None
        log = [line["message"] for line in person.desk.notifications("window/logMessage")]
        assert log == ["No inline completion: nobody is there; start one"]
        await person.desk.leave()

    run(story())


def test_a_document_that_is_closed_or_unknown_has_none():
    """A request for what is not open is answered with nothing; closing a document ends what was asked for it."""

    async def story():
        person = await typist()
        _, response = person.ask()
        await asyncio.sleep(1)
        person.desk.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        assert (await response)["result"] is None
        assert person.pen.given_up == 1
        assert await person.offered(kind=1) is None
        await person.desk.leave()

    run(story())


@pytest.mark.parametrize(
    "options",
    [
        {"inline": {"as_completion": True}},
        {"dragoman": {"inline": {"as_completion": True}}},
        {"inline.as_completion": True},
    ],
)
def test_it_is_advertised_as_completion_where_the_options_ask_for_it(options):
    """What stands in `initializationOptions` is known in time for `initialize`'s answer, however it is written."""

    async def story():
        person = await typist(Inline(as_completion=True), initializationOptions=options)
        assert person.capabilities["completionProvider"] == {"resolveProvider": False}
        await person.desk.leave()

    run(story())


@pytest.mark.parametrize("capabilities", [FULL, REGISTERS], ids=["fixed", "dynamic"])
def test_it_is_registered_as_completion_where_a_settings_file_asks_for_it(capabilities):
    """A client that takes registrations gets one, once; another one gets nothing it can't understand."""

    async def story():
        registered = []
        bench = Bench(Settings(inline=Inline(as_completion=True)))
        desk = Desk(bench)
        desk.on["client/registerCapability"] = lambda params: registered.extend(params["registrations"])
        await desk.start(capabilities)
        desk.notify("workspace/didChangeConfiguration", {"settings": {}})
        await desk.settle()
        methods = [registration["method"] for registration in registered]
        assert methods.count(COMPLETION) == (capabilities is REGISTERS)
        await desk.leave()

    run(story())


def test_as_completion_it_is_one_entry():
    """The entry replaces the word before the cursor by itself and the rest, so that no editor filters it away."""

    async def story():
        person = await typist(Inline(as_completion=True), method=COMPLETION)
        person.type("x = comp")
        _, response = person.ask()
        await asyncio.sleep(1)
        assert not person.pen.asked[-1][2]
        person.pen.propose("ute(a)")
        result = (await response)["result"]
        assert result["isIncomplete"] is True
        [item] = result["items"]
        assert item["label"] == item["filterText"] == "compute(a)"
        assert item["textEdit"] == {"newText": "compute(a)", "range": span(1, 8, 1, 12)}
        assert item["detail"] == "ollama · scripted"
        await person.desk.leave()

    run(story())


def test_without_the_setting_there_is_no_entry():
    """`textDocument/completion` is answered with nothing unless the settings ask for it."""

    async def story():
        person = await typist(method=COMPLETION)
        _, response = person.ask()
        assert (await response)["result"] == {"isIncomplete": True, "items": []}
        await person.desk.leave()

    run(story())


async def by_command(arguments=(), name="Visual Studio Code", reply="return sum(a)"):
    """The desk, its editor, and the response to `dragoman.complete`, for which a model proposes the reply."""
    desk = Desk(Bench())
    await desk.start(FULL, name=name)
    editor = await open_code(desk, "def f(a):\n    \nx = 1\n")
    editor.type(URI, span(1, 0, 1, 0), " ")
    editor.type(URI, span(1, 5, 1, 5), "r")
    params = {"command": "dragoman.complete", "arguments": list(arguments)}
    _, response = desk.ask("workspace/executeCommand", params)
    await desk.settle()
    if desk.services.filler.asked:
        desk.services.filler.propose(reply)
    return desk, editor, await response


def test_by_command_it_is_put_in_at_the_cursor():
    """`dragoman.complete` edits where the person last typed, or at the range's end, and counts as accepted."""

    async def story():
        desk, editor, response = await by_command(reply="eturn sum(a)")
        await desk.settle()
        result = response["result"]
        assert result == {"kind": "edit", "applied": True, "provider": "ollama", "model": "scripted"}
        assert editor.text(URI) == "def f(a):\n     return sum(a)\nx = 1\n"
        assert (await desk.request("dragoman/status"))["inline"]["accepted"] == 1
        await desk.leave()
        where = {"textDocument": {"uri": URI}, "range": span(2, 5, 2, 5)}
        desk, editor, response = await by_command([where], reply=" + 2")
        assert editor.text(URI).endswith("x = 1 + 2\n")
        await desk.leave()

    run(story())


def test_by_command_nothing_is_said_to_be_nothing():
    """Where nothing is proposed the person is told so, and the text stays as it was."""

    async def story():
        desk, editor, response = await by_command(reply="")
        assert "nothing to propose" in response["error"]["message"]
        assert editor.edits == []
        await desk.leave()

    run(story())


def test_by_command_a_client_that_can_not_wait_is_answered_at_once():
    """In such an editor the command is answered before the model, whose text is put in later."""

    async def story():
        desk = Desk(Bench())
        await desk.start(FULL, name="helix")
        editor = await open_code(desk, "x = \n")
        editor.type(URI, span(0, 4, 0, 4), "s")
        result = await desk.request("workspace/executeCommand", {"command": "dragoman.complete", "arguments": []})
        assert result is None
        await desk.settle()
        desk.services.filler.propose("um(a)")
        await desk.settle()
        assert editor.text(URI) == "x = sum(a)\n"
        await desk.leave()

    run(story())


def test_by_command_it_can_be_cancelled():
    """`dragoman.cancel` gives up what was asked."""

    async def story():
        desk = Desk(Bench())
        await desk.start(FULL)
        editor = await open_code(desk, "x = \n")
        editor.type(URI, span(0, 4, 0, 4), "s")
        _, response = desk.ask("workspace/executeCommand", {"command": "dragoman.complete", "arguments": []})
        await desk.settle()
        assert await desk.request("workspace/executeCommand", {"command": "dragoman.cancel"}) == {"cancelled": 1}
        assert (await response)["error"]["code"] == -32800
        assert desk.services.filler.given_up == 1
        await desk.leave()

    run(story())
