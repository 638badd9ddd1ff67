"""A project's folder with other texts in it, made of links and copies, and the project as it was."""

from __future__ import annotations

import os
import stat

import pytest

from dragoman.engine import shadow


@pytest.fixture
def project(tmp_path):
    """A small project, and a way to see all of it."""
    root = tmp_path / "project"
    for path, text in {
        "pyproject.toml": "[project]\n",
        ".env": "KEY=1\n",
        "src/shop/cart.py": "old\n",
        "src/shop/deep/a.py": "a\n",
        "tests/conftest.py": "c\n",
        "tests/test_cart.py": "t\n",
        "target/built": "b\n",
        ".git/HEAD": "ref\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def everything(root):
    """All paths below a folder, with what the files hold."""
    return {str(path.relative_to(root)): path.read_text() if path.is_file() else None for path in root.rglob("*")}


def test_texts_stand_in_place_of_what_is_on_the_disk(project, tmp_path):
    """A changed and a new file are there, and everything beside them is as in the project."""
    before = everything(project)
    top = shadow.make(tmp_path / "shadows", project, {"tests/test_cart.py": "new\n", "tests/unit/test_b.py": "b\n"})
    assert (top / "tests/test_cart.py").read_text() == "new\n"
    assert (top / "tests/unit/test_b.py").read_text() == "b\n"
    assert (top / "tests/conftest.py").read_text() == "c\n"
    assert (top / "src/shop/deep/a.py").read_text() == "a\n"
    assert everything(project) == before


def test_what_is_linked_and_what_is_copied(project, tmp_path):
    """Settings beside a changed text are copies, for programs that follow links; most other things are links."""
    (project / "large.bin").write_bytes(b"x" * (shadow.LARGEST_COPY_BYTES + 1))
    top = shadow.make(tmp_path / "shadows", project, {"tests/test_cart.py": "new\n"})
    assert not (top / "pyproject.toml").is_symlink()
    assert not (top / "tests").is_symlink()
    assert [(top / name).is_symlink() for name in ("src", ".env", "large.bin")] == [True, True, True]


def test_a_folder_of_very_many_files(project, tmp_path, monkeypatch):
    """Where a folder holds more small files than a project's would, the rest is linked."""
    monkeypatch.setattr(shadow, "MOST_COPIES", 3)
    for number in range(10):
        (project / "tests" / f"{number}.txt").write_text(str(number))
    top = shadow.make(tmp_path / "shadows", project, {"tests/test_cart.py": "new\n"})
    there = [path for path in (top / "tests").iterdir() if path.name != "test_cart.py"]
    assert [path.is_symlink() for path in there].count(False) == 3
    assert (top / "tests" / "9.txt").read_text() == "9"


def test_neither_version_control_nor_what_is_built(project, tmp_path):
    """What a test could spoil, and what a run has to build for itself, is not there."""
    top = shadow.make(tmp_path / "shadows", project, {"a.py": ""}, {"target"})
    assert {path.name for path in top.iterdir()} == {"pyproject.toml", ".env", "src", "tests", "a.py"}


@pytest.mark.parametrize("path", ["../out.py", "a/../../out.py", "/etc/out", "a//b", "", "a\\..\\b"])
def test_no_path_leads_out(project, tmp_path, path):
    """A path that is none below a folder is refused, and nothing is left of the try."""
    with pytest.raises(ValueError, match="no path below"):
        shadow.make(tmp_path / "shadows", project, {path: "x"})
    assert not (tmp_path / "shadows").exists()


def test_removing_leaves_the_project(project, tmp_path):
    """What is linked stays where it is."""
    before = everything(project)
    top = shadow.make(tmp_path / "shadows", project, {"tests/test_cart.py": "new\n"})
    shadow.remove(top)
    assert not top.exists()
    assert everything(project) == before


def test_the_same_folder_again_and_another_at_the_same_time(project, tmp_path):
    """One run after the other has the same folder; two at a time have two."""
    home = tmp_path / "shadows"
    first = shadow.make(home, project, {"a.py": ""})
    second = shadow.make(home, project, {"a.py": ""})
    shadow.remove(first)
    assert first != second
    assert shadow.make(home, project, {"a.py": ""}) == first


def test_what_a_crash_has_left_is_removed(project, tmp_path):
    """A folder of the day before goes with the next run, one of today may be in use."""
    home = tmp_path / "shadows"
    old, young = (shadow.make(home, project, {"a.py": ""}) for _ in range(2))
    os.utime(old, (0, 0))
    shadow.make(home, project, {"a.py": ""})
    assert young.exists()
    assert [path.name for path in home.iterdir()].count(old.name) == 1  # made anew
    assert (home / old.name).stat().st_mtime > 0


def test_nobody_else_looks_in(project, tmp_path):
    """The folder is the person's own, and a program stays one."""
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o750)
    top = shadow.make(tmp_path / "shadows", project, {"a.py": "", "run.sh": "#!/bin/sh\necho\n"})
    assert stat.S_IMODE(top.stat().st_mode) == 0o700
    assert stat.S_IMODE((top / "run.sh").stat().st_mode) == 0o750
