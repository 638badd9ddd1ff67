"""An event loop whose clock jumps to the next timer instead of waiting for it: hours pass in milliseconds."""

from __future__ import annotations

import asyncio
import selectors


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, time jumps to the next timer."""

    loop: VirtualTimeLoop

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("everybody waits, and for nothing")
        events = super().select(0)
        if not events and timeout > 0:
            self.loop.virtual_now += timeout
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time passes only when everybody waits, so that a run is the same on any machine. Not for sockets or threads."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self.virtual_now = 1000.0
        super().__init__(selector)

    def time(self) -> float:
        """The virtual now."""
        return self.virtual_now


def run(main):
    """Run a coroutine to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
