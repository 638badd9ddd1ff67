"""dragoman run: an action on a file, with the result as a patch, in the file, or as JSON."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys

import pytest

from dragoman.simulator import Fault, Reply

SIMPLER = "    found = [number for number in numbers if number % 2 == 0]\n"
LOOP = """\
    found = []
    for number in numbers:
        if number % 2 == 0:
            found.append(number)
"""


def fenced(code: str) -> Reply:
    """A reply that holds nothing but this code."""
    return Reply(text=("```python\n", code, "```"))


def test_an_edit_is_printed_as_a_patch(dragoman, play, sample):
    """Without --apply the patch goes to stdout, the file stays, and `git apply` makes the change of it."""
    play()
    before = sample.read_text()
    ran = dragoman("run", "refactor", "sample.py:3")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("--- a/sample.py\n+++ b/sample.py\n")
    assert sample.read_text() == before
    subprocess.run(["git", "apply"], input=ran.out, text=True, check=True, cwd=sample.parent)
    assert sample.read_text() == before.replace(LOOP, SIMPLER)


def test_apply_changes_the_file_and_nothing_else_in_it(dragoman, play, sample):
    """--apply writes the change, keeps line ends and permissions, and says so in one line on stderr."""
    play()
    crlf = sample.read_text().replace("\n", "\r\n").encode()
    sample.write_bytes(crlf)
    sample.chmod(0o750)
    ran = dragoman("run", "refactor", "sample.py:1", "--apply")
    assert (ran.code, ran.out, ran.err.count("\n")) == (0, "", 1)
    assert "+1 −4" in ran.err
    assert sample.read_bytes() == crlf.replace(LOOP.replace("\n", "\r\n").encode(), SIMPLER[:-1].encode() + b"\r\n")
    assert stat.S_IMODE(sample.stat().st_mode) == 0o750


def test_two_lines_mean_exactly_these(dragoman, play, sample):
    """With FILE:LINE-LINE nothing but these lines is asked about, or replaced."""
    simulator = play(fenced('    print(f"hello {name}")\n'))
    ran = dragoman("run", "edit", "sample.py:10-10", "-i", "use an f-string", "--apply")
    assert ran.code == 0
    assert sample.read_text().endswith('def greet(name):\n    print(f"hello {name}")\n')
    assert "use an f-string" in simulator.completions[0].prompt


def test_an_answer_is_printed_as_markdown(dragoman, play, sample):
    """An explanation goes to stdout as it is, with a final line end."""
    play(Reply(text=("It *adds*", " nothing.")))
    ran = dragoman("run", "explain", "sample.py")
    assert (ran.code, ran.out, ran.err) == (0, "It *adds* nothing.\n", "")


def test_stream_shows_the_answer_once(dragoman, play, sample):
    """With --stream the text comes in pieces, and is not printed again at the end."""
    play(Reply(text=("It *adds*", " nothing.")))
    ran = dragoman("run", "explain", "sample.py", "--stream")
    assert (ran.code, ran.out) == (0, "It *adds* nothing.\n")


def test_json_of_an_edit(dragoman, play, sample):
    """--json gives the outcome, who answered, and what it took."""
    play(fenced("def greet(name):\n    print(name)\n"))
    result = dragoman("run", "refactor", "sample.py:10", "--apply", "--json").json
    assert result["diff"].count("\n-") == 1
    assert {key: result[key] for key in result if "econds" not in key and key != "diff"} == {
        "kind": "edit",
        "action": "refactor",
        "file": str(sample),
        "changed": True,
        "created": False,
        "applied": True,
        "problem": None,
        "provider": "ollama",
        "model": "scripted-coder",
        "attempts": 1,
        "inputTokens": 12,
        "outputTokens": 5,
        "estimated": False,
        "cached": False,
    }


def test_json_stream_has_the_protocols_values(dragoman, play, sample):
    """--json --stream prints one JSON object a line: partial results as the protocol has them, then the outcome."""
    play(Reply(text=("One", " two"), thinking=("hm",)))
    ran = dragoman("run", "explain", "sample.py", "--json", "--stream")
    values = [json.loads(line) for line in ran.out.splitlines()]
    assert [value["kind"] for value in values] == ["route", "thinking", "delta", "delta", "usage", "done", "answer"]
    assert values[-1]["markdown"].strip() == "One two"


def test_show_context_asks_nobody(dragoman, play, sample):
    """--show-context prints exactly what would be sent, with every piece's source, and makes no call."""
    simulator = play()
    ran = dragoman("run", "ask", "sample.py:10", "-i", "what is printed?", "--show-context")
    shown = dragoman("run", "ask", "sample.py:10", "-i", "what is printed?", "--show-context", "--json").json
    assert ran.code == 0
    assert "Task: what is printed?" in ran.out
    assert simulator.calls == []
    dragoman("run", "ask", "sample.py:10", "-i", "what is printed?")
    sent = simulator.completions[0].body["messages"]
    assert [(message["role"], message["content"]) for message in sent] == [
        (message["role"], message["text"]) for message in shown["messages"]
    ]
    assert all(set(piece) == {"kind", "source", "reason", "tokens"} for piece in shown["pieces"])


