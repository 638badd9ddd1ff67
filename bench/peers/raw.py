"""An httpx client with nothing around it: for each plan on stdin it streams one answer and says how long it took.

Prints one line of JSON: seconds to the first bytes of the answer and to its end, and how many pieces and bytes came.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import httpx


async def main(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:
        for line in sys.stdin:  # blocks, but nothing else waits
            body = {"model": line.strip(), "stream": True, "messages": [{"role": "user", "content": "Explain."}]}
            began, first, pieces, size = time.perf_counter(), 0.0, 0, 0
            async with client.stream("POST", f"{url}/chat/completions", json=body) as response:
                async for data in response.aiter_bytes():
                    first = first or time.perf_counter() - began
                    pieces += 1
                    size += len(data)
            whole = time.perf_counter() - began
            print(json.dumps({"first": first, "whole": whole, "pieces": pieces, "bytes": size}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
