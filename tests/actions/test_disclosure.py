"""Whose text is sent: files that may go to no model, and files that may go to local ones alone."""

from __future__ import annotations

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeWorkers
from dragoman.actions import ACTIONS, action
from dragoman.actions.base import Diagnostic, Scene
from dragoman.actions.perform import Preferences, Tools, prepare
from dragoman.core.errors import BadInput
from dragoman.core.hints import Hints
from dragoman.core.ports import Disclosure
from dragoman.core.text import Position, Range, Snapshot

TEXT = "def f(a):\n    b = a\n    return b\n"
HERE = Range(Position(1, 0), Position(1, 0))
STAYS, WITHHELD = Disclosure(local_only=True), Disclosure("f.py is ignored by .gitignore.")
PREFERENCES = Preferences(instructions=("AGENTS.md", "CLAUDE.md"))


async def prepared(name, files, rules):
    """What would be sent of a small file in a project."""
    scene = Scene(
        Snapshot.of(TEXT, language="python"),
        HERE,
        (Diagnostic(HERE, "b is needless"),),
        instruction="make it shorter",
        path="/project/f.py",
        root="/project",
    )
    tools = Tools(FakeCompleter([]), FakeFiles({"/project/f.py": TEXT, **files}, rules), FakeWorkers())
    return await prepare(action(name), scene, tools, PREFERENCES, Hints())


@pytest.mark.parametrize("name", [each.name for each in ACTIONS])
async def test_no_action_works_on_a_withheld_document(name):
    """Every action refuses with the reason."""
    with pytest.raises(BadInput) as refused:
        await prepared(name, {}, {"/project/f.py": WITHHELD})
    assert str(refused.value) == WITHHELD.withheld


@pytest.mark.parametrize("name", [each.name for each in ACTIONS])
async def test_every_action_stays_local_with_its_document(name):
    """A job about a file that is kept local says so, with the files that it quotes; any other one does not."""
    job = (await prepared(name, {}, {"/project/f.py": STAYS})).job("1", Hints())
    assert job.local_only
    assert not job.cacheable, "what stays local is kept nowhere else either"
    assert any(source.startswith("f.py:") for source in job.sources)
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
