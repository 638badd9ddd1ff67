"""Regular expressions tried in a process of their own, which never outlives the question."""

from __future__ import annotations

import asyncio
import sys

import pytest

from dragoman.core.ports import Experiment, Observed
from dragoman.engine import patterns
from dragoman.engine.patterns import ChildPatterns

EVIL = Experiment("re", "(a+)+$", "", ("a", "a" * 40 + "b", "a"))


@pytest.fixture
def processes(monkeypatch):
    """Every process that is started here."""
    started = []
    start = asyncio.create_subprocess_exec

    async def noted(*arguments, **options):
        started.append(await start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    return started


@pytest.mark.parametrize(
    ("experiment", "observed"),
    [
        (Experiment("re", r"^\d+$", "", ("12", "x", "é\ud800")), Observed(found=(True, False, False))),
        (Experiment("re", "A b", "ix", ("ab",)), Observed(found=(True,))),
        (Experiment("regex", r"^[a-z&&[^b]]\p{L}$", "V", ("aé", "bé")), Observed(found=(True, False))),
        (Experiment("re", "(", "", ("a",)), Observed("missing ), unterminated subpattern at position 0")),
        (Experiment("regex", "a", "", ()), Observed()),
    ],
)
async def test_what_comes_of_it(experiment, observed, processes):
    """The texts are tried in their order, and a pattern that is none is named."""
    assert await ChildPatterns().tried(experiment) == observed
    assert all(process.returncode is not None for process in processes)


async def test_a_pattern_that_runs_for_ever_is_killed(processes):
    """What was found before is known, and no process stays behind."""
    observed = await ChildPatterns(try_seconds=0.3).tried(EVIL)
    assert observed in {Observed(found=(True,), late=True), Observed(late=True)}  # the second on a machine that is busy
    assert processes[0].returncode is not None


async def test_a_caller_that_is_cancelled_leaves_no_process(processes):
    """Cancel kills the process before it is heard of again."""
    task = asyncio.create_task(ChildPatterns(try_seconds=600).tried(EVIL))
    while not processes:  # noqa: ASYNC110 - nobody tells when a process has begun
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert processes[0].returncode is not None


async def test_a_process_that_can_not_start(monkeypatch):
    """Where no process can be had, that is what is told."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    observed = await ChildPatterns().tried(EVIL)
    assert "no process could be started" in observed.fault


async def test_a_process_that_says_nothing(monkeypatch, tmp_path):
    """A process that ends without a word is a fault, and not a verdict on the pattern."""
    monkeypatch.setattr(patterns, "_CHILD", tmp_path / "missing.py")
    assert (await ChildPatterns().tried(EVIL)).fault
