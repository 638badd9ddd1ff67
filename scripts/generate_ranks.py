"""Packs OpenAI's encodings for `dragoman.engine.tokens`. Run as scripts/generate-ranks.

A file of ranks is a line for each token: its bytes in base64 and its rank, counted from 0. Packed, it is the tokens'
lengths, a byte for each, and then their bytes, in the order of the ranks, as xz: a third of the size.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any
from unittest import mock

from tiktoken_ext import openai_public

RANKS = Path(__file__).parent.parent / "src" / "dragoman" / "engine" / "ranks"

NAMES = ("cl100k_base", "o200k_base")


def main() -> None:
    """Writes the packed ranks, and the patterns that cut a text before the ranks are looked at."""
    source = Path(sys.argv[1])
    encodings = {}
    for name in NAMES:
        data = (source / f"{name}.tiktoken").read_bytes()
        sha256, pattern = told_by_tiktoken(name)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise SystemExit(f"{name}.tiktoken is not the file that tiktoken knows")
        tokens = tokens_of(data)
        encodings[name] = {"tokens": len(tokens), "sha256": sha256, "pattern": pattern}
        packed = lzma.compress(bytes(map(len, tokens)) + b"".join(tokens), preset=9 | lzma.PRESET_EXTREME)
        (RANKS / f"{name}.xz").write_bytes(packed)
        print(f"wrote {name}.xz, {len(packed)} bytes")
    (RANKS / "encodings.json").write_text(json.dumps(encodings, indent=2, ensure_ascii=False) + "\n", "utf-8")


def told_by_tiktoken(name: str) -> tuple[str, str]:
    """The hash of the file that tiktoken would download, and the encoding's pattern."""
    hashes: list[str] = []

    def noted(_address: str, expected_hash: str) -> dict[bytes, int]:
        hashes.append(expected_hash)
        return {}

    with mock.patch.object(openai_public, "load_tiktoken_bpe", noted):
        encoding: dict[str, Any] = getattr(openai_public, name)()
    return hashes[0], encoding["pat_str"]


def tokens_of(data: bytes) -> list[bytes]:
    """The tokens in the order of their ranks."""
    rows = [line.split() for line in data.splitlines() if line]
    if [int(rank) for _, rank in rows] != list(range(len(rows))):
        raise SystemExit("the ranks have gaps")
    return [b64decode(token) for token, _ in rows]


if __name__ == "__main__":
    main()
