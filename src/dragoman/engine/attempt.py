"""One attempt: one call, its time limits, its deltas. Knows no other candidate and keeps nothing."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from dragoman.core.chat import FinishDelta, TextDelta, ToolCallDelta, UsageDelta
from dragoman.core.errors import AttemptTimeout, ProviderError
from dragoman.engine.deadline import NEVER, Deadline
from dragoman.engine.http import whole_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from dragoman.core.chat import Delta
    from dragoman.core.settings import Timeouts
    from dragoman.engine.http import Transport
    from dragoman.providers.base import Call, Reader


class Heard(Protocol):
    """The part of a dialect that reads its answers."""

    def reader(self) -> Reader:
        """See `providers.base.Dialect`."""
        ...

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """See `providers.base.Dialect`."""
        ...


READ_OUT_SECONDS = 0.02
"""A body's end mostly comes with its last event; once that is read, the next call can use the connection."""

OK = 200

_USEFUL = (TextDelta, ToolCallDelta)

logger = logging.getLogger(__name__)


async def answer(
    call: Call, dialect: Heard, transport: Transport, timeouts: Timeouts, *, useful_seconds: float | None = None
) -> AsyncGenerator[Delta, None]:
    """The answer's deltas; the last one is a `FinishDelta`. Raises a `ProviderError` for anything less.

    `useful_seconds` is how long nothing but thinking is put up with, where the asker has a limit of its own.

    Closing the generator closes the connection. The time that the reader of the deltas takes counts for no limit but
    the whole attempt's. It must be read to its end, or closed, by the task that began.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() + timeouts.total
    # The asker's own limit holds until the first text, whatever else comes before it.
    useful_by = NEVER if useful_seconds is None else loop.time() + useful_seconds
    due = min(loop.time() + timeouts.first_token, last, useful_by)
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
                    if any(isinstance(delta, _USEFUL) for delta in deltas):
                        useful_by = NEVER
                    # Anthropic counts the prompt's tokens before the model has said anything.
                    if limit_name == "silence" or not isinstance(deltas[-1], UsageDelta):
                        limit_name = "silence"
                        due = min(loop.time() + timeouts.silence, last)
                    deadline.move(min(due, useful_by))
                deadline.move(NEVER)
                for delta in reader.close():
                    yield delta
    except TimeoutError:
        if loop.time() >= last:
            limit_name = "total"
        elif loop.time() >= useful_by:
            raise AttemptTimeout(f"nothing useful within {useful_seconds:g} s", limit="max_latency") from None
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
