"""A result changes its target, or the test file that it is for, inside the workspace: nothing else, nothing unseen."""

from __future__ import annotations

import pytest

from lsp.desk import FULL, Bench, span
from lsp.orders import CODE, REPLY, URI, order
from lsp.project import Project, accepting

TESTS = "file:///project/tests/test_a.py"
PATH = "/project/tests/test_a.py"


@pytest.fixture
async def seated(open_desk):
    """A person in a project with a folder of tests."""
    services = Bench()
    services.project = Project({"/project/a.py": CODE, "/project/tests/conftest.py": ""})
    desk = await open_desk(FULL, services=services)
    editor = accepting(desk)
    editor.open(CODE, URI, "python")
    return desk, editor, services


async def asked_for_tests(desk, between=lambda: None, **more):
    """The response to an order for tests; something happens while the model writes."""
    params = {**order("tests", **more), "range": span(1, 4, 1, 4)}
    _, response = desk.ask("dragoman/run", params)
    await desk.settle()
    between()
    desk.services.completer.say(REPLY)
    return (await response)["result"]


async def test_a_folder_that_becomes_a_link(seated):
    """A folder of tests that turns into a link out of the workspace meanwhile gets nothing; the tests are shown."""
    desk, editor, services = seated

    def swapped():
        services.project.links = ("/project/tests/",)

    for apply in (True, False):
        services.project.links = ()
        result = await asked_for_tests(desk, swapped, apply=apply)
        assert not result["applied"]
        assert "would lie outside the workspace" in result["message"]
        assert "sum(items)" in result["markdown"]
        assert "edits" not in result
    assert editor.edits == []


async def test_a_file_that_appears_meanwhile(seated):
    """A test file that was not there when the person asked is not written over."""
    desk, editor, services = seated
    result = await asked_for_tests(desk, lambda: services.project.texts.update({PATH: "mine = 1\n"}))
    assert not result["applied"]
    assert "there is such a file by now" in result["message"]
    assert editor.edits == []


async def test_a_file_that_was_there_unseen(seated):
    """A test file that is there but can't be read, and so could not be shown, is left alone: another place is taken."""
    desk, editor, services = seated
    services.project.texts[PATH] = None
    result = await asked_for_tests(desk)
    assert result["applied"]
    assert result["uri"] != TESTS
    assert TESTS not in editor.created


async def test_an_open_document_behind_a_link(seated):
    """A test file that somebody has open through a link out of the workspace is not extended."""
    desk, editor, services = seated
    services.project.links = ("/project/tests/",)
    editor.open("mine = 1\n", TESTS, "python")
    result = await asked_for_tests(desk)
    assert result["uri"] != TESTS
    assert editor.text(TESTS) == "mine = 1\n"


async def test_without_a_workspace_the_documents_own_folder_counts(open_desk):
    """Where no folder is open, tests may be written beside the document."""
    services = Bench()
    asked = []
    services.files = lambda roots: asked.append(roots) or Project({"/project/a.py": CODE})
    desk = await open_desk(FULL, services=services, rootUri=None)
    editor = accepting(desk)
    editor.open(CODE, URI, "python")
    assert (await asked_for_tests(desk))["applied"]
    assert set(asked) == {("/project",)}
