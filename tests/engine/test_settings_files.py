"""Which files, variables and options are read, in which order, and what is said of those that can't be."""

import os
import sys
from pathlib import Path

import pytest

from dragoman.core.settings_layers import Layer
from dragoman.core.settings_parse import parse
from dragoman.engine.settings_files import config_path, default_config_path, read_layers, settings_paths, stamp
from dragoman.providers import DIALECTS, PRESETS


@pytest.fixture
def config(tmp_path):
    """The person's own file."""
    path = tmp_path / "config.toml"
    path.write_text("timeouts.connect = 1\n", "utf-8")
    return path


@pytest.fixture
def project(tmp_path):
    """A workspace folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def layers_of(config, *roots, **more):
    """The layers with that file as the person's own."""
    return read_layers({"DRAGOMAN_CONFIG": str(config)}, [str(root) for root in roots], **more)


def problems_of(config, *roots):
    """What was wrong with the files."""
    return [str(problem) for layer in layers_of(config, *roots) for problem in layer.problems]


def test_default_file_lies_in_the_config_folder(monkeypatch, tmp_path):
    """The person's file is config.toml in the platform's config folder, unless DRAGOMAN_CONFIG names another."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_path({}) == default_config_path()
    assert default_config_path().name == "config.toml"
    if sys.platform == "linux":
        assert default_config_path() == tmp_path / "dragoman" / "config.toml"
    assert config_path({"DRAGOMAN_CONFIG": str(tmp_path / "x")}) == tmp_path / "x"


def test_no_file_is_no_layer(monkeypatch, tmp_path):
    """With no file anywhere there is no layer and no complaint."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_layers({}, [str(tmp_path)]) == ()


def test_file_that_is_named_must_be_there(tmp_path):
    """A file that DRAGOMAN_CONFIG names but that is not there is named, with what to do."""
    (problem,) = problems_of(tmp_path / "nothing.toml")
    assert "nothing.toml: does not exist: correct DRAGOMAN_CONFIG" in problem


def test_order_of_the_layers(config, project):
    """Person's file, project, editor, environment, command line: each wins over the one before."""
    (project / ".dragoman.toml").write_text("context.max_tokens = 300", "utf-8")
    layers = read_layers(
        {"DRAGOMAN_CONFIG": str(config), "DRAGOMAN_TIMEOUTS__TOTAL": "60", "DRAGOMAN_TIMEOUTS__SILENCE": "5"},
        [str(project)],
        editor=[
            Layer("editor", {"context": {"max_tokens": 400}, "timeouts": {"connect": 2, "silence": 3, "total": 50}})
        ],
        assignments=["timeouts.total=70"],
    )
    effective = parse(layers, presets={name: row.dialect for name, row in PRESETS.items()}, dialects=DIALECTS)
    timeouts = effective.settings.timeouts
    assert effective.problems == ()
    assert (timeouts.connect, timeouts.silence, timeouts.total) == (2, 5, 70)
    assert effective.settings.context.max_tokens == 400
    assert effective.sources["timeouts.total"] == "--set timeouts.total"
    assert [layer.trusted for layer in layers] == [True, False, True, True, True, True]


def test_windows_text_is_read(config):
    """A byte order mark and CRLF are no trouble."""
    config.write_bytes(b"\xef\xbb\xbftimeouts.connect = 3\r\n[retry]\r\nmax_retries = 1\r\n")
    (layer,) = layers_of(config)
    assert layer.raw == {"timeouts": {"connect": 3}, "retry": {"max_retries": 1}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = 1\nb = '\xff'\n", "line 2: is not UTF-8"),
        (b"#" * 300_000, "is larger than 256 KiB"),
        (b"a = \n", "line 1: is not TOML"),
    ],
)
def test_file_that_cannot_be_used(config, data, message):
    """A file of another encoding, of unlikely size or with broken TOML is named and has no effect."""
    config.write_bytes(data)
    (problem,) = problems_of(config)
    assert message in problem
    assert problem.count("\n") == 0


def test_folder_is_no_file(tmp_path):
    """A folder in place of the file is named."""
    assert "is not a file" in problems_of(tmp_path)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in Windows' file system")
def test_pipe_is_not_waited_for(tmp_path):
    """A named pipe in place of the file is refused, not waited for."""
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in problems_of(tmp_path / "pipe")[0]


@pytest.mark.parametrize(
    "target", ["../config.toml", "nowhere.toml/../../config.toml", "/etc/hostname", ".dragoman.toml"]
)
def test_project_may_not_link_outside(config, project, target):
    """A project's file that is a link to a file outside the project, or to itself, is not read."""
    (project / ".dragoman.toml").symlink_to(target)
    layers = layers_of(config, project)
    assert all(layer.raw is None for layer in layers[1:])
    assert problems_of(config, project)


def test_project_may_link_inside(config, project):
    """A link to a file of the same project is followed."""
    (project / "settings.toml").write_text("context.max_tokens = 300", "utf-8")
    (project / ".dragoman.toml").symlink_to("settings.toml")
    assert layers_of(config, project)[1].raw == {"context": {"max_tokens": 300}}


def test_home_is_shown_as_people_write_it(monkeypatch, tmp_path, config):
    """A file below the home folder is shown with a tilde."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert layers_of(config)[0].source == str(Path("~") / "config.toml")


def test_stamp_tells_changes(config, project):
    """The stamp differs when a file changes, appears or goes, and only then."""
    paths = settings_paths({"DRAGOMAN_CONFIG": str(config)}, [str(project)])
    before = stamp(paths)
    assert stamp(paths) == before
    config.write_text("timeouts.connect = 22\n", "utf-8")
    changed = stamp(paths)
    assert changed != before
    (project / ".dragoman.toml").write_text("", "utf-8")
    appeared = stamp(paths)
    assert appeared != changed
    config.unlink()
    assert stamp(paths) != appeared
