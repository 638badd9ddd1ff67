"""Foreign settings files in the editor: asked about once, never where the editor does not trust the folder itself."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.trust import Foreign, Seal, Wish
from lsp.clients import EGLOT_1_21, HELIX, NEOVIM_0_12, VSCODE, ZED, identity, initialize_params
from lsp.desk import FULL, PLAIN, Bench, Desk

FILE = Foreign(Seal("/project/.dragoman.toml", "1" * 64), "~/p/.dragoman.toml", (Wish("store", "redis://evil"),))
CHANGED = Foreign(Seal("/project/.dragoman.toml", "2" * 64), "~/p/.dragoman.toml", FILE.wishes * 3)
SAID = "Dragoman: ~/p/.dragoman.toml sets store, which only a trusted project may"


class Person:
    """Answers questions in turn, and then no more."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.shown = []

    def __call__(self, params):
        self.asked.append(params)
        return {"title": self.answers.pop(0)} if self.answers else None

    def show(self, params):
        self.shown.append(params["uri"])
        return {"success": True}


@pytest.fixture
async def at():
    """Seats a person at a desk whose services know of a foreign file."""
    desks = []

    async def seated(person, capabilities=FULL, services=None, **params):
        services = services or Bench()
        services.foreign = [FILE]
        desk = Desk(services)
        desk.on["window/showMessageRequest"] = person
        desk.on["window/showDocument"] = person.show
        desks.append(desk)
        await desk.start(capabilities, **params)
        return desk

    yield seated
    for desk in desks:
        await desk.leave()


async def test_asked_once_for_each_content(at):
    """A file is asked about once, however often settings are read; its next content once more."""
    person = Person()
    desk = await at(person)
    for _ in range(3):
        desk.notify("workspace/didChangeConfiguration", {"settings": {}})
        await desk.settle()
    (question,) = person.asked
    assert question["message"] == f"{SAID}. Do you trust it?"
    assert [action["title"] for action in question["actions"]] == ["Trust this file", "Show it", "Don't trust it"]
    desk.services.foreign = [CHANGED]
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert "sets store and 2 more" in person.asked[1]["message"]
    assert desk.messages() == []
    assert desk.services.trusted == []


@pytest.mark.parametrize(("word", "trusted"), [("Trust this file", True), ("Don't trust it", False)])
async def test_the_answer_is_kept(at, word, trusted):
    """What the person says is kept for the very content they were asked about, and the settings are read anew."""
    desk = await at(Person(word))
    await desk.settle()
    assert desk.services.trusted == [(FILE.seal, trusted)]
    assert len(desk.services.configured) == 3


@pytest.mark.parametrize("answer", [[], ["Something else"]])
async def test_no_answer_is_no_trust(at, answer):
    """A question that is closed, or answered with what was not asked, keeps nothing."""
    desk = await at(Person(*answer))
    await desk.settle()
    assert desk.services.trusted == []


async def test_a_question_that_nobody_answers(at):
    """An unanswered question holds up nothing and keeps nothing."""

    class Away(Person):
        def __call__(self, params):
            super().__call__(params)
            return asyncio.sleep(10_000)

    desk = await at(Away())
    assert (await desk.request("dragoman/status"))["state"] == "idle"
    await asyncio.sleep(5000)
    assert desk.services.trusted == []


async def test_shown_first(at):
    """Who wants to see the file sees it, and is asked again."""
    person = Person("Show it", "Show it", "Trust this file")
    desk = await at(person)
    await desk.settle()
    assert person.shown == ["file:///project/.dragoman.toml"] * 2
    assert len(person.asked) == 3
    assert desk.services.trusted == [(FILE.seal, True)]


@pytest.mark.parametrize("client", [VSCODE, NEOVIM_0_12, HELIX, ZED, EGLOT_1_21], ids=identity)
async def test_each_editor(at, client):
    """Where a question would take somebody's keys, one line names the command instead; else there is a question."""
    person = Person()
    desk = await at(person, **initialize_params(client))
    if not client.questions:
        assert desk.messages() == [f"{SAID}: `dragoman trust` shows what, and asks you."]
        assert person.asked == []
    else:
        assert len(person.asked) == 1
        assert desk.messages() == []


async def test_a_client_that_says_nothing(at):
    """A client without a word of questions is told once."""
    desk = await at(Person(), PLAIN)
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert desk.messages() == [f"{SAID}: `dragoman trust` shows what, and asks you."]


async def test_a_state_folder_that_takes_nothing(at):
    """Where the answer can't be kept, one line says so, and the file stays foreign."""

    class Full(Bench):
        async def trust(self, seal, *, trusted):
            raise OSError(28, "No space left on device")

    desk = await at(Person("Trust this file"), services=Full())
    await desk.settle()
    (message,) = desk.messages()
    assert "No space left on device" in message
    assert "stays foreign" in message


@pytest.mark.parametrize(
    ("options", "trusts"),
    [
        ({}, True),
        ({"trusted": True}, True),
        ({"trusted": False}, False),
        ({"trusted": None}, False),
        ({"trusted": "true"}, False),
        ({"dragoman": {"trusted": False}}, False),
        ({"dragoman": {"trusted": True}, "trusted": False}, False),
        (None, True),
    ],
)
async def test_the_editors_own_trust(open_desk, options, trusts):
    """An editor that does not plainly trust the folder says so to the services, and it is no setting."""
    desk = await open_desk(initializationOptions=options)
    for configured in desk.services.configured:
        assert configured.trusts_workspace is trusts
        assert "trusted" not in str(configured.initialization_options)


async def test_names_reach_the_person_in_one_harmless_line(at):
    """A project in a folder of any name can't write lines, escapes or turned text into a message or a question."""
    evil = Foreign(FILE.seal, "~/a\nb\x1b[31m\u202ec\x07", FILE.wishes)
    person = Person()
    services = Bench()
    desk = await at(person, services=services)
    services.foreign = [Foreign(Seal("/x", "3" * 64), evil.source, evil.wishes)]
    desk.notify("workspace/didChangeConfiguration", {"settings": {}})
    await desk.settle()
    assert person.asked[-1]["message"].isprintable()
    assert "~/a b [31m c sets store" in person.asked[-1]["message"]
