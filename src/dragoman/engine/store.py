"""What several editor windows share: texts by key, changed as one. Here is the contract, and a store in memory.

No reader waits: `peek` is a look into this process's memory. A change is a pure function that the store may call again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

Values: TypeAlias = tuple[str | None, ...]
"""The texts of some keys, in their order; None where there is none."""

Change: TypeAlias = Callable[[Values, float], tuple[Values, T]]
"""From the keys' values and the store's time to their new values (None removes one) and a result.

Pure: where another process was quicker, it is called once more with what that one left. Values that are the same
objects as before are not written.
"""


class StoreLost(Exception):  # noqa: N818 - errors are nouns of the condition
    """The store can't be reached or read; the text is one line for the person, without a secret."""


class StoreBusy(StoreLost):
    """Others kept it busy for too long this time; nothing is wrong with it."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a kind of key is kept after its last change, and whether every process keeps a copy at hand."""

    seconds: float
    at_hand: bool = True


_HOUR, _DAY = 3600.0, 86_400.0

KEEPING: tuple[tuple[str, Keeping], ...] = (
    ("place/", Keeping(_DAY)),
    ("server/", Keeping(_DAY)),
    ("limit/", Keeping(_HOUR)),
    ("flight/", Keeping(_HOUR)),
    ("turn/", Keeping(_DAY)),
    ("budget/", Keeping(400 * _DAY)),
    ("metrics/", Keeping(100 * _DAY, at_hand=False)),
)
"""The kinds of keys: their first part says which."""


def keeping(key: str) -> Keeping:
    """How the key is kept. Raises `KeyError` for a kind that is not in the table."""
    for prefix, kept in KEEPING:
        if key.startswith(prefix):
            return kept
    raise KeyError(key)


class Backend(Protocol):
    """Where a store's texts lie for all processes. Every method may raise `StoreLost`."""

    async def open(self) -> None:
        """Make it usable; again after a loss. Costs no longer than a request may be held up."""
        ...

    def now(self) -> float:
        """Seconds since the epoch, by the one clock that all its processes go by. No I/O."""
        ...

    async def apply(self, keys: tuple[str, ...], change: Change[T]) -> tuple[Values, T]:
        """The change done as one, and the keys' values after it."""
        ...

    async def changes(self, since: int) -> tuple[int, Mapping[str, str | None]]:
        """What was changed after mark `since`, of the keys at hand (None: removed), and the mark to ask with next time.

        Mark 0 gives everything.
        """
        ...

    async def scan(self, prefix: str) -> Mapping[str, str]:
        """All texts whose keys begin so."""
        ...

    async def close(self) -> None:
        """Give everything back. Never raises."""
        ...


class Store(Protocol):
    """What the engine works with. Nothing here raises for a lost backend: it goes on in this process alone."""

    def now(self) -> float:
        """The store's time, in seconds since a fixed moment."""
        ...

    def peek(self, key: str) -> str | None:
        """The key's text as this process last saw it. No I/O."""
        ...

    def post(self, keys: tuple[str, ...], change: Change[T]) -> asyncio.Future[T]:
        """Begin a change; it is done even if nobody waits for it. The future's result is the change's."""
        ...

    def freshen(self) -> None:
        """See soon what other processes have changed. Waits for nothing."""
        ...

    async def scan(self, prefix: str) -> Mapping[str, str]:
        """All texts whose keys begin so."""
        ...

    @property
    def fault(self) -> str:
        """Why nothing is shared now, in one line with what to do; "" where all is well."""
        ...

    async def close(self) -> None:
        """Finish what was begun, within a second, and give everything back."""
        ...


class MemoryStore:
    """A `Store` of this process alone. `clock` gives its time in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._texts: dict[str, tuple[str, float]] = {}

    fault = ""

    def now(self) -> float:
        """See `Store`."""
        return self._clock()

    def peek(self, key: str) -> str | None:
        """See `Store`."""
        held = self._texts.get(key)
        return held[0] if held is not None and held[1] > self._clock() else None

    def apply(self, keys: tuple[str, ...], change: Change[T]) -> T:
        """The change, at once."""
        now = self.now()
        before = tuple(self.peek(key) for key in keys)
        after, result = change(before, now)
        for key, old, new in zip(keys, before, after, strict=True):
            if new is None:
                self._texts.pop(key, None)
            elif new is not old:
                self._texts[key] = (new, now + keeping(key).seconds)
        return result

    def put(self, key: str, text: str | None) -> None:
        """What another process left there."""
        if text is None:
            self._texts.pop(key, None)
        else:
            self._texts[key] = (text, self.now() + keeping(key).seconds)

    def post(self, keys: tuple[str, ...], change: Change[T]) -> asyncio.Future[T]:
        """See `Store`."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        done.set_result(self.apply(keys, change))
        return done

    def freshen(self) -> None:
        """See `Store`."""

    async def scan(self, prefix: str) -> Mapping[str, str]:
        """See `Store`."""
        now = self.now()
        return {key: text for key, (text, until) in self._texts.items() if key.startswith(prefix) and until > now}

    async def close(self) -> None:
        """See `Store`."""
