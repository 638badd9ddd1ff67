"""New tests are run before they are shown, mended once, and delivered with how they went."""

from __future__ import annotations

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers
from dragoman.actions import action
from dragoman.actions.base import EditResult, FileResult, Scene
from dragoman.actions.perform import perform
from dragoman.actions.prepared import Preferences, Tools
from dragoman.actions.testruns import MOST_CHARACTERS, tried, trouble, what_to_mend
from dragoman.core.errors import DragomanError, ServerError
from dragoman.core.events import Notice, Reset, Waiting
from dragoman.core.testrun import TestCall, TestReport
from dragoman.core.text import Position, Range, Snapshot

CODE = "def add(a, b):\n    return a + b\n"
THERE = "from calc import add\n\n\ndef test_one():\n    assert add(0, 1) == 1\n"
PASSED = TestReport(passed=True, output="1 passed in 0.01s", seconds=0.5)
FAILED = TestReport(passed=False, output="E  assert 2 == 3\n1 failed in 0.01s", seconds=0.5)


def reply(number):
    """A test as a model writes it."""
    return f"```python\nfrom calc import add\n\n\ndef test_{number}():\n    assert add(1, 1) == {number}\n```"


class FakeRunner:
    """Gives one report after the other."""

    def __init__(self, *reports):
        self.reports = list(reports)
        self.calls = []

    async def run(self, call):
        self.calls.append(call)
        return self.reports.pop(0)


async def performed(
    replies, *reports, name="tests", files=None, language="python", path="/p/calc.py", text=CODE, **more
):
    """The result or error, the runner, the model and the events."""
    runner, completer, events = FakeRunner(*reports), FakeCompleter(replies), []

    async def on_event(event):
        events.append(event)

    project = FakeFiles({path: text, **(files or {})})
    tools = Tools(completer, project, FakeWorkers(), FakeRepository(), more.pop("known", ()), test_runner=runner)
    here = Range(Position(0, 4), Position(0, 4))
    scene = Scene(Snapshot.of(text, language=language), here, path=path, root="/p")
    preferences = more.pop("preferences", Preferences())
    try:
        result = await perform(action(name), scene, tools, preferences, on_event, job_id="1", **more)
    except DragomanError as error:
        result = error
    assert runner.reports == [], "every report was asked for"
    return result, runner, completer, events


async def test_tests_that_pass():
    """They are run once, as they would stand in their file, and delivered with one line on how it went."""
    result, runner, completer, events = await performed([reply(2)], PASSED)
    (call,) = runner.calls
    assert isinstance(result, FileResult)
    assert call.files["test_calc.py"] == result.text
    assert result.tried.passed
    assert result.tried.line == "The new tests pass (1 passed, pytest, 0.5 s)."
    assert len(completer.jobs) == 1
    assert [event.reason for event in events if isinstance(event, Waiting)] == [
        "running the new tests: python3 -m pytest -q test_calc.py"
    ]


async def test_tests_that_fail_are_mended_once():
    """The model is told its own tests and what was printed; what it answers replaces them, and is run again."""
    result, runner, completer, events = await performed([reply(3), reply(2)], FAILED, PASSED)
    assert "== 2" in result.text
    assert "== 3" not in result.text
    assert result.tried.line == "The new tests pass (1 passed, pytest, 0.5 s). They were mended once."
    assert len(runner.calls) == 2
    messages = completer.jobs[1].request.messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2].text == reply(3)
    assert "E  assert 2 == 3" in messages[3].text
    assert [event.reason for event in events if isinstance(event, Reset)] == ["The new tests fail; asking once more."]
    assert not completer.jobs[1].cacheable


async def test_tests_that_fail_twice():
    """They are delivered as they are, and said to fail: the code may be wrong. Nobody is asked a third time."""
    result, runner, completer, _ = await performed([reply(3), reply(4)], FAILED, FAILED)
    assert "== 4" in result.text
    assert result.problem is None
    assert not result.tried.passed
    assert result.tried.line.startswith("New tests fail (pytest, 0.5 s)")
    assert "assert 2 == 3" in result.tried.markdown
    assert (len(runner.calls), len(completer.jobs)) == (2, 2)


