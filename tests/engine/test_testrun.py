"""Real processes that stand for a test runner: what comes of them, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from dragoman.core.testrun import TestCall
from dragoman.engine.testrun import FIRST_BYTES, LAST_BYTES, TestRuns
from dragoman.engine.workers import ThreadWorkers


@pytest.fixture
def project(tmp_path):
    """An empty project."""
    root = tmp_path / "project"
    root.mkdir()
    return root


@pytest.fixture
def runs(tmp_path):
    """Makes a runner; nothing is left of its shadows."""
    workers = ThreadWorkers(2)

    def made(seconds=60.0, **environment):
        return TestRuns(workers, {"PATH": os.environ["PATH"], **environment}, tmp_path / "shadows", seconds)

    yield made
    workers.close()
    assert list((tmp_path / "shadows").iterdir()) == []


def python(root, code, **more):
    """A call of Python with this code, in a file of the shadow."""
    return TestCall((sys.executable, "check.py"), str(root), files={"check.py": code}, **more)


async def test_passed_and_failed(runs, project):
    """The exit code is the verdict, and both streams are its output."""
    report = await runs().run(python(project, "import sys\nprint('out')\nprint('err', file=sys.stderr)"))
    assert (report.passed, report.failed, report.trouble) == (True, False, "")
    assert {"out", "err"} <= set(report.output.split())
    report = await runs().run(python(project, "raise SystemExit(3)"))
    assert (report.passed, report.failed, report.trouble) == (False, True, "")


async def test_paths_are_the_projects(runs, project):
    """What is printed speaks of the project, not of the folder that stood for it."""
    code = "import os\nprint(__file__, os.getcwd(), os.path.abspath('a/b'))"
    report = await runs().run(python(project, code))
    assert report.output.split() == ["check.py", str(project), "a/b"]


async def test_the_folder_to_run_in_and_to_look_in(runs, project):
    """The runner starts in the call's folder, and its search variables begin with the call's."""
    (project / "part").mkdir()
    call = TestCall(
        (sys.executable, "-c", "import os, sys; print(os.path.basename(os.getcwd()), os.environ['FIND'])"),
        str(project),
        "part",
        {"part/a.py": "x"},
        search={"FIND": ("part/src", "")},
    )
    report = await runs(FIND="/there").run(call)
    assert report.output.split() == ["part", f"part/src{os.pathsep}{project}{os.pathsep}/there"]


async def test_the_environment_is_what_it_was_given(runs, project):
    """Nothing of this process's environment comes through but what the runner was made with."""
    os.environ["SOMETHING_OF_OURS"] = "1"
    try:
        code = "import os\nprint(sorted(os.environ))"
        report = await runs().run(python(project, code, environment={"CI": "1"}))
    finally:
        del os.environ["SOMETHING_OF_OURS"]
    assert "SOMETHING_OF_OURS" not in report.output
    assert "'CI'" in report.output


async def test_a_program_that_is_not_there(runs, project):
    """There is no verdict, and one line says what is missing."""
    report = await runs().run(TestCall(("no-such-runner",), str(project), files={"a.py": ""}))
    assert not report.passed
    assert not report.failed
    assert report.trouble == "no-such-runner can't be started: install it"


async def test_no_place_to_run_in(tmp_path, project):
    """Where no shadow can be made there is no verdict, and the reason."""
    (tmp_path / "shadows").write_text("a file in the way")
    workers = ThreadWorkers(1)
    report = await TestRuns(workers, {}, tmp_path / "shadows", 60).run(python(project, ""))
    workers.close()
    assert "can't be put anywhere: " in report.trouble


async def test_a_long_output_keeps_its_ends(runs, project):
    """Of much output the beginning and the end are kept, and how much was left out is said."""
    code = "import sys\nprint('first')\nfor _ in range(200_000): print('x' * 30)\nprint('last')"
    report = await runs().run(python(project, code))
    assert report.output.startswith("first\n")
    assert report.output.endswith("last\n")
    assert "bytes left out]" in report.output
    assert len(report.output) < FIRST_BYTES + LAST_BYTES + 100


async def test_output_steers_no_terminal(runs, project):
    """Colours go, and what else would steer a terminal is made visible; bytes that are no text stay harmless."""
    code = "import sys\nsys.stdout.buffer.write(b'\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 \\xff\\r\\nnext')"
    report = await runs().run(python(project, code))
    assert "\x1b" not in report.output
    assert report.output.startswith("red ")
    assert report.output.endswith("\nnext")


CHILD = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(os.environ["PIDS"], "w").write(f"{os.getpid()} {child.pid}")
"""


def gone(pids):
    """Whether none of the processes goes on; they have a moment to end."""
    for _ in range(500):
        if not any(_alive(int(pid)) for pid in pids):
            return True
        time.sleep(0.01)
    return False


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


pids_are_known = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")


@pids_are_known
async def test_what_a_test_leaves_running_is_ended(runs, project, tmp_path):
    """A child that outlives the runner, and holds its output open, is ended with it; the verdict stands."""
    pids = tmp_path / "pids"
    report = await runs(PIDS=str(pids)).run(python(project, f"{CHILD}print('done')"))
    assert report.passed
    assert "done" in report.output
    assert gone(pids.read_text().split())


@pids_are_known
async def test_the_time_limit(runs, project, tmp_path):
    """A runner that does not end is ended with its children, and what it has printed is kept."""
    pids = tmp_path / "pids"
    code = f"{CHILD}print('so far', flush=True)\ntime.sleep(600)"
    report = await runs(2.0, PIDS=str(pids)).run(python(project, code))
    assert not report.failed
    assert report.trouble == "not done within 2 s (tests.timeout_s)"
    assert gone(pids.read_text().split() if pids.exists() else [])


@pids_are_known
async def test_a_cancel_ends_everything(runs, project, tmp_path):
    """A cancelled run leaves no process and no folder."""
    pids = tmp_path / "pids"
    running = asyncio.ensure_future(runs(PIDS=str(pids)).run(python(project, f"{CHILD}time.sleep(600)")))
    while not (pids.exists() and len(pids.read_text().split()) == 2):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert gone(pids.read_text().split())


async def test_a_cancel_before_it_has_begun(runs, project):
    """Cancelled while its folder is being made, a run leaves none."""
    running = asyncio.ensure_future(runs().run(python(project, "")))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
