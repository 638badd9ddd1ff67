"""What the person says of a project's file holds for that content at that place, and for nothing else."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from dragoman.core.trust import Seal
from dragoman.engine.settings_files import read_layers, stamp, watched_paths
from dragoman.engine.trust import decide, forget, is_trusted, record_path, records, seal_of, verdict

WISH = 'providers.openai.base_url = "https://evil.example/v1"\n'


@pytest.fixture
def project(tmp_path):
    """A project with a settings file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".dragoman.toml").write_text(WISH, "utf-8")
    return folder


def layer_of(project, trusts=is_trusted):
    """The layer of the project's file; the person has none of their own."""
    (layer,) = read_layers({}, [str(project)], trusts=trusts)
    return layer


def test_nobody_is_trusted_at_first(project):
    """Without a word of the person, the file is foreign."""
    layer = layer_of(project)
    assert not layer.trusted
    assert layer.seal == seal_of(project / ".dragoman.toml", WISH.encode())
    assert verdict(layer.seal) is None


def test_trusted_until_it_changes(project):
    """A trusted content is trusted when it is read again; changed by one byte it is foreign; put back it is not."""
    file = project / ".dragoman.toml"
    decide(layer_of(project).seal, trusted=True)
    assert layer_of(project).trusted
    file.write_text(WISH + "\n", "utf-8")
    assert not layer_of(project).trusted
    file.write_text(WISH, "utf-8")
    assert layer_of(project).trusted


def test_trust_is_for_the_place_too(project, tmp_path):
    """The same content in another project is foreign."""
    decide(layer_of(project).seal, trusted=True)
    other = tmp_path / "other"
    other.mkdir()
    (other / ".dragoman.toml").write_text(WISH, "utf-8")
    assert not layer_of(other).trusted


def test_the_place_is_the_real_one(project, tmp_path):
    """A project that is opened by another name, through a link, is the same project."""
    decide(layer_of(project).seal, trusted=True)
    (tmp_path / "link").symlink_to(project)
    assert layer_of(tmp_path / "link").trusted


def test_a_link_that_comes_to_point_elsewhere(project):
    """A file that is a link inside the project is what it points to: another file with the same content is foreign."""
    for name in ("a.toml", "b.toml"):
        (project / name).write_text(WISH, "utf-8")
    file = project / ".dragoman.toml"
    file.unlink()
    file.symlink_to("a.toml")
    decide(layer_of(project).seal, trusted=True)
    assert layer_of(project).trusted
    file.unlink()
    file.symlink_to("b.toml")
    assert not layer_of(project).trusted


def test_what_is_judged_is_what_is_parsed(project):
    """A file that is swapped at the very moment of the judgement changes nothing of what is taken."""
    file = project / ".dragoman.toml"

    def swapped(seal):
        file.write_text("store = 'memory'\n", "utf-8")
        return seal == seal_of(file, WISH.encode())

    layer = layer_of(project, swapped)
    assert layer.trusted
    assert layer.text == WISH


def test_declined_is_not_trusted(project):
    """A content that the person declined is foreign, and they have said so."""
    seal = layer_of(project).seal
    decide(seal, trusted=False)
    assert verdict(seal) is False
    assert not is_trusted(seal)
    decide(seal, trusted=True)
    assert is_trusted(seal)


def test_forgotten(project):
    """What is taken back is as if it had never been said."""
    seal = layer_of(project).seal
    assert not forget(seal.path)
    decide(seal, trusted=True)
    assert [record.seal for record in records()] == [seal]
    assert forget(seal.path)
    assert verdict(seal) is None
    assert list(records()) == []


def test_records_are_for_the_person_alone(project):
    """Record and folder can be read by nobody else."""
    seal = layer_of(project).seal
    decide(seal, trusted=True)
    record = record_path(seal.path)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    assert [path.name for path in record.parent.iterdir()] == [record.name]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"path": 1}', "\0", '{"path": "P", "sha256": "D", "trusted": "yes"}']
)
def test_a_broken_record_trusts_nobody(project, text):
    """A record that is cut off or nonsense is none, and can be written anew."""
    seal = layer_of(project).seal
    decide(seal, trusted=True)
    text = text.replace("P", seal.path).replace("D", seal.digest)
    record_path(seal.path).write_text(text, "utf-8")
    assert verdict(seal) is None
    assert list(records()) == []
    decide(seal, trusted=True)
    assert is_trusted(seal)


def test_a_record_in_anothers_place_says_nothing(project):
    """A record that is copied to where another file's would be does not make that one trusted."""
    seal = layer_of(project).seal
    decide(seal, trusted=True)
    other = Seal("/other/.dragoman.toml", seal.digest)
    record_path(other.path).write_bytes(record_path(seal.path).read_bytes())
    assert verdict(other) is None


def test_many_windows_at_once(project):
    """Whoever reads while others write sees one whole record or the other."""
    seal, other = layer_of(project).seal, Seal(str(project / ".dragoman.toml"), "1" * 64)
    decide(seal, trusted=True)
    writers = [
        threading.Thread(target=lambda seals=seals: [decide(each, trusted=True) for each in seals * 20])
        for seals in ((seal, other), (other, seal))
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert [record.seal in {seal, other} for record in records()] == [True]
    for writer in writers:
        writer.join()


def test_a_word_of_the_person_is_seen(project):
    """What the settings are looked at by differs when the person has said something of a project's file."""

    def seen():
        return stamp(watched_paths({}, [str(project)]))

    before = seen()
    seal = layer_of(project).seal
    decide(seal, trusted=True)
    trusted = seen()
    assert trusted != before
    forget(seal.path)
    assert seen() != trusted


def test_a_path_of_any_bytes(tmp_path):
    """A project whose name is no UTF-8 can be trusted like any other."""
    try:
        folder = tmp_path / "bad\udcff\nname"
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes no such names")
    (folder / ".dragoman.toml").write_text(WISH, "utf-8")
    layer = layer_of(folder)
    decide(layer.seal, trusted=True)
    assert layer_of(folder).trusted
    assert layer.source.isprintable()
    assert Path(layer.seal.path).exists()