def test_show_context_tells_of_every_file_that_is_quoted(dragoman, play, sample):
    """What the target names in other files is shown with its place; an ignored file is not there."""
    play()
    for name in ("cart", "money"):
        (sample.parent / f"{name}.py").write_text(f"def {name}():\n    pass\n")
    (sample.parent / "till.py").write_text(
        "from cart import cart\nfrom money import money\n\n\ndef bill():\n    return cart(money())\n"
    )
    (sample.parent / ".gitignore").write_text("money.py\n")
    ran = dragoman("run", "explain", "till.py:6", "--show-context")
    assert "  cart.py:1-2: the function cart, which the target names, about " in ran.out
    assert "The function cart, which the target names, for reference only (cart.py:1-2):" in ran.out
    assert "money.py" not in ran.out


def test_tests_get_a_file_of_their_own(dragoman, play, sample):
    """The new test file is a patch from nothing, and --apply creates it beside what is there."""
    play(fenced("from sample import greet\n\n\ndef test_greet():\n    assert greet\n"))
    ran = dragoman("run", "tests", "sample.py:10")
    assert ran.out.startswith("--- /dev/null\n+++ b/test_sample.py\n")
    result = dragoman("run", "tests", "sample.py:10", "--apply", "--json").json
    assert (result["created"], result["applied"]) == (True, True)
    assert (
        sample.parent / "test_sample.py"
    ).read_text() == "from sample import greet\n\n\ndef test_greet():\n    assert greet\n"


def test_an_existing_test_file_grows(dragoman, play, sample):
    """Tests go into the file that is there, whose own ones stay."""
    tests = sample.parent / "test_sample.py"
    tests.write_text("def test_old():\n    assert True\n")
    play(fenced("def test_new():\n    assert greet\n"))
    assert dragoman("run", "tests", "sample.py:10", "--apply").code == 0
    assert "def test_old" in tests.read_text()
    assert "def test_new" in tests.read_text()


def test_broken_code_is_shown_and_never_applied(dragoman, play, sample):
    """An answer with a syntax error that stays one after a second try leaves the file alone: exit code 1, and why."""
    simulator = play(fenced("def greet(name:\n    print(name)\n"))
    before = sample.read_text()
    ran = dragoman("run", "refactor", "sample.py:10", "--apply")
    assert ran.code == 1
    assert "def greet(name:" in ran.out
    assert "syntax error" in ran.err
    assert sample.read_text() == before
    assert len(simulator.completions) == 2


def test_no_change_is_said(dragoman, play, sample):
    """A model that gives back what stands there already changes nothing, and that is said."""
    play(fenced('def greet(name):\n    print("hello " + name)\n'))
    ran = dragoman("run", "refactor", "sample.py:10", "--apply")
    assert (ran.code, ran.out) == (0, "")
    assert "no change" in ran.err


def test_a_file_that_changes_meanwhile_is_left_alone(dragoman, play, sample):
    """What is saved while the model writes is never overwritten."""

    def script(_call):
        sample.write_text("typed meanwhile\n")
        return fenced("def greet(name):\n    print(name)\n")

    play(script)
    ran = dragoman("run", "refactor", "sample.py:10", "--apply")
    assert ran.code == 2
    assert "changed meanwhile" in ran.err
    assert sample.read_text() == "typed meanwhile\n"


def test_failover_and_who_answered(dragoman, play, sample):
    """A first provider that is cut off in mid-answer costs nothing but time: the next one's answer is the result."""
    other = play(Reply(text=("whole",)))
    url = other.url
    first = play(
        Reply(fault=Fault.CUT),
        extra=f'[providers.second]\ndialect = "openai"\nbase_url = "{url}/v1"\nmodel = "m"\n'
        '[routing]\nfallback_order = ["ollama", "second"]\nintents.explanation = ["ollama", "second"]\n',
    )
    result = dragoman("run", "explain", "sample.py", "--json").json
    assert (result["provider"], result["attempts"], result["markdown"].strip()) == ("second", 2, "whole")
    assert not first.completions[0].sent_whole
    streamed = dragoman("run", "explain", "sample.py", "--stream", "--json").out
    assert [kind for line in streamed.splitlines() if (kind := json.loads(line)["kind"]) != "delta"] == [
        "route", "reset", "route", "usage", "done", "answer",
    ]  # fmt: skip


def test_provider_and_model_are_hints(dragoman, play, sample):
    """--provider and --model decide who is asked for what."""
    simulator = play(Reply(text=("x",)))
    assert dragoman("run", "explain", "sample.py", "--provider", "ollama", "--model", "other").code == 0
    assert simulator.completions[0].model == "other"


