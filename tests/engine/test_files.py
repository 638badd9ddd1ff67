"""Files below the workspace's folders, and nothing else."""

from __future__ import annotations

import os

import pytest

from dragoman.engine.files import LARGEST_FILE_BYTES, MOST_LISTED, ProjectFiles
from dragoman.engine.workers import ThreadWorkers


@pytest.fixture
def files(tmp_path):
    """The files of one folder, beside which lies a secret."""
    (tmp_path / "project").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    workers = ThreadWorkers(1)
    yield ProjectFiles([str(tmp_path / "project")], workers)
    workers.close()


async def test_a_text_file_is_read_as_it_is(files, tmp_path):
    """UTF-8 with its line ends kept and without a byte order mark."""
    path = tmp_path / "project" / "a.py"
    path.write_bytes("\ufeffgrüße\r\n".encode())
    assert await files.read_text(str(path)) == "grüße\r\n"


async def test_outside_the_folders_nothing_is_read(files, tmp_path):
    """Neither a path with dots, nor a link, nor a relative path leads out."""
    (tmp_path / "project" / "link").symlink_to(tmp_path / "secret.txt")
    for path in ("../secret.txt", "link"):
        assert await files.read_text(str(tmp_path / "project" / path)) is None
    assert await files.read_text(str(tmp_path / "secret.txt")) is None
    assert await files.read_text("link") is None


async def test_a_link_inside_the_folders_is_followed(files, tmp_path):
    """A link from one file of the project to another is fine."""
    (tmp_path / "project" / "a").write_text("a")
    (tmp_path / "project" / "b").symlink_to(tmp_path / "project" / "a")
    assert await files.read_text(str(tmp_path / "project" / "b")) == "a"


@pytest.mark.parametrize("content", [b"\0binary", b"\xff\xfe", b"x" * (LARGEST_FILE_BYTES + 1)])
async def test_what_is_no_sensible_text_is_none(files, tmp_path, content):
    """Binary files, other encodings and huge files are not read."""
    path = tmp_path / "project" / "x"
    path.write_bytes(content)
    assert await files.read_text(str(path)) is None


async def test_what_is_no_file_is_none(files, tmp_path):
    """A missing path, a folder, a pipe, a loop of links and an impossible name are none, and hold nobody up."""
    project = tmp_path / "project"
    os.mkfifo(project / "pipe")
    (project / "loop").symlink_to(project / "loop")
    for path in ("missing", "", "pipe", "loop", "a\0b"):
        assert await files.read_text(f"{project}/{path}") is None


async def test_existing_tells_files_and_folders_below_the_roots(files, tmp_path):
    """Of the paths asked about, those that are there and inside are named as they were asked."""
    project = tmp_path / "project"
    (project / "sub").mkdir()
    (project / "a").write_text("")
    asked = [str(project / "a"), str(project / "sub"), str(project / "no"), str(tmp_path / "secret.txt")]
    assert await files.existing(asked) == {asked[0], asked[1]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("new/deep/test_a.py", True),
        ("here/../test_a.py", True),
        ("../test_a.py", False),
        ("link/test_a.py", False),
        ("link/new/test_a.py", False),
        ("nowhere.py", False),
        ("within.py", True),
        ("loop/a.py", False),
        ("a\0b", False),
    ],
)
async def test_where_a_new_file_would_really_be(files, tmp_path, path, expected):
    """A place is inside only where it really is, with links followed on the way, and a link to nowhere at its end."""
    project = tmp_path / "project"
    (tmp_path / "elsewhere").mkdir()
    (project / "link").symlink_to(tmp_path / "elsewhere")
    (project / "nowhere.py").symlink_to(tmp_path / "elsewhere" / "new.py")
    (project / "within.py").symlink_to(project / "other.py")
    (project / "loop").symlink_to(project / "loop")
    wanted = f"{project}/{path}"
    assert await files.inside([wanted]) == ({wanted} if expected else set())


async def test_a_relative_path_is_nowhere(files):
    """A path without a beginning is not inside."""
    assert await files.inside(["a.py"]) == set()


async def test_the_files_of_a_folder(files, tmp_path):
    """Files are listed in order, links to files of the project too; neither folders nor what lies outside."""
    project = tmp_path / "project"
    (project / "sub").mkdir()
    for name in ("b", "a"):
        (project / name).write_text("")
    (project / "c").symlink_to(project / "a")
    (project / "out").symlink_to(tmp_path)
    assert await files.listed(str(project)) == ("a", "b", "c")
    for outside in (tmp_path, project / "out", project / "a", project / "missing"):
        assert await files.listed(str(outside)) == ()
    assert files.recent() == ()


async def test_a_folder_of_very_many_files(files, tmp_path):
    """No more than a few hundred names are given."""
    folder = tmp_path / "project" / "many"
    folder.mkdir()
    for number in range(MOST_LISTED + 5):
        (folder / str(number)).touch()
    assert len(await files.listed(str(folder))) == MOST_LISTED
