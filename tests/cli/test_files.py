"""Files as the command line takes them: places with lines, texts in their own encoding, replacement in one step."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dragoman.cli.places import FilePlace, file_place
from dragoman.cli.textfiles import create_text_file, read_text_file, replace_text_file
from dragoman.core.errors import BadInput
from dragoman.core.text import Position, Range, Snapshot


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a.py", FilePlace(Path("a.py"))),
        ("a.py:3", FilePlace(Path("a.py"), 3)),
        ("a.py:3-7", FilePlace(Path("a.py"), 3, 7)),
        (r"C:\a.py:3", FilePlace(Path(r"C:\a.py"), 3)),
        ("a.py:", FilePlace(Path("a.py:"))),
        ("a.py:x", FilePlace(Path("a.py:x"))),
        ("a.py:3-", FilePlace(Path("a.py:3-"))),
    ],
)
def test_places(text, place):
    """Lines stand behind the last colon; what does not look like lines belongs to the name."""
    assert file_place(text) == place


def test_a_file_that_is_called_like_lines(tmp_path, monkeypatch):
    """A file whose very name ends in a colon and a number is taken by its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes:3").write_text("x")
    assert file_place("notes:3") == FilePlace(Path("notes:3"))


@pytest.mark.parametrize(
    ("first", "last", "selection"),
    [
        (None, None, Range(Position(0, 0), Position(3, 0))),
        (2, None, Range(Position(1, 2), Position(1, 2))),
        (1, 2, Range(Position(0, 0), Position(1, 3))),
        (3, 3, Range(Position(2, 0), Position(2, 3))),
    ],
)
def test_selections(first, last, selection):
    """No line means the whole text, one a cursor at its first character, two whole lines without the last line end."""
    snapshot = Snapshot.of("one\n  x\r\nend\n")
    assert FilePlace(Path("f"), first, last).selection(snapshot) == selection


@pytest.mark.parametrize(
    ("first", "last", "said"), [(4, None, "line 4"), (0, None, "line 0"), (1, 9, "line 9"), (3, 2, "backwards")]
)
def test_lines_that_are_not_there(first, last, said):
    """Lines outside the file, or backwards, are refused with the lines there are."""
    with pytest.raises(BadInput, match=said):
        FilePlace(Path("f"), first, last).selection(Snapshot.of("one\ntwo\nend\n"))


def test_an_empty_file_has_one_line():
    """Line 1 of an empty file is its only place."""
    assert FilePlace(Path("f"), 1).selection(Snapshot.of("")) == Range(Position(0, 0), Position(0, 0))


@pytest.mark.parametrize(
    "data",
    [b"a\r\nb\rc\n", b"\xef\xbb\xbfa\r\n", "\ufeffgr\u00fcn \U0001f600\n".encode("utf-16-le"), b"", b"no end"],
    ids=["mixed line ends", "UTF-8 mark", "UTF-16", "empty", "no final newline"],
)
def test_a_text_survives_as_it_is(tmp_path, data):
    """Reading and writing back the same text gives the same bytes."""
    path = tmp_path / "file"
    path.write_bytes(data)
    file = read_text_file(path)
    replace_text_file(file, file.text)
    assert path.read_bytes() == data
    assert not file.text.startswith("\ufeff")


@pytest.mark.parametrize("data", [b"\x7fELF\0\0", b"caf\xe9"], ids=["binary", "Latin-1"])
def test_what_is_no_text_is_refused(tmp_path, data):
    """A binary file, or one in another encoding, is refused by its name."""
    (tmp_path / "thing").write_bytes(data)
    with pytest.raises(BadInput, match="thing is not text"):
        read_text_file(tmp_path / "thing")


def test_what_is_no_file_is_refused(tmp_path):
    """A folder, a name that does not exist and a link in a circle are refused, each in one line."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("", "missing", "loop", "nul\0"):
        with pytest.raises(BadInput) as raised:
            read_text_file(tmp_path / name)
        assert "\n" not in str(raised.value)


def test_a_large_file_is_refused(tmp_path):
    """More than 10 MB is not read."""
    (tmp_path / "large").write_bytes(b"x" * 10_000_001)
    with pytest.raises(BadInput, match="too large"):
        read_text_file(tmp_path / "large")


def test_replacing_keeps_permissions_and_links(tmp_path):
    """The file behind a link is replaced, the link stays, and so do the permissions; nothing is left beside it."""
    real, link = tmp_path / "real.sh", tmp_path / "link.sh"
    real.write_text("old")
    real.chmod(0o754)
    link.symlink_to(real)
    replace_text_file(read_text_file(link), "new")
    assert real.read_text() == "new"
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o754
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["link.sh", "real.sh"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path):
    """Text that was written since the file was read is never overwritten."""
    path = tmp_path / "file"
    path.write_text("old")
    file = read_text_file(path)
    path.write_text("typed meanwhile")
    with pytest.raises(BadInput, match="changed meanwhile"):
        replace_text_file(file, "new")
    assert path.read_text() == "typed meanwhile"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]


def test_a_protected_file_is_left_alone(tmp_path, monkeypatch):
    """A file without write permission is refused, though its folder would let it be replaced."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o444)
    # Root may write everywhere: what anybody else would be told.
    monkeypatch.setattr(os, "access", lambda path, _mode: bool(path.stat().st_mode & 0o200))
    with pytest.raises(BadInput, match="write-protected"):
        replace_text_file(read_text_file(path), "new")
    assert path.read_text() == "old"


def test_a_new_file_never_overwrites(tmp_path):
    """A new file makes its folders, and is refused where there is one by now."""
    path = tmp_path / "tests" / "test_x.py"
    create_text_file(path, "a\r\n")
    assert path.read_bytes() == b"a\r\n"
    with pytest.raises(BadInput, match="appeared meanwhile"):
        create_text_file(path, "b")
    assert path.read_bytes() == b"a\r\n"
