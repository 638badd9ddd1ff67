"""The cache in Redis or Valkey, for a team's machines. Needs the extra `dragoman[redis]`. Time is the server's.

An answer is in a hash by its key; beside it stand when it was made and last used. There is no question in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.engine.cache import NEAR, CacheStats
from dragoman.engine.redis_link import RedisLink

if TYPE_CHECKING:
    from dragoman.core.settings import CacheSettings

PREFIX = "dragoman:{cache}:"
"""The part in braces keeps all keys on one node, so that a script may touch several."""

_NAMES = tuple(PREFIX + name for name in ("packed", "made", "used", "facts"))

_USE = """
-- KEYS: as in _NAMES. ARGV: the key; its longest life in seconds, or "" for any. Returns the answer, or nothing.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local made = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not made or (ARGV[2] ~= '' and now - made >= tonumber(ARGV[2])) then return false end
redis.call('ZADD', KEYS[3], string.format('%.6f', now), ARGV[1])
redis.call('HINCRBY', KEYS[4], 'hits', 1)
return redis.call('HGET', KEYS[1], ARGV[1])
"""

_PUT = """
-- KEYS: as in _NAMES. ARGV: the key, the answer, the longest life in seconds, how many, how many bytes.
local packed, made, used, facts = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function drop(key)
  local size = redis.call('HSTRLEN', packed, key)
  if size > 0 then redis.call('HINCRBY', facts, 'bytes', -size) end
  redis.call('HDEL', packed, key)
  redis.call('ZREM', made, key)
  redis.call('ZREM', used, key)
end
drop(ARGV[1])
for _, key in ipairs(redis.call('ZRANGEBYSCORE', made, '-inf', now - ARGV[3])) do drop(key) end
redis.call('HSET', packed, ARGV[1], ARGV[2])
redis.call('ZADD', made, string.format('%.6f', now), ARGV[1])
redis.call('ZADD', used, string.format('%.6f', now), ARGV[1])
redis.call('HINCRBY', facts, 'bytes', #ARGV[2])
while redis.call('ZCARD', used) > tonumber(ARGV[4])
  or tonumber(redis.call('HGET', facts, 'bytes')) > tonumber(ARGV[5]) do
  drop(redis.call('ZRANGE', used, 0, 0)[1])
end
for _, name in ipairs(KEYS) do redis.call('EXPIRE', name, ARGV[3]) end
"""


class RedisCache:
    """`cache.CacheBackend` on a server."""

    def __init__(self, url: str) -> None:
        self._link = RedisLink(url, decode=False)
        self._use: Any = None
        self._put: Any = None

    async def get(self, key: str, now: float, ttl_s: float) -> bytes | None:
        """See `CacheBackend`."""
        del now  # the server's counts
        return await self._used(key, str(ttl_s))

    async def touch(self, key: str, now: float) -> bool:
        """See `CacheBackend`."""
        del now
        return await self._used(key, "") is not None

    async def put(self, key: str, packed: bytes, now: float, limits: CacheSettings) -> None:
        """See `CacheBackend`."""
        del now
        await self._open()
        async with self._link.losses():
            await self._put(_NAMES, [key, packed, limits.ttl_s, limits.max_entries, limits.max_bytes])

    async def stats(self) -> CacheStats:
        """See `CacheBackend`."""
        await self._open()
        async with self._link.losses():
            keys = await self._link.client.hkeys(_NAMES[0])
            size, hits = await self._link.client.hmget(_NAMES[3], ["bytes", "hits"])
        return CacheStats(sum(not key.startswith(NEAR.encode()) for key in keys), int(size or 0), int(hits or 0))

    async def clear(self) -> int:
        """See `CacheBackend`."""
        answers = (await self.stats()).entries
        async with self._link.losses():
            await self._link.client.delete(*_NAMES)
        return answers

    async def close(self) -> None:
        """See `CacheBackend`."""
        await self._link.close()

    async def _used(self, key: str, ttl_s: str) -> bytes | None:
        await self._open()
        async with self._link.losses():
            packed: bytes | None = await self._use(_NAMES, [key, ttl_s])
        return packed

    async def _open(self) -> None:
        await self._link.open()
        if self._use is None:
            self._use = self._link.client.register_script(_USE)
            self._put = self._link.client.register_script(_PUT)
