"""Ollama's `/api/pull` as its API documentation has it: lines that say how far the download is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.simulator import ollama
from dragoman.simulator.frames import Frames, encode, whole_as_frames

if TYPE_CHECKING:
    from dragoman.simulator.script import Call, Reply

refusal = ollama.refusal
streams = ollama.streams

_DIGEST = "sha256:5c1d" + "0" * 60
_TOTAL = 4_683_073_184
_STEPS = 4


def objection(call: Call) -> str | None:
    """A model to pull; the older name of the field counts, too."""
    return None if call.model or call.body.get("name") else "invalid model name"


def _line(status: str, **more: object) -> bytes:
    return encode({"status": status, **more}) + b"\n"


def frames(call: Call, reply: Reply) -> Frames:
    """The manifest, one layer in some steps, the checks at the end, and success."""
    success = _line("success")
    if not call.stream:
        return whole_as_frames(success, reply)
    layer = {"digest": _DIGEST, "total": _TOTAL}
    steps = (_line("pulling 5c1d00000000", **layer, completed=_TOTAL * step // _STEPS) for step in range(_STEPS + 1))
    return Frames(
        content_type=ollama.NDJSON,
        opening=_line("pulling manifest"),
        pieces=steps,
        finish=_line("verifying sha256 digest") + _line("writing manifest") + success[:-1],
        sentinel=b"\n",
        malformed=b'{"status":\n',
        error=encode({"error": "pull model manifest: file does not exist"}) + b"\n",
        keepalive=_line("pulling 5c1d00000000", **layer),
    )
