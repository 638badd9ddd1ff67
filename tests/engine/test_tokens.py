"""Exact counts of tokens: the encodings are OpenAI's own, and nobody waits for them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import pkgutil
import subprocess
import sys
import threading
from unittest import mock

import pytest
import tiktoken.load
from blockbuster import blockbuster_ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public

import virtual_time
from dragoman.core.encodings import Counted, estimate_tokens
from dragoman.engine import tokens as rooms_own
from dragoman.engine.tokens import QUIET_SECONDS, SHORT_CHARACTERS, Estimates, Tokens, count_with, load, slices
from dragoman.engine.workers import ThreadWorkers

NAMES = ("o200k_base", "cl100k_base")
MODELS = {"o200k_base": "gpt-5", "cl100k_base": "gpt-4"}

RECORDED = [
    ("", 0, 0),
    ("hello world", 2, 2),
    ("Hello,  world!\n", 5, 5),
    ("def total(self):\n    return sum(item.price for item in self.items)\n", 15, 15),
    ("a = 1234567890\n\n\n\tb\r\n", 10, 10),
    ("naïve façade — “quoted” …", 9, 10),
    ("这是一个测试程序", 4, 5),
    ("これはテストです", 4, 5),
    ("Привет, мир", 4, 6),
    ("مرحبا بالعالم", 4, 10),
    ("नमस्ते दुनिया", 5, 13),
    ("🙂👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈", 18, 29),
    ("<|endoftext|> is text", 9, 9),
    (" " * 40 + "x", 2, 2),
    ("\n" * 30, 3, 2),
    ("it's we'll THEY'RE I'd", 6, 8),
    ("ABCdefGHI_snake_caseHTTPServer", 9, 9),
    ("//////\n///", 3, 3),
    ("\x00\u200b\ufeff", 3, 3),
    ("a\ud800b", 3, 3),
]
"""Text, and how many tokens tiktoken counts with the files that OpenAI serves: o200k_base, cl100k_base."""

LONG = "total = 0\n" * SHORT_CHARACTERS


@pytest.fixture(scope="module")
def encoders():
    """Both encodings, loaded from the package's data with nowhere to download from."""
    with mock.patch.object(tiktoken.load, "read_file", side_effect=AssertionError("tiktoken wants to download")):
        return {name: load(name) for name in NAMES}


class Lengths:
    """An encoding in which each character is a token. It notes on which thread it counts."""

    def __init__(self):
        self.threads = set()

    def encode_ordinary(self, text):
        """The characters."""
        self.threads.add(threading.get_ident())
        return list(map(ord, text))


class AtOnce:
    """`Workers` without threads, for virtual time."""

    async def run(self, function):
        """The function's result, one turn of the loop later."""
        await asyncio.sleep(0)
        return function()


def loader(encoder, loaded):
    """A `load` that gives the encoder, and notes what it was asked for."""

    def load_one(name):
        loaded.append(name)
        return encoder

    return load_one


@pytest.fixture
def workers():
    """A thread of the test's own."""
    workers = ThreadWorkers(1)
    yield workers
    workers.close()


class TestData:
    @pytest.mark.parametrize("name", NAMES)
    def test_ranks_are_those_that_openai_serves(self, name):
        """Unpacked and written as OpenAI writes them, they are the very file whose hash tiktoken knows."""
        given_ranks = {}

        def noted(ranks, *_args):
            given_ranks.update(ranks)

        with mock.patch.object(
            tiktoken, "Encoding", side_effect=lambda *_, mergeable_ranks, **__: noted(mergeable_ranks)
        ):
            load(name)
        rows = sorted(given_ranks.items(), key=lambda row: row[1])
        written = b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in rows)
        asked = mock.Mock(return_value={})
        with mock.patch.object(openai_public, "load_tiktoken_bpe", asked):
            theirs = getattr(openai_public, name)()
        assert hashlib.sha256(written).hexdigest() == asked.call_args.kwargs["expected_hash"]
        about = json.loads(pkgutil.get_data("dragoman.engine", "ranks/encodings.json"))[name]
        assert about["pattern"] == theirs["pat_str"]
        assert about["sha256"] == asked.call_args.kwargs["expected_hash"]

    @pytest.mark.parametrize(("text", "newer", "older"), RECORDED)
    def test_counts_are_tiktokens(self, encoders, text, newer, older):
        """Code, prose, many scripts, blanks, half characters, and what looks like a special token."""
        assert count_with(encoders["o200k_base"], text) == Counted(newer, estimated=False)
        assert count_with(encoders["cl100k_base"], text) == Counted(older, estimated=False)

    def test_estimates_are_near_on_code(self, encoders):
        """On a source file the estimate is within a quarter of the exact count, for either encoding."""
        source = pkgutil.get_data("dragoman", "app.py").decode()
        for name, model in MODELS.items():
            exact = count_with(encoders[name], source).tokens
            assert 0.9 * exact < estimate_tokens(source, model) < 1.25 * exact


