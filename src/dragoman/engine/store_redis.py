"""The shared store in Redis or Valkey: what a team's machines have in common. Needs the extra `dragoman[redis]`.

A change is computed here and done there by one script, if nobody was quicker; else it is computed again. Time is the
server's. The address may hold a password: it is shown to nobody.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from dragoman.engine.redis_link import RedisLink
from dragoman.engine.store import KEEPING, StoreBusy, keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.engine.store import Change, Values

T = TypeVar("T")

PREFIX = "dragoman:{state}:"
"""The part in braces keeps all keys on one node, so that a script may touch several."""

TRIES = 100
"""How often a change is computed anew when others were quicker; each time one of them has got on."""

LONGEST_STEP_ASIDE_SECONDS = 0.01

LOG_LENGTH = 10_000
LOG_SECONDS = 400 * 86_400
_PAGE = 500

_AT_HAND = tuple(prefix for prefix, kept in KEEPING if kept.at_hand)

_SWAP = """
-- KEYS: the log, its counter, then n keys. ARGV: n, then for each key: what it is believed to hold, what it is to hold,
-- its lifetime in ms, its name in the log ("" for none); last the log's length and lifetime in seconds.
-- A text stands with "=" before it, "" is no text, "~" is: leave it.
local n = tonumber(ARGV[1])
local time = redis.call('TIME')
local reply = {1, time[1], time[2]}
for i = 1, n do
  local text = redis.call('GET', KEYS[2 + i])
  local held = text and ('=' .. text) or ''
  reply[3 + i] = held
  if held ~= ARGV[4 * i - 2] then reply[1] = 0 end
end
if reply[1] == 0 then return reply end
for i = 1, n do
  local new, name = ARGV[4 * i - 1], ARGV[4 * i + 1]
  if new ~= '~' then
    if new == '' then redis.call('DEL', KEYS[2 + i])
    else redis.call('SET', KEYS[2 + i], string.sub(new, 2), 'PX', ARGV[4 * i]) end
    reply[3 + i] = new
    if name ~= '' then
      redis.call('ZADD', KEYS[1], redis.call('INCR', KEYS[2]), name)
      redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[4 * n + 2]))
      redis.call('EXPIRE', KEYS[1], ARGV[4 * n + 3])
      redis.call('EXPIRE', KEYS[2], ARGV[4 * n + 3])
    end
  end
end
return reply
"""


class RedisBackend:
    """`store.Backend` on a server. `wall` gives this machine's seconds since the epoch."""

    def __init__(self, url: str, wall: Callable[[], float] = time.time) -> None:
        self._link = RedisLink(url, decode=True)
        self._wall = wall
        self._offset = 0.0
        self._known: dict[str, str | None] = {}
        self._swap: Any = None
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """See `Backend`."""
        await self._link.open()
        if self._swap is None:
            self._swap = self._link.client.register_script(_SWAP)
        async with self._link.losses():
            seconds, microseconds = await self._link.client.time()
        self._offset = seconds + microseconds / 1e6 - self._wall()
        self._known.clear()

    def now(self) -> float:
        """See `Backend`."""
        return self._wall() + self._offset

    async def apply(self, keys: tuple[str, ...], change: Change[T]) -> tuple[Values, T]:
        """See `Backend`."""
        async with self._turn:  # this process's changes are in nobody's way but other processes'
            return await self._apply(keys, change)

    async def _apply(self, keys: tuple[str, ...], change: Change[T]) -> tuple[Values, T]:
        names = [f"{PREFIX}log", f"{PREFIX}seq", *(PREFIX + key for key in keys)]
        believed = tuple(_held(self._known[key]) if key in self._known else "?" for key in keys)
        for tried in range(TRIES):
            before = tuple(None if text in ("", "?") else text[1:] for text in believed)
            after, result = change(before, self.now())
            arguments: list[Any] = [len(keys)]
            for key, held, old, new in zip(keys, believed, before, after, strict=True):
                wanted = "~" if new is old and held != "?" else _held(new)
                name = key if key.startswith(_AT_HAND) else ""
                arguments += [held, wanted, int(keeping(key).seconds * 1000), name]
            async with self._link.losses():
                done, seconds, microseconds, *held = await self._swap(names, [*arguments, LOG_LENGTH, LOG_SECONDS])
            self._offset = int(seconds) + int(microseconds) / 1e6 - self._wall()
            believed = tuple(held)
            values = tuple(text[1:] if text else None for text in believed)
            self._known.update(zip(keys, values, strict=True))
            if done:
                return values, result
            # Without chance, those who are in each other's way stay so.
            await asyncio.sleep(random.random() * min(LONGEST_STEP_ASIDE_SECONDS, 0.001 * tried))  # noqa: S311
        raise StoreBusy(f"{self._link.shown} is changed by others all the time")

    async def changes(self, since: int) -> tuple[int, Mapping[str, str | None]]:
        """See `Backend`."""
        async with self._link.losses():
            newest = int(await self._link.client.get(f"{PREFIX}seq") or 0)
            seen = since if since <= newest else 0  # the server has lost its memory
            if seen == newest:
                return newest, {}
            keys = await self._link.client.zrangebyscore(f"{PREFIX}log", f"({seen}", newest)
            texts = await self._texts(keys)
        self._known.update(texts)
        return newest, texts

    async def scan(self, prefix: str) -> Mapping[str, str]:
        """See `Backend`."""
        async with self._link.losses():
            keys = [key async for key in self._link.client.scan_iter(f"{PREFIX}{prefix}*", count=_PAGE)]
            found = await self._texts([key.removeprefix(PREFIX) for key in keys])
        return {key: text for key, text in found.items() if text is not None}

    async def close(self) -> None:
        """See `Backend`."""
        await self._link.close()

    async def _texts(self, keys: list[str]) -> dict[str, str | None]:
        texts: dict[str, str | None] = {}
        for start in range(0, len(keys), _PAGE):
            page = keys[start : start + _PAGE]
            texts.update(zip(page, await self._link.client.mget([PREFIX + key for key in page]), strict=True))
        return texts


def _held(text: str | None) -> str:
    return "" if text is None else f"={text}"
