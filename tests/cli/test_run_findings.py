"""dragoman run review, review.changes and commit: findings a line each, and a message for git."""

from __future__ import annotations

import json
import subprocess

import pytest

from dragoman.simulator import Reply

FOUND = [
    {
        "line": 10,
        "text": 'print("hello " + name)',
        "severity": "warning",
        "code": "f-string",
        "message": "Use an f-string.",
        "fix": {"from": 10, "to": 10, "code": '    print(f"hello {name}")'},
    }
]


def found(*findings) -> Reply:
    """A reply with these findings."""
    return Reply(text=(json.dumps(list(findings)),))


@pytest.fixture
def repository(sample):
    """The sample's folder under git, with one change since its commit."""

    def git(*arguments):
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", *who, *arguments], cwd=sample.parent, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    sample.write_text(sample.read_text() + "\n\nlast = 1\n")
    return sample.parent


def test_findings_are_printed_a_line_each(dragoman, play, sample):
    """A review prints place, severity, code and message as compilers do, and counts them on stderr."""
    play(found(*FOUND))
    ran = dragoman("run", "review", "sample.py")
    assert (ran.code, ran.out) == (0, "sample.py:10:5: warning[f-string]: Use an f-string.\n")
    assert ran.err == "1 finding, 1 with a fix (--json prints them).\n"


def test_findings_as_json(dragoman, play, sample):
    """With --json each finding has its fix as a patch that `git apply` takes."""
    play(found(*FOUND))
    ran = dragoman("run", "review", "sample.py", "--json")
    (finding,) = json.loads(ran.out)["findings"]
    assert (finding["line"], finding["severity"]) == (10, "warning")
    subprocess.run(["git", "apply"], input=finding["diff"], text=True, check=True, cwd=sample.parent)
    assert 'f"hello {name}"' in sample.read_text()


def test_nothing_found(dragoman, play, sample):
    """A review that finds nothing says so and succeeds."""
    play(found())
    ran = dragoman("run", "review", "sample.py")
    assert (ran.code, ran.out, ran.err) == (0, "", "Nothing found.\n")


def test_a_review_of_the_changes(dragoman, play, repository):
    """Without a file the folder's changes are asked about, and findings name their files."""
    simulator = play(found({"file": "sample.py", "line": 13, "text": "last = 1", "message": "Last of what?"}))
    ran = dragoman("run", "review.changes")
    assert ran.code == 0, ran.err
    assert "+ last = 1" in simulator.completions[0].prompt
    assert ran.out == "sample.py:13:1: warning: Last of what?\n"


def test_a_commit_message(dragoman, play, repository):
    """The message for the folder's changes is printed as an answer."""
    simulator = play(Reply(text=("```\nAdd the last one\n```",)))
    ran = dragoman("run", "commit")
    assert (ran.code, ran.out) == (0, "```\nAdd the last one\n```\n")
    assert "+ last = 1" in simulator.completions[0].prompt


def test_outside_of_a_repository(dragoman, play, sample):
    """Where git follows nothing, one line says what to do, and nobody is asked."""
    simulator = play()
    ran = dragoman("run", "commit")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "git init" in ran.err
    assert simulator.completions == []
