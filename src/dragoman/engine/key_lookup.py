"""One place of keys that may be slow, locked or silent: asked in a thread of its own, waited for briefly, remembered.

Never holds the event loop or the process up, and never repeats what a place's own errors say.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from dragoman.core.errors import DragomanError, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.core.ports import Clock

T = TypeVar("T")

MISSING = "is not there on this machine"
"""A fault only where the person has named the place."""

_ABSENCE_KEPT_S = 60.0


class KeyPlaceTrouble(DragomanError):  # noqa: N818 - errors are nouns of the condition
    """A place of keys can't be used. The message goes on from the place's name, says what to do, holds no secret."""


@dataclass(frozen=True, slots=True)
class Found:
    """A key with its place, or no key; then `fault` says what is wrong at that place, "" where nothing lies there."""

    place: str
    value: str | None = field(default=None, repr=False)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a place is dealt with. `name` is the person's word for it; `silence` says what to do where it is silent.

    waits: seconds for which a request waits. trouble_kept: seconds for which a trouble is believed; long where every
    new try may put a prompt before the person.
    """

    name: str
    silence: str = "does not answer: unlock it"
    waits: float = 2.0
    trouble_kept: float = 300.0


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found, and until when it is believed."""

    found: Found
    until: float


@dataclass(frozen=True, slots=True)
class _LookUp:
    """A look-up that is under way, and when (in the loop's time) it is no longer waited for."""

    answer: asyncio.Future[Found]
    deadline: float

    async def answer_in_time(self) -> Found | None:
        remaining = self.deadline - asyncio.get_running_loop().time()
        await asyncio.wait({self.answer}, timeout=max(0.0, remaining))
        return self.answer.result() if self.answer.done() else None


class SlowPlace:
    """One place, asked for one entry at a time.

    `read(entry)` and `write(entry, value)` block, may never return, and may raise anything. An answer that comes after
    the time limit is kept, so that the next request finds the key of a place that was unlocked meanwhile.
    """

    def __init__(
        self,
        manner: Manner,
        clock: Clock,
        read: Callable[[str], str | None],
        write: Callable[[str, str], None] | None = None,
    ) -> None:
        self._manner = manner
        self._read = read
        self._write = write
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._trouble: _Kept | None = None
        self._running: _LookUp | None = None
        self._turn = asyncio.Lock()

    async def find(self, entry: str) -> Found:
        """What lies there under that name; a key that is known is had without asking, whatever the place does now."""
        known = self._kept.get(entry)
        if known and known.found.value:
            return known.found
        async with self._turn:
            if self._running and not await self._running.answer_in_time():
                return self._silent()
            kept = self._trouble or self._kept.get(entry)
            if kept and self._clock.now() < kept.until:
                return kept.found
            self._trouble = None
            self._running = self._start(entry)
            return await self._running.answer_in_time() or self._silent()

    async def find_anew(self, entry: str) -> Found:
        """What lies there now, whatever is remembered; what is remembered stays so where the place can't be used."""
        known = self._kept.pop(entry, None)
        found = await self.find(entry)
        if found.fault and known:
            self._kept[entry] = known
        return found

    async def store(self, entry: str, value: str) -> bool:
        """Put the value there. Whether it is there in time; it is remembered here in any case."""
        self._kept[entry] = _Kept(judged(value, self._manner.name), math.inf)
        write = self._write
        if write is None:
            return False
        writing = in_daemon(lambda: write(entry, value))
        await asyncio.wait({writing}, timeout=self._manner.waits)
        return writing.done() and writing.exception() is None

    def forget(self, entry: str) -> None:
        """Look the entry up afresh next time."""
        self._kept.pop(entry, None)
        self._trouble = None

    def _silent(self) -> Found:
        return Found(self._manner.name, fault=self._manner.silence)

    def _start(self, entry: str) -> _LookUp:
        name = self._manner.name

        def settle(answer: asyncio.Future[str | None]) -> None:
            now = self._clock.now()
            if error := answer.exception():
                found.set_result(Found(name, fault=words(error)))
                self._trouble = _Kept(found.result(), now + self._manner.trouble_kept)
            else:
                value = answer.result()
                found.set_result(judged(value, name) if value else Found(name))
                self._kept[entry] = _Kept(found.result(), now + (math.inf if value else _ABSENCE_KEPT_S))

        loop = asyncio.get_running_loop()
        found: asyncio.Future[Found] = loop.create_future()
        in_daemon(lambda: self._read(entry)).add_done_callback(settle)
        return _LookUp(found, loop.time() + self._manner.waits)


def in_daemon(work: Callable[[], T]) -> asyncio.Future[T]:
    """The result of blocking work that may never end.

    In a daemon thread: a keyring that never answers must not keep the process alive, as an executor's thread would.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if answer.cancelled():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]  # without an error it is what the work gave

    def run() -> None:
        value, failure = None, None
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 - a thread's top: backends raise whatever they like
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=run, name="keys", daemon=True).start()
    return answer


def judged(value: str, place: str) -> Found:
    """The key, unless it can't be one: it goes into an HTTP header as it is."""
    if any(character.isspace() for character in value):
        return Found(place, fault="holds a space or a line break, which no key does: set it again")
    if not all("!" <= character <= "~" for character in value):
        return Found(place, fault="holds characters that no key has: set it again")
    return Found(place, value)


def words(error: BaseException) -> str:
    """What the person reads behind the place's name.

    Of a stranger only the error's name, as a backend may put anything into its message.
    """
    if isinstance(error, VaultError):
        return error.fault
    if isinstance(error, DragomanError):
        return str(error)
    known = {"KeyringLocked": "is locked: unlock it", "NoKeyringError": MISSING}
    return known.get(type(error).__name__, f"failed ({type(error).__name__})")
