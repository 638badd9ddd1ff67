"""Whose text may leave this machine, looked up on a real disk."""

from __future__ import annotations

import os

import pytest

from dragoman.core.ports import Disclosure
from dragoman.engine.files import ProjectFiles
from dragoman.engine.ignores import LARGEST_BYTES, Ignores
from dragoman.engine.workers import ThreadWorkers

FREE = Disclosure()


@pytest.fixture
def project(tmp_path):
    """A repository with a folder in it."""
    folder = tmp_path / "project"
    (folder / ".git" / "info").mkdir(parents=True)
    (folder / "src" / "deep").mkdir(parents=True)
    return folder


def look(project, path, local_only=(), ignores=None, root=None):
    """Where the text of a file in the project may go."""
    return (ignores or Ignores()).look(str(project / path), [str(root or project)], local_only)


def test_ignore_files_of_every_folder_count(project):
    """A .gitignore judges what is below it; the reason names it and says what to do."""
    (project / ".gitignore").write_text("*.gen\nout/\n")
    (project / "src" / ".gitignore").write_text("!keep.gen\n*.tmp\n")
    found = look(project, "src/a.tmp")
    assert found.withheld.startswith("a.tmp is ignored by src/.gitignore")
    assert "Take it out" in found.withheld
    assert look(project, "a.gen").withheld
    assert look(project, "out/keep.gen").withheld
    assert look(project, "src/keep.gen") == FREE
    assert look(project, "a.tmp") == FREE
    assert look(project, "not/there/yet.py") == FREE


def test_the_repository_above_the_workspace_counts(project):
    """Where a folder of a repository is opened, the ignore files above it hold, and git's own exclude file."""
    (project / ".gitignore").write_text("/src/deep/*.log\n")
    (project / ".git" / "info" / "exclude").write_text("mine.txt\n")
    inner = project / "src" / "deep"
    assert look(project, "src/deep/a.log", root=inner).withheld
    assert look(project, "src/deep/mine.txt", root=inner).withheld
    assert look(project, "src/deep/a.py", root=inner) == FREE


def test_own_ignore_file_sends_no_more(project):
    """What .dragomanignore names is withheld; what it takes back of .gitignore stays withheld, and so do secrets."""
    (project / ".gitignore").write_text("*.log\n!.env\n!server.pem\n")
    (project / ".dragomanignore").write_text("legal/\n!a.log\n!.env\n")
    assert ".dragomanignore" in look(project, "legal/contract.md").withheld
    assert look(project, "a.log").withheld
    assert "holds secrets" in look(project, ".env").withheld
    assert "holds secrets" in look(project, "certs/server.pem").withheld


def test_gits_own_files_are_not_ignored(project):
    """Where a repository ignores everything but what it names, a commit message can be written all the same."""
    (project / ".gitignore").write_text("*\n!src/\n")
    assert look(project, "a.py").withheld
    assert look(project, ".git/COMMIT_EDITMSG") == FREE
    assert look(project, ".git/config").withheld, "it may hold a password"


def test_a_link_hides_nothing(project):
    """A harmless name that leads to a file of secrets, or to an ignored one, is judged by where it leads."""
    (project / ".gitignore").write_text("private/\n")
    (project / "private").mkdir()
    (project / "private" / "notes.py").write_text("")
    (project / ".env").write_text("")
    (project / "plain.py").symlink_to(project / ".env")
    (project / "other.py").symlink_to(project / "private" / "notes.py")
    (project / "loop.py").symlink_to(project / "loop.py")
    assert look(project, "plain.py").withheld
    assert look(project, "other.py").withheld
    assert look(project, "loop.py") == FREE
    assert look(project, "src/../.env").withheld


def test_a_name_with_line_breaks_stays_in_its_line(project):
    """The reason is one line, whatever a file is called."""
    (project / ".gitignore").write_text("*.x\n")
    reason = look(project, "a\nb\x1b[31m.x").withheld
    assert reason
    assert reason.isprintable()


