"""dragoman run tests --run: with the person's leave, real runners run what a scripted model has written."""

from __future__ import annotations

import sys

import pytest

from dragoman.simulator import Reply

RIGHT = "from calc import add\n\n\ndef test_add():\n    assert add(1, 1) == 2\n"
WRONG = RIGHT.replace("== 2", "== 3")
ALWAYS = ("--set", "tests.run=always")


def fenced(code):
    """A reply that holds nothing but this code."""
    return Reply(text=("```python\n", code, "```"))


@pytest.fixture
def calc(sample, monkeypatch):
    """A project with one function, whose environment is the one that these tests run in, without its plugins."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    root = sample.parent
    sample.unlink()
    (root / "calc.py").write_text("def add(a, b):\n    return a + b\n")
    environment = root / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\n")
    program = environment / "bin" / "python"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    return root


def everything(root):
    """All files below a folder."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_pytest_runs_them(dragoman, play, calc):
    """The tests are run by the project's pytest before they are written, and nothing but them is left."""
    play(fenced(RIGHT))
    before = everything(calc)
    ran = dragoman(*ALWAYS, "run", "tests", "calc.py:1", "--run", "--apply")
    assert ran.code == 0, ran.err
    assert "The new tests pass (1 passed, pytest, " in ran.err
    assert (calc / "test_calc.py").read_text() == RIGHT
    assert everything(calc) == before | {"test_calc.py"}


def test_without_apply_nothing_is_written(dragoman, play, calc):
    """The patch is printed, and the tests have run all the same."""
    play(fenced(RIGHT))
    before = everything(calc)
    ran = dragoman(*ALWAYS, "run", "tests", "calc.py:1", "--run", "--json")
    assert ran.json["tests"]["passed"]
    assert not ran.json["applied"]
    assert everything(calc) == before


def test_failing_tests_are_mended(dragoman, play, calc):
    """What pytest prints goes back to the model, and its second answer is what counts."""
    simulator = play([fenced(WRONG), fenced(RIGHT)])
    ran = dragoman(*ALWAYS, "run", "tests", "calc.py:1", "--run", "--json")
    assert ran.json["tests"]["passed"]
    assert "They were mended once." in ran.json["tests"]["message"]
    assert "+    assert add(1, 1) == 2" in ran.json["diff"]
    assert "assert 2 == 3" in simulator.completions[1].prompt


def test_tests_that_go_on_failing(dragoman, play, calc):
    """They are printed, what pytest says of them too, and the exit code is 1."""
    play([fenced(WRONG), fenced(WRONG)])
    ran = dragoman(*ALWAYS, "run", "tests", "calc.py:1", "--run")
    assert ran.code == 1
    assert "+    assert add(1, 1) == 3" in ran.out
    assert "New tests fail (pytest, " in ran.err
    assert "E       assert 2 == 3" in ran.err


def test_only_the_new_ones_are_run(dragoman, play, calc):
    """A test that was there and fails is nobody's fault here."""
    (calc / "test_calc.py").write_text("def test_old():\n    assert False\n")
    play(fenced(RIGHT))
    ran = dragoman(*ALWAYS, "run", "tests", "calc.py:1", "--run", "--json")
    assert ran.json["tests"]["passed"]
    assert "1 passed" in ran.json["tests"]["message"]


def test_the_project_as_pytest_sees_it(dragoman, play, calc):
    """Fixtures of conftest files, a source folder and the project's settings are there as if it were run in place."""
    (calc / "src" / "shop").mkdir(parents=True)
    (calc / "src" / "shop" / "__init__.py").touch()
    (calc / "src" / "shop" / "cart.py").write_text("def total(prices):\n    return sum(prices)\n")
    (calc / "tests" / "unit").mkdir(parents=True)
    (calc / "tests" / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef prices():\n    return [1, 2]\n"
    )
    (calc / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = "--strict-markers"\nmarkers = ["quick"]\n'
    )
    code = (
        "import pytest\nfrom shop.cart import total\n\n\n@pytest.mark.quick\ndef test_total(prices):\n"
        "    assert total(prices) == 3\n"
    )
    play(fenced(code))
    ran = dragoman(*ALWAYS, "run", "tests", "src/shop/cart.py:1", "--run", "--apply")
    assert ran.code == 0, ran.err
    assert (calc / "tests" / "test_cart.py").read_text() == code


def test_unittest_runs_them(dragoman, play, calc):
    """A project of Python's own framework is run by it."""
    (calc / "pyproject.toml").write_text("# tests: python -m unittest\n")
    code = (
        "import unittest\n\nfrom calc import add\n\n\nclass TestAdd(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(1, 1), {})\n"
    )
    simulator = play([fenced(code.format(3)), fenced(code.format(2))])
    ran = dragoman(*ALWAYS, "run", "tests", "calc.py:1", "--run", "--json")
    assert ran.json["tests"]["passed"], ran.json["tests"]["markdown"]
    assert "1 passed, unittest" in ran.json["tests"]["message"]
    assert "AssertionError: 2 != 3" in simulator.completions[1].prompt


