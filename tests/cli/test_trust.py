"""dragoman trust: what a project's file wishes for is shown, and trusted for its content as it is now."""

from __future__ import annotations

import sys

import pytest

from dragoman.engine.trust import records

WISH = 'providers.openai.base_url = "https://evil.example/v1"\ntimeouts.total = 77\ncontext.max_tokens = 500\n'
SHOWN = ['  providers.openai.base_url = "https://evil.example/v1"', "  timeouts.total = 77"]


@pytest.fixture
def file(sample, settings):
    """The settings file of the project that is the current folder."""
    path = sample.parent / ".dragoman.toml"
    path.write_text(WISH, "utf-8")
    return path


@pytest.fixture
def says(monkeypatch):
    """A person at a terminal, who answers with that word."""

    def saying(word):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("typer.confirm", lambda text, **_named: word == "yes")

    return saying


def total(dragoman):
    """The time limit in effect, and where it comes from."""
    rows = dragoman("config", "show", "--json").json["settings"]
    return next((row["value"], row["source"]) for row in rows if row["key"] == "timeouts.total")


def test_nothing_is_trusted_unasked(dragoman, file):
    """An untrusted file has no effect beyond its bounds, and a command says so in one line with what to do."""
    assert total(dragoman)[0] == 180
    said = dragoman("config", "show").err
    assert "sets providers.openai.base_url and 1 more, which only a trusted project may: `dragoman trust`" in said
    assert said.count("\n") == 1


def test_show_changes_nothing(dragoman, file):
    """`--show` prints what trusting would let the file set, and no more happens."""
    ran = dragoman("trust", "--show")
    assert ran.code == 0
    assert ran.out.splitlines()[1:] == SHOWN
    assert list(records()) == []
    assert total(dragoman)[0] == 180


@pytest.mark.parametrize("named", [[], ["."], [".dragoman.toml"]])
def test_yes_trusts_it_as_it_is(dragoman, file, named):
    """Trusted by `--yes`, the file is in effect until it changes, whichever way it was named."""
    ran = dragoman("trust", "--yes", *named)
    assert (ran.code, ran.out.splitlines()[1:]) == (0, SHOWN)
    assert total(dragoman) == (77, str(file))
    assert dragoman("config", "show").err == ""
    file.write_text(WISH.replace("77", "88"), "utf-8")
    assert total(dragoman)[0] == 180


@pytest.mark.parametrize(("word", "value", "listed"), [("yes", 77, "trusted"), ("no", 180, "declined")])
def test_a_person_is_asked(dragoman, file, says, word, value, listed):
    """Who is asked sees the wishes first; after a no, nothing is in effect and nothing asks any more."""
    says(word)
    ran = dragoman("trust")
    assert (ran.code, ran.out.splitlines()[1:]) == (0, SHOWN)
    assert total(dragoman)[0] == value
    assert dragoman("config", "show").err == ""
    assert dragoman("trust", "--list").out == f"{listed}  {file}\n"


def test_nobody_to_ask(dragoman, file):
    """Without a terminal and without `--yes` nothing is trusted."""
    ran = dragoman("trust")
    assert ran.code == 2
    assert "`dragoman trust --yes`" in ran.err
    assert list(records()) == []


def test_revoke(dragoman, file):
    """What was trusted is foreign again after `--revoke`, though the file is gone or changed meanwhile."""
    dragoman("trust", "--yes")
    file.write_text("", "utf-8")
    assert dragoman("trust", "--revoke").code == 0
    file.write_text(WISH, "utf-8")
    assert total(dragoman)[0] == 180
    assert "nothing" in dragoman("trust", "--revoke").err


def test_list_says_what_has_become_of_them(dragoman, file):
    """`--list` names every file that the person spoke of, and whether it has changed or is gone."""
    assert dragoman("trust", "--list").out == ""
    dragoman("trust", "--yes")
    file.write_text("", "utf-8")
    assert dragoman("trust", "--list").out == f"trusted  {file}, but it has changed since\n"
    file.unlink()
    assert dragoman("trust", "--list").out == f"trusted  {file}, but it is gone\n"


def test_trusted_already(dragoman, file):
    """A trusted file is shown again, and nobody is asked."""
    dragoman("trust", "--yes")
    ran = dragoman("trust")
    assert (ran.code, ran.out.splitlines()[1:]) == (0, SHOWN)
    assert "already" in ran.err


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("context.max_tokens = 500", 0, "nothing to trust"),
        ("nonsense = 1", 0, "nothing to trust"),
        ("a = ", 1, "is not TOML"),
        (None, 2, "does not exist"),
    ],
)
def test_nothing_to_trust(dragoman, file, text, code, said):
    """A file that keeps within its bounds, is broken or is missing is not trusted, and one line says why."""
    if text is None:
        file.unlink()
    else:
        file.write_text(text, "utf-8")
    ran = dragoman("trust", "--yes")
    assert ran.code == code
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert list(records()) == []


def test_a_link_out_of_the_project_is_not_trusted(dragoman, file, tmp_path):
    """A file that is a link to somewhere else can't be trusted: it is not read at all."""
    (tmp_path / "elsewhere.toml").write_text(WISH, "utf-8")
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere.toml")
    ran = dragoman("trust", "--yes")
    assert ran.code == 1
    assert "outside the project" in ran.err


def test_options_exclude_each_other(dragoman, file):
    """Two wishes at once are none."""
    assert dragoman("trust", "--yes", "--show").code == 2


def test_doctor_names_a_foreign_file(dragoman, file):
    """Who wonders why a project's settings have no effect is told by the doctor."""
    assert "which only a trusted project may" in dragoman("doctor").out
