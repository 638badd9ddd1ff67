"""Prompts that stand in files: found beside the settings that name them, read whole, and watched."""

from __future__ import annotations

import os

import pytest

from dragoman.core.settings_layers import toml_layer
from dragoman.core.settings_parse import parse
from dragoman.engine.ignores import Ignores
from dragoman.engine.prompt_files import prompt_paths, with_prompts
from dragoman.engine.settings_files import read_layers


@pytest.fixture
def folder(tmp_path):
    """The folder of the person's own config.toml, with a project beside it."""
    (tmp_path / "own").mkdir()
    (tmp_path / "project").mkdir()
    return tmp_path / "own"


def read(folder, text="", project="", *, trusts=False):
    """What the settings come to, their prompts included."""
    (folder / "config.toml").write_text(text, "utf-8")
    (folder.parent / "project" / ".dragoman.toml").write_text(project, "utf-8")
    environment = {"DRAGOMAN_CONFIG": str(folder / "config.toml")}
    layers = read_layers(environment, [str(folder.parent / "project")], trusts=lambda _seal: trusts)
    effective = parse(layers, presets={}, dialects=())
    return with_prompts(effective, folder, Ignores())


def named(path):
    """Settings with an action whose prompt is in that file."""
    return f"[actions.x]\nprompt_file = '{path}'\n[actions.other]\nprompt = 'p'\n"


def test_beside_the_file_that_names_it(folder):
    """A path starts from the folder of the settings file in which it stands, the person's or the project's."""
    (folder / "p.md").write_text("﻿Check the näme.\n", "utf-8")
    (folder.parent / "project" / "p.md").write_text("Theirs.", "utf-8")
    own = read(folder, named("p.md"))
    assert own.settings.actions["x"].prompt == "Check the näme.\n"
    assert own.sources["actions.x.prompt"] == str(folder / "p.md")
    assert read(folder, project=named("p.md")).settings.actions["x"].prompt == "Theirs."
    assert read(folder, named(folder / "p.md")).settings.actions["x"].prompt == "Check the näme.\n"


def test_below_the_home_folder(folder, monkeypatch):
    """`~` is the person's home, in settings that are the person's."""
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    (folder / "p.md").write_text("Mine.", "utf-8")
    assert read(folder, named("~/p.md")).settings.actions["x"].prompt == "Mine."
    assert "x" not in read(folder, named("~nobody-of-that-name/p.md")).settings.actions


@pytest.mark.parametrize("data", [None, b"", b" \n", b"\xff\xfe\x00", b"a\0b", b"x" * 65537, "folder"])
def test_a_file_that_is_no_prompt(folder, data):
    """What is missing, empty, no text, too large or no file costs its own action, by name, and no other."""
    if data == "folder":
        (folder / "p.md").mkdir()
    elif data is not None:
        (folder / "p.md").write_bytes(data)
    effective = read(folder, named("p.md"))
    (problem,) = effective.problems
    assert "actions.x.prompt_file: actions.x is not offered, for no such text file" in str(problem)
    assert problem.line == 2
    assert list(effective.settings.actions) == ["other"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(folder):
    """A named pipe that nobody writes to does not hold the settings up."""
    os.mkfifo(folder / "p.md")
    assert "x" not in read(folder, named("p.md")).settings.actions


def test_a_foreign_project_stays_inside_its_folder(folder):
    """No link leads a project that nobody trusts to a file outside it; one that is trusted may name any."""
    (folder / "secret.md").write_text("Mine.", "utf-8")
    (folder.parent / "project" / "p.md").symlink_to(folder / "secret.md")
    effective = read(folder, project=named("p.md"))
    assert "x" not in effective.settings.actions
    assert "in the project" in str(effective.problems[0])
    assert read(folder, project=named("p.md"), trusts=True).settings.actions["x"].prompt == "Mine."


@pytest.mark.parametrize(
    ("ignored", "own", "words"),
    [("*.md", "", "p.md is ignored by .gitignore"), ("", 'privacy.local_only = ["*.md"]\n', "stays on this machine")],
)
@pytest.mark.parametrize("trusts", [True, False])
def test_a_projects_file_of_which_nothing_is_sent(folder, ignored, own, words, trusts):
    """What may go to no model can't be sent as a prompt either, whoever names it in a project."""
    (folder.parent / "project" / ".git").mkdir()
    (folder.parent / "project" / ".gitignore").write_text(ignored, "utf-8")
    (folder.parent / "project" / "p.md").write_text("Mine.", "utf-8")
    effective = read(folder, own, named("p.md"), trusts=trusts)
    assert "x" not in effective.settings.actions
    assert [words in str(problem) for problem in effective.problems] == [True]


def test_a_misspelt_placeholder_is_named(folder):
    """The file's text is judged like one in the settings."""
    (folder / "p.md").write_text("Check {selektion}", "utf-8")
    (problem,) = read(folder, named("p.md")).problems
    assert "{selektion} is no placeholder and stays as it is; did you mean {selection}?" in str(problem)


def test_what_is_watched(folder):
    """A prompt file is watched whether it is there or not, for it may come."""
    effective = parse([toml_layer("config.toml", named("p.md"))], presets={}, dialects=())
    assert list(prompt_paths(effective, folder)) == [folder / "p.md"]