def test_keys_do_not_reach_the_tests(dragoman, play, calc, monkeypatch):
    """What runs sees the person's environment without the providers' keys and without our settings."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    monkeypatch.setenv("MINE", "1")
    code = (
        "import os\n\n\ndef test_environment():\n    assert os.environ['MINE'] == '1'\n"
        "    assert [name for name in os.environ if 'OPENAI' in name or name.startswith('DRAGOMAN_')] == []\n"
    )
    play(fenced(code))
    ran = dragoman(*ALWAYS, "run", "tests", "calc.py:1", "--run", "--json")
    assert ran.json["tests"]["passed"], ran.json["tests"]["markdown"]


@pytest.mark.parametrize(
    ("program", "output", "code", "passed", "words"),
    [
        ("npx", "      Tests  2 passed (2)", 0, True, "2 passed, vitest"),
        ("npx", "npm error npx canceled due to missing packages", 1, False, "vitest is not in the project's packages"),
    ],
)
def test_another_languages_runner(dragoman, play, calc, monkeypatch, tmp_path, program, output, code, passed, words):
    """A runner from the PATH is called with its words, in a folder that looks like the project."""
    fake = tmp_path / "bin" / program
    fake.parent.mkdir()
    seen = tmp_path / "called"
    fake.write_text(f'#!/bin/sh\n(echo "$@"; cat src/a.test.ts) >"{seen}"\necho "{output}"\nexit {code}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    (calc / "src").mkdir()
    (calc / "src" / "a.ts").write_text("export function f() {\n  return 1;\n}\n")
    (calc / "package.json").write_text('{"devDependencies": {"vitest": "^3"}}')
    play(Reply(text=("```ts\nimport { test } from 'vitest';\ntest('f', () => {});\n```",)))
    ran = dragoman(*ALWAYS, "run", "tests", "src/a.ts:1", "--run", "--json")
    assert ran.json["tests"]["passed"] == passed
    assert words in ran.json["tests"]["message"]
    called = seen.read_text()
    assert called.startswith("--no-install vitest run src/a.test.ts\n")
    assert "test('f'" in called


def test_nobody_to_ask(dragoman, play, calc):
    """Without a terminal nothing is run, nobody is paid, and one line says what to set."""
    simulator = play(fenced(RIGHT))
    ran = dragoman("run", "tests", "calc.py:1", "--run")
    assert ran.code != 0
    assert "--set tests.run=always" in ran.err
    assert simulator.completions == []


@pytest.mark.parametrize(("answer", "runs"), [("y\n", True), ("n\n", False), ("", False)])
def test_the_person_is_asked(dragoman, play, calc, monkeypatch, answer, runs):
    """On a terminal a yes runs them; a no leaves them written."""
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    play(fenced(RIGHT))
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ran = dragoman("run", "tests", "calc.py:1", "--run", "--apply")
    assert "Run the new tests in project?" in ran.err
    assert ("The new tests pass" in ran.err) == runs
    if answer:
        assert ran.code == 0
        assert (calc / "test_calc.py").exists()


def test_never(dragoman, play, calc):
    """A person who never wants it is told so before anybody is asked."""
    simulator = play(fenced(RIGHT))
    ran = dragoman("--set", "tests.run=never", "run", "tests", "calc.py:1", "--run")
    assert ran.code != 0
    assert 'tests.run is "never"' in ran.err
    assert simulator.completions == []


def test_for_tests_alone(dragoman, play, calc):
    """No other action takes --run."""
    play(fenced(RIGHT))
    ran = dragoman("run", "refactor", "calc.py:1", "--run")
    assert ran.code == 2
    assert "--run is for tests alone" in ran.err


def test_a_projects_settings_give_no_leave(dragoman, play, calc):
    """A project that nobody has trusted can't take the question away."""
    (calc / ".dragoman.toml").write_text('[tests]\nrun = "always"\n')
    simulator = play(fenced(RIGHT))
    ran = dragoman("run", "tests", "calc.py:1", "--run")
    assert ran.code != 0
    assert "There is nobody to ask here" in ran.err
    assert simulator.completions == []


def test_a_stores_password_does_not_reach_the_tests(dragoman, play, calc, monkeypatch):
    """The variable that holds the shared store's address is our own, like the keys'."""
    monkeypatch.setenv("TEAM_STORE", "memory")
    code = "import os\n\n\ndef test_environment():\n    assert 'TEAM_STORE' not in os.environ\n"
    play(fenced(code))
    arguments = ("run", "tests", "calc.py:1", "--run", "--json")
    ran = dragoman(*ALWAYS, "--set", "store=env:TEAM_STORE", *arguments)
    assert ran.json["tests"]["passed"], ran.json["tests"]["markdown"]