class TestSlices:
    @given(
        st.lists(st.sampled_from(("a", "B", "_", "7", " ", "\n", "\r\n", "/", ";", "é", "字", "'s", "\t", "\u0301"))),
        st.integers(2, 9),
        st.sampled_from(NAMES),
    )
    @settings(max_examples=300)
    def test_counting_by_slices_is_counting_the_whole(self, encoders, parts, longest, name):
        """Where every slice ends at a safe place, there are as many tokens as if nobody had cut."""
        text = "".join(parts)
        cut = list(slices(text, longest))
        assert "".join(piece for piece, _ in cut) == text
        assert all(len(piece) <= longest for piece, _ in cut)
        encode = encoders[name].encode_ordinary
        if all(safe for _, safe in cut):
            assert sum(len(encode(piece)) for piece, _ in cut) == len(encode(text))

    def test_a_long_source_file_is_counted_exactly(self, encoders):
        """Far more text than one slice takes, cut between its lines."""
        text = pkgutil.get_data("dragoman", "app.py").decode() * 30
        assert len(list(slices(text))) > 2
        exact = len(encoders["o200k_base"].encode_ordinary(text))
        assert count_with(encoders["o200k_base"], text) == Counted(exact, estimated=False)

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("text", [" " * 1_000_000, "a" * 300_000, "\n" * 300_000, "^" * 300_000])
    def test_a_text_without_lines_is_counted_all_the_same(self, encoders, name, text):
        """What tiktoken itself fails on, or cuts anywhere, is counted, and said to be an estimate."""
        counted = count_with(encoders[name], text)
        assert counted.estimated
        assert 0 < counted.tokens < len(text)


