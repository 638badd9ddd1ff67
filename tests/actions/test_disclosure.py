"""Whose text is sent: files that may go to no model, and files that may go to local ones alone."""

from __future__ import annotations

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers, diff, fitted
from dragoman.actions import ACTIONS, action
from dragoman.actions.base import Diagnostic, Scene
from dragoman.actions.prepare import prepare
from dragoman.actions.prepared import Preferences, Tools
from dragoman.core.errors import BadInput
from dragoman.core.hints import Hints
from dragoman.core.ports import Disclosure
from dragoman.core.text import Position, Range, Snapshot

TEXT = "def f(a):\n    b = a\n    return b\n"
HERE = Range(Position(1, 0), Position(1, 0))
STAYS, WITHHELD = Disclosure(local_only=True), Disclosure("f.py is ignored by .gitignore.")
PREFERENCES = Preferences(instructions=("AGENTS.md", "CLAUDE.md"))


CHANGES = {"f.py": "b = a", "g.py": "c = b"}


async def prepared(name, files, rules, changes=CHANGES):
    """What would be sent of a small file in a project."""
    scene = Scene(
        Snapshot.of(TEXT, language="python"),
        HERE,
        (Diagnostic(HERE, "b is needless"),),
        instruction="make it shorter",
        path="/project/f.py",
        root="/project",
    )
    project = {"/project/f.py": TEXT, "/project/g.py": TEXT, **files}
    tools = Tools(FakeCompleter([]), FakeFiles(project, rules), FakeWorkers(), FakeRepository(diff(**changes)))
    return await prepare(action(name), fitted(name, scene), tools, PREFERENCES, Hints())


@pytest.mark.parametrize("name", [each.name for each in ACTIONS if each.changes is None])
async def test_no_action_works_on_a_withheld_document(name):
    """Every action that would send something of it refuses with the reason."""
    with pytest.raises(BadInput) as refused:
        await prepared(name, {}, {"/project/f.py": WITHHELD})
    assert str(refused.value) == WITHHELD.withheld


@pytest.mark.parametrize("name", [each.name for each in ACTIONS])
async def test_every_action_stays_local_with_its_document(name):
    """A job about a file that is kept local says so, with the files that it quotes; any other one does not."""
    job = (await prepared(name, {}, {"/project/f.py": STAYS})).job("1", Hints())
    assert job.local_only
    assert not job.cacheable, "what stays local is kept nowhere else either"
    assert any(source.startswith("f.py") for source in job.sources)
    assert not (await prepared(name, {}, {})).job("1", Hints()).local_only


async def test_instructions_that_are_kept_local_keep_the_request_local():
    """One piece of the context is enough; what is not there, or not of this project, does not count."""
    files = {"/project/AGENTS.md": "Be brief."}
    found = await prepared("refactor", files, {"/project/AGENTS.md": STAYS})
    assert found.local_only
    assert "AGENTS.md" in found.job("1", Hints()).sources
    assert not (await prepared("refactor", files, {"/project/CLAUDE.md": STAYS})).local_only


async def test_existing_tests_that_are_kept_local_keep_the_request_local():
    """Tests that would be shown to the model count like any other piece; a file that is not there yet does not."""
    path = "/project/tests/test_f.py"
    files = {path: "def test_f(): pass\n"}
    assert (await prepared("tests", files, {path: STAYS})).local_only
    assert not (await prepared("tests", {"/project/tests/x.py": ""}, {path: STAYS})).local_only


ABOUT_CHANGES = [each.name for each in ACTIONS if each.changes is not None]


@pytest.mark.parametrize("name", ABOUT_CHANGES)
async def test_changes_of_withheld_files_are_left_out(name):
    """Of what has changed a model is shown only files whose text may be sent; where there is none, nobody is asked."""
    rules = {"/project/g.py": Disclosure("g.py is ignored by .gitignore.")}
    found = await prepared(name, {}, rules)
    sent = "".join(message.text for message in found.messages)
    assert "b = a" in sent
    assert "c = b" not in sent
    assert "g.py" not in found.job("1", Hints()).sources
    with pytest.raises(BadInput, match=r"g\.py is ignored"):
        await prepared(name, {}, rules, {"g.py": "c = b"})


@pytest.mark.parametrize("name", ABOUT_CHANGES)
async def test_changes_of_files_that_are_kept_local(name):
    """One changed file that is kept local keeps the request local; the document itself is not sent."""
    assert (await prepared(name, {}, {"/project/g.py": STAYS})).local_only
    assert not (await prepared(name, {}, {"/project/f.py": STAYS}, {"g.py": "c = b"})).local_only
