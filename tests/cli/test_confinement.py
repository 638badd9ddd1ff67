"""Whatever a project's links and names say, a command reads, sends and writes only where the person pointed."""

from __future__ import annotations

import pytest

from dragoman.cli.unified import unified_diff
from dragoman.simulator import Reply

TESTS = Reply(text=("```python\ndef test_evens():\n    assert evens([1, 2]) == [2]\n```\n",))


@pytest.fixture
def outside(tmp_path):
    """A folder of the person's that is no part of the project, with its files' texts."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "mine.py").write_text("def mine():\n    return 1\n", "utf-8")
    return folder


def texts(folder):
    """Everything in a folder."""
    return {path.name: path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("how", [["--apply"], ["--diff"], ["--show-context"]])
@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_link_out_of_the_project_is_not_followed(dragoman, play, sample, outside, how, link):
    """A file of the project that really lies elsewhere is not read, sent or changed; the line says what to do."""
    simulator = play()
    before = texts(outside)
    if link == "file":
        (sample.parent / "trap.py").symlink_to(outside / "mine.py")
        name = "trap.py"
    else:
        (sample.parent / "trap").symlink_to(outside)
        name = "trap/mine.py"
    ran = dragoman("run", "refactor", name, *how)
    assert ran.code == 2
    assert "a link that leads out of its project: name the file itself" in ran.err
    assert ran.out == ""
    assert simulator.completions == []
    assert texts(outside) == before


def test_the_file_itself_can_be_named(dragoman, play, sample, outside):
    """A file outside every project is as good as any when it is named itself."""
    play()
    assert dragoman("run", "explain", outside / "mine.py").code == 0


def test_a_link_inside_the_project_is_followed(dragoman, play, sample):
    """A link from one place of the project to another is fine."""
    play()
    (sample.parent / "alias.py").symlink_to("sample.py")
    assert dragoman("run", "explain", "alias.py").code == 0


def test_a_folder_of_tests_that_leads_out_gets_no_tests(dragoman, play, sample, outside):
    """Where the folder of tests is a link out of the project, tests are written inside, at the next best place."""
    play(TESTS)
    (sample.parent / "tests").symlink_to(outside)
    before = texts(outside)
    ran = dragoman("run", "tests", "sample.py:1", "--apply")
    assert ran.code == 0, ran.err
    assert texts(outside) == before
    assert "def test_evens" in (sample.parent / "test_sample.py").read_text("utf-8")


def test_a_link_to_nowhere_is_no_place_for_tests(dragoman, play, sample, outside):
    """A test file that is a link to where nothing is yet does not come into being there."""
    play(TESTS)
    (sample.parent / "tests").mkdir()
    (sample.parent / "tests" / "test_sample.py").symlink_to(outside / "new.py")
    before = texts(outside)
    assert dragoman("run", "tests", "sample.py:1", "--apply").code == 0
    assert texts(outside) == before


@pytest.mark.parametrize(
    "reply",
    [
        "```python ../outside/mine.py\nimport os\n```\n```python\ndef evens(numbers):\n    return []\n```\n",
        "--- a/../outside/mine.py\n+++ b/../outside/mine.py\n@@ -2,1 +2,1 @@\n-    return 1\n+    return 2\n",
        "*** Update File: ../outside/mine.py\n@@\n-    return 1\n+    return 2\n",
        "Write this to /tmp/evil.sh:\n\n```sh\nrm -rf /\n```\n",
    ],
    ids=["fence-with-a-name", "diff", "patch", "other-language"],
)
def test_a_reply_that_names_other_files_changes_none(dragoman, play, sample, outside, reply):
    """Names of files in a reply are no more than words: only the target can change."""
    play(Reply(text=(reply,)))
    before, around = texts(outside), texts(sample.parent)
    dragoman("run", "refactor", "sample.py:1", "--apply")
    assert texts(outside) == before
    after = texts(sample.parent)
    assert set(after) == set(around)
    assert after["sample.py"].endswith('def greet(name):\n    print("hello " + name)\n')


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("src/größe.py", "a/src/größe.py"),
        ("x\n+++ b/.bashrc\n.py", r'"a/x\012+++ b/.bashrc\012.py"'),
        ('a"b\\c', r'"a/a\042b\134c"'),
        ("e\u202ep", r'"a/e\342\200\256p"'),
        ("n\udcff", r'"a/n\377"'),
    ],
)
def test_a_name_can_not_forge_a_patch(name, header):
    """A file's name that could be read as more of the patch is quoted, as git does it."""
    patch = unified_diff("a\n", "b\n", name)
    assert patch.splitlines()[0] == f"--- {header}"
    assert patch.count("\n") == 5
