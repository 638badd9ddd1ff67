"""Ollama's `/api/generate` as its API documentation has it: a prompt, a suffix where a gap is to be filled, NDJSON."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from dragoman.simulator import ollama, ollama_rules
from dragoman.simulator.frames import Frames, whole_as_frames

if TYPE_CHECKING:
    from dragoman.simulator.script import Call, Reply

objection = ollama_rules.generate
refusal = ollama.refusal
streams = ollama.streams


def frames(call: Call, reply: Reply) -> Frames:
    """The text in `response`; the line that finishes is the last one, so its line end plays the sentinel."""
    if not call.stream:
        thinking = {"thinking": "".join(reply.thinking)} if reply.thinking else {}
        ending = ollama.ending(reply)
        return whole_as_frames(ollama.line(call, {"response": "".join(reply.text), **thinking, **ending}), reply)
    thoughts = ({"response": "", "thinking": piece} for piece in reply.thinking)
    texts = ({"response": piece} for piece in reply.text)
    return Frames(
        content_type=ollama.NDJSON,
        opening=b"",
        pieces=(ollama.line(call, fields) for fields in chain(thoughts, texts)),
        finish=ollama.line(call, {"response": "", **ollama.ending(reply)})[:-1],
        sentinel=b"\n",
        malformed=b'{"model":"broken","response":\n',
        error=ollama.BROKEN,
        keepalive=ollama.line(call, {"response": ""}),
    )
