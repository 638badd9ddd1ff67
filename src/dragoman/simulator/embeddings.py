"""Embeddings as OpenAI, Gemini, Vertex AI and Ollama give them: one vector a text, in their order.

A text's vector follows from its words, so that texts with the same words lie close together.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.simulator import gemini, ollama, openai
from dragoman.simulator.frames import Cause, Dialect, Frames, Refusal, encode, whole_as_frames
from dragoman.simulator.judging import dicts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dragoman.simulator.script import Call, Reply

    Vectors = Sequence[tuple[float, ...]]

DIMENSIONS = 64
_OPENAI_BATCH = 2048
_GEMINI_BATCH = 100


def vector(text: str, dimensions: int = DIMENSIONS) -> tuple[float, ...]:
    """A vector of length 1: each word adds to one of its numbers."""
    numbers = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [text]:
        numbers[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % dimensions] += 1
    length = math.hypot(*numbers)
    return tuple(number / length for number in numbers)


@dataclass(frozen=True, slots=True)
class _Embeddings:
    """One vendor's embeddings. texts: those of a call, or what is wrong with it. document: the answer."""

    vendor: Dialect
    texts: Callable[[Call], list[str] | str]
    document: Callable[[Call, Vectors, int], object]

    def streams(self, call: Call) -> bool:  # noqa: ARG002 - no vendor does
        return False

    def objection(self, call: Call) -> str | None:
        texts = self.texts(call)
        return texts if isinstance(texts, str) else None

    def frames(self, call: Call, reply: Reply) -> Frames:
        texts = self.texts(call)
        wanted = call.body.get("dimensions")
        size = wanted if isinstance(wanted, int) and wanted > 0 else DIMENSIONS
        vectors = [vector(text, size) for text in texts] if reply.vectors is None else reply.vectors
        tokens = reply.usage.input_tokens if reply.usage else 0
        return whole_as_frames(encode(self.document(call, vectors, tokens)), reply)

    def refusal(self, cause: Cause, call: Call) -> Refusal:
        return self.vendor.refusal(cause, call)


def _input(call: Call) -> list[str] | str:
    """OpenAI's and Ollama's `input`: a text or a list of them."""
    given = call.body.get("input")
    if not call.model:
        return "you must provide a model parameter"
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return "Missing required parameter: 'input', a string or an array of strings."
    return texts


def _openai_input(call: Call) -> list[str] | str:
    texts = _input(call)
    if isinstance(texts, list) and not all(texts):
        return "'$.input' is invalid: input cannot be an empty string."
    if not texts or len(texts) > _OPENAI_BATCH:
        return f"'$.input' is invalid: give at least one text, and no more than {_OPENAI_BATCH}."
    return texts


def _openai(call: Call, vectors: Vectors, tokens: int) -> object:
    """The vendor's own library asks for base64: 32-bit numbers, the smaller end first. Mistral's wants an id."""
    packed = call.body.get("encoding_format") == "base64"
    rows = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode() if packed else row,
        }
        for index, row in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"id": "embd-scripted", "object": "list", "data": rows, "model": call.model, "usage": usage}


def _ollama(call: Call, vectors: Vectors, tokens: int) -> object:
    times = {"total_duration": 5_000_000, "load_duration": 1_000_000}
    return {"model": call.model, "embeddings": vectors, **times, "prompt_eval_count": tokens}


def _gemini_texts(call: Call) -> list[str] | str:
    requests = list(dicts(call.body.get("requests")))
    if not 0 < len(requests) <= _GEMINI_BATCH:
        return f"BatchEmbedContentsRequest.requests: at least one and at most {_GEMINI_BATCH} requests"
    texts = []
    for number, request in requests:
        named = f"models/{call.model}" if call.dialect == "gemini" else None  # on Vertex AI the path is enough
        match request.get("content"):
            case {"parts": [{"text": str() as text}]} if request.get("model") == named:
                texts.append(text)
            case _:
                return (
                    f"BatchEmbedContentsRequest.requests[{number}]: the model must be the path's, and content is needed"
                )
    return texts


def _gemini(call: Call, vectors: Vectors, tokens: int) -> object:  # noqa: ARG001 - it names neither
    return {"embeddings": [{"values": row} for row in vectors]}


def _vertex_texts(call: Call) -> list[str] | str:
    contents = [instance.get("content") for _, instance in dicts(call.body.get("instances"))]
    texts = [content for content in contents if isinstance(content, str) and content]
    return texts if texts and len(texts) == len(contents) else "Invalid value at 'instances': each needs a content."


def _vertex(call: Call, vectors: Vectors, tokens: int) -> object:  # noqa: ARG001 - it does not name the model
    statistics = {"truncated": False, "token_count": tokens}
    return {"predictions": [{"embeddings": {"values": row, "statistics": statistics}} for row in vectors]}


OPENAI = _Embeddings(openai, _openai_input, _openai)
OLLAMA = _Embeddings(ollama, _input, _ollama)
GEMINI = _Embeddings(gemini, _gemini_texts, _gemini)
VERTEX = _Embeddings(gemini, _vertex_texts, _vertex)