def test_settings_on_the_command_line_win(dragoman, play, sample):
    """`--set` stands over the file, wherever it is written."""
    simulator = play(Reply(text=("x",)))
    assert dragoman("run", "explain", "sample.py", "--set", "providers.ollama.model=mine").code == 0
    assert simulator.completions[0].model == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("refactr", "sample.py"), "did you mean refactor?"),
        (("refactor", "missing.py"), "missing.py does not exist"),
        (("refactor", "sample.py:99"), "there is no line 99"),
        (("refactor", "."), "not a file"),
        (("refactor", "binary.dat"), "not text"),
        (("refactor", "empty.py"), "nothing here"),
        (("ask", "sample.py"), "instruction"),
        (("refactor", "sample.py", "--provider", "olama"), "did you mean ollama?"),
        (("refactor", "sample.py", "--apply", "--diff"), "exclude each other"),
        (("refactor", "sample.py", "--intent", "cooking"), "cooking"),
        (("refactor",), "FILE"),
    ],
)
def test_wrong_input(dragoman, play, sample, arguments, said):
    """What can't be worked with is refused in one line that says what to do, with exit code 2; nobody is asked."""
    simulator = play()
    (sample.parent / "binary.dat").write_bytes(b"\x00\x01\x02")
    (sample.parent / "empty.py").write_text("")
    ran = dragoman("run", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err
    assert simulator.completions == []


def test_nobody_to_ask(dragoman, settings, sample):
    """Without any provider one line says what to do, with exit code 1."""
    ran = dragoman("run", "explain", "sample.py")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "ANTHROPIC_API_KEY" in ran.err


def test_keys_and_code_stay_out_of_sight(process, play, sample, monkeypatch, tmp_path):
    """With a wrong key, neither the key nor the code is in any output or log, whatever the log's level."""
    simulator = play(
        key="another",
        extra='[routing.intents]\nexplanation = ["openai"]\n',
    )
    config = tmp_path / "config.toml"
    config.write_text(
        config.read_text()
        .replace("[providers.ollama]", "[providers.openai]")
        .replace(simulator.url, simulator.url + "/v1")
        + "[providers.ollama]\nenabled = false\n"
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecret0123456789")
    ran = process("run", "explain", "sample.py", "--log-level", "debug")
    assert ran.code == 1
    assert simulator.completions[0].headers["authorization"] == "Bearer sk-verysecret0123456789"
    written = [path.read_text("utf-8", "replace") for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert written
    for text in (ran.out, ran.err, *written):
        assert "verysecret" not in text
        assert "evens" not in text


def test_content_is_logged_where_asked_for(process, play, sample, tmp_path):
    """With --log-content the log holds what was asked and what came of it."""
    play(Reply(text=("a remarkable answer",)))
    assert process("run", "explain", "sample.py", "--log-content").code == 0
    logged = "".join(path.read_text() for path in (tmp_path / "home").rglob("dragoman.log"))
    assert "def evens" in logged
    assert "a remarkable answer" in logged


def test_ctrl_c_hangs_up(play, sample):
    """Ctrl-C while a model writes closes the provider's connection and ends quietly with 130."""
    simulator = play(Reply(text=("First", " second", " never"), fault=Fault.STALL))
    command = [sys.executable, "-m", "dragoman.cli.main", "run", "explain", "sample.py", "--stream"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(len("First second")) == b"First second"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")
    assert play.run(simulator.completions[0].hung_up.wait())


PATTERN = 'import re\n\nDATE = re.compile(r"\\d+")\n'


def test_a_pattern_is_tried_before_it_is_written(dragoman, play, sample):
    """A pattern that fails what the instruction says is sent back, and the mended one stands in the literal."""
    sample.write_text(PATTERN)
    simulator = play([Reply(text=("```regex\n\\d+-\\d+\n```",)), Reply(text=("```regex\n^\\d+(?:-\\d+)*$\n```",))])
    ran = dragoman("run", "regex", "sample.py:3", "-i", "numbers, matches: 1, 1-2; not: x-1", "--apply")
    assert (ran.code, len(simulator.completions)) == (0, 2)
    assert sample.read_text() == PATTERN.replace("\\d+", "^\\d+(?:-\\d+)*$")


def test_an_explained_pattern_comes_with_what_was_tried(dragoman, play, sample):
    """What was tried stands in the printed answer, streamed or not."""
    sample.write_text(PATTERN)
    for more in ((), ("--stream",)):
        play(Reply(text=("Digits.\n\nmatch: 12\nno match: x\n",)))
        ran = dragoman("run", "regex", "sample.py:3-3", *more)
        assert ran.code == 0
        assert ran.out.endswith("- ✓ `12` matches\n- ✓ `x` does not match\n")
