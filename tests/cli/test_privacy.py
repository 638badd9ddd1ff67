"""What `dragoman run` sends, what it refuses to send, and what it writes down."""

from __future__ import annotations

import json
import re
from random import Random

from dragoman.simulator import Reply
from planted_secrets import ALNUM, leaks

SECRET = "ghp" + "_" + "".join(Random("cli").choices(ALNUM, k=36))


def with_secret(sample):
    """The sample with a secret in it."""
    sample.write_text(sample.read_text().replace('"hello "', f'"{SECRET}"'), encoding="utf-8")


def test_show_context_shows_what_is_hidden_and_where(dragoman, play, sample):
    """What would be sent is shown with its placeholder; each secret's kind and line are told, never the secret."""
    play()
    with_secret(sample)
    shown = dragoman("run", "refactor", "sample.py:10", "--show-context")
    assert shown.code == 0
    assert not leaks(SECRET, shown.out + shown.err)
    assert "hidden: GitHub token, in line " in shown.out
    told = dragoman("run", "refactor", "sample.py:10", "--show-context", "--json").json
    (found, *_) = told["hidden"]
    line = told["messages"][found["message"]]["text"].splitlines()[found["line"] - 1]
    assert re.search(r"REDACTED_1_TOKEN", line)
    assert found["kind"] == "GitHub token"
    assert told["localOnly"] is False


def test_a_secret_is_put_back_into_the_file(dragoman, play, sample):
    """The model sees a placeholder, the file gets the secret."""

    def keeps_it(call):
        (name, *_) = re.findall(r"REDACTED_\d+_TOKEN", call.prompt)
        return Reply(text=("```python\n", "def greet(name):\n", f'    print(f"{name} {{name}}")\n', "```\n"))

    simulator = play(keeps_it)
    with_secret(sample)
    ran = dragoman("run", "refactor", "sample.py:10", "--apply")
    assert ran.code == 0
    assert f'print(f"{SECRET} {{name}}")' in sample.read_text()
    assert not leaks(SECRET, simulator.completions[0].prompt)


def test_withheld_files_are_refused(dragoman, play, sample):
    """A file of secrets, or one that git ignores, is not sent; the one line says why, and nobody is asked."""
    simulator = play()
    (sample.parent / ".env").write_text("TOKEN=x\n")
    (sample.parent / ".gitignore").write_text("sample.py\n")
    for name, reason in ((".env", "holds secrets"), ("sample.py", "is ignored by .gitignore")):
        for more in ((), ("--show-context",)):
            ran = dragoman("run", "explain", name, *more)
            assert ran.code == 2
            assert ran.out == ""
            assert ran.err.count("\n") == 1
            assert reason in ran.err
    assert simulator.completions == []


def test_what_stays_local_goes_to_local_providers_alone(dragoman, play, sample):
    """With `privacy.local_only` a cloud provider can't be asked about the file, not even by name."""
    simulator = play(Reply(text=("It adds.",)))
    local = ("--set", 'privacy.local_only=["sample.*"]')
    cloud = ("--set", f"providers.anthropic.base_url={simulator.url}", "--provider", "anthropic")
    assert dragoman(*local, "run", "explain", "sample.py").code == 0
    told = dragoman(*local, "run", "explain", "sample.py", "--show-context", "--json").json
    assert told["localOnly"] is True
    refused = dragoman(*local, *cloud[:2], "run", "explain", "sample.py", *cloud[2:])
    assert refused.code != 0
    assert "privacy.local_only" in refused.err
    assert len(simulator.completions) == 1


def test_audit_log(dragoman, play, sample, tmp_path):
    """With `privacy.audit` each request stands in the audit log with the lines that were sent."""
    play(Reply(text=("It adds.",)))
    assert dragoman("--set", "privacy.audit=metadata", "run", "explain", "sample.py:1-6").code == 0
    (path,) = (tmp_path / "home" / "state" / "dragoman" / "audit").iterdir()
    sent, ended = map(json.loads, path.read_text().splitlines())
    assert (sent["provider"], sent["local"], sent["action"]) == ("ollama", True, "explain")
    assert "sample.py:1-6" in sent["sources"]
    assert (ended["outcome"], ended["request"]) == ("done", sent["request"])
    assert "It adds" not in path.read_text()