@pytest.mark.parametrize("second", [ServerError("busy"), "I can't do that.", "```python\ndef test_x(:\n    pass\n```"])
async def test_a_mend_that_is_none(second):
    """Where the second answer does not come, or can't be used, the first tests stay, with how they went."""
    result, runner, _, _ = await performed([reply(3), second], FAILED)
    assert "== 3" in result.text
    assert result.tried.line.startswith("New tests fail")
    assert len(runner.calls) == 1


async def test_no_second_answer_where_text_cannot_be_taken_back():
    """An asker that can't reset gets the first tests with how they went."""
    result, _, completer, _ = await performed([reply(3)], FAILED, can_reset=False)
    assert result.tried.line.startswith("New tests fail")
    assert len(completer.jobs) == 1


async def test_a_syntax_error_is_not_run():
    """What would not be applied is not run either; what comes of sending it back is."""
    broken = "```python\ndef test_x(:\n    pass\n```"
    result, runner, _, _ = await performed([broken, reply(2)], PASSED)
    assert result.tried.passed
    assert "== 2" in runner.calls[0].files["test_calc.py"]
    result, runner, _, _ = await performed([broken, broken])
    assert result.problem
    assert result.tried is None
    assert runner.calls == []


async def test_only_new_tests_are_run():
    """In a file that is there, tests that were there are not run: their failing would be nobody's fault here."""
    _, runner, _, _ = await performed([reply(2)], PASSED, files={"/p/test_calc.py": THERE})
    assert runner.calls[0].argv[-1] == "test_calc.py::test_2"


async def test_tests_inside_the_code():
    """Rust's tests are run in the document as it would be."""
    code = "pub fn one() -> i32 {\n    1\n}\n"
    answer = "```rust\n#[test]\nfn is_one() {\n    assert_eq!(one(), 1);\n}\n```"
    files = {"/p/Cargo.toml": ""}
    result, runner, _, _ = await performed(
        [answer], PASSED, files=files, language="rust", path="/p/src/lib.rs", text=code
    )
    assert isinstance(result, EditResult)
    assert result.tried.passed
    assert list(runner.calls[0].files) == ["src/lib.rs"]
    assert runner.calls[0].files["src/lib.rs"].startswith(code.rstrip())
    assert "fn is_one" in runner.calls[0].files["src/lib.rs"]


async def test_no_runner_is_known():
    """Where nothing says how tests are run they are delivered, and one line says why they were not run."""
    code = "pub fn one() -> i32 {\n    1\n}\n"
    answer = "```rust\n#[test]\nfn is_one() {\n    assert_eq!(one(), 1);\n}\n```"
    result, runner, _, events = await performed([answer], language="rust", path="/p/src/lib.rs", text=code)
    assert "fn is_one" in result.text
    assert result.tried is None
    assert runner.calls == []
    assert ["Cargo.toml" in event.text for event in events if isinstance(event, Notice)] == [True]


async def test_other_actions_run_nothing():
    """A runner that is at hand is for tests alone."""
    result, runner, _, _ = await performed(["```python\ndef add(a, b):\n    return b + a\n```"], name="refactor")
    assert result.tried is None
    assert runner.calls == []


async def test_what_is_not_the_tests_fault_is_not_sent_back():
    """A runner that is missing, or that has run none of them, is told to the person; the model is not asked again."""
    for report, words in [
        (TestReport(passed=False, trouble="npx can't be started: install it"), "npx can't be started: install it"),
        (TestReport(passed=False, output="No module named pytest"), "pytest is not in the project's environment"),
        (TestReport(passed=True, output="0 passed, 3 deselected"), "the runner has found none of them"),
    ]:
        result, _, completer, _ = await performed([reply(2)], report)
        assert words in result.tried.line
        assert not result.tried.passed
        assert len(completer.jobs) == 1


