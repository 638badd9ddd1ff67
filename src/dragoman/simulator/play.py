"""Plays one reply on one response: the delays, the pieces, and the fault where it strikes."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from itertools import islice
from typing import TYPE_CHECKING

from dragoman.simulator.frames import JSON, STATUS, Cause
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dragoman.simulator.frames import Dialect, Frames
    from dragoman.simulator.http import Response
    from dragoman.simulator.script import Call, Reply

_TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""A fatal handshake_failure alert (RFC 8446, section 6)."""
_PORTAL_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please accept the terms.</body></html>\n"
)
_PROXY_PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"
_HTML = "text/html; charset=utf-8"
_DRIP_SECONDS = 0.005
_KEEPALIVE_SECONDS = 0.02
_MALFORMED_IN_A_ROW = 5
_LINE_PIECE = b"x" * 65_536


async def play(dialect: Dialect, call: Call, reply: Reply, response: Response) -> None:
    """Answers a completion. Where the fault is silence, this waits until it is cancelled."""
    if await play_instead(dialect, call, reply, response):
        return
    await _answer(dialect.frames(call, reply), call, reply, response)


async def play_instead(dialect: Dialect, call: Call, reply: Reply, response: Response) -> bool:
    """Waits as the reply says, and plays a fault that takes the answer's place; False where an answer is to begin."""
    if reply.fault is Fault.HANG_HEADERS:
        await _silence()
    await asyncio.sleep(reply.before_headers)
    match reply.fault:
        case Fault.DISCONNECT:
            response.close()
        case Fault.TLS_NONSENSE:
            await response.raw(_TLS_ALERT)
            response.close()
        case Fault.WEB_PAGE:
            await response.document(200, _HTML, _PORTAL_PAGE)
        case Fault.BAD_GATEWAY:
            await response.document(502, _HTML, _PROXY_PAGE)
        case Fault.REDIRECT:
            await response.document(307, "text/plain", b"", {"Location": reply.location})
        case Fault.GZIP_GARBAGE:
            await response.document(200, JSON, b"no gzip at all", {"Content-Encoding": "gzip"})
        case Fault() as fault if fault in STATUS:
            rest = _rest(reply)
            refused = dialect.refusal(Cause(fault, wait=reply.retry_after if rest else None), call)
            await response.document(refused.status, refused.content_type, refused.body, rest)
        case _:
            return False
    return True


def _rest(reply: Reply) -> Mapping[str, str]:
    """The header that says how long to leave the provider alone (RFC 9110, section 10.2.3)."""
    match reply.fault:
        case Fault.RATE_LIMIT_SECONDS | Fault.UNAVAILABLE_SECONDS:
            return {"Retry-After": f"{reply.retry_after:.3f}".rstrip("0").rstrip(".")}
        case Fault.RATE_LIMIT_MS:
            return {"retry-after-ms": f"{reply.retry_after * 1000:.0f}"}
        case Fault.RATE_LIMIT_DATE:
            return {"Retry-After": formatdate(time.time() + reply.retry_after, usegmt=True)}
        case _:
            return {}


async def _answer(frames: Frames, call: Call, reply: Reply, response: Response) -> None:
    """The answer from its headers on."""
    wrong_type = reply.fault is Fault.WRONG_CONTENT_TYPE
    await response.begin("text/plain; charset=utf-8" if wrong_type else frames.content_type)
    if reply.fault is Fault.EMPTY_STREAM:
        await response.end()
        return
    await _send(frames.opening, reply, response)
    if reply.fault is Fault.HANG_FIRST_TOKEN:
        await _silence()
    await asyncio.sleep(reply.before_first)
    await _send_pieces(islice(frames.pieces, reply.after), call, reply, response)
    if await _strike(frames, reply, response):
        return
    await _send_pieces(frames.pieces, call, reply, response)
    await _send(frames.finish, reply, response)
    call.sent_whole = True
    if reply.fault is not Fault.NO_SENTINEL:
        await _send(frames.sentinel, reply, response)
    if reply.fault is Fault.LINGERS:
        await _silence()
    await response.end()


async def _send_pieces(pieces: Iterator[bytes], call: Call, reply: Reply, response: Response) -> None:
    for piece in pieces:
        # Also where there is no pause: everybody else on this event loop gets a turn between two pieces.
        await asyncio.sleep(reply.between if call.pieces_sent else 0)
        await _send(piece, reply, response)
        call.pieces_sent += 1


async def _send(data: bytes, reply: Reply, response: Response) -> None:
    if reply.fault is not Fault.SLOW_DRIP:
        await response.chunk(data)
        return
    for start in range(len(data)):
        await response.chunk(data[start : start + 1])
        await asyncio.sleep(reply.between or _DRIP_SECONDS)


async def _strike(frames: Frames, reply: Reply, response: Response) -> bool:
    """Plays the fault that lies inside the answer; True where nothing comes after it."""
    match reply.fault:
        case Fault.STALL:
            await _silence()
        case Fault.KEEPALIVES:
            while True:
                await response.chunk(frames.keepalive)
                await asyncio.sleep(reply.between or _KEEPALIVE_SECONDS)
        case Fault.ENDLESS_LINE:
            while True:
                await response.chunk(_LINE_PIECE)
                await asyncio.sleep(0)
        case Fault.CUT:
            response.reset()
        case Fault.CUT_CLEANLY:
            response.close()
        case Fault.SHORTENED:
            await response.end()
        case Fault.ERROR_IN_STREAM:
            await response.chunk(frames.error)
            await response.end()
        case Fault.MALFORMED_EVENT:
            await response.chunk(frames.malformed)
            return False
        case Fault.MALFORMED_EVENTS:
            await response.chunk(frames.malformed * _MALFORMED_IN_A_ROW)
            return False
        case _:
            return False
    return True


async def _silence() -> None:
    await asyncio.Event().wait()
