"""Time as the event loop tells it, so that a loop with a clock of its own turns everything. Never the wall clock."""

from __future__ import annotations

import asyncio


class LoopClock:
    """`core.ports.Clock` on the running event loop."""

    def now(self) -> float:
        """Seconds of the loop's monotonic clock."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
