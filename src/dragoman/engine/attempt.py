"""One attempt: one call, its time limits, its deltas. Knows no other candidate and keeps nothing."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from dragoman.core.chat import FinishDelta, UsageDelta
from dragoman.core.errors import AttemptTimeout, ProviderError
from dragoman.engine.deadline import NEVER, Deadline
from dragoman.engine.http import whole_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from dragoman.core.chat import Delta
    from dragoman.core.settings import Timeouts
    from dragoman.engine.http import Transport
    from dragoman.providers.base import Call, Dialect

READ_OUT_SECONDS = 0.02
"""A body's end mostly comes with its last event; once that is read, the next call can use the connection."""

OK = 200

logger = logging.getLogger(__name__)


async def answer(call: Call, dialect: Dialect, transport: Transport, timeouts: Timeouts) -> AsyncGenerator[Delta, None]:
    """The answer's deltas; the last one is a `FinishDelta`. Raises a `ProviderError` for anything less.

    Closing the generator closes the connection. The time that the reader of the deltas takes counts for no limit but
    the whole attempt's. It must be read to its end, or closed, by the task that began.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() + timeouts.total
    due = min(loop.time() + timeouts.first_token, last)
    limit_name = "headers"
    reader = dialect.reader()
    try:
        with Deadline(due) as deadline:
            async with transport.stream(call, connect_seconds=timeouts.connect) as response:
                if response.status != OK:
                    raise dialect.error(response.status, response.headers, await whole_body(response))
                limit_name = "first_token"
                async for data in response.body:
                    deltas = reader.feed(data)
                    if not deltas:
                        continue
                    deadline.move(NEVER)  # while this generator stands still, it would strike whoever reads it
                    for delta in deltas:
                        yield delta
                    if isinstance(deltas[-1], FinishDelta):
                        await _read_out(response.body)
                        return
                    # Anthropic counts the prompt's tokens before the model has said anything.
                    if limit_name == "silence" or not isinstance(deltas[-1], UsageDelta):
                        limit_name = "silence"
                        due = min(loop.time() + timeouts.silence, last)
                    deadline.move(due)
                deadline.move(NEVER)
                for delta in reader.close():
                    yield delta
    except TimeoutError:
        if loop.time() >= last:
            limit_name = "total"
        raise AttemptTimeout(_too_late(limit_name, timeouts), limit=limit_name) from None
    finally:
        if reader.skipped:
            logger.warning("%d events of an answer could not be read and were skipped", reader.skipped)


async def _read_out(body: AsyncIterator[bytes]) -> None:
    with suppress(TimeoutError, ProviderError):
        async with asyncio.timeout(READ_OUT_SECONDS):
            async for _ in body:
                pass


def _too_late(limit: str, timeouts: Timeouts) -> str:
    match limit:
        case "headers":
            return f"no answer within {timeouts.first_token:g} s"
        case "first_token":
            return f"nothing useful within {timeouts.first_token:g} s"
        case "silence":
            return f"fell silent for {timeouts.silence:g} s in mid-answer"
        case _:
            return f"not done within {timeouts.total:g} s"
