"""What the recordings of Ollama don't show: vectors, what a model can do, and how it is fetched."""

from __future__ import annotations

import json

import pytest

from dragoman.core.errors import ModelUnavailable, ServerError, StreamingError
from dragoman.providers import ollama
from dragoman.providers.base import Capabilities, PullProgress

NOTHING_SUCH = [b"", b"null", b"[]", b"{}", b"<html>", b'{"error":"x"}', b'{"embeddings":5}', b"[" * 9999]


def test_vectors_come_in_the_texts_order():
    """One vector a text, whole numbers too."""
    body = b'{"model":"m","embeddings":[[0.5,-1,0.25],[1,2,3]],"prompt_eval_count":8}'
    assert ollama.embeddings(body) == ((0.5, -1.0, 0.25), (1.0, 2.0, 3.0))


@pytest.mark.parametrize("body", [*NOTHING_SUCH, b'{"embeddings":[["a"]]}', b'{"embeddings":[[null]]}'])
def test_what_are_no_vectors_is_said(body):
    """Anything else is an error, and not no vectors."""
    with pytest.raises(StreamingError, match="base_url"):
        ollama.embeddings(body)


def test_a_model_is_described():
    """The window is the one it was trained for, under its own architecture's name."""
    shown = {
        "details": {"family": "qwen2"},
        "model_info": {"general.architecture": "qwen2", "qwen2.block_count": 28, "qwen2.context_length": 32768},
        "capabilities": ["completion", "tools", "insert"],
    }
    assert ollama.described(json.dumps(shown).encode(), "m") == Capabilities(
        context=32768, tools=True, vision=False, thinking=False, fill=True, embeddings=False
    )


def test_an_old_server_tells_little():
    """Servers from before the list of capabilities leave them unknown."""
    known = ollama.described(b'{"details":{"family":"llama"},"template":"{{ .Prompt }}"}', "m")
    assert known == Capabilities()


@pytest.mark.parametrize("body", NOTHING_SUCH)
def test_what_describes_no_model_is_said(body):
    """Anything else at that address is an error."""
    with pytest.raises(StreamingError, match="base_url"):
        ollama.described(body, "m")


PULL = b"""{"status":"pulling manifest"}
{"status":"pulling 60e05f210007","digest":"sha256:60e05f210007","total":4683073184}
{"status":"pulling 60e05f210007","digest":"sha256:60e05f210007","total":4683073184,"completed":1000}
{"status":"verifying sha256 digest"}
{"status":"success"}
"""
LAYER = "sha256:60e05f210007"
PULLED = [
    PullProgress("pulling manifest"),
    PullProgress("pulling 60e05f210007", LAYER, 0, 4683073184),
    PullProgress("pulling 60e05f210007", LAYER, 1000, 4683073184),
    PullProgress("verifying sha256 digest"),
    PullProgress("success", done=True),
]


def test_a_pull_tells_its_progress_in_any_pieces():
    """Wherever the network cuts, the same is said, and nothing after the success."""
    for cut in range(len(PULL) + 1):
        reader = ollama.pull_reader()
        assert reader.feed(PULL[:cut]) + reader.feed(PULL[cut:]) + reader.close() == PULLED
        assert reader.feed(PULL) == []


def test_a_pull_cut_anywhere_has_failed():
    """Nothing but the success says that the model is there; the line end after it may be lost."""
    for end in range(len(PULL) - 1):
        reader = ollama.pull_reader()
        assert not any(step.done for step in reader.feed(PULL[:end]))
        with pytest.raises(StreamingError):
            reader.close()


def test_a_pull_that_breaks_off_says_so():
    """A person reads that it is the model that is not there."""
    reader = ollama.pull_reader()
    reader.feed(b'{"status":"pulling manifest"}\n')
    with pytest.raises(StreamingError, match="broke off before the model was there"):
        reader.close()


def test_a_pull_of_an_unknown_model_fails():
    """The registry does not have it."""
    with pytest.raises(ModelUnavailable, match="pull model manifest: file does not exist"):
        ollama.pull_reader().feed(
            b'{"status":"pulling manifest"}\n{"error":"pull model manifest: file does not exist"}\n'
        )


def test_a_pull_without_disk_space_fails():
    """An error of the server's own, in its words."""
    with pytest.raises(ServerError, match="no space left on device"):
        ollama.pull_reader().feed(b'{"status":"pulling manifest"}\n{"error":"write blob: no space left on device"}\n')
