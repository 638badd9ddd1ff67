"""A real model server for tests: llama.cpp on a tiny model with random weights, made on the spot.

What it writes is nonsense and goes on until its length ends; how it streams, counts, refuses and is cancelled is real.
Run as a program, it serves.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np

ALIAS = "tiny-random"
SLOTS = 4
WINDOW = 4096
"""Tokens that fit in one slot: prompt and answer together."""

_EMBEDDING, _BLOCKS, _HEADS, _FEED_FORWARD = 64, 2, 4, 128
_SYLLABLES = ("ka", "to", "re", "mi", "su", "lo", "ve", "na", "di", "po", "return", "def", "class", "self", "if")
_CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True, slots=True)
class RealModelServer:
    """Where the server listens, without a trailing slash, and the model's name there."""

    url: str
    model: str = ALIAS
    window: int = WINDOW


@contextlib.contextmanager
def running_model_server(folder: Path) -> Iterator[RealModelServer]:
    """A server in a process of its own, on a free loopback port, with its model in the folder."""
    path = folder / "tiny-random.gguf"
    if not path.exists():
        write_model(path)
    command = [sys.executable, __file__, str(path)]
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            # llama.cpp may write to stdout, too: the line that counts is marked.
            url = next((line.split()[1] for line in server.stdout if line.startswith("READY ")), None)
            assert url, f"the model server did not start: {(folder / 'server.log').read_text(errors='replace')[-2000:]}"
            yield RealModelServer(url)
        finally:
            server.kill()


def write_model(path: Path) -> None:
    """Writes a llama model of less than a megabyte: byte-level vocabulary, ChatML template, random weights."""
    import gguf

    tokens = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(ALIAS)
    writer.add_context_length(SLOTS * WINDOW)
    writer.add_embedding_length(_EMBEDDING)
    writer.add_block_count(_BLOCKS)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_EMBEDDING // _HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token, _ in tokens])
    writer.add_token_types([int(kind) for _, kind in tokens])
    writer.add_token_scores([-float(index) for index in range(len(tokens))])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(_CHAT_TEMPLATE)
    for name, tensor in _tensors(tokens):
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary() -> list[tuple[str, int]]:
    """Tokens and their kinds: every byte, every printable ASCII character, some words, the template's marks."""
    from gguf import TokenType

    space = "\u2581"  # SentencePiece's sign for a space.
    special = [("<unk>", TokenType.UNKNOWN), ("<s>", TokenType.CONTROL), ("</s>", TokenType.CONTROL)]
    every_byte = [(f"<0x{byte:02X}>", TokenType.BYTE) for byte in range(256)]
    characters = [space if code == ord(" ") else chr(code) for code in range(32, 127)]
    words = [
        *_SYLLABLES,
        *(space + one for one in _SYLLABLES),
        *(one + two for one in _SYLLABLES for two in _SYLLABLES),
    ]
    normal = [(word, TokenType.NORMAL) for word in dict.fromkeys([*characters, *words])]
    return [*special, *every_byte, *normal, ("<|im_start|>", TokenType.CONTROL), ("<|im_end|>", TokenType.CONTROL)]


def _tensors(tokens: list[tuple[str, int]]) -> Iterator[tuple[str, np.ndarray]]:
    """Random weights, except that the first dimension is a constant by which control tokens are never chosen.

    So an answer ends where its length ends, and not by chance.
    """
    import numpy as np
    from gguf import TokenType

    random = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.05).astype(np.float32)

    ones = np.ones(_EMBEDDING, np.float32)
    embedding, output = weights(len(tokens), _EMBEDDING), weights(len(tokens), _EMBEDDING)
    embedding[:, 0] = 1
    output[:, 0] = [0 if kind in {TokenType.NORMAL, TokenType.BYTE} else -10 for _, kind in tokens]
    yield "token_embd.weight", embedding
    yield "output_norm.weight", ones
    yield "output.weight", output
    for block in range(_BLOCKS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{block}.{name}.weight", weights(_EMBEDDING, _EMBEDDING)
        for name in ("ffn_gate", "ffn_up"):
            yield f"blk.{block}.{name}.weight", weights(_FEED_FORWARD, _EMBEDDING)
        yield f"blk.{block}.ffn_down.weight", weights(_EMBEDDING, _FEED_FORWARD)
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{block}.{name}.weight", ones


def serve(model: str) -> None:
    """Serves the model until stdin ends: so it ends with its parent, however that ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {ALIAS}
    params.n_ctx = SLOTS * WINDOW
    params.n_parallel = SLOTS
    params.kv_unified = False
    params.cpuparams.n_threads = 1
    params.warmup = False
    params.endpoint_metrics = True
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    server = xllamacpp.Server(params)
    print(f"READY {server.listening_address}", flush=True)  # noqa: T201 - the parent reads it
    sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1])
