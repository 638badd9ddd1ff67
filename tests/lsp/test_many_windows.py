"""Eight real server processes on one SQLite store, under load, some of them killed."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.simulator import Simulator
from lsp.process import running
from many_windows import (
    CODE,
    WINDOWS,
    Ended,
    Window,
    assert_within_limits,
    busiest,
    calls_of,
    load,
    one_learns_for_all,
    one_trial_for_all,
    options,
    script,
    windows,
)

REAL_TIME = True
REQUESTS = 8


async def test_eight_windows_are_as_one(tmp_path):
    """Together they keep to the limits, learn from each other, survive crashes; each request ends once."""
    async with windows(tmp_path, "sqlite") as (crowd, simulator):
        await one_learns_for_all(crowd, simulator)
        await one_trial_for_all(crowd, simulator)

        killed = []

        async def two_crash():
            await simulator.completion(len(simulator.completions) + 20)
            for window in busiest(crowd, 2):
                killed.append(window)
                window.kill()

        ended, figures = await load(crowd, simulator, REQUESTS, two_crash)
        print(figures)  # noqa: T201 - pytest -s shows it
        assert_within_limits(calls_of(simulator, "limited"))
        assert 0 < ended.gone <= 2 * REQUESTS
        assert ended.answered >= (WINDOWS - 2) * REQUESTS - len(ended.refused)
        assert all("limited" in line for line in ended.refused)
        for window in (window for window in crowd if window not in killed):
            await window.ask_until_admitted("limited")
            assert not [line for line in window.session.messages if "store" in line]


@pytest.mark.parametrize("trouble", ["no folder", "garbage", "garbage while it runs"])
async def test_a_store_that_can_not_be_used_costs_one_line(tmp_path, trouble):
    """With its state folder barred, or its file damaged, the window answers all the same, and says so in one line."""
    state = tmp_path / "state"
    if trouble == "no folder":
        state.write_text("a file where a folder should be")
    if trouble == "garbage":
        (state / "dragoman").mkdir(parents=True)
        (state / "dragoman" / "state.db").write_bytes(b"garbage" * 1000)
    async with (
        Simulator(script()) as simulator,
        running(tmp_path, extra={"XDG_STATE_HOME": str(state)}) as session,
    ):
        await session.initialize(options(simulator.url, "sqlite"))
        window = Window(session, session.open(CODE))
        ended = Ended()
        await window.ask("limited", ended)
        if trouble == "garbage while it runs":
            for file in (state / "dragoman").glob("state.db*"):
                file.write_bytes(b"garbage" * 1000)
        for _ in range(50):
            await window.ask("limited", ended)
            await asyncio.sleep(0.2)  # a window looks for what is to be said every two seconds
            if any("shared store" in line for line in session.messages):
                break
        await asyncio.sleep(2.2)
        await window.ask("limited", ended)
        assert ended.refused == []
        said = [line for line in session.messages if "shared store" in line]
        assert len(said) == 1, session.messages
        assert "\n" not in said[0]
        report = await session.client.request("dragoman/status", {})
        assert bool(report["storeProblem"]) == (trouble == "no folder")
