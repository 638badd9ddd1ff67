"""Eight real server processes on a real Redis that is stopped and started again in mid-load."""

from __future__ import annotations

import asyncio

import pytest

from many_windows import WINDOWS, Ended, assert_within_limits, busiest, calls_of, load, one_learns_for_all, windows

pytestmark = pytest.mark.services
REQUESTS = 6


async def test_eight_windows_are_as_one(tmp_path, redis):
    """With the server there, they keep to the limits and learn from each other; each request ends once."""
    async with windows(tmp_path, redis.url) as (crowd, simulator):
        await one_learns_for_all(crowd, simulator)

        async def one_crashes():
            await simulator.completion(len(simulator.completions) + 15)
            busiest(crowd, 1)[0].kill()

        ended, figures = await load(crowd, simulator, REQUESTS, one_crashes)
        print(figures)  # noqa: T201 - pytest -s shows it
        assert_within_limits(calls_of(simulator, "limited"))
        assert 0 < ended.gone <= REQUESTS


async def test_redis_goes_and_comes_back(tmp_path, redis):
    """Without the server every window goes on alone and says so once; with it they are as one again."""
    async with windows(tmp_path, redis.url) as (crowd, simulator):

        async def gone_for_a_while():
            await simulator.completion(len(simulator.completions) + 10)
            redis.kill()
            await asyncio.sleep(2)
            redis.start()

        ended, figures = await load(crowd, simulator, REQUESTS, gone_for_a_while)
        print(figures)  # noqa: T201 - pytest -s shows it
        assert ended.answered + len(ended.refused) == WINDOWS * REQUESTS
        assert ended.answered > WINDOWS
        for _ in range(100):
            reports = [await window.session.client.request("dragoman/status", {}) for window in crowd]
            if not any(report["storeProblem"] for report in reports):
                break
            await asyncio.sleep(0.2)
        assert [report["store"] for report in reports] == ["redis"] * WINDOWS
        assert not any(report["storeProblem"] for report in reports)
        await asyncio.sleep(2.5)  # a window looks for what is to be said every two seconds
        last = Ended()
        for window in crowd:
            await window.ask("limited", last)
            said = [line for line in window.session.messages if "store" in line]
            assert len(said) <= 1, said
            assert not said or f"127.0.0.1:{redis.port}" in said[0]
        assert last.answered == WINDOWS
        assert sum(bool(window.session.messages) for window in crowd) >= 1
        await one_learns_for_all(crowd, simulator)
