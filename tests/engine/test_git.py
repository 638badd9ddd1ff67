"""A real git in real folders: what has changed, and what is in the way of telling."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from dragoman.core.errors import BadInput
from dragoman.core.gitdiff import parse_diff
from dragoman.engine.git import Git

REAL_TIME = True
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def repository(tmp_path):
    """A folder with one commit, and a way to call git there."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    folder = tmp_path / "project"
    folder.mkdir()

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)

    git("init", "-q")
    (folder / "a.py").write_text("one\n")
    git("add", ".")
    git("commit", "-qm", "first")
    return folder, git, Git(environment)


async def test_changes_since_the_last_commit(repository):
    """What was edited and what was staged are both told, and an untouched folder tells nothing."""
    folder, git, asked = repository
    assert await asked.changes(str(folder)) == ""
    (folder / "a.py").write_text("two\n")
    (folder / "b.py").write_text("new\n")
    git("add", "b.py")
    assert [file.path for file in parse_diff(await asked.changes(str(folder)))] == ["a.py", "b.py"]


async def test_staged_changes(repository):
    """Where something is staged it alone counts; where nothing is, everything does."""
    folder, git, asked = repository
    (folder / "a.py").write_text("two\n")
    assert [file.path for file in parse_diff(await asked.changes(str(folder), staged=True))] == ["a.py"]
    (folder / "b.py").write_text("new\n")
    git("add", "b.py")
    assert [file.path for file in parse_diff(await asked.changes(str(folder), staged=True))] == ["b.py"]


async def test_paths_are_relative_to_the_folder(repository):
    """In a folder below the repository's top only its own files are told, by their paths from there."""
    folder, git, asked = repository
    (folder / "deep").mkdir()
    (folder / "deep" / "c.py").write_text("c\n")
    (folder / "a.py").write_text("two\n")
    git("add", ".")
    assert [file.path for file in parse_diff(await asked.changes(str(folder / "deep")))] == ["c.py"]


async def test_a_repository_without_a_commit(repository, tmp_path):
    """Before the first commit everything that is staged counts as new."""
    _, git, asked = repository
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git("init", "-q", str(fresh))
    (fresh / "x.py").write_text("x\n")
    git("-C", str(fresh), "add", "x.py")
    assert [file.path for file in parse_diff(await asked.changes(str(fresh)))] == ["x.py"]


async def test_no_repository(repository, tmp_path):
    """A folder that git does not follow, and one that is not there, are told in one line with what to do."""
    _, _, asked = repository
    assert not await asked.holds(str(tmp_path))
    with pytest.raises(BadInput, match="git init"):
        await asked.changes(str(tmp_path))
    with pytest.raises(BadInput, match="no git repository"):
        await asked.changes(str(tmp_path / "missing"))


async def test_no_git(tmp_path):
    """A machine without git has no repositories."""
    assert not await Git({"PATH": str(tmp_path)}).holds(str(tmp_path))


async def test_nothing_that_the_repository_configures_is_run(repository):
    """External diffs, text conversions and monitors of the repository's own configuration stay unused."""
    folder, git, asked = repository
    trace = folder.parent / "ran"
    script = folder.parent / "evil.sh"
    script.write_text(f'#!/bin/sh\ntouch {trace}\ncat "$1" 2>/dev/null\n')
    script.chmod(0o755)
    for key in ("diff.external", "core.fsmonitor", "core.pager", "diff.evil.textconv", "diff.evil.command"):
        git("config", key, str(script))
    (folder / ".gitattributes").write_text("*.py diff=evil\n")
    (folder / "a.py").write_text("two\n")
    assert "+two" in await asked.changes(str(folder))
    assert not trace.exists()