def test_a_changed_ignore_file_is_read_again(project):
    """The next look sees what was saved; what was known before is told meanwhile without a look."""
    ignores = Ignores()
    path = str(project / "a.py")
    assert ignores.known(path) == FREE
    assert look(project, "a.py", ignores=ignores) == FREE
    (project / ".gitignore").write_text("a.py\n")
    assert ignores.known(path) == FREE
    assert look(project, "a.py", ignores=ignores).withheld
    assert ignores.known(path).withheld
    (project / ".gitignore").unlink()
    assert look(project, "a.py", ignores=ignores) == FREE
    assert ignores.known(str(project / ".env")).withheld, "the name alone tells"


def test_an_ignore_file_that_can_not_be_read_lets_nothing_out(project):
    """Too large, or not ours to read: everything below it is withheld. What is no file says nothing."""
    (project / "src" / ".gitignore").write_bytes(b"#" * (LARGEST_BYTES + 1))
    assert look(project, "src/a.py").withheld
    assert look(project, "a.py") == FREE
    (project / ".gitignore").mkdir()
    os.mkfifo(project / ".dragomanignore")
    assert look(project, "a.py") == FREE
    (project / ".gitignore").rmdir()
    (project / ".gitignore").write_bytes(b"\xff\xfe*.bin\nb.py\n")
    assert look(project, "b.py").withheld


@pytest.mark.parametrize(
    ("patterns", "stays", "leaves"),
    [
        (["src/crypto/**"], ["src/crypto/a.py", "SRC/Crypto/x/y.py"], ["src/a.py", "lib/src/crypto/a.py"]),
        (["src/crypto"], ["src/crypto/a.py"], ["src/cryptography.py"]),
        (["./secret.py", "*.sql"], ["secret.py", "deep/secret.py", "db/a.sql"], ["a.py"]),
        (["src\\crypto\\**"], ["src/crypto/a.py"], ["src/a.py"]),
        (["#odd"], ["#odd/a.py"], ["a.py"]),
        ([], [], ["a.py"]),
    ],
)
def test_local_only_patterns(project, patterns, stays, leaves):
    """The setting's patterns are those of ignore files from the project's folder on; case does not count."""
    patterns = [pattern if pattern != "./secret.py" else "secret.py" for pattern in patterns]
    assert [path for path in (*stays, *leaves) if look(project, path, patterns).local_only] == stays


def test_local_only_from_the_own_folder(project, tmp_path, monkeypatch):
    """A pattern with ~/ is about everything below the person's own folder, in whatever project."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert look(project, "src/a.py", ["~/project/src/**"]).local_only
    assert not look(project, "a.py", ["~/project/src/**"]).local_only
    assert not look(project, "a.py", ["~/elsewhere/**"]).local_only


def test_local_only_behind_a_link(project):
    """A file elsewhere that is a link into such a folder stays as well."""
    (project / "src" / "crypto").mkdir()
    (project / "src" / "crypto" / "a.py").write_text("")
    (project / "b.py").symlink_to(project / "src" / "crypto" / "a.py")
    assert look(project, "b.py", ["src/crypto/**"]).local_only


async def test_a_withheld_file_is_not_read(project):
    """`ProjectFiles` gives no text of a file that may go to no model, and says why."""
    (project / ".gitignore").write_text("out.txt\n")
    for name in (".env", "out.txt", "a.txt"):
        (project / name).write_text("text")
    workers = ThreadWorkers(1)
    files = ProjectFiles([str(project)], workers, Ignores(), ["a.*"])
    try:
        assert await files.read_text(str(project / ".env")) is None
        assert await files.read_text(str(project / "out.txt")) is None
        assert await files.read_text(str(project / "a.txt")) == "text"
        asked = [str(project / name) for name in ("out.txt", "a.txt", "gone.txt")]
        found = await files.disclosures(["", *asked])
    finally:
        workers.close()
    assert found[asked[0]] == files.last_disclosure(asked[0])
    assert found[asked[0]].withheld
    assert found[asked[1]] == Disclosure(local_only=True)
    assert found[asked[2]] == found[""] == FREE
