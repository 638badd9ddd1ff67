"""Eight real server processes on one SQLite store, under load, some of them killed."""

from __future__ import annotations

import many_windows
from many_windows import WINDOWS, assert_within_limits, calls_of, load, one_learns_for_all, one_trial_for_all, windows

REAL_TIME = True
REQUESTS = 8


async def test_eight_windows_are_as_one(tmp_path):
    """Together they keep to the limits, learn from each other, survive crashes; each request ends once."""
    async with windows(tmp_path, "sqlite") as (crowd, simulator):
        await one_learns_for_all(crowd, simulator)
        await one_trial_for_all(crowd, simulator)

        async def two_crash():
            await simulator.completion(len(simulator.completions) + 20)
            crowd[0].kill()
            crowd[1].kill()

        ended, figures = await load(crowd, simulator, REQUESTS, two_crash)
        print(figures)  # noqa: T201 - pytest -s shows it
        assert_within_limits(calls_of(simulator, "limited"))
        assert 0 < ended.gone <= 2 * REQUESTS
        assert ended.answered >= (WINDOWS - 2) * REQUESTS - len(ended.refused)
        assert all("limited" in line for line in ended.refused)
        for window in crowd[2:]:
            last = many_windows.Ended()
            await window.ask("limited", last)
            assert last.answered == 1
            assert not [line for line in window.session.messages if "store" in line]
