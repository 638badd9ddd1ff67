"""dragoman run: a person's own actions, a chat in a file, and all comments of one."""

from __future__ import annotations

import pytest

from dragoman.simulator import Reply

OWN = """
[actions.shorten]
prompt = "Make {selection} shorter."

[actions.describe]
prompt_file = "describe.md"
result = "answer"
"""
SHORT = Reply(text=("```python\ndef greet(name):\n    print(name)\n```",))


def test_an_action_of_ones_own(dragoman, play, sample):
    """It is run by its name, like those that are built in."""
    simulator = play(SHORT, OWN)
    ran = dragoman("run", "shorten", "sample.py:10", "--apply")
    assert ran.code == 0
    assert sample.read_text().endswith("def greet(name):\n    print(name)\n")
    assert "Make ```python\ndef greet(name):" in simulator.completions[0].prompt


def test_a_prompt_file_beside_the_settings(dragoman, play, sample, tmp_path):
    """Its prompt is read beside config.toml, and shown by `config show`; without it, one line says so."""
    play(Reply(text=("It greets.",)), OWN)
    ran = dragoman("run", "describe", "sample.py")
    assert ran.code == 2
    assert "actions.describe is not offered, for no such text file" in ran.err
    (tmp_path / "describe.md").write_text("Describe it.\n", "utf-8")
    ran = dragoman("run", "describe", "sample.py")
    assert (ran.code, ran.out, ran.err) == (0, "It greets.\n", "")
    assert 'actions.describe.prompt = "Describe it.\\n"' in dragoman("config", "show").out


def test_a_project_brings_actions(dragoman, play, sample):
    """One in the project's own file can be run without trust; who is asked stays the person's choice."""
    simulator = play(SHORT)
    (sample.parent / ".dragoman.toml").write_text('[actions.theirs]\nprompt = "Mend."\nmodel = "evil"\n', "utf-8")
    ran = dragoman("run", "theirs", "sample.py:10", "--apply")
    assert ran.code == 0
    assert simulator.completions[0].model == "scripted-coder"
    assert "sets actions.theirs.model, which only a trusted project may: `dragoman trust`" in ran.err


@pytest.mark.parametrize(
    ("name", "words"), [("shortn", "did you mean shorten?"), ("frobnicate", "there are fix, edit, comments, ask, chat")]
)
def test_a_name_that_is_none(dragoman, play, sample, name, words):
    """What was probably meant, or all that there are, one's own too."""
    play(SHORT, OWN)
    ran = dragoman("run", name, "sample.py")
    assert ran.code == 2
    assert words in ran.err


def test_a_chat_in_a_file(dragoman, play, sample):
    """The answer is written below the question, where --apply says so."""
    play(Reply(text=("Pages are ", "read in one go.")))
    talk = sample.parent / "talk.md"
    talk.write_text("## You\n\nWhy wide?\n", "utf-8")
    ran = dragoman("run", "chat", "talk.md")
    assert ran.code == 0
    assert "+Pages are read in one go.\n" in ran.out
    assert dragoman("run", "chat", "talk.md", "--apply").code == 0
    assert talk.read_text() == "## You\n\nWhy wide?\n\n## Dragoman\n\nPages are read in one go.\n\n## You\n\n"
    assert dragoman("run", "chat", "talk.md", "-i", "And on disk?", "--apply").code == 0
    assert talk.read_text().count("## Dragoman") == 2
    assert "Nothing is asked yet" in dragoman("run", "chat", "talk.md").err


def test_all_comments_of_a_file(dragoman, play, sample):
    """They are done and gone."""
    play(SHORT)
    sample.write_text("def greet(name):\n    # no greeting AI!\n    print('hello', name)\n", "utf-8")
    assert dragoman("run", "comments", "sample.py", "--apply").code == 0
    assert sample.read_text() == "def greet(name):\n    print(name)\n"