class TestTokens:
    def test_an_encoding_is_loaded_when_it_was_needed_and_all_is_quiet(self):
        """Until then counts are estimates; the newest need begins the quiet anew; afterwards they are exact."""
        loaded = []

        async def main():
            tokens = Tokens(AtOnce(), loader(Lengths(), loaded))
            assert tokens.count("hello world", "gpt-5") == estimate_tokens("hello world", "gpt-5") != 11
            await asyncio.sleep(QUIET_SECONDS - 1)
            tokens.count("hello world", "gpt-5")
            await asyncio.sleep(QUIET_SECONDS - 1)
            assert not loaded
            assert not tokens.is_exact("gpt-5")
            await asyncio.sleep(2)
            assert tokens.is_exact("gpt-4o")
            assert tokens.count("hello world", "gpt-5") == 11
            assert loaded == ["o200k_base"]
            assert not tokens.is_exact("gpt-4")
            tokens.close()

        virtual_time.run(main())

    def test_nothing_is_loaded_for_others_models(self):
        """Counting for Claude and a local model, and beginning to count for OpenAI's, costs no memory."""
        loaded = []

        async def main():
            tokens = Tokens(AtOnce(), loader(Lengths(), loaded))
            for model in ("claude-opus-5", "llama3.1:8b", ""):
                assert tokens.count("hello world", model) == estimate_tokens("hello world", model)
                assert await tokens.counted("hello", model) == Counted(estimate_tokens("hello", model), estimated=True)
            tokens.begin(LONG, "gpt-5")
            await asyncio.sleep(10 * QUIET_SECONDS)
            assert not loaded
            tokens.close()

        virtual_time.run(main())

    async def test_no_long_text_is_counted_on_the_loop(self, workers):
        """Neither by `count`, nor by `begin`, nor by `counted`; what was begun is exact as soon as it is done."""
        encoder = Lengths()
        tokens = Tokens(workers, loader(encoder, []))
        assert await tokens.counted("warm", "gpt-5") == Counted(4, estimated=False)
        assert tokens.count(LONG, "gpt-5") == estimate_tokens(LONG, "gpt-5")
        begun = tokens.begin(LONG, "gpt-5")
        assert begun() == estimate_tokens(LONG, "gpt-5")
        await asyncio.sleep(0)
        assert (await tokens.counted(LONG, "gpt-5")).tokens == len(LONG)  # on the same thread, so after what was begun
        assert begun() == len(LONG)
        assert threading.get_ident() not in encoder.threads
        assert tokens.begin("short", "gpt-5")() == 5
        tokens.close()

    async def test_the_loop_does_not_block(self, workers):
        """Loading a real encoding and counting with it make no blocking call on the event loop."""
        tokens = Tokens(workers)
        with blockbuster_ctx("dragoman"):
            assert await tokens.counted("hello world", "gpt-4") == Counted(2, estimated=False)
            assert tokens.count("Привет, мир", "gpt-4") == 6
        tokens.close()

    async def test_an_encoding_is_loaded_once(self, workers):
        """However many ask for it at the same time, even if the first no longer waits."""
        loaded, gate = [], threading.Event()

        def slow(name):
            gate.wait(30)
            loaded.append(name)
            return Lengths()

        tokens = Tokens(workers, slow)
        impatient = asyncio.ensure_future(tokens.counted("a", "gpt-5"))
        others = [asyncio.ensure_future(tokens.counted("abc", "gpt-5")) for _ in range(3)]
        await asyncio.sleep(0)
        impatient.cancel()
        gate.set()
        assert await asyncio.gather(*others) == [Counted(3, estimated=False)] * 3
        assert loaded == ["o200k_base"]
        tokens.close()

    @pytest.mark.parametrize("fault", [ImportError("no tiktoken here"), ValueError("damaged")])
    async def test_an_encoding_that_cannot_be_loaded_is_told_once(self, workers, fault, caplog):
        """Everything goes on with estimates, and one line in the log says why."""

        def broken(_name):
            raise fault

        tokens = Tokens(workers, broken)
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                assert await tokens.counted("hello", "gpt-5") == Counted(2, estimated=True)
        assert tokens.count("hello", "gpt-5") == 2
        assert tokens.begin("hello", "gpt-5")() == 2
        assert [record.getMessage() for record in caplog.records] == [
            f"tokens are only estimated from now on: an encoding can't be loaded: {fault}"
        ]
        tokens.close()

    @pytest.mark.parametrize("data", [b"", b"not xz"])
    def test_damaged_data_is_named(self, data):
        """A broken installation is a fault with a name, not a wrong count."""
        whole = rooms_own._data
        with (
            mock.patch.object(rooms_own, "_data", lambda name: data if name.endswith(".xz") else whole(name)),
            pytest.raises(ValueError, match="the ranks of o200k_base are damaged"),
        ):
            load("o200k_base")

    def test_closing_forgets_what_was_to_come(self):
        """An encoding that was wanted a moment ago is not loaded after the end."""
        loaded = []

        async def main():
            tokens = Tokens(AtOnce(), loader(Lengths(), loaded))
            tokens.count("hello", "gpt-5")
            tokens.close()
            await asyncio.sleep(10 * QUIET_SECONDS)
            assert not loaded

        virtual_time.run(main())

    def test_what_loads_nothing_estimates_all_the_same(self):
        """Without encodings a count is the estimate, at every way of asking."""
        estimate = estimate_tokens(LONG, "gpt-5")
        assert Estimates().count(LONG, "gpt-5") == Estimates().begin(LONG, "gpt-5")() == estimate

    def test_the_start_does_not_load_tiktoken(self):
        """A server that asks no model of OpenAI's never imports it."""
        code = "import sys, dragoman.app; print('tiktoken' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.strip() == "False"
