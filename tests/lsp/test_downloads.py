"""Models that a server lacks: offered, downloaded on the person's word, cancelled, never asked about twice."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.core.errors import AllCandidatesFailed, Download, ModelUnavailable, NetworkError
from dragoman.core.events import Downloading, Notice
from lsp.desk import FULL, PLAIN, Bench, Desk, span
from virtual_time import run

SMALL = Download("ollama", "http://localhost:11434", "small:1b")
COMMAND = "dragoman.download"


def lacking() -> AllCandidatesFailed:
    """What is raised where the one provider lacks the model."""
    error = ModelUnavailable("model not found")
    error.download = SMALL
    return AllCandidatesFailed("ollama: model not found; run `dragoman providers pull small:1b`", (("ollama", error),))


async def failed(capabilities, services=None):
    """A client whose request has failed for lack of a model."""
    desk = Desk(services or Bench())
    await desk.start(capabilities)
    uri = desk.open("def f():\n    return 1\n", "file:///project/a.py", "python")
    order = {"action": "refactor", "textDocument": {"uri": uri}, "range": span(0, 0, 1, 12)}
    _, response = desk.ask("dragoman/run", order)
    await desk.settle()
    desk.services.completer.fail(lacking())
    assert "model not found" in (await response)["error"]["message"]
    return desk, uri, order


async def titles(desk, uri):
    """What the menu offers."""
    params = {"textDocument": {"uri": uri}, "range": span(0, 0, 0, 0), "context": {"diagnostics": []}}
    return [action["title"] for action in await desk.request("textDocument/codeAction", params)]


def test_it_is_offered_by_code_action_and_downloaded():
    """After the failure the menu has the download; once it is done, the offer is gone and the person is told."""

    async def story():
        desk, uri, _ = await failed(PLAIN)
        assert "Download small:1b (ollama)" in await titles(desk, uri)
        result = await desk.request("workspace/executeCommand", {"command": COMMAND, "arguments": ["small:1b"]})
        await desk.settle()
        assert result in (None, {"downloaded": True})
        assert desk.services.downloads == [SMALL]
        assert "Download small:1b (ollama)" not in await titles(desk, uri)
        assert any("ollama has small:1b now" in str(said) for said in desk.said)
        await desk.leave()

    run(story())


@pytest.mark.parametrize("answer", ["Download", None])
def test_the_person_is_asked_once(answer):
    """Where a question is in nobody's way it is asked once, and the download begins with a yes alone."""

    async def story():
        services = Bench()
        desk = Desk(services)
        asked = []

        def on_question(params):
            asked.append(params["message"])
            return {"title": answer} if answer else None

        desk.on["window/showMessageRequest"] = on_question
        await desk.start(FULL)
        uri = desk.open("def f():\n    return 1\n", "file:///project/a.py", "python")
        order = {"action": "refactor", "textDocument": {"uri": uri}, "range": span(0, 0, 1, 12)}
        for _ in range(2):
            _, response = desk.ask("dragoman/run", order)
            await desk.settle()
            services.completer.fail(lacking())
            assert "model not found" in (await response)["error"]["message"]
            await desk.settle()
        assert len(asked) == 1
        assert "small:1b" in asked[0]
        assert services.downloads == ([SMALL] if answer else [])
        await desk.leave()

    run(story())


def test_a_rescued_request_tells_it_too():
    """Where another provider has answered, the person is told what would have been there, once, and can have it."""

    async def story():
        desk = Desk(Bench())
        await desk.start(PLAIN)
        uri = desk.open("def f():\n    return 1\n", "file:///project/a.py", "python")
        order = {"action": "explain", "textDocument": {"uri": uri}, "range": span(0, 0, 1, 12)}
        _, response = desk.ask("dragoman/run", order)
        await desk.settle()
        desk.services.completer.queue(-1).put_nowait(Notice("ollama has no small:1b", SMALL))
        desk.services.completer.say("It returns one.")
        await response
        assert "Download small:1b (ollama)" in await titles(desk, uri)
        assert sum("ollama has no small:1b" in str(said) for said in desk.said) == 1
        await desk.leave()

    run(story())


def test_it_can_be_cancelled_and_tried_again():
    """A cancel closes the download; the offer stays."""

    async def story():
        services = Bench()
        services.download_steps = [Downloading("pulling", 0.1), 1000.0]
        desk, uri, _ = await failed(FULL, services=services)
        _, response = desk.ask("workspace/executeCommand", {"command": COMMAND})
        await desk.settle()
        assert (await desk.request("workspace/executeCommand", {"command": "dragoman.cancel"}))["cancelled"] >= 1
        await asyncio.sleep(1)
        assert "Download small:1b (ollama)" in await titles(desk, uri)
        response.cancel()
        await desk.leave()

    run(story())


def test_a_failed_download_says_why():
    """What goes wrong with the download reaches the person in one line."""

    async def story():
        services = Bench()
        services.download_steps = [NetworkError("the registry does not answer")]
        desk, _, _ = await failed(PLAIN, services=services)
        error = await desk.refused("workspace/executeCommand", {"command": COMMAND})
        assert "does not answer" in error["message"]
        await desk.leave()

    run(story())


@pytest.mark.parametrize("arguments", [[], ["other:2b"], [{"model": 1}], [3]])
def test_what_is_not_offered_is_refused(arguments):
    """Without an offer, or with another model's name, the person reads what to do instead."""

    async def story():
        desk = Desk(Bench())
        await desk.start(PLAIN)
        error = await desk.refused("workspace/executeCommand", {"command": COMMAND, "arguments": arguments})
        assert "providers pull" in error["message"]
        assert desk.services.downloads == []
        await desk.leave()

    run(story())
