"""Has a server download a model, and tells how far it is. Closing the connection stops the download."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from dragoman.core.errors import AttemptTimeout
from dragoman.engine.deadline import NEVER, Deadline
from dragoman.engine.http import whole_body
from dragoman.providers import DIALECTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from dragoman.engine.http import Transport
    from dragoman.providers.base import Dialect, Puller, PullProgress, Target

SILENCE_SECONDS = 600.0
"""A server says nothing while it checks what it has downloaded, which takes minutes for a large model."""

OK = 200


def can_pull(dialect: str) -> bool:
    """Whether servers of this dialect download models when told to."""
    return hasattr(DIALECTS.get(dialect), "pull_call")


async def pull(
    dialect_name: str, target: Target, transport: Transport, *, connect_seconds: float
) -> AsyncGenerator[PullProgress, None]:
    """The download of the target's model as it goes; the last one says `done`. Raises a `ProviderError`.

    It must be read to its end, or closed, by the task that began.
    """
    dialect: Dialect = DIALECTS[dialect_name]
    puller = cast("Puller", dialect)
    reader = puller.pull_reader()
    loop = asyncio.get_running_loop()
    try:
        with Deadline(loop.time() + SILENCE_SECONDS) as deadline:
            async with transport.stream(puller.pull_call(target), connect_seconds=connect_seconds) as response:
                if response.status != OK:
                    raise dialect.error(response.status, response.headers, await whole_body(response))
                async for data in response.body:
                    deadline.move(NEVER)  # while this generator stands still, it would strike whoever reads it
                    for progress in reader.feed(data):
                        yield progress
                        if progress.done:
                            return
                    deadline.move(loop.time() + SILENCE_SECONDS)
                deadline.move(NEVER)
                for progress in reader.close():
                    yield progress
    except TimeoutError:
        raise AttemptTimeout(f"fell silent for {SILENCE_SECONDS:g} s in mid-download", limit="silence") from None
