"""Desks for the tests of this room, on a loop whose time jumps; a module with real sockets says `REAL_TIME = True`."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx

from lsp.desk import FULL, Bench, Desk
from virtual_time import VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def pytest_asyncio_loop_factories(item):
    """Time passes only when everybody waits, so that no time limit costs a test any time."""
    real = getattr(item.getparent(pytest.Module).obj, "REAL_TIME", False)
    return {"real": asyncio.SelectorEventLoop} if real else {"virtual": VirtualTimeLoop}


@pytest.fixture(autouse=True)
def nothing_blocks(request):
    """Whatever in this room blocks the event loop fails the test; but for the pipes' own tests, whose threads wait."""
    with nullcontext() if getattr(request.module, "REAL_TIME", False) else blockbuster_ctx("dragoman.lsp"):
        yield


@pytest.fixture
async def open_desk() -> AsyncIterator[object]:
    """Makes desks that have shaken hands; closes them at the end."""
    desks: list[Desk] = []

    async def opened(capabilities=FULL, *, services=None, **params) -> Desk:
        desk = Desk(services or Bench())
        desks.append(desk)
        await desk.start(capabilities, **params)
        return desk

    yield opened
    for desk in desks:
        await desk.leave()


@pytest.fixture
async def desk(open_desk) -> Desk:
    """A desk at which a client sits that can do everything."""
    return await open_desk()