async def test_secrets_in_the_output_are_not_sent():
    """What tests print is held to what may leave the machine: known secrets and those of the code are hidden."""
    secret, known = (
        "xoxp-498273645019-918273645546-102938475610-0f9e8d7c6b5a49382716f5e4d3c2b1a0",
        "correct horse battery",
    )
    code = f'TOKEN = "{secret}"\n{CODE}'
    report = TestReport(passed=False, output=f"E  assert '{secret}' == 1\nE  {known}\n1 failed")
    args = {"text": code, "known": (known,)}
    _, _, completer, _ = await performed([reply(3), reply(2)], report, PASSED, **args)
    told = completer.jobs[1].request.messages[3].text
    assert secret not in told
    assert known not in told
    _, _, completer, _ = await performed(
        [reply(3), reply(2)], report, PASSED, preferences=Preferences(redact=False), **args
    )
    assert secret in completer.jobs[1].request.messages[3].text


async def test_the_machines_paths_are_not_sent():
    """The model is told paths as they read in the project."""
    report = TestReport(passed=False, output='in /p\nFile "/p/src/calc.py", line 2\n1 failed')
    _, _, completer, _ = await performed([reply(3), reply(2)], report, PASSED)
    told = completer.jobs[1].request.messages[3].text
    assert 'in .\nFile "src/calc.py"' in told
    assert "/p" not in told


def test_a_long_output_is_cut():
    """The model gets how a long output begins and ends."""
    told = what_to_mend("first\n" + "x" * 100_000 + "\nlast")
    assert len(told) < MOST_CHARACTERS + 1000
    assert "first\n" in told
    assert "\nlast\n" in told


@pytest.mark.parametrize(
    ("framework", "output", "count"),
    [
        ("pytest", "..\n2 passed, 1 warning in 0.03s", 2),
        ("unittest", "..\nRan 2 tests in 0.000s\n\nOK", 2),
        ("go test", "=== RUN   TestA\n--- PASS: TestA (0.00s)\n--- PASS: TestB (0.00s)\nPASS\nok  \tx\t0.003s", 2),
        ("cargo test", "running 2 tests\n..\ntest result: ok. 2 passed; 0 failed;\n\ntest result: ok. 0 passed;", 2),
        ("vitest", " Test Files  1 passed (1)\n      Tests  2 passed (2)\n", 2),
        ("vitest", "      Tests  1 failed | 2 passed (3)\n", 2),
        ("jest", "Test Suites: 1 passed, 1 total\nTests:       1 skipped, 2 passed, 3 total", 2),
        ("mocha", "\n  2 passing (3ms)\n", 2),
        ("node:test", "# tests 2\n# pass 2\n# fail 0", 2),
        ("node:test", "ℹ tests 2\nℹ pass 2\nℹ fail 0", 2),
        ("bun:test", " 2 pass\n 0 fail", 2),
        ("JUnit 5", "[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0\n[INFO] \n[INFO] BUILD SUCCESS", 2),
        ("pytest", "", None),
    ],
)
def test_how_many_have_passed(framework, output, count):
    """Each runner's own count is told, and a run without a count is told without one."""
    call = TestCall(("run",), "/p")
    line = tried(call, TestReport(passed=True, output=output, seconds=1), framework, mended=False).line
    assert line == f"The new tests pass ({f'{count} passed, ' if count else ''}{framework}, 1.0 s)."


@pytest.mark.parametrize(
    ("framework", "output"),
    [
        ("unittest", "Ran 0 tests in 0.000s\n\nOK"),
        ("go test", "testing: warning: no tests to run\nPASS"),
        ("cargo test", "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out"),
        ("vitest", "      Tests  3 skipped (3)\n"),
        ("jest", "Tests:       3 skipped, 3 total"),
        ("mocha", "\n  0 passing (3ms)\n"),
        ("node:test", "# pass 0\n"),
    ],
)
def test_a_run_of_nothing_is_no_success(framework, output):
    """A runner that is content without having run anything has not shown that the tests pass."""
    assert trouble(TestReport(passed=True, output=output), framework) == "the runner has found none of them"


def test_what_the_person_can_read():
    """The Markdown has the line, the command and the output, in fences that the output can't end."""
    call = TestCall(("python3", "-m", "pytest"), "/p")
    markdown = tried(call, TestReport(passed=False, output="```\n# not a heading"), "pytest", mended=False).markdown
    assert "python3 -m pytest" in markdown
    assert "````text\n```\n# not a heading\n````" in markdown
